"""What browsers send to the pages of outages: shapes only."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, PasswordField
from wtforms.validators import InputRequired, Length, Regexp

from pms.web.forms import Form, request_id_field

_PASSWORD = {"autocomplete": "new-password"}


class MakeForm(Form):
    """Make one pack, however often the button is pressed."""

    request_id = request_id_field()


class SettingForm(Form):
    """The desk password, twice, and whether arrivals get codes."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    password = PasswordField(_l("New desk password"), validators=[Length(max=200)], render_kw=_PASSWORD)
    again = PasswordField(_l("Once more"), validators=[Length(max=200)], render_kw=_PASSWORD)
    makes_codes = BooleanField(_l("Make a passcode for each arrival of today and tomorrow that has a room and no code"))
