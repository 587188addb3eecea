"""How the audit trail vouches for records: for each that comes in, a mark in the entry of its batch.

A mark is a keyed hash over everything that a stored record says of itself: what the lock wrote, when it came in, whose key it
was. The entries are chained and their key is not in the database, so that a record that is changed, taken out or put in there
by hand is found and named. What people do with a record afterwards (hiding it, looking at an alarm) is not part of it.
"""

from __future__ import annotations

from datetime import UTC
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pms.access_records import rules
from pms.core.sealing import vault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

# Besides its two times and its bytes. A column that is added later must stay out of marks that were made without it.
_REST = (
    "id",
    "lock_id",
    "door_id",
    "life",
    "sequence",
    "event",
    "method",
    "credential_id",
    "result",
    "battery_percent",
    "key_card_id",
    "passcode_id",
    "staff_card_id",
    "stay_id",
    "command_id",
)
COLUMNS = ("at", "received_at", "raw", *_REST)
_rest = itemgetter(*_REST)
ACTION = "access.records_stored"
_SIZE = 16
"""Hexadecimal digits of a mark: 64 bits, which nobody guesses who cannot ask whether a guess is right."""


def mark(row: Mapping[str, Any]) -> str:
    """The mark of a record, from its columns."""
    at, received_at, raw = _instant(row["at"]), _instant(row["received_at"]), row["raw"]
    text = f"access_record|{at}|{received_at}|{raw.hex() if raw is not None else None}|{_rest(row)}"
    return vault().audit_digest(text.encode())[:_SIZE]


def of_rows(life: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the trail keeps of records of one lock, which lie in the order of their numbers."""
    return {
        "life": life,
        "records": rules.write_spans(rules.spans_of([row["sequence"] for row in rows])),
        "marks": "".join([mark(row) for row in rows]),
    }


def read(after: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """(sequence, mark) of each record that such an entry vouches for."""
    marks: str = after["marks"]
    numbers = (n for first, last in rules.read_spans(after["records"]) for n in range(first, last + 1))
    for place, sequence in enumerate(numbers):
        yield sequence, marks[place * _SIZE : (place + 1) * _SIZE]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
