"""Every change of guests, and every look at a document number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile
from pms.core.sealing import vault
from pms.core.text import phone_words, search_words
from pms.guests import queries, rules
from pms.guests.models import Guest, GuestWord
from pms.guests.rules import GuestFields
from pms.properties import queries as properties

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

__all__ = ["GuestFields", "anonymise", "change_guest", "create_guest", "reveal_document"]

_PLAIN = ("family_name", "given_name", "phone", "email", "nationality", "birth_date", "document_kind", "note")


def create_guest(*, fields: GuestFields, actor: Actor, now: datetime) -> Guest:
    """A new guest. Look for `queries.find_duplicates` first: this makes a second one without a question."""
    rules.check(fields, today=now.astimezone(properties.get_property().zone).date())
    with transaction() as session:
        guest = Guest(created_at=now, **{name: getattr(fields, name) for name in _PLAIN})
        _set_document(guest, fields.document_number or "")
        session.add(guest)
        session.flush()
        _store_words(session, guest)
        audit.record(
            actor=actor,
            action="guests.created",
            subject=_subject(guest),
            now=now,
            after=_changes({name: getattr(fields, name) for name in _PLAIN if getattr(fields, name)}, fields),
        )
    return guest


def change_guest(*, guest_id: int, version: int, fields: GuestFields, actor: Actor, now: datetime) -> Guest:
    """Change a guest's particulars; `ChangedMeanwhile` where somebody else did since `version`."""
    rules.check(fields, today=now.astimezone(properties.get_property().zone).date())
    with transaction() as session:
        guest = session.scalars(sa.select(Guest).where(Guest.id == guest_id).with_for_update()).one_or_none()
        if guest is None:
            raise rules.GuestNotFound
        if guest.anonymised_at is not None:
            raise rules.FormerGuest
        if guest.version != version:
            raise ChangedMeanwhile
        before = {n: getattr(guest, n) for n in _PLAIN if getattr(guest, n) != getattr(fields, n)}
        is_other_document = fields.document_number is not None and fields.document_number != (
            guest.document_number or ""
        )
        if not before and not is_other_document:
            return guest
        for name in before:
            setattr(guest, name, getattr(fields, name))
        had_document = guest.document_number_sealed is not None
        if is_other_document:
            _set_document(guest, fields.document_number or "")
        session.flush()
        _store_words(session, guest)
        after = {name: getattr(fields, name) for name in before}
        audit.record(
            actor=actor,
            action="guests.changed",
            subject=_subject(guest),
            now=now,
            before=_plain(before) | ({"document_number": "***"} if is_other_document and had_document else {}),
            after=_changes(after, fields) if is_other_document else _plain(after),
        )
    return guest


def reveal_document(*, guest_id: int, actor: Actor, now: datetime) -> str:
    """The number of the identity document, "" where there is none; the look is written down."""
    with transaction():
        guest = queries.get_guest(guest_id)
        number = guest.document_number
        if number is None:
            return ""
        audit.record(actor=actor, action="guests.document_shown", subject=_subject(guest), now=now)
    return number


def anonymise(*, guest_ids: Collection[int], now: datetime) -> None:
    """Forget who these people are: what is left of each is a number. Joins the caller's transaction, whose audit lines speak for it."""
    with transaction() as session:
        session.execute(
            sa.update(Guest)
            .where(Guest.id.in_(guest_ids))
            .values(
                {name: "" for name in _PLAIN if name != "birth_date"}
                | {"birth_date": None, "document_number_sealed": None, "document_index": None}
                | {"document_tail_index": None, "anonymised_at": now, "version": Guest.version + 1}
            )
            .execution_options(synchronize_session=False)
        )
        session.execute(sa.delete(GuestWord).where(GuestWord.guest_id.in_(guest_ids)))
        session.expire_all()


def _set_document(guest: Guest, number: str) -> None:
    plain = rules.plain_number(number)
    guest.document_number = number or None
    guest.document_index = vault().blind(plain, "document") if plain else None
    guest.document_tail_index = vault().blind(plain[-4:], "document_tail") if plain else None


def _store_words(session: Session, guest: Guest) -> None:
    """Bring the guest's search words to what its particulars say; writes the difference only."""
    wanted = {word[:120] for word in search_words(guest.name) | search_words(guest.given_name)}
    wanted |= {word[:120] for word in search_words(guest.family_name)} | phone_words(guest.phone)
    stored = set(session.scalars(sa.select(GuestWord.word).where(GuestWord.guest_id == guest.id)))
    if stored - wanted:
        session.execute(sa.delete(GuestWord).where(GuestWord.guest_id == guest.id, GuestWord.word.in_(stored - wanted)))
    session.add_all(GuestWord(word=word, guest_id=guest.id) for word in sorted(wanted - stored))


def _changes(after: dict[str, Any], fields: GuestFields) -> dict[str, Any]:
    """The document's number is never written down in the trail, only that there is one."""
    return _plain(after) | ({"document_number": "***"} if fields.document_number else {})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _subject(guest: Guest) -> audit.Subject:
    return audit.Subject(kind="guest", id=guest.id, label=guest.name, guest_id=guest.id)
