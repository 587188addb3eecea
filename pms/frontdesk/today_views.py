"""The page of the day: its lists, and the few things that are done on it without a dialog."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.alarms import words as alarm_words
from pms.core.ids import read_id
from pms.frontdesk import choices, consequence_words, key_tasks, today
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.key_tasks import KeyTask
from pms.frontdesk.today import Line
from pms.rooms import queries as rooms
from pms.rooms import service as room_service
from pms.rooms.models import HousekeepingStatus
from pms.stays.rules import WISH_WORDS
from pms.web.login import actor
from pms.web.paging import Page
from pms.web.render import render, settle
from pms.web.rights import can, require


def _lines() -> list[Line]:
    """The lists that this person may see."""
    rights = {Line.ALARMS: "alarms:view", Line.UNPAID: "folios:read"}
    return [line for line in Line if line not in rights or can(rights[line])]


@blueprint.get("/today", endpoint="today")
@require("desk:view")
def today_page() -> Response:
    """Who comes, who leaves, who is here, who waits, which rooms, keys and alarms need somebody."""
    lines = _lines()
    line = next((line for line in lines if line.value == request.args.get("show")), Line.TODO)
    now = choices.present()
    moment = today.Moment(now, choices.today(), choices.tonight())
    tasks, after = key_tasks.everything(now=now), request.args.get("after", "")[:80]
    size = max(today.PAGE, read_id(request.args.get("rows")) or 0)
    return render(
        "frontdesk/today.html",
        "frontdesk/_today_rows.html" if after else "frontdesk/_today.html",
        moment=moment,
        line=line,
        lines=lines,
        Line=Line,
        counts={} if after else today.count(moment, tasks, lines),
        found=_page(line, moment, tasks, after, size),
        task_text=consequence_words.task,
        line_words=today.LINE_WORDS,
        nothing_words=today.NOTHING_WORDS,
        wish_words=WISH_WORDS,
        **alarm_words.of_pages(),
    )


def _page(line: Line, moment: today.Moment, tasks: list[KeyTask], after: str, size: int) -> Page[Any]:
    if line is Line.ALARMS:
        return today.alarms(after=after, size=size)
    if line is Line.KEYS:
        return today.key_rows(moment, tasks, after=after, size=size)
    return today.rows(line, moment, tasks, after=after, size=size)


@blueprint.post("/today/rooms/<int:room_id>/clean")
@require("rooms:clean")
def clean_room(room_id: int) -> Response:
    """The room for which somebody waits is clean."""
    room_service.set_housekeeping(
        room_id=room_id, status=HousekeepingStatus.CLEAN, actor=actor(), now=choices.present()
    )
    text = _("Room %(room)s is clean.", room=rooms.get_room(room_id).number)
    return settle(url_for("frontdesk.today", show=Line.UNREADY.value), text)
