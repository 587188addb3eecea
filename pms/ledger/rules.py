"""The order of the ledger, the keys that its pages go on from, and who was booked at an instant: decided on plain values."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

from pms.core.ids import read_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The year 2100; what claims to be later is no key of ours.
_LAST_MICROS = 4_102_444_800_000_000


class Kind(IntEnum):
    """What a line of the ledger tells. The number is its rank among lines of one instant: the greater stands above.

    What a door noted stands above the key that it was about.
    """

    SLOT_STORED = 1
    SLOT_REMOVED = 2
    STAFF_MADE = 3
    STAFF_ENDED = 4
    CODE_MADE = 5
    CODE_ENDED = 6
    CARD_MADE = 7
    CARD_ENDED = 8
    DOOR = 9


GROUPS: dict[str, frozenset[Kind]] = {
    "": frozenset(Kind),
    "cards": frozenset({Kind.CARD_MADE, Kind.CARD_ENDED}),
    "codes": frozenset({Kind.CODE_MADE, Kind.CODE_ENDED}),
    "stored": frozenset({Kind.SLOT_STORED, Kind.SLOT_REMOVED}),
    "staff": frozenset({Kind.STAFF_MADE, Kind.STAFF_ENDED}),
    "doors": frozenset({Kind.DOOR}),
}
"""What the filter of kinds shows."""

MADE = frozenset({Kind.CARD_MADE, Kind.CODE_MADE, Kind.SLOT_STORED, Kind.STAFF_MADE})
"""One line a key: what is left where only keys are asked for, not what became of them."""


class Place(NamedTuple):
    """Where a line stands. No two lines have the same, and the whole ledger is ordered by it."""

    at: datetime
    kind: Kind
    id: int

    def key(self) -> str:
        """As an address carries it."""
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{int(self.kind)}-{self.id}"


def read_place(text: str) -> Place | None:
    """The place that an address carries, or None where it is none."""
    parts = [read_id(part) for part in text.split("-")]
    if len(parts) != 3:
        return None
    micros, kind, row_id = parts
    if micros is None or kind is None or row_id is None or micros > _LAST_MICROS or kind not in set(map(int, Kind)):
        return None
    return Place(_EPOCH + micros * _MICROSECOND, Kind(kind), row_id)


def merge(sources: Iterable[Sequence[Place]], size: int) -> tuple[list[Place], str | None]:
    """The first `size` places of sources that are each ordered from the newest to the oldest, and the key to go on from.

    Each source must hold one place more than `size`, or all that it has.
    """
    found = list(islice(heapq.merge(*sources, reverse=True), size + 1))
    if len(found) <= size:
        return found, None
    return found[:size], found[size - 1].key()


@dataclass(frozen=True, slots=True)
class Party:
    """Who has a room from one instant to another."""

    stay_id: int
    begins_at: datetime
    ends_at: datetime


def party_at(at: datetime, *, last_night: Party | None, this_night: Party | None) -> int | None:
    """Whose room it was: of the party of the night before, until it has left, else of the next one, once it may come."""
    if last_night is not None and at < last_night.ends_at:
        return last_night.stay_id
    if this_night is not None and at >= this_night.begins_at:
        return this_night.stay_id
    return None
