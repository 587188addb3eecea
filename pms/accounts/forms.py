"""Input of log-in and accounts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Regexp
from wtforms.widgets import HiddenInput

from pms.accounts.models import Language, Role, Theme
from pms.accounts.rules import PASSWORD_MAXIMUM
from pms.web.forms import Form

_ROLES = [(role.value, role.value) for role in Role]


def _optional(kind: type[Language] | type[Theme]) -> list[tuple[str, str]]:
    return [("", ""), *((member.value, member.value) for member in kind)]


class LogInForm(Form):
    """The log-in page."""

    username = StringField(_l("Name"), validators=[InputRequired(), Length(max=60)])
    password = PasswordField(_l("Password"), validators=[InputRequired(), Length(max=PASSWORD_MAXIMUM)])
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
    )
    display_name = StringField(_l("Name"), validators=[InputRequired(), Length(max=80)])
    role = SelectField(_l("Role"), choices=_ROLES)
    password = PasswordField(_l("First password"), validators=[InputRequired(), Length(max=PASSWORD_MAXIMUM)])


class AccountForm(Form):
    """Name, role, on or off."""

    display_name = StringField(_l("Name"), validators=[InputRequired(), Length(max=80)])
    role = SelectField(_l("Role"), choices=_ROLES)
    is_active = BooleanField(_l("May log in"))
    version = IntegerField(widget=HiddenInput())


class NewPasswordForm(Form):
    """A new password for somebody else."""

    password = PasswordField(_l("New password"), validators=[InputRequired(), Length(max=PASSWORD_MAXIMUM)])


class OwnPasswordForm(Form):
    """A new password for oneself."""

    present = PasswordField(_l("Present password"), validators=[InputRequired(), Length(max=PASSWORD_MAXIMUM)])
    password = PasswordField(_l("New password"), validators=[InputRequired(), Length(max=PASSWORD_MAXIMUM)])


class PreferencesForm(Form):
    """Language and theme; what is not sent stays as it is."""

    language = SelectField(_l("Language"), choices=_optional(Language), default="")
    theme = SelectField(_l("Theme"), choices=_optional(Theme), default="")
