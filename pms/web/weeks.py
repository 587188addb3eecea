"""Days of the week and hours as the reader writes them."""

from __future__ import annotations

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _

from pms.core.weeks import Window, clock_time, days_of


def window_text(window: Window) -> str:
    """Days and hours as the reader writes them: "Mon–Fri, 06:00–14:30"."""
    if window.is_always:
        return str(_("at any time"))
    hours = str(_("around the clock")) if window.is_whole_day else _hours(window)
    return str(_("%(days)s, %(hours)s", days=days_text(window.weekdays), hours=hours))


def days_text(weekdays: int) -> str:
    """Runs of days as ranges."""
    if weekdays == Window().weekdays:
        return str(_("every day"))
    names = day_names()
    runs: list[list[int]] = []
    for day in days_of(weekdays):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        names[run[0]] if len(run) == 1 else f"{names[run[0]]}{'–' if len(run) > 2 else ', '}{names[run[-1]]}"
        for run in runs
    )


def day_names() -> list[str]:
    """Monday to Sunday, short, in the reader's language."""
    names = get_day_names("abbreviated", context="stand-alone", locale=get_locale())
    return [names[day] for day in range(7)]


def _hours(window: Window) -> str:
    text = f"{clock_time(window.start)}–{clock_time(window.end)}"
    return str(_("%(hours)s on the next day", hours=text)) if window.crosses_midnight else text
