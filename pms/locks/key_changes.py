"""Tells those above that a lock holds new keys: what was computed with the old ones means nothing to it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


class Listener(Protocol):
    """Joins the transaction that brings the keys into force."""

    def __call__(self, *, lock_id: int, actor: Actor, now: datetime) -> None: ...


_listeners: list[Listener] = []


def on_new_keys(listener: Listener) -> None:
    """Register who must hear of it (once, by the application; again changes nothing)."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(*, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock's new keys are in force."""
    for listener in _listeners:
        listener(lock_id=lock_id, actor=actor, now=now)
