"""The blueprints that all routes of fingerprints and consents hang on: people's, and programs'."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("credentials", __name__)
api_blueprint = Blueprint("credentials_api", __name__)
