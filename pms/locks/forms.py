"""The shapes of what is entered about locks, doors and areas."""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from pms.web.forms import Boxes, Form, choice_id, choices

_CODE = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "mono"}


def digits_of(text: str | None) -> str | None:
    """What was read from a label, without what only makes it easier to read."""
    return re.sub(r"[\s:.-]", "", text).upper() if text else text


class ImportForm(Form):
    """The vendor's JSON, byte for byte."""

    file = FileField(_l("JSON file"))

    def document(self) -> bytes:
        """The bytes of the file; none where no file was chosen."""
        if not self.file.data or not self.file.data.filename:
            return b""
        content: bytes = self.file.data.read()
        return content


class HangForm(Form):
    """Where a lock hangs: on a room's door, or on a new door of an area."""

    lock_id = SelectField(_l("Lock"), coerce=choice_id, validators=[InputRequired()])
    room_id = SelectField(_l("Room"), coerce=choice_id, validators=[Optional()])
    area_id = SelectField(_l("or a new door of an area"), coerce=choice_id, validators=[Optional()])
    name = StringField(_l("Name of the door"), validators=[Length(max=60)])


class AreaForm(Form):
    """A common door, or several."""

    name = StringField(_l("Name of the area"), validators=[InputRequired(), Length(max=60)])
    for_every_guest = BooleanField(_l("Every guest's card opens it"))


class DoorForm(Form):
    """What a door is called."""

    name = StringField(_l("Name of the door"), validators=[InputRequired(), Length(max=60)])


class SectionForm(Form):
    """A set of doors for staff, picked by hand."""

    name = StringField(_l("Name of the section"), validators=[InputRequired(), Length(max=60)])
    door_ids = Boxes(_l("Doors"), coerce=choice_id, validate_choice=False)


class AnswerForm(Form):
    """The lock's answer, as the installer's phone shows it."""

    answer = TextAreaField(
        _l("The lock's answer"),
        validators=[
            InputRequired(),
            Length(max=4000),
            Regexp(r"^[0-9A-Fa-f\s]+$", message=_l("Hexadecimal digits only.")),
        ],
        render_kw={"rows": 3, "spellcheck": "false", "autocomplete": "off"},
    )

    def content(self) -> bytes:
        """The bytes; empty where the digits are not whole bytes."""
        digits = "".join((self.answer.data or "").split())
        return bytes.fromhex(digits) if len(digits) % 2 == 0 else b""


class LabelForm(Form):
    """What is printed on a lock. It may be typed with spaces, colons or hyphens, as labels have them."""

    serial_number = StringField(
        _l("Serial number (SN)"),
        filters=[digits_of],
        validators=[
            InputRequired(),
            Regexp(r"^[0-9A-F]{12}$", message=_l("The serial number has 12 characters: 0 to 9 and A to F.")),
        ],
        render_kw=_CODE,
    )
    mac = StringField(
        _l("Bluetooth address (MAC)"),
        filters=[digits_of],
        validators=[
            InputRequired(),
            Regexp(r"^[0-9A-F]{12}$", message=_l("The address has six pairs of characters: 0 to 9 and A to F.")),
        ],
        render_kw=_CODE,
    )
    lock_keys = StringField(
        _l("Key of the lock (lockKeys)"),
        filters=[digits_of],
        validators=[
            InputRequired(),
            Regexp(r"^[0-9A-F]{16}$", message=_l("The key has 16 characters: 0 to 9 and A to F.")),
        ],
        render_kw=_CODE,
    )
    name = StringField(_l("Name of the lock"), validators=[Length(max=60)])
    model = StringField(_l("Model"), validators=[Length(max=40)])
    protocol_version = SelectField(_l("Protocol"), choices=choices([("8", "08"), ("7", "07")]), default="8")
    features = Boxes(_l("What it can do"))
    is_reset = BooleanField(_l("It was used before, and reset to its factory state"))

    def mac_text(self) -> str:
        """The address with colons."""
        digits = self.mac.data or ""
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


class PlaceForm(Form):
    """Which door a new lock hangs on."""

    room_id = SelectField(_l("Room"), coerce=choice_id, validators=[Optional()])
    area_id = SelectField(_l("or a new door of an area"), coerce=choice_id, validators=[Optional()])
    name = StringField(_l("Name of the door"), validators=[Length(max=60)])
