"""The shape of the house's settings."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from pms.properties.rules import LIMITS
from pms.web.forms import Form, MoneyField


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


class LimitsForm(Form):
    """From when on batteries and silence are alarms; `version` is what the page was opened with."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    low_battery_percent = IntegerField(
        _l("Low battery (per cent)"),
        validators=[InputRequired(), NumberRange(*LIMITS["low_battery_percent"])],
        description=_l(
            "At this percentage or below a battery is to be changed: on the lists, on the board and as an alarm."
        ),
    )
    offline_minutes = IntegerField(
        _l("Gateway or 4G module out of reach (minutes)"),
        validators=[InputRequired(), NumberRange(*LIMITS["offline_minutes"])],
        description=_l(
            "Whoever was there before and is silent for so long raises an alarm: one for a gateway, none for the locks behind it."
        ),
    )
    silent_lock_hours = IntegerField(
        _l("Lock silent (hours)"),
        validators=[InputRequired(), NumberRange(*LIMITS["silent_lock_hours"])],
        description=_l(
            "Only locks whose gateway or module is there. A lock speaks when its door is used, and now and then by itself."
        ),
    )

    def values(self) -> dict[str, Any]:
        """What was entered, as the service takes it."""
        return {"version": int(str(self.version.data)), **{name: self[name].data for name in LIMITS}}


class TermsForm(Form):
    """What the desk may promise and what it costs; `version` is what the page was opened with."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    currency = StringField(
        _l("Currency"),
        validators=[InputRequired(), Length(3, 3)],
        description=_l("Three letters, like EUR. It can be changed until something is posted to an account."),
    )
    early_arrival_hour = IntegerField(
        _l("Earliest arrival (hour)"),
        validators=[InputRequired(), NumberRange(0, 23)],
        description=_l("The desk promises no earlier hour; before it, a further night is booked."),
    )
    late_departure_hour = IntegerField(
        _l("Latest departure (hour)"),
        validators=[InputRequired(), NumberRange(1, 24)],
        description=_l("The desk promises no later hour; after it, a further night is booked."),
    )
    early_fee = MoneyField(_l("Fee for early arrival"), validators=[InputRequired()])
    late_fee = MoneyField(_l("Fee for late departure"), validators=[InputRequired()])
    cleaning_hours = IntegerField(
        _l("Hours for cleaning"),
        validators=[InputRequired(), NumberRange(0, 12)],
        description=_l("The desk is warned where less lies between two parties."),
    )

    def values(self) -> dict[str, Any]:
        """What was entered, as the service takes it."""
        names = ("currency", "early_arrival_hour", "late_departure_hour", "early_fee", "late_fee", "cleaning_hours")
        return {"version": int(str(self.version.data)), **{name: self[name].data for name in names}}
