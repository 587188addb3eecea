"""Asks those above which cards a door must go on refusing when its lock is set up or replaced, and says what was told.

Locks know nothing of cards; who makes cards answers here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

MOST_DENIED = 31
"""What the value of one tag 1F holds."""
DENY_LIST_SIZE = 128
"""What a lock keeps (protocol 2.3, step 6); beyond it those that end soonest make room."""


@dataclass(frozen=True, slots=True)
class DeniedCard:
    """A credential that locks refuse until an instant."""

    credential_id: int
    until: datetime


class IssueSource(Protocol):
    """The lowest issue number that a door may still open for, or None where no card was ever made for it."""

    def __call__(self, *, door_id: int, now: datetime) -> int | None: ...


class DenialBook(Protocol):
    """Knows which cards are lost, and hears which locks refuse them."""

    def denied_cards(self, *, door_id: int, now: datetime) -> list[DeniedCard]:
        """Lost cards that this door could still take."""

    def note_denied(self, *, lock_id: int, credential_ids: Collection[int], now: datetime) -> None:
        """The lock's deny list is known to hold these, and of none other is it known; joins the caller's transaction."""


_sources: list[IssueSource] = []
_books: list[DenialBook] = []


def ask(source: IssueSource) -> None:
    """Register who knows (once, by the application; again changes nothing)."""
    if source not in _sources:
        _sources.append(source)


def keep_denials(book: DenialBook) -> None:
    """Register who knows lost cards (once, by the application; again changes nothing)."""
    if book not in _books:
        _books.append(book)


def issue_floor(*, door_id: int, now: datetime) -> int | None:
    """The highest answer of all who know."""
    found = [issue for source in _sources if (issue := source(door_id=door_id, now=now)) is not None]
    return max(found, default=None)


def denied_cards(*, door_id: int, now: datetime) -> list[DeniedCard]:
    """What a lock is told to refuse when it is set up: those that live longest, where there are more than it can be told."""
    return sorted(_all_denied(door_id, now), key=lambda card: card.until, reverse=True)[:MOST_DENIED]


def has_room(*, door_id: int, now: datetime) -> bool:
    """Whether the deny list of the door's lock takes one more without letting go of another."""
    return len(_all_denied(door_id, now)) < DENY_LIST_SIZE


def _all_denied(door_id: int, now: datetime) -> list[DeniedCard]:
    return [card for book in _books for card in book.denied_cards(door_id=door_id, now=now)]


def note_denied(*, lock_id: int, credential_ids: Collection[int], now: datetime) -> None:
    """A lock has taken this deny list when it was set up."""
    for book in _books:
        book.note_denied(lock_id=lock_id, credential_ids=credential_ids, now=now)
