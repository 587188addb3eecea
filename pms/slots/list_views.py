"""What all locks store, kind by kind."""

from __future__ import annotations

from flask import Response, request

from pms.core.ids import read_id
from pms.slots import queries, words
from pms.slots.blueprint import blueprint
from pms.slots.models import SlotKind
from pms.web.render import render
from pms.web.rights import require

PAGE_SIZE = 50


@blueprint.get("/")
@require("locks:view")
def index() -> Response:
    """Everything of a kind that locks store, newest first, a page at a time."""
    kind = SlotKind(request.args["kind"]) if request.args.get("kind") in set(SlotKind) else SlotKind.CARD
    rows = list(queries.list_of_kind(kind, limit=PAGE_SIZE + 1, before=read_id(request.args.get("before"))))
    return render(
        "slots/index.html",
        "slots/_all_rows.html" if "before" in request.args else None,
        kind=kind,
        slots=rows[:PAGE_SIZE],
        next_key=rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None,
        counts=queries.count_by_kind(),
        **words.of_pages(),
    )
