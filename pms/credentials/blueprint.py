"""The blueprint that all routes of fingerprints and consents hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("credentials", __name__)
