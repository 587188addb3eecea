"""The shapes of the mail server's settings."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from pms.mail.models import Security
from pms.mail.words import SECURITY_WORDS
from pms.web.forms import Form, choices, request_id_field


class MailServerForm(Form):
    """Where letters are handed over. The password is never in the page: an empty field keeps it."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    host = StringField(
        _l("Server"),
        validators=[InputRequired(), Length(max=120)],
        render_kw={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"},
    )
    security = SelectField(
        _l("Encryption"), choices=choices((kind.value, _l(word)) for kind, word in SECURITY_WORDS.items())
    )
    port = IntegerField(_l("Port"), validators=[InputRequired(), NumberRange(1, 65535)])
    username = StringField(
        _l("User"),
        validators=[Length(max=120)],
        render_kw={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"},
    )
    password = PasswordField(_l("Password"), validators=[Length(max=200)], render_kw={"autocomplete": "new-password"})
    sender = StringField(
        _l("Sender"),
        validators=[InputRequired(), Length(max=160)],
        render_kw={"type": "email", "autocomplete": "off"},
    )

    def values(self, password: str) -> dict[str, Any]:
        """What was entered, as the service takes it; `password` as it was typed."""
        return {
            "version": int(str(self.version.data)),
            "host": self.host.data or "",
            "port": self.port.data or 0,
            "security": Security(self.security.data),
            "username": self.username.data or "",
            "password": password or None,
            "sender": self.sender.data or "",
        }


class TrialLetterForm(Form):
    """Where a test letter goes."""

    request_id = request_id_field()
    recipient = StringField(
        _l("Recipient"),
        validators=[InputRequired(), Length(max=160)],
        render_kw={"type": "email", "autocomplete": "email"},
    )
