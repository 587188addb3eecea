"""Tells whoever brings frames to carriers that something waits for a lock: after the commit, in the same process.

Only so that nobody waits for the next look: what is told here is found in the rows as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import after_commit, transaction_notes

if TYPE_CHECKING:
    from collections.abc import Callable

_listeners: list[Callable[[], None]] = []
_NOTE = "commands are queued"


def on_queued(listener: Callable[[], None]) -> None:
    """Call `listener` after each commit that has queued something (once for each listener; it must not wait for anything)."""
    if listener not in _listeners:
        _listeners.append(listener)


def forget(listener: Callable[[], None]) -> None:
    """Call it no more."""
    if listener in _listeners:
        _listeners.remove(listener)


def tell() -> None:
    """Something waits for a lock that did not before. Inside the caller's transaction; told once for all of it."""
    notes = transaction_notes()
    if _NOTE not in notes:
        notes[_NOTE] = True
        after_commit(_call)


def _call() -> None:
    for listener in tuple(_listeners):
        listener()
