"""The answer to every open screen that asks whether something has happened."""

from __future__ import annotations

from flask import Response, make_response, request

from pms.frontdesk import choices, live
from pms.frontdesk.blueprint import blueprint
from pms.web.render import render
from pms.web.rights import require


@blueprint.get("/live")
@require("self:use")
def look() -> Response:
    """204 as long as nothing has happened since the page's mark; else the new mark, and the parts of the page come by themselves."""
    if request.args.get("mark") == live.mark(choices.present()):
        return make_response("", 204)
    return render("frontdesk/_live.html")
