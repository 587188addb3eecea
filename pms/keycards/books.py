"""Other books of cards. Who makes cards that are no guest's keys registers here.

So a reading names their holders, a guest's key written over such a card ends it in its book, and the page of a job and its
“try again” serve them too, without key cards knowing what else there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.encoders.models import EncoderJob, JobKind


@dataclass(frozen=True, slots=True)
class OtherCard:
    """A card of another book that lies on a machine; `what` is an untranslated word, `is_live`: somebody counts on it."""

    id: int
    credential_id: int
    holder: str
    what: str
    until: datetime
    is_live: bool
    is_lost: bool

    def words(self) -> dict[str, Any]:
        """What a job's page needs of it; plain values."""
        return {
            "id": str(self.id),
            "holder": self.holder,
            "what": self.what,
            "until": self.until.isoformat(),
            "is_live": self.is_live,
            "is_lost": self.is_lost,
        }


@dataclass(frozen=True, slots=True)
class MadeCard:
    """A card of a batch as its page names it, in the reader's words; `whose` where the page would not say it otherwise.

    No `valid_until`: it has no end.
    """

    opens: list[str]
    valid_from: datetime
    valid_until: datetime | None
    whose: str = ""


class CardBook(Protocol):
    """Keeps cards that jobs of one kind make."""

    kind: JobKind
    # Who may look at its jobs and try them again.
    right: str
    # The endpoint and the untranslated name of the page to return to.
    home: str
    home_label: str
    # Whether its jobs write cards.
    writes: bool

    def home_values(self, job: EncoderJob) -> Mapping[str, object]:
        """Which page of that endpoint is meant."""

    def is_taken(self, credential_id: int) -> bool:
        """Whether a card of this book has this credential id."""

    def find(self, *, credential_ids: Collection[int], uid: str, now: datetime) -> OtherCard | None:
        """The card with one of these ids, else the one that this plastic carries as far as the book goes."""

    def made(self, ids: Collection[int], *, now: datetime) -> dict[int, MadeCard]:
        """Cards of a batch by id."""

    def gone(self, *, uid: str, is_erased: bool, actor: Actor, now: datetime) -> None:
        """This plastic holds something else now, or nothing. Joins the caller's transaction."""

    def doubted(self, *, uid: str) -> None:
        """Nobody knows what this plastic holds now. Joins the caller's transaction."""

    def was_read(self, *, uid: str, held: Collection[int], is_damaged: bool, now: datetime) -> None:
        """This plastic was read and holds these credential ids. Joins the caller's transaction."""

    def retry(self, *, job: EncoderJob, request_id: str, overwrite_uid: str | None, actor: Actor, now: datetime) -> str:
        """A job that did not succeed once more; the new batch. Joins the caller's transaction."""


_books: dict[JobKind, CardBook] = {}


def keep(book: CardBook) -> None:
    """Register a book (once, by the application)."""
    _books[book.kind] = book


def of_kind(kind: JobKind) -> CardBook | None:
    """The book whose cards jobs of this kind make; None for guests' keys and for jobs that make none."""
    return _books.get(kind)


def is_taken(credential_id: int) -> bool:
    """Whether another book has given this credential id to a card."""
    return any(book.is_taken(credential_id) for book in _books.values())


def find(*, credential_ids: Collection[int], uid: str, now: datetime) -> OtherCard | None:
    """The card of another book that lies there, or None."""
    found = (book.find(credential_ids=credential_ids, uid=uid, now=now) for book in _books.values())
    return next((card for card in found if card is not None), None)


def gone(*, uid: str, is_erased: bool = False, actor: Actor, now: datetime) -> None:
    """A guest's key was written there, or the card was erased."""
    for book in _books.values():
        book.gone(uid=uid, is_erased=is_erased, actor=actor, now=now)


def doubted(*, uid: str | None) -> None:
    """A guest's key was perhaps written there."""
    for book in _books.values():
        book.doubted(uid=uid or "")


def was_read(*, uid: str, held: Collection[int], is_damaged: bool, now: datetime) -> None:
    """Somebody had a card read."""
    for book in _books.values():
        book.was_read(uid=uid, held=held, is_damaged=is_damaged, now=now)
