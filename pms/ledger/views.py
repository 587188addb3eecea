"""The key ledger: one history of keys and doors, on the page, on paper and as a file; and the manager's checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, request, url_for

from pms.accounts import queries as accounts
from pms.core import clock
from pms.core.ids import read_id
from pms.keycards import words as card_words
from pms.ledger import checks, queries, reading, rules, service, subjects, words
from pms.ledger.forms import Asked, read_asked
from pms.ledger.service import Look
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.web import sheet
from pms.web.login import actor
from pms.web.render import render
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.ledger.sources import Filters
    from pms.ledger.subjects import Subject

blueprint = Blueprint("ledger", __name__)

# A stack of paper that somebody still reads; files have everything.
_MOST_ON_PAPER = 1000


@blueprint.get("/")
@require("ledger:read")
def index() -> Response:
    """Keys and doors on one line of time, newest first; or what a check finds."""
    asked, now = read_asked(request.args), clock.now()
    seen = read_id(request.args.get("seen"))
    if seen is not None and not queries.has_grown(since=seen):
        return make_response("", 204)
    is_first = "after" not in request.args
    subject = _look(asked, Look.VIEWED) if is_first else subjects.subject_of(asked)
    is_list = asked.check in ("no_key", "staff")
    page = queries.list_page(_filters(asked), after=rules.read_place(request.args.get("after", "")), now=now)
    more = _address(asked.as_query(after=page.next_key)) if page.next_key else None
    return render(
        "ledger/index.html",
        "ledger/_list.html" if is_first else "ledger/_rows.html",
        lines=list(reading.read(page.rows)),
        more=more,
        asked=asked,
        subject=subject,
        checks=checks.CHECKS,
        counts=checks.counts(now=now) if is_first else {},
        groups=words.GROUP_WORDS,
        rooms=rooms.list_rooms() if is_first else [],
        people=accounts.list_accounts() if is_first else [],
        guests_without_key=checks.without_key(now=now) if asked.check == "no_key" else [],
        staff_use=checks.staff_use(now=now) if asked.check == "staff" else [],
        is_list=is_list,
        watch=None if subject.is_personal else _address(asked.as_query(seen=queries.newest())),
        has_grown=seen is not None,
        page_size=queries.PAGE,
        **_words(),
    )


def _address(query: dict[str, str]) -> str:
    return f"{url_for('ledger.index')}?{urlencode(query)}"


@blueprint.get("/paper")
@require("ledger:read")
def paper() -> Response:
    """The same on paper, with the house's name, the filter, the time and how many lines there are."""
    asked, now = read_asked(request.args), clock.now()
    subject = _look(asked, Look.PRINTED)
    filters = _filters(asked)
    return render(
        "ledger/paper.html",
        lines=list(reading.read(queries.stream(filters, most=_MOST_ON_PAPER, now=now))),
        total=queries.count(filters, now=now),
        asked=asked,
        subject=subject,
        check_word=checks.CHECKS[asked.check],
        group_word=words.GROUP_WORDS[asked.kind],
        **_words(),
    )


@blueprint.get("/export.csv")
@require("ledger:read")
def export() -> Response:
    """All of it, as a file."""
    asked = read_asked(request.args)
    _look(asked, Look.EXPORTED)
    return sheet.answer(_lines(_filters(asked)), filename="key-ledger.csv")


def _filters(asked: Asked) -> Filters:
    return asked.narrow(checks.filters_of(asked.check, now=clock.now()), properties.get_property().zone)


def _look(asked: Asked, look: Look) -> Subject:
    """What is asked about; it is written down where the answer shows where somebody went, or leaves the house."""
    subject = subjects.subject_of(asked)
    if subject.is_personal or look is not Look.VIEWED:
        service.note_look(look=look, subject=subject, criteria=asked.as_query(), actor=actor(), now=clock.now())
    return subject


def _lines(filters: Filters) -> Iterator[list[str]]:
    yield reading.heads()
    for told in reading.read(queries.stream(filters, now=clock.now())):
        yield told.cells()


def _words() -> dict[str, Any]:
    return {
        "again_words": card_words.AGAIN_WORDS,
        "state_words": card_words.STATE_WORDS,
        "state_kinds": card_words.STATE_KINDS,
    }
