"""Holds what is stored against what the audit trail vouches for: every record is there, as it came in, and none besides.

The trail is read from its first entry to its last, a chunk at a time; what it says of its own entries is `pms.audit`'s to check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.access_records import proofs, rules
from pms.access_records.models import AccessRecord, Doubt
from pms.audit.models import AuditEntry
from pms.core.db import db

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from pms.access_records.rules import Span
    from pms.access_records.service.told import Life

_ENTRIES = 500
_SPANS = 100


@dataclass(slots=True)
class RecordCheck:
    """How many records were looked at, and by lock and life the numbers of those that are not right, rising."""

    checked: int = 0
    faults: dict[tuple[Life, Doubt], list[int]] = field(default_factory=dict)

    @property
    def fault_count(self) -> int:
        """How many records are not right."""
        return sum(len(sequences) for sequences in self.faults.values())

    def __str__(self) -> str:
        if not self.faults:
            return f"The door records are as they came in: {self.checked} of them."
        return f"{self.fault_count} of {self.checked} door records were altered, deleted or added by hand."


def check() -> RecordCheck:
    """Look at every record, in one snapshot."""
    found = RecordCheck()
    vouched: dict[Life, list[Span]] = {}
    for marks in _marks():
        for life, of in marks.items():
            _compare(found, life, of)
            vouched[life] = _merged([*vouched.get(life, ()), *rules.spans_of(sorted(of))])
    _find_added(found, vouched)
    return found


def _marks() -> Iterator[dict[Life, dict[int, str]]]:
    """By lock and life, the marks of records by their numbers, as a chunk of the trail has them."""
    last = 0
    columns = (AuditEntry.id, AuditEntry.lock_id, AuditEntry.after)
    while True:
        entries = sa.select(*columns).where(AuditEntry.action == proofs.ACTION, AuditEntry.id > last)
        rows = db.session.execute(entries.order_by(AuditEntry.id).limit(_ENTRIES)).all()
        found: dict[Life, dict[int, str]] = {}
        for _number, lock_id, after in rows:
            found.setdefault((lock_id, after["life"]), {}).update(proofs.read(after))
        yield found
        if len(rows) < _ENTRIES:
            return
        last = rows[-1][0]


def _compare(found: RecordCheck, life: Life, marks: Mapping[int, str]) -> None:
    held = {row["sequence"]: proofs.mark(row) for row in _held(life, rules.spans_of(sorted(marks)))}
    found.checked += len(marks)
    for sequence in sorted(marks):
        if sequence not in held:
            _note(found, life, Doubt.MISSING, sequence)
        elif held[sequence] != marks[sequence]:
            _note(found, life, Doubt.ALTERED, sequence)


def _held(life: Life, spans: list[Span]) -> Iterator[Mapping[Any, Any]]:
    columns = [getattr(AccessRecord, name) for name in proofs.COLUMNS]
    for begin in range(0, len(spans), _SPANS):
        some = [AccessRecord.sequence.between(*span) for span in spans[begin : begin + _SPANS]]
        query = sa.select(*columns).where(AccessRecord.lock_id == life[0], AccessRecord.life == life[1], sa.or_(*some))
        yield from db.session.execute(query).mappings()


def _find_added(found: RecordCheck, vouched: Mapping[Life, list[Span]]) -> None:
    """What came in since the trail vouches for records, and is not vouched for."""
    since: datetime | None = db.session.scalar(
        sa.select(sa.func.min(AuditEntry.at)).where(AuditEntry.action == proofs.ACTION)
    )
    if since is None:
        return
    missing = {life: len(numbers) for (life, doubt), numbers in found.faults.items() if doubt is Doubt.MISSING}
    counts = (
        sa.select(AccessRecord.lock_id, AccessRecord.life, sa.func.count())
        .where(AccessRecord.received_at >= since)
        .group_by(AccessRecord.lock_id, AccessRecord.life)
    )
    for lock_id, number, count in db.session.execute(counts).all():
        life = (lock_id, number)
        spans = vouched.get(life, [])
        if count == sum(last - first + 1 for first, last in spans) - missing.get(life, 0):
            continue
        sequences = sa.select(AccessRecord.sequence).where(
            AccessRecord.lock_id == lock_id, AccessRecord.life == number, AccessRecord.received_at >= since
        )
        for sequence in db.session.scalars(sequences.order_by(AccessRecord.sequence)):
            if not any(first <= sequence <= last for first, last in spans):
                _note(found, life, Doubt.ADDED, sequence)


def _note(found: RecordCheck, life: Life, doubt: Doubt, sequence: int) -> None:
    found.faults.setdefault((life, doubt), []).append(sequence)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
