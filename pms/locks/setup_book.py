"""Tells those above when the setup of a lock begins and ends, and when a lock has forgotten everything.

Locks know nothing of outboxes; who keeps the commands to locks listens here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


class SetupBook(Protocol):
    """Hears of setups, inside the transaction that stores them."""

    def started(self, *, lock_id: int, frame: bytes, request_id: str | None, actor: Actor, now: datetime) -> None:
        """This frame (0500) waits to be brought to the lock; an earlier one is void."""

    def ended(self, *, lock_id: int, status: int | None, now: datetime) -> None:
        """The lock has said what became of it (None: nobody brings it any more)."""

    def forgotten(self, *, lock_id: int, now: datetime) -> None:
        """The lock holds nothing of ours now, so nothing that was asked of it is of use."""


_books: list[SetupBook] = []


def keep(book: SetupBook) -> None:
    """Register who listens (once, by the application; again changes nothing)."""
    if all(type(book) is not type(known) for known in _books):
        _books.append(book)


def started(*, lock_id: int, frame: bytes, request_id: str | None, actor: Actor, now: datetime) -> None:
    """A setup begins."""
    for book in _books:
        book.started(lock_id=lock_id, frame=frame, request_id=request_id, actor=actor, now=now)


def ended(*, lock_id: int, status: int | None, now: datetime) -> None:
    """A setup has ended."""
    for book in _books:
        book.ended(lock_id=lock_id, status=status, now=now)


def forgotten(*, lock_id: int, now: datetime) -> None:
    """A lock is of no use to anybody who waits for it."""
    for book in _books:
        book.forgotten(lock_id=lock_id, now=now)
