"""What doors noted, newest first, with what is missing among it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from pms.access_records import queries, service, words
from pms.access_records.forms import Filters, HideForm, ModulePasswordForm, read_filters
from pms.access_records.queries import RecordRow, Remark
from pms.core import clock
from pms.gateways import queries as gateways
from pms.locks import queries as locks
from pms.properties import queries as properties
from pms.web import errors, login
from pms.web.paging import Page
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import can, require

blueprint = Blueprint("access_records", __name__)

_LAST = 10


@blueprint.get("/")
@require("records:view")
def index() -> Response:
    """Who opened which door when; goes on as one scrolls."""
    filters = read_filters(request.args)
    with_hidden = filters.with_hidden and can("records:hide")
    since, until = filters.span(properties.get_property().zone)
    after = request.args.get("after", "")[:40]
    page = queries.list_page(
        since=since,
        until=until,
        door_id=filters.door_id,
        kind=filters.kind,
        text=filters.text,
        with_hidden=with_hidden,
        after=after,
    )
    more = (
        f"{url_for('access_records.index')}?{urlencode({**filters.as_query(), 'after': page.next_key})}"
        if page.next_key
        else None
    )
    doors = locks.list_doors()
    part = "access_records/_rows.html" if "after" in request.args else "access_records/_list.html"
    return render(
        "access_records/index.html",
        part,
        rows=_with_remarks(page, filters, since, until, after),
        more=more,
        filters=filters,
        doors=doors,
        fetch_from=next((door for door in doors if door.id == filters.door_id and door.lock_id), None),
        kinds=words.KINDS,
        events=words.EVENTS,
        methods=words.METHODS,
        results=words.RESULTS,
        remark_text=_remark_text,
    )


def _with_remarks(
    page: Page[RecordRow], filters: Filters, since: datetime | None, until: datetime | None, after: str
) -> list[dict[str, Any]]:
    """Records and, between them, what was found at that time; no remarks where the filter is for something else."""
    rows: list[tuple[datetime, RecordRow | None, Remark | None]] = [(row.record.at, row, None) for row in page.rows]
    if not filters.kind and not filters.text:
        top = queries.time_of_key(after)
        low = page.rows[-1].record.at if page.next_key and page.rows else since
        remarks = queries.list_remarks(since=low, until=top or until, door_id=filters.door_id)
        rows += [(remark.at, None, remark) for remark in remarks]
    rows.sort(key=lambda entry: entry[0], reverse=True)
    return [{"row": row, "remark": remark} for _at, row, remark in rows]


def _remark_text(remark: Remark) -> str:
    row: Any = remark.row
    text = (words.GAP_CLOSED if row.closed_at else words.GAP) if remark.is_gap else words.DOUBTS[row.kind]
    return str(_(text)) % {"first": row.first, "last": row.last}


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
    return render(
        "access_records/of_lock.html",
        "access_records/_of_lock.html",
        rows=queries.list_page(lock_id=lock_id, size=_LAST).rows,
        door=locks.door_of_lock(lock_id),
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
