"""The verbs of a stay, each a small dialog that says what it will do to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from pms.core.errors import DomainError, NotFound
from pms.core.ids import read_id
from pms.core.text import N_
from pms.folios import queries as folios
from pms.frontdesk import booking_dialog, choices, queries, service
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.booking_forms import ChangeForm
from pms.frontdesk.forms import DepartureForm, RoomForm, StepForm, UndoForm
from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.stays.models import StepKind
from pms.stays.rules import STEP_WORDS, WISH_WORDS
from pms.web import errors, filters
from pms.web.forms import choices as pairs
from pms.web.login import actor
from pms.web.render import go_to, render_dialog
from pms.web.rights import can, require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pms.stays.models import Stay, StayStep
    from pms.web.forms import Form


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb that asks for nothing but a yes."""

    title: str
    sentence: str
    button: str
    kind: str
    done: str
    act: Callable[..., StayStep]


_VERBS = {
    "check-out": Verb(
        N_("Check out"),
        N_("%(guest)s leaves room %(room)s. The room is marked dirty, and nights that remain can be sold again."),
        N_("Check out"),
        "primary",
        N_("%(guest)s is checked out."),
        service.check_out,
    ),
    "cancel": Verb(
        N_("Cancel the booking"),
        N_("The booking of %(guest)s from %(arrival)s to %(departure)s is taken back, and the room can be sold again."),
        N_("Cancel the booking"),
        "danger",
        N_("The booking of %(guest)s is cancelled."),
        service.cancel,
    ),
    "no-show": Verb(
        N_("Mark as no-show"),
        N_("%(guest)s was expected on %(arrival)s and did not come. The nights can be sold again."),
        N_("Mark as no-show"),
        "danger",
        N_("%(guest)s is marked as a no-show."),
        service.no_show,
    ),
    "unassign": Verb(
        N_("Take the room back"),
        N_("%(guest)s keeps the booking but not room %(room)s; another room can be given later."),
        N_("Take the room back"),
        "primary",
        N_("The room was taken back."),
        service.unassign_room,
    ),
}

_KINDS = {
    "check-out": StepKind.CHECKED_OUT,
    "cancel": StepKind.CANCELLED,
    "no-show": StepKind.NO_SHOW,
    "unassign": StepKind.ROOM_UNASSIGNED,
    "assign": StepKind.ROOM_ASSIGNED,
    "move": StepKind.MOVED,
    "extend": StepKind.EXTENDED,
    "shorten": StepKind.SHORTENED,
}


@blueprint.get("/stays/<int:stay_id>/<any('check-out','cancel','no-show','unassign'):verb>")
@require("stays:change")
def confirm(stay_id: int, verb: str) -> Response:
    """Says what will happen, and asks."""
    stay = queries.stay_for(stay_id, _KINDS[verb])
    form = StepForm(formdata=None, request_id=choices.new_request(), version=stay.version)
    return _ask(stay, verb, form)


@blueprint.post("/stays/<int:stay_id>/<any('check-out','cancel','no-show','unassign'):verb>")
@require("stays:change")
def do(stay_id: int, verb: str) -> Response:
    """Does it."""
    stay, form = stays.get_stay(stay_id), StepForm()
    if not form.validate_on_submit():
        return _ask(stay, verb, form, status=422)
    words = _words(stay)
    try:
        _VERBS[verb].act(stay_id=stay_id, **_common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _ask(stays.get_stay(stay_id), verb, form, status=422)
    return go_to(_next_page(stay_id, verb), _(_VERBS[verb].done) % words)


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
        act(stay_id=stay_id, room_id=form.room_id.data, **_common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _room_dialog(stays.get_stay(stay_id), verb, form, status=422)
    number = rooms.get_room(form.room_id.data).number
    return go_to(_stay_page(stay_id), _with_keys(stay_id, _("Room %(room)s is theirs now.", room=number)))


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
        act(stay_id=stay_id, departure_date=form.day, **_common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _departure_dialog(stays.get_stay(stay_id), verb, form, status=422)
    text = _("The departure is now %(day)s.", day=filters.date_text(form.departure_date.data))
    return go_to(_stay_page(stay_id), _with_keys(stay_id, text))


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
        service.change(stay_id=stay_id, wish=form.changed(), **_common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _change_dialog(stays.get_stay(stay_id), form, status=422, refused=error)
    return go_to(_stay_page(stay_id), _("The booking was changed."))


@blueprint.get("/stays/<int:stay_id>/undo")
@require("stays:change")
def undo(stay_id: int) -> Response:
    """Names the step that would be taken back."""
    step = stays.last_step(stay_id)
    if step is None:
        raise NotFound
    return _undo_dialog(stays.get_stay(stay_id), step, UndoForm(formdata=None, step_id=step.id))


@blueprint.post("/stays/<int:stay_id>/undo")
@require("stays:change")
def undo_now(stay_id: int) -> Response:
    """Takes it back."""
    form = UndoForm()
    step = stays.get_step(stay_id, read_id(form.step_id.data) or 0)
    if not form.validate_on_submit():
        return _undo_dialog(stays.get_stay(stay_id), step, form, status=422)
    try:
        service.undo(stay_id=stay_id, step_id=step.id, actor=actor(), now=choices.present())
    except DomainError as error:
        errors.put_into(form, error)
        return _undo_dialog(stays.get_stay(stay_id), step, form, status=422)
    return go_to(_stay_page(stay_id), _("Undone: %(step)s.", step=_(STEP_WORDS[step.kind])))


def _common(form: StepForm) -> dict[str, Any]:
    return {
        "version": form.seen_version,
        "request_id": form.request,
        "actor": actor(),
        "now": choices.present(),
    }


def _stay_page(stay_id: int) -> str:
    return url_for("stays.show", stay_id=stay_id)


def _next_page(stay_id: int, verb: str) -> str:
    """After a check-out the day goes on; everything else is looked at on the stay."""
    return url_for("frontdesk.today") if verb == "check-out" else _stay_page(stay_id)


def _words(stay: Stay) -> dict[str, str]:
    return {
        "guest": stay.guest.name,
        "room": stay.room.number if stay.room else "–",
        "arrival": filters.date_text(stay.arrival_date),
        "departure": filters.date_text(stay.departure_date),
    }


def _with_keys(stay_id: int, text: str) -> str:
    """The toast, with what the cards in the guest's hand need now."""
    count, until = queries.cards_to_make_again(stays.get_stay(stay_id), now=choices.present())
    if not count:
        return text
    return f"{text} {again_sentence(count, until)}"


def again_sentence(count: int, until: datetime | None) -> str:
    """How many cards must be made again, and before when."""
    if until is None or until <= choices.present():
        return str(ngettext("%(num)d card must be made again.", "%(num)d cards must be made again.", count))
    return str(
        ngettext(
            "%(num)d card must be made again before %(until)s.",
            "%(num)d cards must be made again before %(until)s.",
            count,
            until=filters.datetime_text(until),
        )
    )


def _ask(stay: Stay, name: str, form: StepForm, status: int = 200) -> Response:
    verb = _VERBS[name]
    return render_dialog(
        "frontdesk/_confirm.html",
        status=status,
        dialog_heading=_(verb.title),
        stay=stay,
        form=form,
        title=_(verb.title),
        sentence=_(verb.sentence) % _words(stay),
        button=_(verb.button),
        kind=verb.kind,
        url=url_for("frontdesk.do", stay_id=stay.id, verb=name),
        endings=queries.live_cards(stay, now=choices.present()),
        owed=folios.owed_at_check_out(stay, today=choices.today()) if name == "check-out" else 0,
    )


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
    offers = _fill_rooms(stay, verb, form)
    return render_dialog(
        "frontdesk/_room.html",
        status=status,
        dialog_heading=_("Move to another room") if verb == "move" else _("Assign a room"),
        stay=stay,
        form=form,
        verb=verb,
        offers=offers,
        endings=queries.live_cards(stay, now=choices.present()),
    )


def _departure_dialog(stay: Stay, verb: str, form: DepartureForm, status: int = 200) -> Response:
    return render_dialog(
        "frontdesk/_departure.html",
        status=status,
        dialog_heading=_("Extend the stay") if verb == "extend" else _("Shorten the stay"),
        stay=stay,
        form=form,
        verb=verb,
        cards=queries.live_cards(stay, now=choices.present()),
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


def _undo_dialog(stay: Stay, step: StayStep, form: Form, status: int = 200) -> Response:
    return render_dialog(
        "frontdesk/_undo.html",
        status=status,
        dialog_heading=_("Undo"),
        stay=stay,
        step=step,
        form=form,
        words=STEP_WORDS,
    )
