"""The shapes of the machines' and desks' forms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from pms.web.forms import Form, choice_id, request_id_field


class MachineForm(Form):
    """A machine: its name, and where it is."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Give the machine a name.")), Length(max=40)])
    agent_id = SelectField(_l("Where"), coerce=choice_id, validate_choice=True)
    url = StringField(_l("Port"), validators=[InputRequired(_l("Choose or write a port.")), Length(max=200)])
    driver = SelectField(_l("Make"))


class NewMachineForm(MachineForm):
    """A machine that is not known yet."""

    request_id = request_id_field()


class AgentForm(Form):
    """A desk whose computer has machines."""

    name = StringField(_l("Name of the desk"), validators=[InputRequired(_l("Give the desk a name.")), Length(max=40)])
