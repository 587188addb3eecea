"""What backups are called, which of them are kept, and when somebody should worry: decided on plain values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pms.core.errors import DomainError
from pms.core.text import N_

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

LATE = timedelta(hours=48)
"""The last good backup should not be older."""
DAYS, WEEKS, MONTHS = 7, 4, 12
_NAME = re.compile(r"^latchkey-(\d{8}T\d{6})Z\.backup$")


class NoTool(DomainError):
    """PostgreSQL is saved by its own programs."""

    code = "no_tool"
    message = N_("The program “%(tool)s” is not there. Install PostgreSQL’s client programs on the server.")


class NoSpace(DomainError):
    """A disk that is full would end the backup in its middle."""

    code = "no_space"
    message = N_("There is not enough space for a backup: %(wanted)s MB are needed, %(free)s MB are free.")


class DumpFailed(DomainError):
    """The database's own program gave up."""

    code = "dump_failed"
    message = N_("“%(tool)s” failed. The server’s log says why.")


class NotABackup(DomainError):
    """Some other file."""

    code = "not_a_backup"
    message = N_("This file is no backup of Latchkey, or of a newer version.")


class WrongKey(DomainError):
    """It is sealed."""

    code = "wrong_key"
    message = N_(
        "The backup cannot be opened with this master key. Put the master.key of that installation in its place."
    )


class Damaged(DomainError):
    """Bytes are missing, or are not those that were written."""

    code = "damaged"
    message = N_("The backup is damaged: %(what)s.")


class NotEmpty(DomainError):
    """A restore overwrites nothing."""

    code = "not_empty"
    message = N_(
        "There is a database already: %(place)s. Restore into an empty place, and move the old one away by hand."
    )


class OtherDatabase(DomainError):
    """SQLite and PostgreSQL do not read each other's backups."""

    code = "other_database"
    message = N_("This is a backup of %(theirs)s, and PMS_DATABASE_URL names %(ours)s.")


def name_at(at: datetime) -> str:
    """The name of a backup made at that instant."""
    return f"latchkey-{at.astimezone(UTC):%Y%m%dT%H%M%S}Z.backup"


def made_at(name: str) -> datetime | None:
    """When a backup was made, by its name; None for any other file."""
    match = _NAME.match(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def to_keep(instants: Iterable[datetime]) -> set[datetime]:
    """The newest of each of the last 7 days, 4 weeks and 12 months on which there was one; so the newest of all is among them."""
    found = sorted(instants, reverse=True)
    kept: set[datetime] = set()
    for most, period in ((DAYS, _day), (WEEKS, _week), (MONTHS, _month)):
        seen: dict[Hashable, datetime] = {}
        for at in found:
            seen.setdefault(period(at), at)
        kept.update(list(seen.values())[:most])
    return kept


def is_late(newest: datetime | None, since: datetime | None, now: datetime) -> bool:
    """Whether the last good backup is too old; `since` when the house has one to lose (None: there is no house)."""
    last = newest or since
    return last is not None and now - last > LATE


def _day(at: datetime) -> Hashable:
    return at.date()


def _week(at: datetime) -> Hashable:
    return at.isocalendar()[:2]


def _month(at: datetime) -> Hashable:
    return at.year, at.month
