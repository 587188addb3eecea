"""What is asked of the availability: shapes only."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from wtforms import DateField

from pms.core.ids import read_id
from pms.stays.rules import MAX_NIGHTS
from pms.web.forms import Form


class SpanForm(Form):
    """From when to when somebody would stay; anything else asks for tonight."""

    arrival = DateField(_l("Arrival"))
    departure = DateField(_l("Departure"))

    def span(self, today: date) -> tuple[date, date]:
        """The dates where they make sense, else one night from today."""
        arrival = self.arrival.data or today
        departure = self.departure.data or arrival + timedelta(days=1)
        if not 0 < (departure - arrival).days <= MAX_NIGHTS:
            departure = arrival + timedelta(days=1)
        return arrival, departure


def first_day(text: str, today: date) -> date:
    """The day with which the table begins; today for anything that is no date, or beyond every calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if abs((day - today).days) < 4000 else today


def days_shown(text: str, allowed: tuple[int, ...]) -> int:
    """How many days the table has."""
    number = read_id(text)
    return number if number in allowed else allowed[0]
