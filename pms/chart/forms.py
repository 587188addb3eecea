"""What the chart sends: shapes only."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField
from wtforms.validators import AnyOf, InputRequired, Optional

from pms.chart.rules import Drop
from pms.core.ids import read_id
from pms.web.forms import Form, request_id_field

KEEP, RECALCULATE = "keep", "recalculate"


class MoveForm(Form):
    """Where a stay shall be, and from when to when; the bar stands there when it is dropped."""

    request_id = request_id_field()
    version = HiddenField(validators=[InputRequired()])
    room_id = HiddenField()
    arrival_date = DateField(_l("Arrival"), validators=[InputRequired(_l("Enter a date."))])
    departure_date = DateField(_l("Departure"), validators=[InputRequired(_l("Enter a date."))])
    # What a night costs in a room of another type: kept as it is, or that type's price.
    price = HiddenField(validators=[Optional(), AnyOf([KEEP, RECALCULATE])])

    @property
    def request(self) -> str:
        """The id that makes a double click one move, once the form is validated."""
        return str(self.request_id.data)

    def drop(self) -> Drop | None:
        """Where the bar was dropped; None where the dates make no sense."""
        if self.arrival_date.data is None or self.departure_date.data is None:
            return None
        return Drop(
            room_id=read_id(self.room_id.data),
            arrival_date=self.arrival_date.data,
            departure_date=self.departure_date.data,
            version=read_id(self.version.data),
            recalculates=self.price.data == RECALCULATE,
        )


class UndoForm(Form):
    """Take back the step that the chart has just made."""

    stay_id = HiddenField(validators=[InputRequired()])
    step_id = HiddenField(validators=[InputRequired()])
