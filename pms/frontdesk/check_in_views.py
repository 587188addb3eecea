"""Check-in: one sheet that opens at what is missing and ends with the card; or ahead, while the room is not ready."""

from __future__ import annotations

from flask import Response, make_response, redirect, request, url_for
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.frontdesk import check_in_sheet, choices, queries, service
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import CheckInForm
from pms.frontdesk.readiness import PART_WORDS
from pms.guests.forms import country_name
from pms.guests.rules import DOCUMENT_KINDS
from pms.keycards.rules import MAX_COPIES
from pms.stays import queries as stays
from pms.stays.models import Stay, StayState, StepKind
from pms.web import errors, filters
from pms.web.login import actor
from pms.web.render import render, render_dialog, settle
from pms.web.rights import require


@blueprint.get("/stays/<int:stay_id>/check-in")
@require("stays:change")
def check_in(stay_id: int) -> Response:
    """The sheet, with everything proposed that can be proposed."""
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
    return _sheet(stay, form)


@blueprint.get("/stays/<int:stay_id>/check-in/rooms")
@require("stays:change")
def check_in_rooms(stay_id: int) -> Response:
    """The rooms again, and what can be done with the chosen one, after something was changed on the sheet."""
    stay = stays.get_stay(stay_id)
    form = CheckInForm(formdata=request.args)
    sheet = check_in_sheet.fill(form, stay, choices.present())
    return render(
        "frontdesk/_check_in_rooms.html", form=form, stay=stay, sheet=sheet, reason=check_in_sheet.reason, is_fresh=True
    )


@blueprint.post("/stays/<int:stay_id>/check-in")
@require("stays:change")
def check_in_now(stay_id: int) -> Response:
    """Check in, then watch the keys being made; or note all of it until the room is ready."""
    stay, form = stays.get_stay(stay_id), CheckInForm()
    check_in_sheet.fill(form, stay, choices.present())
    if not form.validate_on_submit():
        return _sheet(stay, form, status=422)
    try:
        done = _ahead(stay_id, form) if form.ahead.data else _now(stay_id, form)
    except DomainError as error:
        errors.put_into(form, error)
        return _sheet(stays.get_stay(stay_id), form, status=422)
    return _after_ahead(done) if form.ahead.data else after_check_in(done)


@blueprint.get("/stays/<int:stay_id>/registration-card")
@require("stays:view")
def registration_card(stay_id: int) -> Response:
    """The card that the guest signs, on paper."""
    return render(
        "frontdesk/registration_card.html",
        stay=stays.get_stay(stay_id),
        kinds=DOCUMENT_KINDS,
        country_name=country_name,
        day=choices.today(),
    )


def after_check_in(done: service.CheckedIn) -> Response:
    """On to the machine where cards were asked for, else to the stay."""
    if done.batch_id is None:
        return settle(url_for("stays.show", stay_id=done.stay_id), _("Checked in. No card was made."))
    # HTMX follows it too: the dialog goes on to the machine.
    return make_response(redirect(url_for("keycards.progress", batch_id=done.batch_id), 303))


def _now(stay_id: int, form: CheckInForm) -> service.CheckedIn:
    return service.check_in(
        stay_id=stay_id,
        sheet=form.sheet(),
        cards=form.cards.data,
        encoder_id=form.encoder_id.data,
        request_id=form.request,
        actor=actor(),
        now=choices.present(),
    )


def _ahead(stay_id: int, form: CheckInForm) -> service.CheckedIn:
    return service.check_in_ahead(
        stay_id=stay_id,
        sheet=form.sheet(),
        room_expected_at=form.expected_at.data,
        request_id=form.request,
        actor=actor(),
        now=choices.present(),
    )


def _after_ahead(done: service.CheckedIn) -> Response:
    stay = stays.get_stay(done.stay_id)
    if stay.state is StayState.IN_HOUSE or stay.room is None or stay.room_expected_at is None:
        return settle(url_for("stays.show", stay_id=stay.id), _("The room is ready: the guest is checked in."))
    text = _(
        "%(guest)s waits for room %(room)s, expected at %(at)s.",
        guest=stay.guest.name,
        room=stay.room.number,
        at=filters.time_text(stay.room_expected_at),
    )
    return settle(url_for("frontdesk.today"), text)


def _sheet(stay: Stay, form: CheckInForm, status: int = 200) -> Response:
    sheet = check_in_sheet.fill(form, stay, choices.present())
    return render_dialog(
        "frontdesk/_check_in.html",
        status=status,
        dialog_heading=_("Check in"),
        stay=stay,
        form=form,
        sheet=sheet,
        is_fresh=not (form.errors or form.form_errors),
        reason=check_in_sheet.reason,
        cards_text=check_in_sheet.cards_text,
        part_words=PART_WORDS,
    )
