"""The blueprint that what programs ask about fingerprints hangs on."""

from __future__ import annotations

from flask import Blueprint

api_blueprint = Blueprint("credentials_api", __name__)
