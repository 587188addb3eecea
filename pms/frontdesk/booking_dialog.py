"""What the dialogs of booking and walk-in show: free types and rooms, prices, and what is near when something is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from pms.availability import queries as availability
from pms.availability import rules as availability_rules
from pms.frontdesk import booking_forms, choices
from pms.frontdesk.booking_forms import NewBookingForm, WishesForm
from pms.frontdesk.forms import WalkInForm
from pms.properties import queries as properties
from pms.reservations.rules import SOURCE_WORDS
from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.stays.rules import MAX_NIGHTS, WISH_WORDS
from pms.web import filters
from pms.web.forms import choices as pairs
from pms.web.rights import can

if TYPE_CHECKING:
    from pms.availability.rules import Alternative, Offer
    from pms.core.errors import DomainError
    from pms.frontdesk.booking_forms import ChangeForm
    from pms.frontdesk.forms import BookingForm
    from pms.stays.queries import RoomOffer

# Refusals after which other dates or another type help.
_TAKEN = ("room_taken", "room_closed", "type_sold_out", "hours_taken", "room_out_of_order")
# The hours for which rooms are offered until somebody says others.
_USUAL_DAY = (9, 17)


@dataclass(frozen=True, slots=True)
class Total:
    """What one room costs: the nights (of day use: the day), a night, all of it; minor units."""

    nights: int
    night_price: int
    amount: int


def fill(form: BookingForm) -> None:
    """The choices of the form as they are now: rooms that are free on its dates, of its type; types; hours."""
    arrival, departure = dates(form)
    kind, is_walk_in = form.room_type_id.data, isinstance(form, WalkInForm)
    chosen = rooms.find_room(form.room_id.data) if form.room_id.data else None
    free = _free(form, arrival, departure)
    if chosen is not None and kind is not None and chosen.room_type_id != kind:
        form.room_id.data, chosen = None, None
    if is_walk_in and form.room_id.data is None and free:
        form.room_id.data = free[0].room.id
    choices.fill_rooms(form.room_id, free, chosen=chosen, empty=None if is_walk_in else _("No room yet"))
    if isinstance(form, WalkInForm):
        choices.fill_day_hours(form)
        choices.fill_cards(form.cards)
        choices.fill_machines(form.encoder_id, chosen=form.encoder_id.data)
    if isinstance(form, WishesForm):
        form.wishes.choices = pairs((value, _(text)) for value, text in WISH_WORDS.items())
        form.night_price.render_kw = {"inputmode": "decimal", "autocomplete": "off", "placeholder": _type_price(kind)}
    if isinstance(form, NewBookingForm):
        house = properties.get_property()
        hours = booking_forms.hours_offered(house, is_day_use=form.is_day_use)
        form.source.choices = pairs((value, _(text)) for value, text in SOURCE_WORDS.items() if value != "walk_in")
        form.arrival_hour.choices, form.departure_hour.choices = hours
        for line in form.rooms:
            line.form.room_type_id.choices = [(str(each.id), each.name) for each in rooms.list_room_types()]


def context(form: BookingForm, refused: DomainError | None = None) -> dict[str, Any]:
    """What the templates of the offers need beside the form."""
    arrival, departure = dates(form)
    offers = availability.offers(arrival=arrival, departure=departure)
    chosen = next((offer for offer in offers if offer.type_id == form.room_type_id.data), None)
    return {
        "types": offers,
        "chosen": chosen,
        "arrival": arrival,
        "departure": departure,
        "nights": (departure - arrival).days,
        "is_long": availability_rules.is_long(arrival, departure),
        "total": _total(form, chosen, arrival, departure),
        "can_price": can("stays:price"),
        "room": rooms.find_room(form.room_id.data) if form.room_id.data else None,
        "wish_words": WISH_WORDS,
        "alternatives": _alternatives(form, refused, arrival, departure),
    }


def near_change(form: ChangeForm, refused: DomainError | None) -> list[Alternative]:
    """What could be had instead of a change that was refused."""
    arrival, departure = form.arrival_date.data, form.departure_date.data
    if refused is None or refused.code not in _TAKEN or arrival is None or departure is None:
        return []
    return availability.nearest(
        type_id=form.room_type_id.data, arrival=arrival, departure=departure, today=choices.tonight()
    )


def dates(form: BookingForm) -> tuple[date, date]:
    """The dates in the form where they make sense, else one night."""
    arrival: date = form.arrival_date.data or choices.tonight()
    is_day_use = isinstance(form, NewBookingForm) and form.is_day_use
    return booking_forms.span(arrival, form.departure_date.data, is_day_use=is_day_use, most=MAX_NIGHTS)


def _free(form: BookingForm, arrival: date, departure: date) -> list[RoomOffer]:
    """Rooms that meet more of the wishes come first."""
    kind = form.room_type_id.data
    hours = None
    if isinstance(form, NewBookingForm) and form.is_day_use:
        hours = form.hours or _USUAL_DAY
    free = stays.free_rooms(room_type_id=kind, arrival=arrival, departure=departure, hours=hours)
    wanted = set(form.wishes.data or []) if isinstance(form, WishesForm) else set()
    return sorted(
        (offer for offer in free if kind is None or offer.room.room_type_id == kind),
        key=lambda offer: -len(wanted & set(offer.room.features)),
    )


def _type_price(type_id: int | None) -> str:
    """What is meant where the price is left empty."""
    kind = next((each for each in rooms.list_room_types() if each.id == type_id), None)
    return "" if kind is None else filters.money_text(kind.night_price)


def _total(form: BookingForm, chosen: Offer | None, arrival: date, departure: date) -> Total | None:
    if chosen is None:
        return None
    agreed = form.price if isinstance(form, WishesForm) and not form.night_price.errors else None
    night_price, nights = chosen.night_price if agreed is None else agreed, max(1, (departure - arrival).days)
    return Total(nights, night_price, night_price * nights)


def _alternatives(form: BookingForm, refused: DomainError | None, arrival: date, departure: date) -> list[Alternative]:
    if refused is None or refused.code not in _TAKEN or refused.params.get("line"):
        return []
    return availability.nearest(
        type_id=form.room_type_id.data, arrival=arrival, departure=departure, today=choices.tonight()
    )
