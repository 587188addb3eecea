"""Input of log-in and accounts."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp
from wtforms.widgets import HiddenInput

from pms.accounts.models import Language, RegistrationRole, Role, Theme
from pms.accounts.rules import LONGEST_TOKEN_DAYS, PASSWORD_MAXIMUM
from pms.web.forms import Boxes, Form, choices
from pms.web.rights import ROLE_NAMES

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


def _username(*, autocomplete: str) -> StringField:
    return StringField(
        _l("Log-in name"),
        validators=[
            InputRequired(),
            Length(min=2, max=60),
            Regexp(r"^[\w.@-]+$", message=_l("Letters, digits, and . - _ @ only.")),
        ],
        render_kw={"autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false"},
    )


class NewAccountForm(Form):
    """Somebody new in the house."""

    username = _username(autocomplete="off")
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


class CodeForm(Form):
    """Where a verification code goes."""

    recipient = StringField(
        _l("E-mail address"),
        validators=[InputRequired(), Length(max=160)],
        render_kw={"type": "email", "autocomplete": "email"},
    )


class RegisterForm(Form):
    """The code, and the account."""

    code = StringField(
        _l("Verification code"),
        validators=[InputRequired(), Regexp(r"^[0-9]{6}$", message=_l("The code has six digits."))],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )
    display_name = StringField(
        _l("Name"), validators=[InputRequired(), Length(max=80)], render_kw={"autocomplete": "name"}
    )
    username = _username(autocomplete="username")
    password = _password(_l("Password"))


class RegistrationForm(Form):
    """Whether people may register themselves, and as what."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    is_allowed = BooleanField(_l("Let people register themselves"))
    role = SelectField(
        _l("Role of new accounts"),
        choices=choices((role.value, _l(ROLE_NAMES[role.value])) for role in RegistrationRole),
    )


class TokenForm(Form):
    """A token for a program."""

    name = StringField(_l("Program"), validators=[InputRequired(), Length(max=60)])
    scopes = Boxes(_l("What it may do"))
    days = IntegerField(_l("Days that it holds"), validators=[InputRequired(), NumberRange(1, LONGEST_TOKEN_DAYS)])
