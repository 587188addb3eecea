"""The shapes of what is entered about commands."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

from pms.web.forms import Form, request_id_field


class DeedForm(Form):
    """Nothing but the yes, and its own id: a double click is one command."""

    request_id = request_id_field()


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
