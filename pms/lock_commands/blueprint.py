"""Where the pages of commands are registered."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("lock_commands", __name__)
