"""The shapes of the machines' forms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length

from pms.web.forms import Form


class MachineForm(Form):
    """A machine: its name and its port."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Give the machine a name.")), Length(max=40)])
    url = StringField(_l("Port"), validators=[InputRequired(_l("Choose or write a port.")), Length(max=200)])
    is_enabled = BooleanField(_l("In use"), default=True)
