"""The blueprint that all routes of the front desk hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("frontdesk", __name__)
