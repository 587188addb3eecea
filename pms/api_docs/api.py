"""The OpenAPI document."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from pms.web import openapi
from pms.web.rights import public

blueprint = Blueprint("api_docs_api", __name__)


@blueprint.get("/openapi.json")
@public
def document() -> Response:
    """The document; it holds nothing of the house, so anybody may read it."""
    known: dict[str, Any] = current_app.extensions
    if "openapi" not in known:
        known["openapi"] = openapi.document(current_app)
    return jsonify(known["openapi"])
