"""The page of a booking with all of its rooms, and what is done to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from pms.core.errors import DomainError
from pms.frontdesk import booking_dialog, choices, queries, service, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.booking_forms import AddedRoomForm, NameForm
from pms.frontdesk.forms import RequestForm
from pms.reservations.rules import SOURCE_WORDS
from pms.stays import queries as stays
from pms.stays.models import StayState, StepKind
from pms.stays.rules import STATE_TONES, STATE_WORDS, WISH_WORDS
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.stays.models import Stay


@blueprint.get("/bookings/<code>")
@require("stays:view")
def booking(code: str) -> Response:
    """Who booked, and every room: who, when, which, in which state."""
    rooms = stays.of_code(code)
    promised = [stay for stay in rooms if stay.state not in (StayState.CANCELLED, StayState.NO_SHOW)]
    return render(
        "frontdesk/booking.html",
        reservation=rooms[0].reservation,
        rooms=rooms,
        expected=[stay for stay in rooms if stay.state is StayState.CONFIRMED],
        total=sum(stay.night_price * max(1, (stay.departure_date - stay.arrival_date).days) for stay in promised),
        booker=stays.booker_of(rooms[0].reservation),
        source_words=SOURCE_WORDS,
        state_words=STATE_WORDS,
        state_tones=STATE_TONES,
        wish_words=WISH_WORDS,
    )


@blueprint.get("/bookings/<code>/add")
@require("stays:book")
def add_room(code: str) -> Response:
    """Asks for one more room, like the last one."""
    last = stays.of_code(code)[-1]
    form = AddedRoomForm(
        formdata=None,
        request_id=choices.new_request(),
        arrival_date=max(last.arrival_date, choices.tonight()),
        departure_date=max(last.departure_date, choices.tomorrow_of(choices.tonight())),
        adults=last.adults,
        children=last.children,
        room_type_id=last.room_type_id,
    )
    return _add_dialog(last, form)


@blueprint.post("/bookings/<code>/add")
@require("stays:book")
def add_room_now(code: str) -> Response:
    """Books it under the same code."""
    last = stays.of_code(code)[-1]
    form = AddedRoomForm()
    booking_dialog.fill(form)
    if not form.validate_on_submit():
        return _add_dialog(last, form, status=422)
    try:
        service.add_room(
            reservation_id=last.reservation_id,
            wish=form.added(),
            request_id=form.request,
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return _add_dialog(stays.of_code(code)[-1], form, status=422, refused=error)
    return go_to(url_for("frontdesk.booking", code=code), _("The room is booked."))


@blueprint.get("/stays/<int:stay_id>/name")
@require("stays:change")
def name_guest(stay_id: int) -> Response:
    """Asks who sleeps there."""
    stay = queries.stay_for(stay_id, StepKind.CHANGED)
    return _name_dialog(stay, NameForm(formdata=None, request_id=choices.new_request(), version=stay.version))


@blueprint.post("/stays/<int:stay_id>/name")
@require("stays:change")
def name_guest_now(stay_id: int) -> Response:
    """Enters the guest and gives the room their name."""
    form = NameForm()
    if form.validate_on_submit():
        with errors.shown_in(form):
            service.name_guest(stay_id=stay_id, fields=form.fields(), **step_parts.common(form))
            code = stays.get_stay(stay_id).reservation.code
            return step_parts.done(stay_id, _("The room has its guest."), url_for("frontdesk.booking", code=code))
    return _name_dialog(stays.get_stay(stay_id), form, status=422)


@blueprint.get("/bookings/<code>/cancel")
@require("stays:change")
def cancel_booking(code: str) -> Response:
    """Names the rooms that would be given back."""
    return _cancel_dialog(code, RequestForm(formdata=None, request_id=choices.new_request()))


@blueprint.post("/bookings/<code>/cancel")
@require("stays:change")
def cancel_booking_now(code: str) -> Response:
    """Every room that is still expected is off. Again, it finds none."""
    form = RequestForm()
    if not form.validate_on_submit():
        return _cancel_dialog(code, form, status=422)
    try:
        count = service.cancel_all(code=code, actor=actor(), now=choices.present())
    except DomainError as error:
        errors.put_into(form, error)
        return _cancel_dialog(code, form, status=422)
    text = ngettext("%(num)d room is cancelled.", "%(num)d rooms are cancelled.", count)
    return go_to(url_for("frontdesk.booking", code=code), text)


def _add_dialog(last: Stay, form: AddedRoomForm, status: int = 200, refused: DomainError | None = None) -> Response:
    booking_dialog.fill(form)
    return render_dialog(
        "frontdesk/_add_room.html",
        status=status,
        dialog_heading=_("One more room"),
        reservation=last.reservation,
        form=form,
        **booking_dialog.context(form, refused),
    )


def _name_dialog(stay: Stay, form: NameForm, status: int = 200) -> Response:
    return render_dialog(
        "frontdesk/_name.html", status=status, dialog_heading=_("Name the guest"), stay=stay, form=form
    )


def _cancel_dialog(code: str, form: RequestForm, status: int = 200) -> Response:
    rooms = stays.of_code(code)
    return render_dialog(
        "frontdesk/_cancel_booking.html",
        status=status,
        dialog_heading=_("Cancel all rooms"),
        reservation=rooms[0].reservation,
        expected=[stay for stay in rooms if stay.state is StayState.CONFIRMED],
        form=form,
    )
