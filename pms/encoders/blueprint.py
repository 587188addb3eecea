"""The blueprints that all routes of the card machines hang on: pages, and what programs and desks' agents ask."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("encoders", __name__)
api_blueprint = Blueprint("encoders_api", __name__)
