"""What doors noted, newest first."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from pms.access_records import queries, words
from pms.access_records.forms import read_filters
from pms.locks import queries as locks
from pms.properties import queries as properties
from pms.web.render import render
from pms.web.rights import require

blueprint = Blueprint("access_records", __name__)


@blueprint.get("/")
@require("records:view")
def index() -> Response:
    """Who opened which door when; goes on as one scrolls."""
    filters = read_filters(request.args)
    since, until = filters.span(properties.get_property().zone)
    page = queries.list_page(
        since=since,
        until=until,
        door_id=filters.door_id,
        kind=filters.kind,
        text=filters.text,
        after=request.args.get("after", "")[:40],
    )
    more = (
        f"{url_for('access_records.index')}?{urlencode({**filters.as_query(), 'after': page.next_key})}"
        if page.next_key
        else None
    )
    part = "access_records/_rows.html" if "after" in request.args else "access_records/_list.html"
    return render(
        "access_records/index.html",
        part,
        rows=page.rows,
        more=more,
        filters=filters,
        doors=locks.list_doors(),
        kinds=words.KINDS,
        events=words.EVENTS,
        methods=words.METHODS,
        results=words.RESULTS,
    )


@blueprint.get("/passcodes/<int:passcode_id>")
@require("keys:view")
def of_passcode(passcode_id: int) -> Response:
    """What doors noted about one passcode, as a part of its page."""
    return render(
        "access_records/of_passcode.html",
        "access_records/_of_passcode.html",
        rows=queries.of_passcode(passcode_id),
        events=words.EVENTS,
        results=words.RESULTS,
    )
