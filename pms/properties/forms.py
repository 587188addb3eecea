"""The shape of the house's settings."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from pms.web.forms import Form


class HouseForm(Form):
    """Name, zone and hours; `version` is what the page was opened with."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    name = StringField(_l("Name of the house"), validators=[InputRequired(), Length(max=120)])
    time_zone = StringField(
        _l("Time zone"),
        validators=[InputRequired(), Length(max=60)],
        description=_l("Like Europe/Berlin or Asia/Shanghai. Every time on the pages is in this zone."),
    )
    check_in_hour = IntegerField(
        _l("Check-in from (hour)"),
        validators=[InputRequired(), NumberRange(0, 23)],
        description=_l("A card made ahead opens from this hour of the arrival day."),
    )
    check_out_hour = IntegerField(
        _l("Check-out until (hour)"),
        validators=[InputRequired(), NumberRange(0, 23)],
        description=_l("Cards and passcodes end at this full hour of the departure day: the locks know no minutes."),
    )

    def values(self) -> dict[str, Any]:
        """What was entered, as the service takes it."""
        return {
            "version": int(str(self.version.data)),
            "name": self.name.data,
            "time_zone": self.time_zone.data,
            "check_in_hour": self.check_in_hour.data,
            "check_out_hour": self.check_out_hour.data,
        }
