"""The shapes of the key dialogs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from pms.keycards.rules import MAX_COPIES, LostWay
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


class LostForm(MachineChoice):
    """Which of the two ways; `with_new`: the denied card is replaced at once."""

    how = RadioField(_l("What shall be done?"), choices=[], validate_choice=False)
    with_new = BooleanField(_l("Make one new card in its place now"), default=True)
    encoder_id = SelectField(_l("Card machine"), coerce=choice_id, validate_choice=False, validators=[Optional()])

    @property
    def way(self) -> LostWay:
        """What was chosen; whatever it is not is the way that is always there."""
        return LostWay.DENY if self.how.data == LostWay.DENY.value else LostWay.REPLACE

    @property
    def machine_id(self) -> int | None:
        """The machine where one is needed: all cards are made again, or one in the place of the lost one."""
        return self.encoder_id.data if self.way is LostWay.REPLACE or self.with_new.data else None


class FoundForm(MachineChoice):
    """A machine is needed only where the card is written anew."""

    encoder_id = SelectField(_l("Card machine"), coerce=choice_id, validate_choice=False, validators=[Optional()])


class KeysForm(MachineChoice):
    """How many cards and what they open beside the room."""

    copies = IntegerField(_l("How many cards"), validators=[InputRequired(), NumberRange(1, MAX_COPIES)], default=1)
    further_room_ids = Boxes(_l("Further rooms of the party"), coerce=choice_id, validate_choice=False)
    area_ids = Boxes(_l("Common doors"), coerce=choice_id, validate_choice=False)
