"""Pages of commands."""

from __future__ import annotations

from pms.lock_commands import lock_views
from pms.lock_commands.blueprint import blueprint

__all__ = ["blueprint", "lock_views"]
