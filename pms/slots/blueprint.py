"""The blueprint that all pages about slots hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("slots", __name__)
