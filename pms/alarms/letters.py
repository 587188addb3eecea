"""The letter about an alarm, in its reader's language. It is written where no request is at hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from babel.dates import format_datetime

from pms.alarms import words
from pms.core.text import N_
from pms.web.i18n import translate

if TYPE_CHECKING:
    from pms.alarms.queries import AlarmRow
    from pms.properties.models import Property

_TITLE = N_("%(alarm)s: %(place)s")
_WHERE = N_("Where: %(place)s")
_WHEN = N_("When: %(at)s")
_THEN = N_("Please acknowledge it under “Alarms” when you have looked.")
_TEST_TITLE = N_("A test of alarms")
_TEST = N_("This letter was sent to see whether alarms reach you. They do.")


def of_alarm(row: AlarmRow, *, house: Property, language: str) -> tuple[str, str]:
    """Title and text."""

    def say(text: str, **values: object) -> str:
        told = {name: _at(v, house, language) if isinstance(v, datetime) else v for name, v in values.items()}
        return translate(text, language) % told

    alarm = row.alarm
    place = row.place or house.name
    more = words.explain(alarm)
    lines = [
        say(words.KIND_WORDS[alarm.kind]),
        say(_WHERE, place=place) + "\n" + say(_WHEN, at=alarm.raised_at),
        *([say(more[0], **more[1])] if more is not None else []),
        say(words.ADVICE_WORDS[alarm.kind]),
        say(_THEN),
        house.name,
    ]
    return say(_TITLE, alarm=say(words.KIND_WORDS[alarm.kind]), place=place), "\n\n".join(lines) + "\n"


def test(*, house: Property, language: str) -> tuple[str, str]:
    """Title and text of a letter about nothing."""
    return translate(_TEST_TITLE, language), f"{translate(_TEST, language)}\n\n{house.name}\n"


def _at(value: datetime, house: Property, language: str) -> str:
    return str(
        format_datetime(
            value.astimezone(house.zone),
            "EEEE d MMMM yyyy, HH:mm" if language == "en" else "yyyy年M月d日 EEEE HH:mm",
            locale=language,
        )
    )
