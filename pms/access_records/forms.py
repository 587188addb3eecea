"""The filters of the page of door records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from pms.access_records.words import KINDS
from pms.core.ids import read_id
from pms.web.forms import Form, request_id_field

if TYPE_CHECKING:
    from collections.abc import Mapping

_UTC = ZoneInfo("UTC")


class HideForm(Form):
    """Why a record should not stand in lists."""

    reason = StringField(_l("Why it is hidden"), validators=[InputRequired(), Length(max=200)])


class ModulePasswordForm(Form):
    """A passcode that a lock should store over 4G."""

    request_id = request_id_field()
    digits = StringField(
        _l("Passcode"), validators=[InputRequired(), Regexp(r"^[0-9]{4,12}$", message=_l("4 to 12 digits."))]
    )
    name = StringField(_l("Whom or what it is for"), validators=[InputRequired(), Length(max=80)])
    days = IntegerField(_l("Days that it holds"), default=1, validators=[InputRequired(), NumberRange(1, 400)])


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for; anything that makes no sense is left out rather than refused."""

    since: date | None
    until: date | None
    door_id: int | None
    kind: str
    text: str
    with_hidden: bool = False

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """From the first day's start to the last day's end on the wall of the house."""
        start = datetime.combine(self.since, time(0), zone).astimezone(_UTC) if self.since else None
        end = datetime.combine(self.until + timedelta(days=1), time(0), zone).astimezone(_UTC) if self.until else None
        return start, end

    def as_query(self) -> dict[str, str]:
        """The filters as an address carries them."""
        values = {
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "door": str(self.door_id or ""),
            "kind": self.kind,
            "q": self.text,
            "hidden": "1" if self.with_hidden else "",
        }
        return {name: value for name, value in values.items() if value}

    @property
    def is_empty(self) -> bool:
        """Nothing was asked for."""
        return not self.as_query()


def read_filters(values: Mapping[str, str]) -> Filters:
    """The filters of a query string."""
    kind = values.get("kind", "")
    return Filters(
        since=_day(values.get("since", "")),
        until=_day(values.get("until", "")),
        door_id=read_id(values.get("door")),
        kind=kind if kind in KINDS else "",
        text=values.get("q", "").strip()[:60],
        with_hidden=values.get("hidden") == "1",
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None
