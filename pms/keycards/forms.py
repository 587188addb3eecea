"""The shapes of the key dialogs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from pms.keycards.rules import MAX_COPIES
from pms.web.forms import Boxes, Form, choice_id, request_id_field


class MachineChoice(Form):
    """On which machine; the id makes a double click one act."""

    request_id = request_id_field()
    encoder_id = SelectField(
        _l("Card machine"),
        coerce=choice_id,
        validate_choice=False,
        validators=[InputRequired(_l("Choose a card machine."))],
    )


class KeysForm(MachineChoice):
    """How many cards and what they open beside the room."""

    copies = IntegerField(_l("How many cards"), validators=[InputRequired(), NumberRange(1, MAX_COPIES)], default=1)
    further_room_ids = Boxes(_l("Further rooms of the party"), coerce=choice_id, validate_choice=False)
    area_ids = Boxes(_l("Common doors"), coerce=choice_id, validate_choice=False)
