"""The page that shows the OpenAPI document."""

from __future__ import annotations

from flask import Blueprint, Response

from pms.web.render import render
from pms.web.rights import require

blueprint = Blueprint("api_docs", __name__)


@blueprint.get("/")
@require("self:use")
def page() -> Response:
    """Every operation with its fields, answers and refusals; the browser reads the document itself."""
    return render("api_docs/index.html")
