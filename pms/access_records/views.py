"""What doors noted, newest first, with what is missing among it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _

from pms.access_records import news, parts, queries, remarks, service, words
from pms.access_records.forms import Filters, HideForm, ModulePasswordForm, read_filters
from pms.access_records.queries import RecordRow
from pms.access_records.remarks import Remark
from pms.core import clock
from pms.gateways import queries as gateways
from pms.locks import queries as locks
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.web import errors, login
from pms.web.paging import Page
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import can, require

blueprint = Blueprint("access_records", __name__)

_LAST = 10


@blueprint.get("/")
@require("records:view")
def index() -> Response:
    """Who opened which door when; goes on as one scrolls, and renews itself while nobody has scrolled."""
    seen = news.read_mark(request.args.get("seen"))
    filters = read_filters(request.args)
    doors = locks.list_doors()
    door = next((door for door in doors if door.id == filters.door_id), None)
    if seen is not None and not news.has_come(seen, lock_id=door.lock_id if door else None):
        return make_response("", 204)
    since, until = filters.span(properties.get_property().zone)
    after = request.args.get("after", "")[:40]
    wanted: dict[str, Any] = {
        "since": since,
        "until": until,
        "door_id": filters.door_id,
        "kind": filters.kind,
        "text": filters.text,
        "with_hidden": filters.with_hidden and can("records:hide"),
    }
    page = queries.list_page(**wanted, after=after)
    more = _address(filters, after=page.next_key) if page.next_key else None
    part = "access_records/_rows.html" if "after" in request.args else "access_records/_list.html"
    return render(
        "access_records/index.html",
        part,
        rows=_with_remarks(page, filters, since, until, after),
        more=more,
        filters=filters,
        here=_address(filters),
        watch=_address(filters, seen=str(news.present())),
        new_ones=queries.count_new(known=seen.record, **wanted) if seen is not None else 0,
        most_new=queries.MOST_NEW,
        page_size=queries.PAGE,
        doors=doors,
        fetch_from=door if door is not None and door.lock_id else None,
        kinds=words.KINDS,
        remark_text=_remark_text,
        **words.OF_ROWS,
    )


def _address(filters: Filters, **more: str) -> str:
    query = urlencode({**filters.as_query(), **more})
    return url_for("access_records.index") + (f"?{query}" if query else "")


def _with_remarks(
    page: Page[RecordRow], filters: Filters, since: datetime | None, until: datetime | None, after: str
) -> list[dict[str, Any]]:
    """Records and, between them, what was found at that time; no remarks where the filter is for something else."""
    rows: list[tuple[datetime, RecordRow | None, Remark | None]] = [(row.record.at, row, None) for row in page.rows]
    if not filters.kind and not filters.text:
        top = queries.time_of_key(after)
        low = page.rows[-1].record.at if page.next_key and page.rows else since
        found = remarks.list_remarks(since=low, until=top or until, door_id=filters.door_id)
        rows += [(remark.at, None, remark) for remark in found]
    rows.sort(key=lambda entry: entry[0], reverse=True)
    return [{"row": row, "remark": remark} for _at, row, remark in rows]


def _remark_text(remark: Remark) -> str:
    row: Any = remark.row
    text = (words.GAP_CLOSED if row.closed_at else words.GAP) if remark.is_gap else words.DOUBTS[row.kind]
    numbers = {"first": row.first, "last": row.last}
    span = str(_(words.ONE_RECORD if row.first == row.last else words.RECORDS)) % numbers
    return str(_(text)) % {**numbers, "records": span}


@blueprint.post("/lock/<int:lock_id>/fetch")
@require("locks:operate")
def fetch(lock_id: int) -> Response:
    """Ask the lock for what it has not reported."""
    command = service.sync_records(lock_id=lock_id, actor=login.actor(), now=clock.now())
    text = _("The lock is asked for its records as soon as somebody is at the lock.")
    return go_to(url_for("lock_commands.of_lock", lock_id=command.lock_id), text)


@blueprint.get("/<int:record_id>/hide")
@require("records:hide")
def hide(record_id: int) -> Response:
    """Ask why."""
    return _hide_dialog(record_id, HideForm())


@blueprint.post("/<int:record_id>/hide")
@require("records:hide")
def hide_record(record_id: int) -> Response:
    """Take it out of lists."""
    form = HideForm()
    if form.validate():
        with errors.shown_in(form):
            service.hide_record(
                record_id=record_id, reason=form.reason.data or "", actor=login.actor(), now=clock.now()
            )
            return go_to(url_for("access_records.index"), _("The record is hidden. The audit trail says why."))
    return _hide_dialog(record_id, form, status=422)


@blueprint.post("/<int:record_id>/show")
@require("records:hide")
def show_record(record_id: int) -> Response:
    """Let it stand in lists again."""
    service.show_record(record_id=record_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("access_records.index"), _("The record is shown again."))


@blueprint.get("/modules/<imei>/password")
@require("locks:operate")
def new_password(imei: str) -> Response:
    """Ask for the passcode that the lock with this module should store."""
    return _password_dialog(imei, ModulePasswordForm(request_id=str(uuid.uuid4())))


@blueprint.post("/modules/<imei>/password")
@require("locks:operate")
def issue_password(imei: str) -> Response:
    """Have it stored over 4G, and show how that goes on."""
    form, now = ModulePasswordForm(), clock.now()
    if form.validate():
        with errors.shown_in(form):
            command = service.issue_password(
                imei=imei[:20],
                digits=form.digits.data or "",
                name=form.name.data or "",
                valid_from=now,
                valid_until=now + timedelta(days=form.days.data or 1),
                request_id=form.request_id.data,
                actor=login.actor(),
                now=now,
            )
            return go_to(url_for("lock_commands.progress", command_id=command.id))
    return _password_dialog(imei, form, status=422)


def _password_dialog(imei: str, form: ModulePasswordForm, status: int = 200) -> Response:
    module = gateways.get_module(imei[:20])
    return render_dialog(
        "access_records/_module_password.html",
        status=status,
        form=form,
        module=module,
        dialog_heading=_("Passcode over 4G"),
        back=url_for("lock_commands.of_lock", lock_id=module.lock_id) if module.lock_id else url_for("gateways.index"),
    )


def _hide_dialog(record_id: int, form: HideForm, status: int = 200) -> Response:
    return render_dialog(
        "access_records/_hide.html",
        status=status,
        form=form,
        record=queries.get_record(record_id),
        events=words.EVENTS,
        dialog_heading=_("Hide a door record"),
        back=url_for("access_records.index"),
    )


@blueprint.get("/of-lock/<int:lock_id>")
@require("records:view")
def of_lock(lock_id: int) -> Response:
    """The last of what a lock noted, as a part of its page."""
    locks.get_lock(lock_id)
    seen = news.read_mark(request.args.get("seen"))
    if seen is not None and not news.has_come(seen, lock_id=lock_id):
        return make_response("", 204)
    return render(
        "access_records/of_lock.html",
        "access_records/_of_lock.html",
        rows=queries.list_page(lock_id=lock_id, size=_LAST).rows,
        door=locks.door_of_lock(lock_id),
        watch=url_for("access_records.of_lock", lock_id=lock_id, seen=str(news.present())),
        **words.OF_ROWS,
    )


@blueprint.get("/of-room/<int:room_id>")
@require("records:view")
def of_room(room_id: int) -> Response:
    """The last of what the door of a room noted, as a part of the room's page."""
    door = locks.door_of_room(room_id)
    seen = news.read_mark(request.args.get("seen"))
    if seen is not None and not news.has_come(seen, lock_id=door.lock_id if door else None):
        return make_response("", 204)
    room = rooms.get_room(room_id)
    return render(
        "access_records/of_room.html", "access_records/_of_room.html", room=room, **parts.of_room(room_id, door)
    )


@blueprint.get("/passcodes/<int:passcode_id>")
@require("keys:view")
def of_passcode(passcode_id: int) -> Response:
    """What doors noted about one passcode, as a part of its page."""
    return render(
        "access_records/of_passcode.html",
        "access_records/_of_passcode.html",
        rows=queries.of_passcode(passcode_id),
        **words.OF_ROWS,
    )
