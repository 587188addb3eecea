"""The blueprint that all routes of alarms hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("alarms", __name__)
