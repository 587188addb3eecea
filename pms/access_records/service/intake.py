"""Gathers what a batch of frames says of records, and has all of it stored with few statements at the end.

Whoever takes one frame or two hundred does it inside `gathered`; the outermost stores. What is no record of a lock is taken
after the records that came before it: `settle_of` sees to that.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pms.access_records.service import series, storing
from pms.access_records.service.told import Page, Told
from pms.core.db import transaction, transaction_notes
from pms.locks.models import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.access_records.service.told import Life
    from pms.core.actor import Actor
    from pms.protocol.command import RecordPage
    from pms.protocol.record import AccessRecord as DoorRecord


class Intake:
    """Collects by lock and life, since under new keys a lock may begin to count anew within one batch."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._told: dict[Life, Told] = {}

    def add_single(self, lock: Lock, record: DoorRecord, actor: Actor) -> None:
        """The lock reported a record by itself (0300)."""
        told = self._of(lock, actor)
        told.records.append(record)
        told.newest_single = max(told.newest_single, record.sequence)

    def add_page(self, lock: Lock, after: int, page: RecordPage, actor: Actor) -> None:
        """The lock answered with what follows `after` (0301)."""
        told = self._of(lock, actor)
        told.records.extend(page.records)
        sequences = sorted({record.sequence for record in page.records})
        told.pages.append(Page(after, sequences, page.newest_sequence, page.chain))

    def add_newest(self, lock: Lock, sequence: int, actor: Actor) -> None:
        """The lock says that this is its newest record."""
        told = self._of(lock, actor)
        told.newest = max(told.newest, sequence)

    def settle_of(self, lock: Lock) -> None:
        """Store everything now if something of this lock waits."""
        if (lock.id, lock.counting_life) in self._told:
            self.settle()

    def settle(self) -> None:
        """Store what was gathered, and draw the conclusions from it."""
        told, self._told = sorted(self._told.values(), key=lambda one: one.key), {}
        if told:
            found = storing.store(self._session, told, series.load(self._session, told), self._now)
            series.go_on(self._session, found, self._now)

    def _of(self, lock: Lock, actor: Actor) -> Told:
        key = (lock.id, lock.counting_life)
        if key not in self._told:
            self._told[key] = Told(lock, lock.counting_life, actor)
        return self._told[key]


@contextmanager
def gathered(session: Session, now: datetime) -> Iterator[Intake]:
    """Inside a transaction: what is added inside is stored at the end of the outermost."""
    notes = transaction_notes()
    outer: Intake | None = notes.get("records")
    if outer is not None:
        yield outer
        return
    intake = notes["records"] = Intake(session, now)
    try:
        yield intake
        intake.settle()
    finally:
        del notes["records"]


def take_page(*, lock_id: int, after: int, page: RecordPage, actor: Actor, now: datetime) -> None:
    """What the lock answered when it was asked for everything after `after`. Joins the caller's transaction."""
    with transaction() as session, gathered(session, now) as intake:
        intake.add_page(session.get_one(Lock, lock_id), after, page, actor)
