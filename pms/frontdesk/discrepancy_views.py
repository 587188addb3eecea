"""The list of differences between desk, housekeeping and doors, and how they are settled."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.access_records.words import METHODS
from pms.core.errors import DomainError
from pms.frontdesk import choices
from pms.frontdesk import discrepancies as reads
from pms.frontdesk.blueprint import blueprint
from pms.rooms import service
from pms.rooms.rules import SETTLED_WORDS, SIGHT_WORDS
from pms.web import errors, filters
from pms.web.login import actor
from pms.web.render import go_to, render
from pms.web.rights import require


@blueprint.get("/rooms/discrepancies")
@require("stays:view")
def discrepancies() -> Response:
    """Everything that does not fit together today."""
    return render(
        "frontdesk/discrepancies.html",
        found=reads.find(now=choices.present(), zone=filters.house_zone()),
        difference_words=reads.DIFFERENCE_WORDS,
        sight_words=SIGHT_WORDS,
        settled_words=SETTLED_WORDS,
        methods=METHODS,
    )


@blueprint.post("/rooms/discrepancies/<int:sighting_id>")
@require("stays:change")
def settle(sighting_id: int) -> Response:
    """Somebody has looked, and the stay is right as it is."""
    url = url_for("frontdesk.discrepancies")
    try:
        service.settle_sighting(
            sighting_id=sighting_id,
            settled_as=request.form.get("settled_as", ""),
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        return go_to(url, errors.sentence(error), kind="bad")
    return go_to(url, _("Settled."))
