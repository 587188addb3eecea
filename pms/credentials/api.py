"""What programs ask about fingerprints."""

from __future__ import annotations

from pms.credentials import capture_api
from pms.credentials.blueprint import api_blueprint as blueprint

__all__ = ["blueprint", "capture_api"]
