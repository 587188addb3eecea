"""The shapes of what is entered about rooms."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from pms.rooms import rules
from pms.web.forms import Boxes, Form, MoneyField, choice_id

_POSITION = [InputRequired(), NumberRange(-99, 999)]


def _version() -> HiddenField:
    return HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])


class BuildingForm(Form):
    """A building; the position is asked for when it is changed."""

    name = StringField(_l("Name of the building"), validators=[InputRequired(), Length(max=rules.MAX_BUILDING)])
    position = IntegerField(_l("Place on the board"), validators=_POSITION, default=1)


class FloorForm(Form):
    """A floor of a building."""

    building_id = SelectField(_l("Building"), coerce=choice_id)
    name = StringField(_l("Name of the floor"), validators=[InputRequired(), Length(max=rules.MAX_FLOOR)])
    position = IntegerField(_l("Place on the board, from the ground up"), validators=_POSITION)


class RoomTypeForm(Form):
    """What is sold."""

    code = StringField(_l("Code"), validators=[InputRequired(), Length(max=12)])
    name = StringField(_l("Name of the type"), validators=[InputRequired(), Length(max=60)])
    beds = IntegerField(_l("Beds"), validators=[InputRequired(), NumberRange(1, 20)], default=2)
    night_price = MoneyField(_l("Price of a night"), validators=[InputRequired()], default=0)
    overbooking_limit = IntegerField(
        _l("Rooms that may be promised beyond those in order"),
        validators=[InputRequired(), NumberRange(0, rules.MAX_OVERBOOKING)],
        default=0,
    )
    position = IntegerField(_l("Place in lists"), validators=_POSITION, default=1)

    def values(self) -> dict[str, Any]:
        """What was entered, as the service takes it."""
        names = ("code", "name", "beds", "night_price", "overbooking_limit")
        return {name: self[name].data for name in names}


class RoomForm(Form):
    """A room; `version` is what the dialog was opened with."""

    version = HiddenField(validators=[Regexp(r"^\d{0,9}$")])
    number = StringField(_l("Room number"), validators=[InputRequired(), Length(max=rules.MAX_NUMBER)])
    floor_id = SelectField(_l("Floor"), coerce=choice_id)
    room_type_id = SelectField(_l("Room type"), coerce=choice_id)
    features = Boxes(_l("Features"))

    def values(self) -> dict[str, Any]:
        """What was entered, as the service takes it."""
        return {
            "number": self.number.data,
            "floor_id": self.floor_id.data,
            "room_type_id": self.room_type_id.data,
            "features": self.features.data or [],
        }


class OutOfOrderForm(Form):
    """Why a room is out of order."""

    version = _version()
    reason = StringField(
        _l("Reason"), validators=[InputRequired(), Length(max=rules.MAX_REASON)], render_kw={"autocomplete": "off"}
    )


class NoteForm(Form):
    """Words about a room for colleagues."""

    version = _version()
    note = TextAreaField(_l("Note"), validators=[Length(max=rules.MAX_NOTE)], render_kw={"rows": 4})


class ImportForm(Form):
    """A CSV of rooms, as a file or as text."""

    file = FileField(_l("CSV file"))
    text = TextAreaField(_l("or its content"), validators=[Length(max=600_000)], render_kw={"spellcheck": "false"})

    def document(self) -> bytes:
        """The bytes to import: those of the file where one was chosen."""
        if self.file.data and self.file.data.filename:
            content: bytes = self.file.data.read()
            return content
        return (self.text.data or "").encode()
