"""Whether a list of door records has grown since it was shown: open pages ask for it every few seconds.

The question is small: it reads the audit trail's few entries since then, of which every batch of records writes one.
"""

from __future__ import annotations

from dataclasses import dataclass

from pms.access_records import queries
from pms.audit import queries as audit
from pms.core.ids import read_id

_FEATURE = "access."


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest entry of the trail and the newest record when a list was read."""

    entry: int
    record: int

    def __str__(self) -> str:
        return f"{self.entry}-{self.record}"


def present() -> Mark:
    """The mark of a list that is read in the same snapshot."""
    return Mark(audit.newest_number(), queries.newest_id())


def read_mark(text: str | None) -> Mark | None:
    """The mark that a page sends back; None where it sends none."""
    entry, record = (read_id(part) for part in (text or "").partition("-")[::2])
    return Mark(entry, record) if entry is not None and record is not None else None


def has_come(mark: Mark | None, *, lock_id: int | None = None) -> bool:
    """Whether something has happened to records (of one lock) since the mark; without a mark, it has."""
    return mark is None or audit.has_happened(_FEATURE, after=mark.entry, lock_id=lock_id)
