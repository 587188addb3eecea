"""Input of log-in and accounts."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Regexp
from wtforms.widgets import HiddenInput

from pms.accounts.models import Language, Role, Theme
from pms.accounts.rules import PASSWORD_MAXIMUM
from pms.web.forms import Form, choices

_ROLES = choices((role.value, role.value) for role in Role)


def _optional(kind: type[Language] | type[Theme]) -> list[Any]:
    return choices([("", ""), *((member.value, member.value) for member in kind)])


def _password(label: Any, *, is_new: bool = True) -> PasswordField:
    return PasswordField(
        label,
        validators=[InputRequired(), Length(max=PASSWORD_MAXIMUM)],
        render_kw={"autocomplete": "new-password" if is_new else "current-password"},
    )


class LogInForm(Form):
    """The log-in page."""

    username = StringField(
        _l("Log-in name"),
        validators=[InputRequired(), Length(max=60)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = _password(_l("Password"), is_new=False)
    next = HiddenField()


class NewAccountForm(Form):
    """Somebody new in the house."""

    username = StringField(
        _l("Log-in name"),
        validators=[
            InputRequired(),
            Length(min=2, max=60),
            Regexp(r"^[\w.@-]+$", message=_l("Letters, digits, and . - _ @ only.")),
        ],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    display_name = StringField(_l("Name"), validators=[InputRequired(), Length(max=80)])
    role = SelectField(_l("Role"), choices=_ROLES)
    password = _password(_l("First password"))


class AccountForm(Form):
    """Name, role, on or off."""

    display_name = StringField(_l("Name"), validators=[InputRequired(), Length(max=80)])
    role = SelectField(_l("Role"), choices=_ROLES)
    is_active = BooleanField(_l("May log in"))
    version = IntegerField(widget=HiddenInput())


class NewPasswordForm(Form):
    """A new password for somebody else."""

    password = _password(_l("New password"))


class OwnPasswordForm(Form):
    """A new password for oneself."""

    present = _password(_l("Present password"), is_new=False)
    password = _password(_l("New password"))


class PreferencesForm(Form):
    """Language and theme; what is not sent stays as it is."""

    language = SelectField(_l("Language"), choices=_optional(Language), default="")
    theme = SelectField(_l("Theme"), choices=_optional(Theme), default="")
