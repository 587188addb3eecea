"""What the trail's filters ask of higher features, which connect themselves here through the application factory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

Former = Callable[[Collection[int], Collection[int]], tuple[set[int], set[int]]]


@dataclass(slots=True)
class Lookups:
    """People and rooms as (id, name), in the order in which they are offered; guests by what somebody types; which of some guests
    and stays are of people who were anonymised."""

    people: Callable[[], Iterable[tuple[int, str]]] = tuple
    rooms: Callable[[], Iterable[tuple[int, str]]] = tuple
    guests: Callable[[str], Iterable[int]] = lambda _text: ()
    former: Former = lambda _guest_ids, _stay_ids: (set(), set())


lookups = Lookups()


def connect(
    *,
    people: Callable[[], Iterable[tuple[int, str]]],
    rooms: Callable[[], Iterable[tuple[int, str]]],
    guests: Callable[[str], Iterable[int]],
    former: Former,
) -> None:
    """Said once, at start."""
    lookups.people, lookups.rooms, lookups.guests, lookups.former = people, rooms, guests, former
