"""Walk-in and new booking: two dialogs that differ in their ends only."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.frontdesk import booking_dialog, choices, service
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.booking_forms import NewBookingForm, with_rooms
from pms.frontdesk.check_in_views import after_check_in
from pms.frontdesk.forms import BookingForm, WalkInForm
from pms.guests import queries as guests
from pms.guests.forms import GuestForm
from pms.guests.rules import GuestFields, is_number_like
from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

AnyForm = TypeVar("AnyForm", bound=BookingForm)


@blueprint.get("/walk-in")
@require("stays:book")
def walk_in() -> Response:
    """Somebody stands at the desk without a booking."""
    form = _opened(WalkInForm)
    return _dialog(form, _guest_form(request.args))


@blueprint.post("/walk-in")
@require("stays:book")
def walk_in_now() -> Response:
    """Guest, booking, check-in and keys: all of it or nothing."""
    form, guest_form = WalkInForm(), _guest_form(request.form)
    booking_dialog.fill(form)
    guest = _guest(form, guest_form)
    if not form.validate_on_submit() or guest is None:
        return _dialog(form, guest_form, status=422)
    try:
        done = service.walk_in(
            guest=guest,
            wish=form.wish(),
            note=form.stay_note.data or "",
            cards=form.cards.data,
            encoder_id=form.encoder_id.data,
            request_id=form.request,
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        return _refused(form, guest_form, error)
    return after_check_in(done)


@blueprint.get("/book")
@require("stays:book")
def new_booking() -> Response:
    """A promise for later."""
    form = _opened(NewBookingForm)
    return _dialog(form, _guest_form(request.args))


@blueprint.post("/book")
@require("stays:book")
def book_now() -> Response:
    """Guests and booking: all rooms of it, or none."""
    form, guest_form = NewBookingForm(), _guest_form(request.form)
    booking_dialog.fill(form)
    guest = _guest(form, guest_form)
    if not form.validate_on_submit() or guest is None:
        return _dialog(form, guest_form, status=422)
    wishes = form.wishes_of_all()
    try:
        stay = service.book(
            guest=guest,
            rooms=wishes,
            group_name=form.group_name.data or "",
            note=form.stay_note.data or "",
            source=form.source.data,
            request_id=form.request,
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        return _refused(form, guest_form, error)
    if len(wishes) > 1:
        text = ngettext("%(num)d room is booked.", "%(num)d rooms are booked.", len(wishes))
        return go_to(url_for("frontdesk.booking", code=stays.get_stay(stay.id).reservation.code), text)
    back = "chart.index" if form.back.data == "chart" else None
    return go_to(url_for(back) if back else url_for("stays.show", stay_id=stay.id), _("Booked."))


@blueprint.get("/offers")
@require("stays:book")
def offers() -> Response:
    """What is free on the dates in the dialog."""
    form = (WalkInForm if "cards" in request.args else NewBookingForm)(formdata=request.args)
    booking_dialog.fill(form)
    return render("frontdesk/_offers.html", form=form, **booking_dialog.context(form))


@blueprint.get("/guest-hits")
@require("stays:book")
def guest_hits() -> Response:
    """Guests who may be meant, for the first part of the dialogs."""
    text = request.args.get("guest_q", "").strip()
    family_name, given_name = _split_name(text)
    is_phone = is_number_like(text)
    return render(
        "frontdesk/_guest_hits.html",
        hits=stays.search(text, limit=5) if text else [],
        text=text,
        typed_family="" if is_phone else family_name,
        typed_given="" if is_phone else given_name,
        typed_phone=text if is_phone else "",
        dialog_url=url_for("frontdesk.walk_in" if "cards" in request.args else "frontdesk.new_booking"),
    )


def _split_name(text: str) -> tuple[str, str]:
    """Family and given name of what was typed into the search, to begin the new guest with."""
    given_name, _space, family_name = text.rpartition(" ")
    return family_name, given_name.strip()


def _opened(kind: type[AnyForm]) -> AnyForm:
    """The dialog as it opens; what was typed already (in the address) is kept when a guest is chosen or a room is added."""
    arrival = choices.tonight() if kind is WalkInForm else choices.today()
    typed = MultiDict(request.args)
    arrival = BookingForm(formdata=typed).arrival_date.data or arrival
    proposals = {
        "request_id": choices.new_request(),
        "arrival_date": arrival.isoformat(),
        "departure_date": choices.tomorrow_of(arrival).isoformat(),
        "adults": "1",
        "children": "0",
        "cards": typed.get("adults", "1"),
        "kind": "nights",
        "source": "desk",
    }
    for name, value in proposals.items():
        if not typed.get(name):
            typed[name] = value
    if not typed.get("room_type_id"):
        typed["room_type_id"] = _proposed_type(arrival)
    add, remove = read_id(typed.get("add_rooms")), read_id(typed.get("remove_room"))
    form = kind(formdata=with_rooms(typed, add=add or 0, remove=None if remove is None else remove - 1))
    booking_dialog.fill(form)
    return form


def _proposed_type(arrival: date) -> str:
    """The type of the best room that is free tonight; the first type of the house where none is."""
    free = stays.free_rooms(arrival=arrival, departure=choices.tomorrow_of(arrival))
    types = [free[0].room.room_type] if free else rooms.list_room_types()[:1]
    return str(types[0].id) if types else ""


def _guest_form(typed: MultiDict[str, str]) -> GuestForm:
    return GuestForm(formdata=typed)


def _guest(form: BookingForm, guest_form: GuestForm) -> int | GuestFields | None:
    """The chosen guest, or the fields of a new one; None where they are not well formed."""
    if form.known_guest is not None:
        return form.known_guest
    return guest_form.fields() if guest_form.validate() else None


def _refused(form: BookingForm, guest_form: GuestForm, error: DomainError) -> Response:
    """Show the refusal beside the field that it is about, in whichever form or line that is."""
    name, line = str(error.params.get("field") or error.field or ""), read_id(error.params.get("line"))
    if line and isinstance(form, NewBookingForm):
        errors.put_into_part(form.rooms[line - 1].form, form, error)
    else:
        errors.put_into(guest_form if name in guest_form and name not in form else form, error)
    return _dialog(form, guest_form, status=422, refused=error)


def _dialog(
    form: BookingForm, guest_form: GuestForm, status: int = 200, refused: DomainError | None = None
) -> Response:
    booking_dialog.fill(form)
    is_walk_in = isinstance(form, WalkInForm)
    return render_dialog(
        "frontdesk/_walk_in.html" if is_walk_in else "frontdesk/_book.html",
        status=status,
        dialog_heading=_("Walk-in") if is_walk_in else _("New booking"),
        form=form,
        guest_form=guest_form,
        guest=guests.get_guest(form.known_guest) if form.known_guest else None,
        is_new_guest=form.known_guest is None
        and (request.values.get("new_guest") == "1" or bool(request.values.get("family_name"))),
        text=request.values.get("guest_q", ""),
        **booking_dialog.context(form, refused),
    )
