"""Reads of the audit trail, and the check of its chain."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.audit import chain
from pms.audit.models import AuditEntry, AuditHead
from pms.core.db import db
from pms.web.paging import Page, cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

PAGE = 50
_CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to show: everything that is not None must hold. `since` counts, `until` does not.

    `action` is a code, or a feature with its dot ("stays."). `is_machine` asks for acts of jobs, ports and locks.
    """

    since: datetime | None = None
    until: datetime | None = None
    account_id: int | None = None
    is_machine: bool | None = None
    room_id: int | None = None
    guest_ids: tuple[int, ...] | None = None
    stay_id: int | None = None
    lock_id: int | None = None
    action: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return all(getattr(self, field.name) is None for field in fields(self))


def list_entries(filters: Filters, *, before: int | None = None, size: int = PAGE) -> Page[AuditEntry]:
    """Entries with the latest first; `before` is the number to go on from."""
    statement = sa.select(AuditEntry).where(*_conditions(filters)).order_by(AuditEntry.id.desc()).limit(size + 1)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return cut(list(db.session.scalars(statement)), size, "id")


def newest_entry() -> sa.ScalarSelect[int]:
    """The number of the newest entry as a part of a larger question; NULL before the first."""
    return sa.select(AuditHead.last_id).scalar_subquery()


def newest_number() -> int:
    """The number of the newest entry, 0 before the first: rises with everything that was done, and never goes back."""
    return db.session.scalar(sa.select(newest_entry())) or 0


def has_happened(feature: str, *, after: int, lock_id: int | None = None) -> bool:
    """Whether an entry of a feature ("access.") has a higher number than `after`; of a lock only, if one is given.

    Unlike rows of the feature itself, none appears behind a number that was given out.
    """
    conditions = _conditions(Filters(action=feature, lock_id=lock_id))
    found = sa.select(AuditEntry.id).where(AuditEntry.id > after, *conditions).order_by(AuditEntry.id).limit(1)
    return db.session.scalar(found) is not None


def stream_entries(filters: Filters) -> Iterator[list[AuditEntry]]:
    """All of them, the earliest first, a chunk at a time."""
    last = 0
    while True:
        statement = sa.select(AuditEntry).where(*_conditions(filters), AuditEntry.id > last)
        rows = list(db.session.scalars(statement.order_by(AuditEntry.id).limit(_CHUNK)))
        if rows:
            yield rows
        if len(rows) < _CHUNK:
            return
        last = rows[-1].id
        # What was sent need not be kept.
        db.session.expunge_all()


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    row = AuditEntry
    found: list[sa.ColumnElement[bool]] = []
    for name in ("account_id", "room_id", "stay_id", "lock_id"):
        value = getattr(filters, name)
        if value is not None:
            found.append(getattr(row, name) == value)
    if filters.since is not None:
        found.append(row.at >= filters.since)
    if filters.until is not None:
        found.append(row.at < filters.until)
    if filters.is_machine is not None:
        found.append(row.actor_kind.not_in(("account", "visitor")))
    if filters.guest_ids is not None:
        found.append(row.guest_id.in_(filters.guest_ids))
    if filters.action is not None:
        is_feature = filters.action.endswith(".")
        found.append(
            row.action.startswith(filters.action, autoescape=True) if is_feature else row.action == filters.action
        )
    return found


def digest_of(number: int) -> str:
    """The link of the entry with this number; empty where there is none, as before the first."""
    return db.session.scalar(sa.select(AuditEntry.digest).where(AuditEntry.id == number)) or ""


def find_last_check() -> AuditEntry | None:
    """The entry of the last nightly check of the chain."""
    checks = sa.select(AuditEntry).where(AuditEntry.action.in_(("audit.verified", "audit.fault_found")))
    return db.session.scalars(checks.order_by(AuditEntry.id.desc()).limit(1)).one_or_none()


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What the check of the chain found; `fault` is None, "missing", "altered" or "head", at entry number `at_entry`."""

    entries: int
    fault: str | None = None
    at_entry: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether every entry is there as it was written."""
        return self.fault is None

    def __str__(self) -> str:
        if self.fault is None:
            return f"The audit trail is complete: {self.entries} entries."
        return {
            "missing": f"Entry {self.at_entry} of the audit trail is missing; {self.entries} entries before it are intact.",
            "altered": f"Entry {self.at_entry} of the audit trail was altered; {self.entries} entries before it are intact.",
            "head": f"The end of the audit trail does not fit its last entry {self.at_entry}: entries after it were removed.",
        }[self.fault]


def verify() -> ChainCheck:
    """Compute the chain from its first entry to its last, in one snapshot, and name the first fault.

    Needs the installation's key, like the writing: without it nobody can make entries that fit.
    """
    link, count = chain.START, 0
    for row in _all_rows():
        if row["id"] != count + 1:
            return ChainCheck(count, "missing", count + 1)
        expected = chain.digest(row, link)
        if row["digest"] != expected:
            return ChainCheck(count, "altered", row["id"])
        link, count = expected, count + 1
    head = db.session.get(AuditHead, 1, populate_existing=True)
    if (head.last_id, head.digest) != (count, link) if head else count > 0:
        return ChainCheck(count, "head", count)
    return ChainCheck(count)


def _all_rows() -> Iterator[Mapping[Any, Any]]:
    """Plain rows instead of objects: a hundred thousand of them are looked at once."""
    last = 0
    while True:
        statement = sa.select(*AuditEntry.__table__.columns).where(AuditEntry.id > last)
        rows = db.session.execute(statement.order_by(AuditEntry.id).limit(_CHUNK)).mappings().all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        last = rows[-1]["id"]
