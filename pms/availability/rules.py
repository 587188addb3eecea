"""What is left of a type on some nights, and what comes close to a wish that cannot be met; decided on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pms.core.intervals import nights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# How far from the wished dates a neighbour is still of use to the guest.
NEAR_DAYS = 3
# A table that can be read; two years of it are asked for a month at a time.
MAX_DAYS = 31
SPANS = (14, MAX_DAYS)
# From so many nights on a stay is a long one: cleaned once a week, its passcodes are made for days.
LONG_NIGHTS = 32


@dataclass(frozen=True, slots=True)
class Night:
    """A type on a night: rooms in order, of them closed, promises, and how many may be promised beyond the rooms."""

    night: date
    capacity: int
    closed: int = 0
    sold: int = 0
    limit: int = 0

    @property
    def free(self) -> int:
        """Rooms that nobody has; below zero, so many more are promised than there are."""
        return self.capacity - self.closed - self.sold

    @property
    def sellable(self) -> int:
        """How many more may be promised, overbooking included."""
        return max(0, self.free + self.limit)


@dataclass(frozen=True, slots=True)
class TypeNights:
    """A room type with its nights in a row."""

    id: int
    code: str
    name: str
    beds: int
    night_price: int
    limit: int
    nights: tuple[Night, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What is left of a type over the whole of a stay, and what that would cost (minor units)."""

    type_id: int
    name: str
    beds: int
    free: int
    sellable: int
    night_price: int
    total: int

    @property
    def is_overbooking(self) -> bool:
        """Whether selling one more would promise a room that is not there."""
        return self.free <= 0 < self.sellable


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something near to the wish: another type on the same dates, or the same type on other dates."""

    type_id: int
    type_name: str
    arrival: date
    departure: date
    free: int


def offer(kind: TypeNights, arrival: date, departure: date) -> Offer:
    """The type over the stay: as many as on its fullest night. Day use holds no night, and is told of by that day."""
    last = max(departure, arrival + timedelta(days=1))
    held = [night for night in kind.nights if arrival <= night.night < last]
    return Offer(
        type_id=kind.id,
        name=kind.name,
        beds=kind.beds,
        free=min((night.free for night in held), default=0),
        sellable=min((night.sellable for night in held), default=0),
        night_price=kind.night_price,
        total=kind.night_price * max(1, (departure - arrival).days),
    )


def alternatives(
    kinds: Iterable[TypeNights], *, type_id: int | None, arrival: date, departure: date, today: date, most: int = 4
) -> list[Alternative]:
    """The nearest that is really free, nothing overbooked: the same type a few days off, then other types on these dates."""
    length = departure - arrival
    found: list[Alternative] = []
    kinds = list(kinds)
    for kind in kinds:
        if kind.id == type_id:
            for by in sorted(range(-NEAR_DAYS, NEAR_DAYS + 1), key=lambda days: (abs(days), days < 0)):
                start = arrival + timedelta(days=by)
                if by and start >= today:
                    _add(found, kind, start, start + length)
    shifted = found[: most // 2]
    others: list[Alternative] = []
    for kind in kinds:
        if kind.id != type_id:
            _add(others, kind, arrival, departure)
    return shifted + others[: most - len(shifted)]


def _add(found: list[Alternative], kind: TypeNights, arrival: date, departure: date) -> None:
    free = offer(kind, arrival, departure).free
    if free > 0:
        found.append(Alternative(kind.id, kind.name, arrival, departure, free))


def is_long(arrival: date, departure: date) -> bool:
    """Whether a stay is a long one."""
    return (departure - arrival).days >= LONG_NIGHTS


def totals(kinds: Sequence[TypeNights], days: Sequence[date]) -> list[Night]:
    """All types together, night by night. A type that is overbooked takes none of the rooms of another."""
    sums: list[Night] = []
    for place, day in enumerate(days):
        row = [kind.nights[place] for kind in kinds]
        sums.append(
            Night(
                day,
                capacity=sum(night.capacity for night in row),
                closed=sum(night.closed for night in row),
                sold=sum(night.sold for night in row),
            )
        )
    return sums


def fill(
    counts: dict[date, tuple[int, int]], *, from_date: date, until: date, capacity: int, limit: int
) -> list[Night]:
    """Every night of the span; on those without a row nothing is promised or closed. `counts` holds (sold, closed)."""
    filled = []
    for night in nights(from_date, until):
        sold, closed = counts.get(night, (0, 0))
        filled.append(Night(night, capacity, closed, sold, limit))
    return filled
