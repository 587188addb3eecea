"""What browsers send to the desk's dialogs: shapes only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import cast

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from pms.core.ids import read_id
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.groups import ACCEPTED
from pms.frontdesk.service import Particulars, Sheet, Wish
from pms.keycards.rules import MAX_COPIES
from pms.stays.models import Stay, StayState
from pms.stays.rules import MAX_REASON
from pms.web.forms import Boxes, Form, choice_id, choices, request_id_field
from pms.web.rights import can


def _hour(text: object) -> int | None:
    return int(str(text)) if text not in (None, "", "None") else None


NO_CARDS = "none"
# How many cards each room of a group gets; None: one for each adult.
CARDS_EACH: dict[str, int | None] = {"adults": None, "one": 1, NO_CARDS: 0}
_CARDS_OF_GROUP = [
    ("adults", _l("One card for each adult")),
    ("one", _l("One card for each room")),
    (NO_CARDS, _l("No cards now")),
]


def _whole(text: object) -> int:
    return int(str(text or 0))


def _instant(text: object) -> datetime | None:
    """Reads an instant of a list; None for nothing, ValueError (which the field reports) for what is none."""
    at = datetime.fromisoformat(str(text)) if text not in (None, "", "None") else None
    if at is not None and at.tzinfo is None:
        raise ValueError(text)
    return at


class RequestForm(Form):
    """Carries an id that makes a double click one act."""

    request_id = request_id_field()

    @property
    def request(self) -> str:
        """The id, once the form is validated."""
        return str(self.request_id.data)


class StepForm(RequestForm):
    """Every verb: also the version that the clerk saw."""

    version = HiddenField()

    @property
    def seen_version(self) -> int | None:
        """The version that the page showed."""
        return read_id(self.version.data)


class RoomForm(StepForm):
    """Assign a room, or move to another."""

    # The service knows better than a list that was made before somebody else clicked.
    room_id = SelectField(
        _l("Room"), coerce=choice_id, validate_choice=False, validators=[InputRequired(_l("Choose a room."))]
    )


class DepartureForm(StepForm):
    """Extend or shorten."""

    departure_date = DateField(_l("New departure"), validators=[InputRequired(_l("Enter a date."))])

    @property
    def day(self) -> date:
        """The new departure, once the form is validated."""
        return cast("date", self.departure_date.data)


class HoursForm(StepForm):
    """Early arrival and late departure; nothing chosen means the house's hour."""

    arrival_hour = SelectField(_l("Arrival from"), coerce=choice_id, validate_choice=False)
    departure_hour = SelectField(_l("Departure by"), coerce=choice_id, validate_choice=False)

    def change(self, stay: Stay) -> Change:
        """What is agreed. Who is here has arrived."""
        arrival = stay.arrival_hour if stay.state is StayState.IN_HOUSE else self.arrival_hour.data
        return Change(kind=ChangeKind.HOURS, arrival_hour=arrival, departure_hour=self.departure_hour.data)


class MeansForm(Form):
    """What stands in the dialog of a verb while somebody still chooses."""

    room_id = SelectField(coerce=choice_id, validate_choice=False)
    departure_date = DateField()
    arrival_hour = SelectField(coerce=choice_id, validate_choice=False)
    departure_hour = SelectField(coerce=choice_id, validate_choice=False)

    def change(self, kind: str, stay: Stay) -> Change | None:
        """The act as it stands there; None where something of it is missing."""
        wanted = ChangeKind(kind)
        if wanted is ChangeKind.HOURS:
            arrival = stay.arrival_hour if stay.state is StayState.IN_HOUSE else self.arrival_hour.data
            return Change(kind=wanted, arrival_hour=arrival, departure_hour=self.departure_hour.data)
        if wanted in (ChangeKind.MOVE, ChangeKind.ASSIGN):
            return Change(kind=wanted, room_id=self.room_id.data) if self.room_id.data else None
        day = self.departure_date.data
        return Change(kind=wanted, departure_date=day) if day else None


class KeysForm(StepForm):
    """How many cards now, on which machine."""

    cards = SelectField(_l("Key cards"), coerce=_whole, validators=[NumberRange(0, MAX_COPIES)])
    encoder_id = SelectField(_l("Card machine"), coerce=choice_id, validate_choice=False)


class CheckInForm(KeysForm):
    """The sheet: who (what is missing of them), which room and until when, keys; `ahead` where the room is not ready."""

    phone = StringField(_l("Telephone"), validators=[Length(max=40)], render_kw={"autocomplete": "off", "type": "tel"})
    email = StringField(_l("Mail"), validators=[Length(max=120)], render_kw={"autocomplete": "off", "type": "email"})
    nationality = SelectField(_l("Nationality"), validators=[Optional()])
    birth_date = DateField(_l("Date of birth"), validators=[Optional()])
    document_kind = SelectField(_l("Document"), validators=[Optional()])
    document_number = StringField(
        _l("Document number"), validators=[Length(max=40)], render_kw={"autocomplete": "off", "spellcheck": "false"}
    )
    room_id = RadioField(
        _l("Room"), coerce=choice_id, validate_choice=False, validators=[InputRequired(_l("Choose a room."))]
    )
    departure_date = DateField(_l("Departure"), validators=[InputRequired(_l("Enter a date."))])
    expected_at = SelectField(
        _l("The room will be ready at"), coerce=_instant, validate_choice=False, validators=[Optional()]
    )
    ahead = HiddenField()

    def sheet(self) -> Sheet:
        """What the clerk settled, once the form is validated."""
        return Sheet(
            room_id=self.room_id.data,
            departure_date=self.departure_date.data,
            particulars=Particulars(
                phone=self.phone.data or "",
                email=self.email.data or "",
                nationality=self.nationality.data or "",
                birth_date=self.birth_date.data,
                document_kind=self.document_kind.data or "",
                document_number=self.document_number.data or "",
            ),
            version=self.seen_version,
        )


class StackForm(RequestForm):
    """Cards for those of a group who are here: so many for each, on which machine."""

    cards = SelectField(_l("Key cards"), choices=choices(_CARDS_OF_GROUP))
    encoder_id = SelectField(_l("Card machine"), coerce=choice_id, validate_choice=False)


class GroupForm(StackForm):
    """Which rooms of a booking are checked in now, and which rooms may be given out for it."""

    stay_ids = Boxes(_l("Rooms"), coerce=choice_id, validators=[InputRequired(_l("Choose at least one room."))])
    accepts = RadioField(
        _l("Rooms to give out"), choices=choices((name, _l(word)) for name, (word, _states) in ACCEPTED.items())
    )


class DatesForm(StepForm):
    """From when to when, which type, how many: what booking, walk-in and change have in common."""

    arrival_date = DateField(_l("Arrival"), validators=[InputRequired(_l("Enter a date."))])
    departure_date = DateField(_l("Departure"), validators=[InputRequired(_l("Enter a date."))])
    adults = IntegerField(_l("Adults"), validators=[InputRequired(_l("At least one adult.")), NumberRange(1, 20)])
    children = IntegerField(_l("Children"), default=0, validators=[Optional(), NumberRange(0, 20)])
    room_type_id = RadioField(
        _l("Room type"),
        coerce=choice_id,
        validate_choice=False,
        validators=[InputRequired(_l("Choose a room type."))],
    )

    def wish(self) -> Wish:
        """What the party wants, once the form is validated."""
        return Wish(
            room_type_id=self.room_type_id.data,
            room_id=None,
            arrival_date=cast("date", self.arrival_date.data),
            departure_date=cast("date", self.departure_date.data),
            adults=self.adults.data or 1,
            children=self.children.data or 0,
        )


class BookingForm(DatesForm):
    """A stay that is booked; the guest is known (`guest_id`) or entered beside it."""

    guest_id = HiddenField()
    # The page from which it was opened and to which it leads back: "chart", else the stay that was booked.
    back = HiddenField()
    room_id = SelectField(_l("Room"), coerce=choice_id, validate_choice=False)
    stay_note = TextAreaField(_l("Note on the booking"), validators=[Length(max=500)])

    def wish(self) -> Wish:
        """The same with the room."""
        return replace(super().wish(), room_id=self.room_id.data)

    @property
    def known_guest(self) -> int | None:
        """The guest that was chosen from the search."""
        return read_id(self.guest_id.data)


class WalkInForm(BookingForm):
    """A booking that begins now, with its keys."""

    room_id = SelectField(
        _l("Room"), coerce=choice_id, validate_choice=False, validators=[InputRequired(_l("Choose a room."))]
    )
    cards = SelectField(_l("Key cards"), coerce=_whole, validators=[NumberRange(0, MAX_COPIES)])
    encoder_id = SelectField(_l("Card machine"), coerce=choice_id, validate_choice=False)
    is_day_use = BooleanField(_l("Day use: today only, without a night"))
    arrival_hour = SelectField(_l("Arrival hour"), coerce=_hour)
    departure_hour = SelectField(_l("Departure hour"), coerce=_hour)

    def wish(self) -> Wish:
        """The same with other hours; day use ends on the day on which it begins."""
        wish = super().wish()
        return replace(
            wish,
            departure_date=wish.arrival_date if self.is_day_use.data else wish.departure_date,
            arrival_hour=self.arrival_hour.data,
            departure_hour=self.departure_hour.data,
            is_day_use=self.is_day_use.data,
        )


class ClosureForm(RequestForm):
    """From which night to which a room is not let, and why."""

    from_date = DateField(_l("First night"), validators=[InputRequired(_l("Enter a date."))])
    until_date = DateField(_l("Let again from"), validators=[InputRequired(_l("Enter a date."))])
    reason = StringField(
        _l("Reason"), validators=[InputRequired(), Length(max=MAX_REASON)], render_kw={"autocomplete": "off"}
    )

    @property
    def first_night(self) -> date:
        """The first night, once the form is validated."""
        return cast("date", self.from_date.data)

    @property
    def first_free_night(self) -> date:
        """The first night after it, once the form is validated."""
        return cast("date", self.until_date.data)


class FaultForm(Form):
    """What is broken in a room, and whether it can be let all the same."""

    text = StringField(
        _l("What is broken?"),
        validators=[InputRequired(_l("Say what is broken.")), Length(max=MAX_REASON)],
        render_kw={"autocomplete": "off"},
    )
    kind = RadioField(
        _l("How bad is it?"),
        choices=choices(
            [
                ("small", _l("A small fault: the room can be let")),
                ("out_of_order", _l("Out of order: nobody can sleep there")),
            ]
        ),
        default="small",
    )

    @property
    def is_out_of_order(self) -> bool:
        """Whether the room cannot be let; for those who may decide that."""
        return self.kind.data == "out_of_order" and can("rooms:out_of_order")


class UndoForm(Form):
    """Take the step back that the page showed as the last one."""

    step_id = HiddenField(validators=[InputRequired()])


class ForgetForm(Form):
    """That a lock shall forget everything, once."""

    request_id = request_id_field()


class ReplaceForm(Form):
    """Which lock hangs in the place of the broken one."""

    new_lock_id = SelectField(_l("The new lock"), validators=[InputRequired(message=_l("Choose the new lock."))])
