"""The blueprint that all routes of the card machines hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("encoders", __name__)
