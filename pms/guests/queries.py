"""Reads of guests. Searching uses the words that `service` keeps of each guest, and blind indexes of sealed numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.core.sealing import vault
from pms.core.text import digits_of, fold
from pms.guests.models import Guest, GuestWord
from pms.guests.rules import FormerGuest, GuestNotFound, is_number_like, is_same_name, plain_number
from pms.web.paging import Page, cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import InstrumentedAttribute

    from pms.guests.rules import GuestFields

_WORD = re.compile(r"[^\W_]+")
# A word found this often is not counted further: it does not narrow the search.
_COMMON = 500
_MOST_WORDS = 6
# One guest may have several words with one beginning: names seldom, the tails of a telephone number often.
_ROWS_PER_NAME, _ROWS_PER_NUMBER = 3, 6


def get_guest(guest_id: int) -> Guest:
    """The guest, or `GuestNotFound`."""
    guest = db.session.get(Guest, guest_id)
    if guest is None:
        raise GuestNotFound
    return guest


def former_among(guest_ids: Collection[int]) -> set[int]:
    """Which of these were anonymised."""
    if not guest_ids:
        return set()
    return set(db.session.scalars(sa.select(Guest.id).where(Guest.id.in_(guest_ids), Guest.anonymised_at.is_not(None))))


def check_known(guest_id: int) -> None:
    """`FormerGuest` for a guest of whom nothing is known any more."""
    if former_among([guest_id]):
        raise FormerGuest


def list_guests(*, before: int | None = None, size: int = 50) -> Page[Guest]:
    """Everybody who is known by name, the newest first; `before` is the id to go on from."""
    statement = sa.select(Guest).where(Guest.anonymised_at.is_(None)).order_by(Guest.id.desc()).limit(size + 1)
    if before is not None:
        statement = statement.where(Guest.id < before)
    return cut(list(db.session.scalars(statement)), size, "id")


def search(text: str, limit: int = 12) -> list[Guest]:
    """The guests that `text` finds, the best first."""
    ids = search_ids(text, limit)
    found = {guest.id: guest for guest in db.session.scalars(sa.select(Guest).where(Guest.id.in_(ids)))}
    return [found[guest_id] for guest_id in ids if guest_id in found]


def search_ids(text: str, limit: int = 12) -> list[int]:
    """Ids of guests whose words begin with every word of `text`, or whose document has this number or last four.

    A whole telephone number may be typed with any spaces, with or without its country code.
    """
    if not text.strip():
        return []
    ids = _by_document(text, limit) + _by_words(text, limit)
    return list(dict.fromkeys(ids))[:limit]


def is_found_by(guest_id: InstrumentedAttribute[int], text: str) -> sa.ColumnElement[bool]:
    """That every word of `text` begins a word of the guest: for lists that are short already, such as who is in house."""
    words = _numbers_typed(text) if is_number_like(text) else _typed_words(text)
    have = [sa.exists().where(GuestWord.guest_id == guest_id, *_begins(GuestWord, word)) for word in words]
    if not have:
        return sa.false()
    return sa.or_(*have) if is_number_like(text) else sa.and_(*have)


def find_duplicates(fields: GuestFields, *, except_id: int | None = None) -> list[Guest]:
    """Guests who are probably the same person: the same document, or the same name and telephone number."""
    ids: list[int] = []
    if fields.document_number:
        ids += _by_whole_number(plain_number(fields.document_number), 5)
    digits = digits_of(fields.phone)
    by_phone: set[int] = set()
    if len(digits) >= 4:
        statement = sa.select(GuestWord.guest_id).where(GuestWord.word == digits).limit(50)
        by_phone = set(db.session.scalars(statement))
    rows = db.session.scalars(sa.select(Guest).where(Guest.id.in_({*ids, *by_phone})).order_by(Guest.id)).all()
    return [
        row
        for row in rows
        if row.id != except_id
        and (row.id in ids or is_same_name(fields.family_name, fields.given_name, row.family_name, row.given_name))
    ]


def _by_document(text: str, limit: int) -> list[int]:
    number = plain_number(text)
    if len(number) < 4 or not any(c.isdigit() for c in number):
        return []
    ids = _by_whole_number(number, limit)
    if len(number) == 4:
        tail = vault().blind(number, "document_tail")
        statement = sa.select(Guest.id).where(Guest.document_tail_index == tail).order_by(Guest.id.desc())
        ids += db.session.scalars(statement.limit(limit))
    return ids


def _by_whole_number(number: str, limit: int) -> list[int]:
    index = vault().blind(number, "document")
    statement = sa.select(Guest.id).where(Guest.document_index == index).order_by(Guest.id.desc())
    return list(db.session.scalars(statement.limit(limit)))


def _by_words(text: str, limit: int) -> list[int]:
    if is_number_like(text):
        return [guest_id for word in _numbers_typed(text) for guest_id in _by_all([word], limit)]
    return _by_all(_typed_words(text), limit)


def _numbers_typed(text: str) -> list[str]:
    """ "0171…" and "0049…" are the same number as "+49 171…"."""
    digits = digits_of(text)
    return [word for word in dict.fromkeys((digits, digits.lstrip("0"))) if word]


def _typed_words(text: str) -> list[str]:
    """The words of `text`, folded as they are stored; a Chinese name stays whole, since its suffixes are words."""
    return list(dict.fromkeys(_WORD.findall(fold(text))))[:_MOST_WORDS]


def _by_all(words: list[str], limit: int) -> list[int]:
    if not words:
        return []
    if len(words) == 1:
        return _by_one(words[0], limit)
    counts = {word: _frequency(word) for word in words}
    driver, *others = sorted(words, key=counts.__getitem__)
    if counts[driver] >= _COMMON:
        # Each is common: reading all of them once is cheaper than looking each guest of the first up in the others.
        sets = [sa.select(GuestWord.guest_id).where(*_begins(GuestWord, word)) for word in words]
        return list(db.session.scalars(sa.intersect(*sets).order_by(sa.desc("guest_id")).limit(limit)))
    outer = sa.orm.aliased(GuestWord)
    statement = sa.select(outer.guest_id).distinct().where(*_begins(outer, driver))
    for word in others:
        inner = sa.orm.aliased(GuestWord)
        statement = statement.where(
            sa.exists().where(inner.guest_id == outer.guest_id, *_begins(inner, word)).correlate(outer)
        )
    return list(db.session.scalars(statement.order_by(outer.guest_id.desc()).limit(limit)))


def _by_one(word: str, limit: int) -> list[int]:
    """The whole word comes before longer ones, since the index is in that order."""
    rows = limit * (_ROWS_PER_NUMBER if word.isdigit() else _ROWS_PER_NAME)
    statement = sa.select(GuestWord.guest_id).where(*_begins(GuestWord, word))
    found = db.session.scalars(statement.order_by(GuestWord.word, GuestWord.guest_id.desc()).limit(rows))
    return list(dict.fromkeys(found))[:limit]


def _frequency(word: str) -> int:
    """How many words begin so, counted up to a bound."""
    some = sa.select(sa.literal(1)).select_from(GuestWord).where(*_begins(GuestWord, word)).limit(_COMMON).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def _begins(table: type[GuestWord], word: str) -> Iterable[sa.ColumnElement[bool]]:
    """A range of the index; both databases compare these words byte by byte."""
    return (table.word >= word, table.word < _after(word))


def _after(word: str) -> str:
    """The least text that is greater than all that begin with `word`."""
    last = ord(word[-1]) + 1
    return word[:-1] + chr(0xE000 if 0xD800 <= last <= 0xDFFF else last)
