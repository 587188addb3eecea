"""The audit trail: filters, a list that goes on as one scrolls, the check of the chain, a file for the auditor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from pms.audit import queries, reading, service, words
from pms.audit.lookups import lookups
from pms.audit.models import AuditEntry
from pms.audit.queries import Filters
from pms.audit.reading import Line
from pms.core import clock
from pms.core.ids import read_id
from pms.web import filters as text_filters
from pms.web import sheet
from pms.web.login import actor
from pms.web.render import render
from pms.web.rights import require

blueprint = Blueprint("audit", __name__)

_FIELDS = ("since", "until", "person", "room", "guest", "kind", "guest_id", "stay_id", "lock_id")
_MACHINES = "machines"


@blueprint.get("/")
@require("audit:view")
def index() -> Response:
    """Entries, the latest first."""
    return _page()


@blueprint.post("/verify")
@require("audit:view")
def verify() -> Response:
    """Check the chain now."""
    return _page("audit/_check.html", check=queries.verify())


@blueprint.get("/export.csv")
@require("audit:view")
def export() -> Response:
    """What the filters show, as a file; that it was taken is in the trail too."""
    chosen = _filters()
    service.note_export(criteria=_asked(), actor=actor(), now=clock.now())
    return sheet.answer(_lines(chosen), filename="audit.csv")


def _page(part: str = "audit/_entries.html", check: queries.ChainCheck | None = None) -> Response:
    chosen = _filters()
    page = queries.list_entries(chosen, before=_number("before"))
    next_url = url_for("audit.index", **_asked(), before=page.next_key) if page.next_key else None
    return render(
        "audit/index.html",
        part,
        lines=reading.read_all(page.rows),
        next_url=next_url,
        asked=_asked(),
        is_filtered=not chosen.is_empty,
        people=list(lookups.people()),
        rooms=list(lookups.rooms()),
        kinds=_kinds(),
        check=check,
        last_check=queries.find_last_check() if part == "audit/_entries.html" else None,
        machines=_MACHINES,
    )


def _asked() -> dict[str, Any]:
    """The filters as they stand in the address."""
    return {name: request.values[name] for name in _FIELDS if request.values.get(name)}


def _filters() -> Filters:
    """What makes no sense filters nothing out."""
    person = request.values.get("person", "")
    return Filters(
        since=_instant("since"),
        until=_instant("until"),
        account_id=_number("person"),
        is_machine=True if person == _MACHINES else None,
        room_id=_number("room"),
        guest_ids=_guests(),
        stay_id=_number("stay_id"),
        lock_id=_number("lock_id"),
        action=request.values.get("kind") or None,
    )


def _guests() -> tuple[int, ...] | None:
    exact, typed = _number("guest_id"), request.values.get("guest", "").strip()
    if exact is not None:
        return (exact,)
    return tuple(lookups.guests(typed)) if typed else None


def _number(name: str) -> int | None:
    return read_id(request.values.get(name))


def _instant(name: str) -> datetime | None:
    """A minute on the wall of the house."""
    try:
        typed = datetime.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None
    return typed.replace(tzinfo=typed.tzinfo or text_filters.house_zone()).astimezone(UTC)


def _kinds() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Features with their acts, for the choice of a kind."""
    return [
        (f"{feature}.", _(name), [(code, reading.sentence(code, "…")) for code in words.actions_of(f"{feature}.")])
        for feature, name in words.FEATURES.items()
    ]


def _lines(chosen: Filters) -> Iterator[list[Any]]:
    yield [
        _("Number"),
        _("Time (UTC)"),
        _("Who"),
        _("From where"),
        _("What happened"),
        _("Code"),
        _("Before"),
        _("After"),
    ]
    for entry, line in _read(chosen):
        before = "; ".join(f"{c.label}: {c.before}" for c in line.changes if c.before is not None)
        after = "; ".join(f"{c.label}: {c.after}" for c in line.changes if c.after is not None)
        at = line.at.isoformat(timespec="seconds")
        yield [line.number, at, line.who, line.address, line.sentence, entry.action, before, after]


def _read(chosen: Filters) -> Iterator[tuple[AuditEntry, Line]]:
    for entries in queries.stream_entries(chosen):
        yield from zip(entries, reading.read_all(entries), strict=True)
