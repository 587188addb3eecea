"""Check-in: one dialog in the order of the talk, from who to the keys."""

from __future__ import annotations

from datetime import date

from flask import Response, make_response, redirect, request, url_for
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.frontdesk import choices, queries, service
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import CheckInForm
from pms.guests.rules import DOCUMENT_KINDS
from pms.keycards.rules import MAX_COPIES
from pms.rooms import queries as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import queries as stays
from pms.stays.models import Stay, StepKind
from pms.stays.queries import RoomOffer
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

NO_DOCUMENT = N_("No document yet")


@blueprint.get("/stays/<int:stay_id>/check-in")
@require("stays:change")
def check_in(stay_id: int) -> Response:
    """The dialog, with everything proposed that can be proposed."""
    stay = queries.stay_for(stay_id, StepKind.CHECKED_IN)
    form = CheckInForm(
        formdata=None,
        request_id=choices.new_request(),
        version=stay.version,
        room_id=stay.room_id,
        departure_date=stay.departure_date,
        cards=min(stay.adults, MAX_COPIES),
        encoder_id=None,
    )
    return _dialog(stay, form)


@blueprint.get("/stays/<int:stay_id>/check-in/rooms")
@require("stays:change")
def check_in_rooms(stay_id: int) -> Response:
    """The rooms again, after the departure in the dialog was changed."""
    stay = stays.get_stay(stay_id)
    form = CheckInForm(formdata=request.args)
    offers = _fill(form, stay)
    return render(
        "frontdesk/_check_in_rooms.html",
        form=form,
        stay=stay,
        offers=offers,
        suggestion=_suggestion(form, stay, offers),
    )


@blueprint.post("/stays/<int:stay_id>/check-in")
@require("stays:change")
def check_in_now(stay_id: int) -> Response:
    """Check in, then watch the keys being made."""
    stay = stays.get_stay(stay_id)
    form = CheckInForm()
    _fill(form, stay)
    if not form.validate_on_submit():
        return _dialog(stay, form, status=422)
    try:
        done = service.check_in(
            stay_id=stay_id,
            room_id=form.room_id.data,
            version=form.seen_version,
            departure_date=form.departure_date.data,
            document=service.Document(form.document_kind.data or "", form.document_number.data or ""),
            cards=form.cards.data,
            encoder_id=form.encoder_id.data,
            request_id=form.request,
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return _dialog(stays.get_stay(stay_id), form, status=422)
    return after_check_in(done)


def after_check_in(done: service.CheckedIn) -> Response:
    """On to the machine where cards were asked for, else to the stay."""
    if done.batch_id is None:
        return go_to(url_for("stays.show", stay_id=done.stay_id), _("Checked in. No card was made."))
    # HTMX follows it too: the dialog goes on to the machine.
    return make_response(redirect(url_for("keycards.progress", batch_id=done.batch_id), 303))


def _dialog(stay: Stay, form: CheckInForm, status: int = 200) -> Response:
    offers = _fill(form, stay)
    return render_dialog(
        "frontdesk/_check_in.html",
        status=status,
        dialog_heading=_("Check in"),
        stay=stay,
        form=form,
        offers=offers,
        suggestion=_suggestion(form, stay, offers),
        has_document=stay.guest.document_number_sealed is not None,
    )


def _fill(form: CheckInForm, stay: Stay) -> list[RoomOffer]:
    departure: date = form.departure_date.data or stay.departure_date
    offers = list(queries.check_in_rooms(stay, departure=max(departure, stay.arrival_date)))
    if form.room_id.data is None and offers:
        form.room_id.data = offers[0].room.id
    chosen = rooms.find_room(form.room_id.data) if form.room_id.data else None
    choices.fill_rooms(form.room_id, offers, chosen=chosen)
    choices.fill_cards(form.cards)
    choices.fill_machines(form.encoder_id, chosen=form.encoder_id.data)
    form.document_kind.choices = [("", _(NO_DOCUMENT)), *((code, _(word)) for code, word in DOCUMENT_KINDS.items())]
    return offers


def _suggestion(form: CheckInForm, stay: Stay, offers: list[RoomOffer]) -> tuple[str, str]:
    """Kind and sentence about the room in the field: why it is proposed, or what is not right with it."""
    offer = next((offer for offer in offers if offer.room.id == form.room_id.data), None)
    if offer is None:
        return ("bad", _("No room is free for these dates.")) if not offers else ("warn", _("This room is not free."))
    is_own = offer.room.id == stay.room_id
    if not offer.is_ready:
        if offer.room.housekeeping is HousekeepingStatus.DIRTY:
            return "warn", _("This room is not cleaned yet.")
        return "warn", _("The guest before has not checked out of this room yet.")
    if is_own:
        return "ok", _("This room was assigned to the booking; it is ready.")
    if offer.is_booked_type:
        return "ok", _("Proposed because it is of the booked type, free until the departure, and ready.")
    return "info", _("This room is of another type than booked; it is ready.")
