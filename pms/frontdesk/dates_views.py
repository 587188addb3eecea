"""Other dates: a later or earlier departure, or all of a booking that has not begun."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Response
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.frontdesk import booking_dialog, choices, queries, service, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.booking_forms import ChangeForm
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.forms import DepartureForm
from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.stays.models import StepKind
from pms.stays.rules import WISH_WORDS
from pms.web import errors, filters
from pms.web.forms import choices as pairs
from pms.web.render import render_dialog
from pms.web.rights import can, require

if TYPE_CHECKING:
    from pms.stays.models import Stay

_KINDS = {"extend": StepKind.EXTENDED, "shorten": StepKind.SHORTENED}


@blueprint.get("/stays/<int:stay_id>/<any('extend','shorten'):verb>")
@require("stays:change")
def choose_departure(stay_id: int, verb: str) -> Response:
    """The new departure."""
    stay = queries.stay_for(stay_id, _KINDS[verb])
    other = stay.departure_date + timedelta(days=1 if verb == "extend" else -1)
    form = DepartureForm(
        formdata=None,
        request_id=choices.new_request(),
        version=stay.version,
        departure_date=max(other, choices.tomorrow_of(choices.tonight())) if verb == "extend" else other,
    )
    return _departure_dialog(stay, verb, form)


@blueprint.post("/stays/<int:stay_id>/<any('extend','shorten'):verb>")
@require("stays:change")
def set_departure(stay_id: int, verb: str) -> Response:
    """Extend or shorten, and say which cards must be made again."""
    stay, form = stays.get_stay(stay_id), DepartureForm()
    if not form.validate_on_submit():
        return _departure_dialog(stay, verb, form, status=422)
    act = service.extend if verb == "extend" else service.shorten
    try:
        act(stay_id=stay_id, departure_date=form.day, **step_parts.common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _departure_dialog(stays.get_stay(stay_id), verb, form, status=422)
    text = _("The departure is now %(day)s.", day=filters.date_text(form.departure_date.data))
    return step_parts.done(stay_id, step_parts.with_keys(stay_id, text))


@blueprint.get("/stays/<int:stay_id>/change")
@require("stays:change")
def change(stay_id: int) -> Response:
    """Dates, type and party of a booking."""
    stay = queries.stay_for(stay_id, StepKind.CHANGED)
    form = ChangeForm(
        formdata=None,
        request_id=choices.new_request(),
        version=stay.version,
        arrival_date=stay.arrival_date,
        departure_date=stay.departure_date,
        adults=stay.adults,
        children=stay.children,
        room_type_id=stay.room_type_id,
        wishes=stay.wishes,
        room_note=stay.note,
        night_price=stay.night_price,
    )
    return _change_dialog(stay, form)


@blueprint.post("/stays/<int:stay_id>/change")
@require("stays:change")
def change_now(stay_id: int) -> Response:
    """Stores them."""
    stay, form = stays.get_stay(stay_id), ChangeForm()
    _fill_types(form)
    if not form.validate_on_submit():
        return _change_dialog(stay, form, status=422)
    try:
        service.change(stay_id=stay_id, wish=form.changed(), **step_parts.common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _change_dialog(stays.get_stay(stay_id), form, status=422, refused=error)
    return step_parts.done(stay_id, step_parts.with_keys(stay_id, _("The booking was changed.")))


def _departure_dialog(stay: Stay, verb: str, form: DepartureForm, status: int = 200) -> Response:
    day = form.departure_date.data
    change = Change(kind=ChangeKind(verb), departure_date=day) if day else None
    foreseen = step_parts.means(stay.id, change, form)
    return render_dialog(
        "frontdesk/_departure.html",
        status=status,
        dialog_heading=_("Extend the stay") if verb == "extend" else _("Shorten the stay"),
        stay=stay,
        form=form,
        verb=verb,
        **foreseen,
    )


def _fill_types(form: ChangeForm) -> None:
    form.room_type_id.choices = [(str(kind.id), kind.name) for kind in rooms.list_room_types()]
    form.wishes.choices = pairs((value, _(text)) for value, text in WISH_WORDS.items())


def _change_dialog(stay: Stay, form: ChangeForm, status: int = 200, refused: DomainError | None = None) -> Response:
    _fill_types(form)
    return render_dialog(
        "frontdesk/_change.html",
        status=status,
        dialog_heading=_("Change the booking"),
        stay=stay,
        form=form,
        can_price=can("stays:price"),
        alternatives=booking_dialog.near_change(form, refused),
    )
