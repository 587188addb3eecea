"""The shapes of what is entered about gateways."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from pms.web.forms import Form, choice_id


class GatewayForm(Form):
    """A gateway to bind."""

    serial_number = StringField(_l("Serial number"), validators=[InputRequired(), Length(max=20)])
    name = StringField(_l("Name of the gateway"), validators=[InputRequired(), Length(max=60)])


class HangForm(Form):
    """Which lock hangs on it."""

    lock_id = SelectField(_l("Lock"), coerce=choice_id, validators=[InputRequired()])
