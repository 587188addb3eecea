"""The blueprint that all routes of log-ins and accounts hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("accounts", __name__)
