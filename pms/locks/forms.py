"""The shapes of what is entered about locks, doors and areas."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from pms.web.forms import Boxes, Form, choice_id


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
