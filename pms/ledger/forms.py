"""The filters of the ledger as an address carries them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pms.core.ids import read_id
from pms.core.intervals import at_local
from pms.ledger.checks import CHECKS
from pms.ledger.rules import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from pms.ledger.sources import Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for; anything that makes no sense is left out rather than refused."""

    check: str = ""
    since: date | None = None
    until: date | None = None
    room: int | None = None
    guest: int | None = None
    stay: int | None = None
    person: int | None = None
    card: str = ""
    clerk: str = ""
    kind: str = ""
    is_open: bool = False

    def narrow(self, filters: Filters, zone: ZoneInfo) -> Filters:
        """The filters of the check, narrowed by what was asked for; days are those on the wall of the house."""
        return replace(
            filters,
            since=at_local(self.since, 0, zone) if self.since else None,
            until=at_local(self.until + timedelta(days=1), 0, zone) if self.until else None,
            room_id=self.room,
            guest_id=self.guest,
            stay_id=self.stay,
            holder_id=self.person,
            card=self.card,
            made_by=self.clerk,
            kind=self.kind,
            is_open=self.is_open or filters.is_open,
        )

    def as_query(self, **changes: object) -> dict[str, str]:
        """The filters as an address carries them."""
        values = {
            "check": self.check,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "room": str(self.room or ""),
            "guest": str(self.guest or ""),
            "stay": str(self.stay or ""),
            "person": str(self.person or ""),
            "card": self.card,
            "clerk": self.clerk,
            "kind": self.kind,
            "open": "1" if self.is_open else "",
            **changes,
        }
        return {name: str(value) for name, value in values.items() if value}

    @property
    def is_empty(self) -> bool:
        """Nothing was asked for."""
        return not self.as_query()


def read_asked(values: Mapping[str, str]) -> Asked:
    """The filters of a query string."""
    check, kind = values.get("check", ""), values.get("kind", "")
    return Asked(
        check=check if check in CHECKS else "",
        since=_day(values.get("since", "")),
        until=_day(values.get("until", "")),
        room=read_id(values.get("room")),
        guest=read_id(values.get("guest")),
        stay=read_id(values.get("stay")),
        person=read_id(values.get("person")),
        card=values.get("card", "").replace(" ", "")[:20],
        clerk=values.get("clerk", "").strip()[:80],
        kind=kind if kind in GROUPS else "",
        is_open=values.get("open") == "1",
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def instant(value: datetime | None) -> str:
    """An instant for a file: UTC, to the second."""
    return value.isoformat(timespec="seconds") if value is not None else ""
