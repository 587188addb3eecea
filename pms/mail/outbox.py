"""The way of a letter from the queue to its end. Every step is a short transaction; none is open while a server is talked to.

A letter is taken from the queue before it is sent, by a change that only one can make. Whoever has taken it says what came
of it; if nobody does in time, nobody knows, and that is what is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import count_changed, transaction
from pms.mail import queries, rules
from pms.mail.models import Letter, LetterState

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

POSTMAN = Actor(kind="job", name="mail")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter that was taken to be sent; its text form shows nothing of it."""

    id: int
    tries: int
    recipient: str = field(repr=False)
    title: str = field(repr=False)
    text: str = field(repr=False)


def take(*, now: datetime) -> Parcel | None:
    """The letter that is due first, now being sent by the caller alone; None where none is due."""
    with transaction() as session:
        letter = session.scalars(
            sa.select(Letter)
            .where(Letter.state == LetterState.QUEUED, Letter.next_try_at <= now, Letter.expires_at > now)
            .order_by(Letter.next_try_at, Letter.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if letter is None:
            return None
        letter.state = LetterState.SENDING
        letter.tries += 1
        letter.next_try_at = now + rules.LONGEST_TRY
        return Parcel(letter.id, letter.tries, letter.recipient or "", letter.title, letter.text or "")


def end(*, parcel: Parcel, state: LetterState, code: str = "", text: str = "", now: datetime) -> None:
    """What came of it: sent, failed or unknown. Nothing changes where it has ended otherwise since."""
    with transaction() as session:
        letter = _taken(session, parcel)
        if letter is not None:
            _end(letter, state, code, rules.reported(text, parcel.recipient), now)


def put_back(*, parcel: Parcel, code: str, text: str = "", now: datetime) -> None:
    """A fault that may pass: to be tried again after a pause, or given up after the last one."""
    pause = rules.pause_after(parcel.tries)
    if pause is None:
        end(parcel=parcel, state=LetterState.FAILED, code=code, text=text, now=now)
        return
    with transaction() as session:
        letter = _taken(session, parcel)
        if letter is not None and letter.state is LetterState.SENDING:
            letter.state, letter.next_try_at = LetterState.QUEUED, now + pause
            letter.error_code, letter.error_text = code, rules.reported(text, parcel.recipient)


def sweep(*, now: datetime) -> None:
    """Drop letters that nobody wants any more, and own up to those of which nobody knows what became of them."""
    with transaction() as session:
        expired = sa.and_(Letter.state == LetterState.QUEUED, Letter.expires_at <= now)
        for letter in _lock(session, expired):
            _end(letter, LetterState.EXPIRED, letter.error_code, letter.error_text, now)
        left = sa.and_(Letter.state == LetterState.SENDING, Letter.next_try_at <= now)
        for letter in _lock(session, left):
            _end(letter, LetterState.UNKNOWN, "broken_off", "", now)


def try_now(*, now: datetime) -> None:
    """Other settings of the server: whatever waits for its next try need not wait any longer. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.update(Letter)
            .where(Letter.state == LetterState.QUEUED, Letter.next_try_at > now)
            .values(next_try_at=now)
            .execution_options(synchronize_session=False)
        )


def purge(*, now: datetime) -> int:
    """Forget letters that ended long ago; how many there were."""
    with transaction() as session:
        return count_changed(session, sa.delete(Letter).where(Letter.ended_at <= now - rules.KEEP))


def forget(*, subject_kind: str, subject_ids: Collection[int]) -> None:
    """Forget letters about these things, and whom they went to, whatever became of them. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.delete(Letter).where(Letter.subject_kind == subject_kind, Letter.subject_id.in_(subject_ids))
        )


def distrust(*, now: datetime) -> int:
    """After a restore nobody knows whether what was waiting then has been sent since: it is not sent again; how many letters.

    Joins the caller's transaction.
    """
    with transaction() as session:
        return count_changed(
            session,
            sa.update(Letter)
            .where(Letter.state.in_((LetterState.QUEUED, LetterState.SENDING)))
            .values(state=LetterState.UNKNOWN, ended_at=now, text_sealed=None)
            .execution_options(synchronize_session=False),
        )


def is_idle(*, now: datetime) -> bool:
    """Whether there is nothing to do."""
    return not queries.has_work(now=now)


def _taken(session: Session, parcel: Parcel) -> Letter | None:
    """The letter as it was taken. Who comes back late still knows best: "unknown" gives way to what happened."""
    return session.scalars(
        sa.select(Letter)
        .where(
            Letter.id == parcel.id,
            Letter.tries == parcel.tries,
            Letter.state.in_((LetterState.SENDING, LetterState.UNKNOWN)),
        )
        .with_for_update()
    ).one_or_none()


def _lock(session: Session, which: sa.ColumnElement[bool]) -> list[Letter]:
    return list(session.scalars(sa.select(Letter).where(which).order_by(Letter.id).with_for_update(skip_locked=True)))


def _end(letter: Letter, state: LetterState, code: str, text: str, now: datetime) -> None:
    letter.state, letter.text, letter.ended_at = state, None, now
    letter.error_code, letter.error_text = code, text
    audit.record(
        actor=POSTMAN,
        action=f"mail.{state.value}",
        subject=audit.Subject(kind=letter.subject_kind, id=letter.subject_id, label=letter.title),
        now=now,
        after={"to": rules.shown_address(letter.recipient or "")},
    )
