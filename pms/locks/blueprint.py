"""The blueprint that all routes of locks and doors hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("locks", __name__)
