"""Alarms: what is open, the history, who looked and what they found, a file of it; and the part of a lock's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.alarms import queries, service, subscription_views, words
from pms.alarms.blueprint import blueprint
from pms.alarms.forms import AcknowledgeForm, read_asked
from pms.alarms.queries import AlarmRow, Filters
from pms.core import clock
from pms.core.ids import read_id
from pms.locks import queries as locks
from pms.web import errors, login, sheet
from pms.web.render import render, render_dialog, settle
from pms.web.rights import can, require

# Importing this module hangs every route of the feature on the blueprint.
__all__ = ["blueprint", "subscription_views"]


@blueprint.get("/")
@require("alarms:view")
def index() -> Response:
    """What is open, the newest first; or the history."""
    asked, after = read_asked(request.args), request.args.get("after", "")[:40]
    found = asked.filters(with_discreet=can("alarms:duress"))
    size = max(queries.PAGE, read_id(request.args.get("rows")) or 0)
    page = queries.list_page(found, after=after, size=size)
    here = url_for("alarms.index")
    return render(
        "alarms/index.html",
        "alarms/_rows.html" if after else "alarms/_list.html",
        rows=page.rows,
        more=f"{here}?{urlencode(asked.as_query(after=page.next_key))}" if page.next_key else None,
        here=f"{here}?{urlencode(asked.as_query())}",
        asked=asked,
        open_count=queries.count_open(with_discreet=can("alarms:duress")),
        doors=locks.list_doors(),
        **words.of_pages(),
    )


@blueprint.get("/export.csv")
@require("alarms:view")
def export() -> Response:
    """All that the filters show, as a file; that it was taken is in the trail."""
    asked = read_asked(request.args)
    service.note_export(criteria=asked.as_query(), actor=login.actor(), now=clock.now())
    return sheet.answer(_lines(asked.filters(with_discreet=can("alarms:duress"))), filename="alarms.csv")


@blueprint.get("/<int:alarm_id>/acknowledge")
@require("alarms:acknowledge")
def ask_acknowledge(alarm_id: int) -> Response:
    """What it is about, and one field for what was found."""
    return _dialog(alarm_id, AcknowledgeForm())


@blueprint.post("/<int:alarm_id>/acknowledge")
@require("alarms:acknowledge")
def acknowledge(alarm_id: int) -> Response:
    """Somebody has looked."""
    form = AcknowledgeForm()
    if form.validate():
        with errors.shown_in(form):
            service.acknowledge(
                alarm_id=alarm_id,
                note=form.note.data or "",
                may_see_discreet=can("alarms:duress"),
                actor=login.actor(),
                now=clock.now(),
            )
            return settle(_back(), _("The alarm is acknowledged in your name."))
    return _dialog(alarm_id, form, status=422)


@blueprint.get("/of-lock/<int:lock_id>")
@require("alarms:view")
def of_lock(lock_id: int) -> Response:
    """What is open at a lock and its door, as a part of its page."""
    locks.get_lock(lock_id)
    return render(
        "alarms/of_lock.html",
        "alarms/_of_lock.html",
        lock_id=lock_id,
        # Pages of rooms and locks stand open at the desk: what is discreet is on the list of alarms only.
        rows=queries.open_of_lock(lock_id),
        **words.of_pages(),
    )


def _dialog(alarm_id: int, form: AcknowledgeForm, status: int = 200) -> Response:
    row = queries.get_row(alarm_id, with_discreet=can("alarms:duress"))
    return render_dialog(
        "alarms/_acknowledge.html",
        status=status,
        dialog_heading=_(words.KIND_WORDS[row.alarm.kind]),
        row=row,
        form=form,
        **words.of_pages(),
    )


def _back() -> str:
    """The page on which the dialog was opened, whichever it was; without scripts the list."""
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    is_ours = here.netloc == request.host and here.path.startswith("/") and not here.path.startswith("//")
    return urlunsplit(("", "", here.path, here.query, "")) if is_ours else url_for("alarms.index")


def _lines(found: Filters) -> Iterator[list[Any]]:
    yield [
        _("Number"),
        _("Alarm"),
        _("Urgency"),
        _("Where"),
        _("Room"),
        _("Raised (UTC)"),
        _("Times"),
        _("More"),
        _("Over since (UTC)"),
        _("Acknowledged (UTC)"),
        _("By"),
        _("Note"),
    ]
    for row in queries.stream(found):
        yield _line(row)


def _line(row: AlarmRow) -> list[Any]:
    alarm = row.alarm
    instants = [at.isoformat(timespec="seconds") if at else "" for at in (alarm.settled_at, alarm.acknowledged_at)]
    return [
        alarm.id,
        _(words.KIND_WORDS[alarm.kind]),
        _(words.SEVERITY_WORDS[alarm.severity]),
        row.place,
        row.room.number if row.room is not None else "",
        alarm.raised_at.isoformat(timespec="seconds"),
        alarm.times,
        words.explained(alarm),
        *instants,
        row.acknowledged_by,
        alarm.note,
    ]
