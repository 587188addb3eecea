"""Dates, instants and amounts as the reader writes them, in the time zone of the house."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask import current_app, g
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from pms.core import money

if TYPE_CHECKING:
    from flask import Flask


def house_zone() -> ZoneInfo:
    """The house's time zone; set for each request by the application (UTC before the house is set up)."""
    return getattr(g, "house_zone", None) or ZoneInfo("UTC")


def local(value: datetime) -> datetime:
    """The instant on the wall clock of the house."""
    return value.astimezone(house_zone())


def datetime_text(value: datetime | None) -> str:
    """Weekday, day, month, hour and minute, such as "Fri 12 Jun, 12:00"; with the year where it is another."""
    if value is None:
        return "–"
    at = local(value)
    return str(_("%(day)s, %(time)s", day=date_text(at.date()), time=time_text(value)))


def date_text(value: date | None) -> str:
    """Weekday, day and month; the year only where it is not the present one."""
    if value is None:
        return "–"
    day = _on_the_wall(value)
    skeleton = "MMMEd" if day.year == local(current_app.config["NOW"]()).year else "yMMMEd"
    return str(format_skeleton(skeleton, day, locale=get_locale()))


def day_text(value: date) -> str:
    """Day and month only, for narrow columns."""
    return str(format_skeleton("MMMd", _on_the_wall(value), locale=get_locale()))


def weekday_text(value: date) -> str:
    """The short name of its weekday, for the head of a column."""
    return str(format_date(value, "EEE"))


def month_text(value: date) -> str:
    """The short name of its month."""
    return str(format_date(value, "MMM"))


def full_date_text(value: date | None) -> str:
    """A date with its year."""
    return "–" if value is None else str(format_date(_on_the_wall(value), "medium"))


def _on_the_wall(value: date) -> date:
    """The date of the house: an instant shortly before midnight in UTC may be on its next day."""
    return local(value).date() if isinstance(value, datetime) else value


def time_text(value: datetime) -> str:
    """Hours and minutes, 24 hours."""
    return local(value).strftime("%H:%M")


def second_text(value: datetime) -> str:
    """Hours, minutes and seconds, for records."""
    return local(value).strftime("%H:%M:%S")


def house_currency() -> str:
    """The house's currency; set for each request by the application."""
    house = getattr(g, "house", None)
    return house.currency if house else "EUR"


def money_text(amount: int) -> str:
    """An amount of minor units as the reader writes it, with the currency's sign."""
    return money.text(amount, house_currency(), get_locale() or "en")


def install(app: Flask) -> None:
    """Make the filters known to the templates."""
    app.jinja_env.filters.update(
        datetime=datetime_text,
        date=date_text,
        day=day_text,
        weekday=weekday_text,
        month=month_text,
        full_date=full_date_text,
        money=money_text,
        time=time_text,
        second=second_text,
    )
