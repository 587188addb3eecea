"""The shapes of what is entered about commands."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, Regexp

from pms.protocol.tlv import EXTENDED_SETTINGS, PLAIN_SETTINGS
from pms.web.forms import Form, request_id_field

TAGS = tuple(f"{tag:02X}" for tag in (*EXTENDED_SETTINGS, *PLAIN_SETTINGS))


class DeedForm(Form):
    """Nothing but the yes, and its own id: a double click is one command. `by` is the button of who has a phone there."""

    request_id = request_id_field()
    by = StringField(validators=[AnyOf(["", "phone"])], default="")

    def has_phone(self) -> bool:
        """Whether somebody with a phone is beside the lock."""
        return self.by.data == "phone"


class ModuleForm(Form):
    """Which module the lock should take."""

    request_id = request_id_field()
    imei = StringField(_l("IMEI of the module"), validators=[InputRequired(), Length(max=20)])


class FrameForm(Form):
    """The lock's answer, as the phone shows it."""

    answer = TextAreaField(
        _l("The lock's answer"),
        validators=[
            InputRequired(),
            Length(max=4000),
            Regexp(r"^\s*([0-9A-Fa-f]{2}\s*)+$", message=_l("Hexadecimal digits only.")),
        ],
        render_kw={"rows": 3, "spellcheck": "false", "autocomplete": "off"},
    )

    def content(self) -> bytes:
        """The bytes."""
        return bytes.fromhex("".join((self.answer.data or "").split()))


class SettingsForm(Form):
    """What a lock should be set to; an empty field stays as it is at the lock. Raw values are read from the request."""

    request_id = request_id_field()
    clock = BooleanField(_l("Set the clock"))
    time_zone = BooleanField(_l("Set the time zone of the house"))
    scopes = BooleanField(_l("Tell it the scopes of staff that its door is in"))
    check_out_hour = IntegerField(_l("Check-out hour"), validators=[Optional(), NumberRange(min=0, max=23)])
    settings = StringField(_l("Raw values"))


class ReadForm(Form):
    """Nothing but that it is one request."""

    request_id = request_id_field()
