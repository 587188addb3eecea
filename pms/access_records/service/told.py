"""What locks told of their records and is not stored yet: collected while a transaction runs, stored all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from pms.access_records.models import RecordSeries
    from pms.core.actor import Actor
    from pms.locks.models import Door, Lock
    from pms.protocol.record import AccessRecord as DoorRecord

Life = tuple[int, int]
"""(lock, life): within it a sequence names one record."""


class Page(NamedTuple):
    """An answer to 0301: everything after `after`, as far as it went, with the newest that there is and the chain there."""

    after: int
    sequences: list[int]
    newest: int
    chain: bytes


@dataclass(slots=True)
class Told:
    """What one lock told in one life, in the order in which it came. The lock's row is held by the transaction."""

    lock: Lock
    life: int
    actor: Actor
    records: list[DoorRecord] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    # The newest that came by itself, and the newest that the lock says it has; 0 where there is none.
    newest_single: int = 0
    newest: int = 0

    @property
    def key(self) -> Life:
        """By which its series is found."""
        return self.lock.id, self.life


class Place(NamedTuple):
    """Whose records something is about, and who says so."""

    lock: Lock
    life: int
    door: Door | None
    actor: Actor


@dataclass(slots=True)
class Sorted:
    """The same, once it is known what of it was held already: `fresh` are the new records in the lock's order, each with the
    time at which it is shown; `differing` came before with other content. `rows` are as stored."""

    told: Told
    series: RecordSeries
    door: Door | None
    fresh: list[tuple[DoorRecord, datetime]] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lock(self) -> Lock:
        """Whose records these are."""
        return self.told.lock

    @property
    def place(self) -> Place:
        """What findings about them name."""
        return Place(self.told.lock, self.told.life, self.door, self.told.actor)
