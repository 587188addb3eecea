"""Another room: assigned to who is expected, or moved to by who is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.frontdesk import choices, queries, service, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.forms import RoomForm
from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.stays.models import StepKind
from pms.web import errors
from pms.web.render import render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.stays.models import Stay

_KINDS = {"assign": StepKind.ROOM_ASSIGNED, "move": StepKind.MOVED}


@blueprint.get("/stays/<int:stay_id>/<any('assign','move'):verb>")
@require("stays:change")
def choose_room(stay_id: int, verb: str) -> Response:
    """Free rooms, best first."""
    stay = queries.stay_for(stay_id, _KINDS[verb])
    form = RoomForm(formdata=None, request_id=choices.new_request(), version=stay.version)
    form.room_id.data = read_id(request.args.get("room"))
    return _room_dialog(stay, verb, form)


@blueprint.post("/stays/<int:stay_id>/<any('assign','move'):verb>")
@require("stays:change")
def give_room(stay_id: int, verb: str) -> Response:
    """Assign the room, or move the guest who is in house."""
    stay, form = stays.get_stay(stay_id), RoomForm()
    _fill_rooms(stay, verb, form)
    if not form.validate_on_submit():
        return _room_dialog(stay, verb, form, status=422)
    act = service.move_room if verb == "move" else service.assign_room
    try:
        act(stay_id=stay_id, room_id=form.room_id.data, **step_parts.common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _room_dialog(stays.get_stay(stay_id), verb, form, status=422)
    number = rooms.get_room(form.room_id.data).number
    return step_parts.done(stay_id, step_parts.with_keys(stay_id, _("Room %(room)s is theirs now.", room=number)))


def _fill_rooms(stay: Stay, verb: str, form: RoomForm) -> Sequence[Any]:
    offers = (
        queries.move_rooms(stay, tonight=choices.tonight())
        if verb == "move"
        else [o for o in queries.check_in_rooms(stay, departure=stay.departure_date) if o.room.id != stay.room_id]
    )
    if form.room_id.data is None and offers:
        form.room_id.data = offers[0].room.id
    chosen = rooms.find_room(form.room_id.data) if form.room_id.data else None
    choices.fill_rooms(form.room_id, offers, chosen=chosen)
    return offers


def _room_dialog(stay: Stay, verb: str, form: RoomForm, status: int = 200) -> Response:
    _fill_rooms(stay, verb, form)
    change = Change(kind=ChangeKind(verb), room_id=form.room_id.data) if form.room_id.data else None
    foreseen = step_parts.means(stay.id, change, form)
    offers = _fill_rooms(stay, verb, form)
    return render_dialog(
        "frontdesk/_room.html",
        status=status,
        dialog_heading=_("Move to another room") if verb == "move" else _("Assign a room"),
        stay=stay,
        form=form,
        verb=verb,
        offers=offers,
        **foreseen,
    )
