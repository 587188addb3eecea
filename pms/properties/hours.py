"""Tells those above that the house's hours of check-in and check-out changed; who promised rooms by them listens, and may refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Listener(Protocol):
    """Joins the transaction that stores the change; raises a DomainError where a promise stands in the way."""

    def __call__(self, *, now: datetime) -> None: ...


_listeners: list[Listener] = []


def on_change(listener: Listener) -> None:
    """Register who must hear of changes (once, by the application; again changes nothing)."""
    if listener not in _listeners:
        _listeners.append(listener)


def changed(*, now: datetime) -> None:
    """The hours are other ones now; joins the caller's transaction."""
    for listener in _listeners:
        listener(now=now)
