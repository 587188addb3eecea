"""The shapes of what is entered about staff cards and shifts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from pms.core.weeks import Window, window
from pms.keycards.forms import MachineChoice
from pms.staffcards.rules import MAX_NAME, MAX_SHIFT_NAME, LostAnswer
from pms.web.forms import Boxes, Form, choice_id, choices

ALWAYS, BY_HAND = "always", "hand"
_TIME = {"type": "time"}


class _Hours:
    """Days and hours, entered by hand."""

    weekdays = Boxes(_l("Days"), coerce=int, validate_choice=False)
    start = StringField(_l("From"), validators=[Length(max=5)], render_kw=_TIME)
    end = StringField(_l("To"), validators=[Length(max=5)], render_kw=_TIME)

    def window(self) -> Window:
        """What was entered; BadWeekdays, BadTime."""
        return window(self.weekdays.data or [], self.start.data or "", self.end.data or "")


class ShiftForm(_Hours, Form):
    """When somebody works, by name."""

    name = StringField(_l("Name of the shift"), validators=[InputRequired(), Length(max=MAX_SHIFT_NAME)])


class EmergencyForm(MachineChoice):
    """A card for every door, in somebody's hand or in a safe."""

    account_id = SelectField(_l("Holder"), coerce=choice_id, validators=[Optional()], validate_choice=False)
    holder_name = StringField(_l("or another name or place"), validators=[Length(max=MAX_NAME)])
    valid_until = DateField(_l("Good through"), validators=[InputRequired()])


class StaffForm(_Hours, EmergencyForm):
    """A card for floors or sections, with hours."""

    scope_ids = Boxes(_l("Opens"), coerce=choice_id, validate_choice=False)
    shift = SelectField(_l("When"), validate_choice=False, default=ALWAYS)


class VisitorForm(MachineChoice):
    """A card that opens one door once."""

    door_id = SelectField(_l("Door"), coerce=choice_id, validate_choice=False, validators=[InputRequired()])
    visitor = StringField(_l("Visitor"), validators=[InputRequired(), Length(max=MAX_NAME)])
    hours = IntegerField(_l("Hours from now"), validators=[InputRequired(), NumberRange(1, 24)], default=4)


class RenewForm(MachineChoice):
    """The same card with a later end."""

    valid_until = DateField(_l("Good through"), validators=[InputRequired()])


class LostForm(MachineChoice):
    """What is done about a lost card."""

    how = RadioField(
        _l("What is done"),
        choices=choices((answer.value, answer.value) for answer in LostAnswer),
        validators=[InputRequired()],
    )
    encoder_id = SelectField(_l("Card machine"), coerce=choice_id, validate_choice=False, validators=[Optional()])
