"""Tells those above when the number of rooms that can be sold changes, or a floor is added.

Rooms know nothing of stays; what promises rooms to guests listens here, in the same transaction, and may refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime


class Listener(Protocol):
    """Takes the present number of rooms over; raises a DomainError where more are promised than would be left."""

    def __call__(self, *, room_type_id: int, from_date: date, now: datetime) -> None: ...


class FloorListener(Protocol):
    """Hears that there is another floor, in the same transaction."""

    def __call__(self, *, now: datetime) -> None: ...


_listeners: list[Listener] = []
_floor_listeners: list[FloorListener] = []


def on_capacity_change(listener: Listener) -> None:
    """Register who must hear of changes (once, by the application; again changes nothing)."""
    if listener not in _listeners:
        _listeners.append(listener)


def capacity_changed(room_type_ids: Iterable[int], *, from_date: date, now: datetime) -> None:
    """Rooms of these types came, went, or are in order again; joins the caller's transaction."""
    for room_type_id in sorted(set(room_type_ids)):
        for listener in _listeners:
            listener(room_type_id=room_type_id, from_date=from_date, now=now)


def on_new_floor(listener: FloorListener) -> None:
    """Register who must hear of floors (once, by the application; again changes nothing)."""
    if listener not in _floor_listeners:
        _floor_listeners.append(listener)


def floor_added(*, now: datetime) -> None:
    """There is another floor; joins the caller's transaction."""
    for listener in _floor_listeners:
        listener(now=now)
