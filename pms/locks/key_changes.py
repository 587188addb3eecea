"""Tells those above what a lock's word changes for them: it holds new keys, or none, so that what was computed with the old ones
means nothing to it any more; or it reckons days by another clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


class Listener(Protocol):
    """Joins the transaction that stores the change."""

    def __call__(self, *, lock_id: int, actor: Actor, now: datetime) -> object: ...


_of_new_keys: list[Listener] = []
_of_wiping: list[Listener] = []
_of_clockwork: list[Listener] = []


def on_new_keys(listener: Listener) -> None:
    """Register who must hear of new keys (once, by the application; again changes nothing)."""
    if listener not in _of_new_keys:
        _of_new_keys.append(listener)


def on_wiping(listener: Listener) -> None:
    """Register who must hear that a lock has wiped itself, with all that it stored."""
    if listener not in _of_wiping:
        _of_wiping.append(listener)


def on_clockwork(listener: Listener) -> None:
    """Register who must hear that a lock has another time zone or check-out hour."""
    if listener not in _of_clockwork:
        _of_clockwork.append(listener)


def tell(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock's new keys are in force."""
    for listener in _of_new_keys:
        listener(lock_id=lock_id, actor=actor, now=now)


def tell_wiped(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock holds nothing any more, by its own word."""
    for listener in _of_wiping:
        listener(lock_id=lock_id, actor=actor, now=now)


def tell_clockwork(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock has another time zone or check-out hour, by its own word."""
    for listener in _of_clockwork:
        listener(lock_id=lock_id, actor=actor, now=now)
