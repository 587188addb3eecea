"""The blueprint that all routes of staff cards hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("staffcards", __name__)
