"""What the trail's filters ask of higher features, which connect themselves here through the application factory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class Lookups:
    """People and rooms as (id, name), in the order in which they are offered; guests by what somebody types."""

    people: Callable[[], Iterable[tuple[int, str]]] = tuple
    rooms: Callable[[], Iterable[tuple[int, str]]] = tuple
    guests: Callable[[str], Iterable[int]] = lambda _text: ()


lookups = Lookups()


def connect(
    *,
    people: Callable[[], Iterable[tuple[int, str]]],
    rooms: Callable[[], Iterable[tuple[int, str]]],
    guests: Callable[[str], Iterable[int]],
) -> None:
    """Said once, at start."""
    lookups.people, lookups.rooms, lookups.guests = people, rooms, guests
