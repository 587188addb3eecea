"""Rooms that are closed for some nights: closing, the list, opening again."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.frontdesk import choices
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import ClosureForm
from pms.rooms import queries as rooms
from pms.stays import closure_queries, closures
from pms.web import errors, filters
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require


@blueprint.get("/rooms/closed", endpoint="closures")
@require("rooms:view")
def list_closures() -> Response:
    """Every room that is closed now or will be."""
    today = choices.today()
    return render("frontdesk/closures.html", closures=closure_queries.list_open(since=today), today=today)


@blueprint.get("/rooms/<int:room_id>/close")
@require("rooms:out_of_order")
def close_room(room_id: int) -> Response:
    """Asks for the dates and the reason."""
    form = ClosureForm(
        formdata=None,
        request_id=choices.new_request(),
        from_date=choices.today(),
        until_date=choices.tomorrow_of(choices.today()),
    )
    return _dialog(room_id, form)


@blueprint.post("/rooms/<int:room_id>/close")
@require("rooms:out_of_order")
def close_room_now(room_id: int) -> Response:
    """Closes it, or says who is in the way."""
    form = ClosureForm()
    if not form.validate_on_submit():
        return _dialog(room_id, form, status=422)
    try:
        closure = closures.close_room(
            room_id=room_id,
            from_date=form.first_night,
            until_date=form.first_free_night,
            reason=form.reason.data or "",
            request_id=form.request,
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return _dialog(room_id, form, status=422)
    text = _(
        "The room is closed from %(from_date)s until %(until_date)s.",
        from_date=filters.date_text(closure.from_date),
        until_date=filters.date_text(closure.until_date),
    )
    return go_to(url_for("frontdesk.room", room_id=room_id), text)


@blueprint.post("/rooms/closed/<int:closure_id>/reopen")
@require("rooms:out_of_order")
def reopen(closure_id: int) -> Response:
    """The room is let again from tonight on."""
    closure = closures.reopen(closure_id=closure_id, actor=actor(), now=choices.present())
    room = rooms.get_room(closure.room_id)
    url = url_for("frontdesk.closures") if request.form.get("list") else url_for("frontdesk.room", room_id=room.id)
    return go_to(url, _("Room %(room)s is let again.", room=room.number))


def _dialog(room_id: int, form: ClosureForm, status: int = 200) -> Response:
    return render_dialog(
        "frontdesk/_close_room.html",
        status=status,
        dialog_heading=_("Close the room"),
        room=rooms.get_room(room_id),
        form=form,
    )
