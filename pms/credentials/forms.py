"""The shapes of the fingerprint forms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from pms.web.forms import Form, choice_id, request_id_field


class DoorsForm(Form):
    """The doors to which a fingerprint is sent."""

    door_ids = SelectMultipleField(
        _l("Send it to"),
        coerce=choice_id,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class FingerForm(DoorsForm):
    """A finger to be taken."""

    finger = SelectField(_l("Finger"))
    agreed = BooleanField(_l("The person has read this and agrees"))
    encoder_id = SelectField(
        _l("Machine"),
        coerce=choice_id,
        validators=[InputRequired(_l("Choose a machine that takes fingerprints."))],
    )
    request_id = request_id_field()
