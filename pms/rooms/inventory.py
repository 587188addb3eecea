"""Tells those above when the number of rooms that can be sold changes, a floor is added, or a room is ready for guests.

Rooms know nothing of stays; what promises rooms to guests listens here, in the same transaction, and may refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from pms.core.actor import Actor


class Listener(Protocol):
    """Takes the present number of rooms over; raises a DomainError where more are promised than would be left."""

    def __call__(self, *, room_type_id: int, from_date: date, now: datetime) -> None: ...


class FloorListener(Protocol):
    """Hears that there is another floor, in the same transaction."""

    def __call__(self, *, now: datetime) -> None: ...


class ReadyListener(Protocol):
    """Hears that guests may be let into a room; both calls are in the transaction that says so."""

    def hold(self, *, room_id: int) -> None:
        """Take the locks that come before the room's."""

    def ready(self, *, room_id: int, actor: Actor, now: datetime) -> None:
        """The room is ready; this must not be refused, for it is true."""


_listeners: list[Listener] = []
_floor_listeners: list[FloorListener] = []
_ready_listeners: list[ReadyListener] = []


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


def on_ready(listener: ReadyListener) -> None:
    """Register who must hear of rooms that are ready (once, by the application; again changes nothing)."""
    if listener not in _ready_listeners:
        _ready_listeners.append(listener)


def hold_ready(*, room_id: int) -> None:
    """The room is about to be ready: whoever waits for it is locked before the room is."""
    for listener in _ready_listeners:
        listener.hold(room_id=room_id)


def room_ready(*, room_id: int, actor: Actor, now: datetime) -> None:
    """Guests may be let into the room; joins the caller's transaction."""
    for listener in _ready_listeners:
        listener.ready(room_id=room_id, actor=actor, now=now)
