"""What browsers send to book one or several rooms: shapes only."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateField, FieldList, FormField, IntegerField, RadioField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from pms.frontdesk.forms import BookingForm, DatesForm, StepForm
from pms.frontdesk.service import Wish
from pms.guests.rules import GuestFields
from pms.stays.rules import WISH_WORDS
from pms.web.forms import Boxes, MoneyField, choice_id, choices
from pms.web.rights import can

if TYPE_CHECKING:
    from pms.properties.models import Property

MOST_ROOMS = 40
_LINE = re.compile(r"^rooms-(\d{1,3})-(\w+)$")
_LINE_FIELDS = ("name", "room_type_id", "arrival_date", "departure_date", "adults", "children", "note")


def hour(text: object) -> int | None:
    """A full hour, or None for the house's."""
    if text in (None, "", "None"):
        return None
    return int(str(text))


class WishesForm(DatesForm):
    """What a stay has beside its dates: wishes, a note, and its price by whoever may agree on one."""

    wishes = Boxes(_l("Wishes"), choices=choices(WISH_WORDS.items()))
    room_note = StringField(_l("Note on the room"), validators=[Length(max=500)], render_kw={"autocomplete": "off"})
    night_price = MoneyField(_l("Price of a night"), validators=[Optional()])

    @property
    def price(self) -> int | None:
        """Minor units, by whoever may agree on a price; None: that of the type."""
        return cast("int | None", self.night_price.data) if can("stays:price") else None


class FurtherRoomForm(PlainForm):
    """A room of a group: who sleeps there, as far as it is known, and what is different from the first one."""

    name = StringField(_l("Guest"), validators=[Length(max=120)], render_kw={"autocomplete": "off"})
    room_type_id = SelectField(_l("Room type"), coerce=choice_id, validate_choice=False, validators=[InputRequired()])
    arrival_date = DateField(_l("Arrival"), validators=[InputRequired(_l("Enter a date."))])
    departure_date = DateField(_l("Departure"), validators=[InputRequired(_l("Enter a date."))])
    adults = IntegerField(_l("Adults"), validators=[InputRequired(_l("At least one adult.")), NumberRange(1, 20)])
    children = IntegerField(_l("Children"), default=0, validators=[Optional(), NumberRange(0, 20)])
    note = StringField(_l("Note on the room"), validators=[Length(max=500)], render_kw={"autocomplete": "off"})

    def wish(self) -> Wish:
        """What is wanted, once the form is validated; a room that is not named yet is the booker's."""
        return Wish(
            room_type_id=self.room_type_id.data,
            room_id=None,
            arrival_date=cast("date", self.arrival_date.data),
            departure_date=cast("date", self.departure_date.data),
            adults=self.adults.data or 1,
            children=self.children.data or 0,
            note=(self.note.data or "").strip(),
            sleeper=named(self.name.data or ""),
        )


class NewBookingForm(BookingForm, WishesForm):
    """A new booking: nights or some hours of a day, and further rooms of a group."""

    # The departure of day use is its arrival; the field is not asked for then.
    departure_date = DateField(_l("Departure"), validators=[Optional()])
    kind = RadioField(
        _l("What is booked"), choices=choices([("nights", _l("Nights")), ("day", _l("Day use"))]), default="nights"
    )
    arrival_hour = SelectField(_l("Arrival hour"), coerce=hour, validate_choice=False)
    departure_hour = SelectField(_l("Departure hour"), coerce=hour, validate_choice=False)
    source = SelectField(_l("How it came"), default="desk")
    group_name = StringField(_l("Name of the group"), validators=[Length(max=80)], render_kw={"autocomplete": "off"})
    rooms = FieldList(FormField(FurtherRoomForm), max_entries=MOST_ROOMS)

    @property
    def is_day_use(self) -> bool:
        """Whether hours of a day are booked, and no night."""
        return bool(self.kind.data == "day")

    @property
    def hours(self) -> tuple[int, int] | None:
        """Both hours, once both are known."""
        arrival, departure = self.arrival_hour.data, self.departure_hour.data
        return None if arrival is None or departure is None else (arrival, departure)

    def validate(self, extra_validators: Any = None) -> bool:
        """A stay of nights needs its departure."""
        is_valid: bool = super().validate(extra_validators)
        if not self.is_day_use and self.departure_date.data is None:
            self.departure_date.errors = [*self.departure_date.errors, str(_l("Enter a date."))]
            is_valid = False
        return is_valid

    def wishes_of_all(self) -> list[Wish]:
        """Every room that is wanted, the first one first, once the form is validated."""
        day = cast("date", self.arrival_date.data)
        first = Wish(
            room_type_id=self.room_type_id.data,
            room_id=self.room_id.data,
            arrival_date=day,
            departure_date=day if self.is_day_use else cast("date", self.departure_date.data),
            arrival_hour=self.arrival_hour.data,
            departure_hour=self.departure_hour.data,
            is_day_use=self.is_day_use,
            adults=self.adults.data or 1,
            children=self.children.data or 0,
            wishes=self.wishes.data or [],
            note=self.room_note.data or "",
            night_price=self.price,
        )
        return [first, *(line.form.wish() for line in self.rooms)]


class AddedRoomForm(BookingForm, WishesForm):
    """One more room of a booking that is there."""

    name = StringField(_l("Guest"), validators=[Length(max=120)], render_kw={"autocomplete": "off"})

    def added(self) -> Wish:
        """What is wanted, once the form is validated."""
        return replace(
            self.wish(),
            wishes=self.wishes.data or [],
            note=self.room_note.data or "",
            night_price=self.price,
            sleeper=named(self.name.data or ""),
        )


class NameForm(StepForm):
    """Who sleeps in a room that was kept in the booker's name."""

    name = StringField(
        _l("Guest"), validators=[InputRequired(_l("Enter a name.")), Length(max=120)], render_kw={"autocomplete": "off"}
    )
    phone = StringField(_l("Telephone"), validators=[Length(max=40)], render_kw={"autocomplete": "off", "type": "tel"})

    def fields(self) -> GuestFields:
        """Who it is, once the form is validated."""
        found = named(self.name.data or "") or GuestFields(family_name="")
        return replace(found, phone=(self.phone.data or "").strip())


class ChangeForm(WishesForm):
    """Dates, type, party, wishes, note and price of a booking."""

    def changed(self) -> Wish:
        """What it shall be, once the form is validated."""
        return replace(
            self.wish(), wishes=self.wishes.data or [], note=self.room_note.data or "", night_price=self.price
        )


def named(text: str) -> GuestFields | None:
    """A guest by the name as it stands in a rooming list, "Given Family" or "Family, Given"; None for nobody yet."""
    text = " ".join(text.split())
    if not text:
        return None
    if "," in text:
        family_name, given_name = (part.strip() for part in text.split(",", 1))
    else:
        given_name, _space, family_name = text.rpartition(" ")
    return GuestFields(family_name=family_name or given_name, given_name=given_name if family_name else "")


def with_rooms(typed: MultiDict[str, str], *, add: int = 0, remove: int | None = None) -> MultiDict[str, str]:
    """What was typed, with further rooms like the last one, or without one of them."""
    lines: dict[int, dict[str, str]] = {}
    for name, value in typed.items():
        if found := _LINE.match(name):
            lines.setdefault(int(found[1]), {})[found[2]] = value
    rooms = [line for number, line in sorted(lines.items()) if number != remove]
    like = rooms[-1] if rooms else {name: typed.get(name, "") for name in _LINE_FIELDS}
    rooms += [{**like, "name": "", "note": ""} for _ in range(max(0, min(add, MOST_ROOMS - len(rooms))))]
    result = MultiDict((name, value) for name, value in typed.items(multi=True) if not _LINE.match(name))
    for number, line in enumerate(rooms):
        for name in _LINE_FIELDS:
            result[f"rooms-{number}-{name}"] = line.get(name, "")
    return result


def span(arrival: date, departure: date | None, *, is_day_use: bool, most: int) -> tuple[date, date]:
    """The dates that the offers are for: those of the form where they make sense, else one night."""
    if is_day_use:
        return arrival, arrival
    if departure is None or not 0 < (departure - arrival).days <= most:
        return arrival, arrival + timedelta(days=1)
    return arrival, departure


def hours_offered(house: Property, *, is_day_use: bool) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(value, text) of the arrival and of the departure hours that the desk may promise; of day use any, and none is usual."""
    if is_day_use:
        return [(str(h), f"{h}:00") for h in range(24)], [(str(h), f"{h}:00") for h in range(1, 25)]
    arrivals = [(str(h), f"{h}:00") for h in range(house.early_arrival_hour, 24) if h != house.check_in_hour]
    departures = [(str(h), f"{h}:00") for h in range(5, house.late_departure_hour + 1) if h != house.check_out_hour]
    usual = ("", f"{house.check_in_hour}:00"), ("", f"{house.check_out_hour}:00")
    return (
        sorted([usual[0], *arrivals], key=lambda pair: int(pair[1].split(":")[0])),
        sorted([usual[1], *departures], key=lambda pair: int(pair[1].split(":")[0])),
    )
