"""Keys are asked for, lost, ended, taken back and seen at doors. The bytes are `work`'s; each function joins the caller's
transaction, so that a check-in and its keys are stored together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import db, transaction
from pms.encoders import queries as encoder_queries
from pms.encoders import service as encoders
from pms.encoders.models import JobKind, JobState
from pms.keycards import books, denials, drafts, queries, rules, stacks
from pms.keycards.models import CardReason, CardState, EndReason, KeyCard, KeyCardGrant, KeySeries, Proof
from pms.protocol.record import RecordResult
from pms.stays import queries as stays
from pms.stays.models import Stay

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.encoders.models import EncoderJob

_REFUSALS = (RecordResult.SUPERSEDED, RecordResult.DENIED, RecordResult.EXPIRED)


class Opening(NamedTuple):
    """A door opened for a card with this number at it."""

    door_id: int
    issue: int
    at: datetime


def issue(
    *,
    stay_id: int,
    copies: int,
    encoder_id: int,
    request_id: str,
    further_room_ids: Collection[int] = (),
    area_ids: Collection[int] | None = None,
    reason: CardReason | None = None,
    at_once: bool = False,
    actor: Actor,
    now: datetime,
) -> str:
    """Have `copies` cards made for a stay; the id of the batch of jobs. The same `request_id` again makes nothing new.

    `area_ids` None means every area that is for guests; `at_once`: only if the machine could begin this moment. NoRoomYet,
    NoLock, StayEnded, TimeIsOver, BadCopies, TooManyDoors, NotOfTheParty, RequestUsed, and what `encoders.queue_jobs` refuses.
    """
    rules.check_copies(copies)
    with transaction() as session:
        stay = drafts.lock_stay(stay_id)
        if encoder_queries.batch_of(request_id, JobKind.WRITE, stay_id):
            return request_id
        live = sum(line.is_live for line in queries.lines_of_stay(stay, now=now))
        content = drafts.plan(session, stay, further_room_ids=further_room_ids, area_ids=area_ids, now=now)
        reasons = [reason or rules.default_reason(live)] * copies
        return drafts.queue(
            session,
            [drafts.Order(stay, content, reasons)],
            encoder_id=encoder_id,
            request_id=request_id,
            at_once=at_once,
            actor=actor,
            now=now,
        )


def make_again(*, stay_id: int, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """Make every card of a stay again that does not do any more what the party needs; the id of the batch."""
    with transaction():
        stay = drafts.lock_stay(stay_id)
        if encoder_queries.batch(request_id):
            return request_id
        flagged = queries.to_make_again(stay, now=now)
        if not flagged:
            raise rules.NotToRetry
        return issue(
            stay_id=stay_id,
            copies=min(len(flagged), rules.MAX_COPIES),
            encoder_id=encoder_id,
            request_id=request_id,
            further_room_ids=drafts.further_rooms(flagged),
            area_ids=drafts.areas(flagged),
            reason=CardReason.REMADE,
            actor=actor,
            now=now,
        )


def retry(*, job_id: str, request_id: str, overwrite: bool, actor: Actor, now: datetime) -> str:
    """Do a job that did not succeed once more, with the cards that were to follow it; the id of the new batch.

    `overwrite` says that the card that lay there may lose what it holds. NotToRetry for a job that is under way or done.
    """
    with transaction() as session:
        job = encoder_queries.get_job(job_id)
        if not job.state.is_final or job.state is JobState.DONE:
            raise rules.NotToRetry
        overwrite_uid = job.card_uid if overwrite or _is_overwritten_already(job) else None
        book = books.of_kind(job.kind)
        if book is not None:
            return book.retry(job=job, request_id=request_id, overwrite_uid=overwrite_uid, actor=actor, now=now)
        if job.kind is not JobKind.WRITE:
            return _queue_plain(job.kind, job.encoder_id, request_id, overwrite_uid, actor, now)
        return stacks.go_on(
            session,
            job,
            request_id=request_id,
            is_skipped=False,
            overwrite_uid=overwrite_uid,
            actor=actor,
            now=now,
        )


def read(*, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """Have the machine read a card and say what it is; the id of the batch."""
    return _queue_plain(JobKind.READ, encoder_id, request_id, None, actor, now)


def erase(*, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """Have the machine erase a card; the id of the batch."""
    return _queue_plain(JobKind.ERASE, encoder_id, request_id, None, actor, now)


def end_for_stay(*, stay_id: int, step_id: int | None, reason: EndReason, actor: Actor, now: datetime) -> None:
    """The stay has no use for its cards any more (check-out, move, cancellation). They end in our book; each door takes
    them until their time is over or a newer card is used there. Jobs that have not begun to write are cancelled.
    """
    with transaction() as session:
        encoders.cancel_for_stay(stay_id=stay_id, actor=actor, now=now)
        session.flush()
        open_states = (CardState.RESERVED, CardState.ACTIVE, CardState.UNKNOWN)
        cards = [card for card in queries.cards_of_stay(stay_id) if card.state in open_states]
        for card in cards:
            end(card, reason, now, step_id)
        if reason in (EndReason.MOVED, EndReason.CANCELLED):
            _release(session, stay_id, now)
        if cards:
            _audit_stay(stays.get_stay(stay_id), "keycards.ended", actor, now, {"cards": len(cards), "reason": reason})


def reinstate(*, step_id: int, actor: Actor, now: datetime) -> None:
    """The step that ended these cards is undone: they count again, believed until somebody reads or uses one."""
    with transaction() as session:
        ids = list(session.scalars(sa.select(KeyCard.id).where(KeyCard.ended_step_id == step_id)))
        cards = list(queries.cards_by_id(ids).values())
        for card in cards:
            card.ended_at = card.end_reason = card.ended_step_id = None
            card.state = CardState.UNKNOWN if card.proof is Proof.UNKNOWN else CardState.ACTIVE
            for grant in card.grants:
                if grant.series is not None and grant.series.stay_id == card.stay_id:
                    grant.series.released_at = None
        session.flush()
        if cards:
            stay = stays.get_stay(cards[0].stay_id)
            _audit_stay(stay, "keycards.reinstated", actor, now, {"cards": len(cards)})


def seen_at_door(
    *, card: KeyCard, lock_id: int, door_id: int | None, result: int, at: datetime, actor: Actor, now: datetime
) -> Opening | None:
    """What a record of the door with this lock proves about a card (loaded with what it opens): that it opens, or that it is
    refused. Inside the caller's transaction, which tells of many at once; what an opening says of older cards is for
    `refuse_older`."""
    session = db.session
    grant = next((grant for grant in card.grants if door_id is not None and grant.door_id == door_id), None)
    is_denied = denials.note_at_door(session, card, lock_id=lock_id, result=result, at=at)
    if result == RecordResult.OPENED:
        _note_opening(card, at, actor, now)
        return Opening(grant.door_id, grant.issue, at) if grant is not None and grant.door_id is not None else None
    if result == RecordResult.DENIED and is_denied:
        note(card, stays.get_stay(card.stay_id), "keycards.refused", actor, now, {"result": "denied"})
    elif result in _REFUSALS and (grant is None or grant.unit == 1):
        _note_refusal(card, at)
        name = RecordResult(result).name.lower()
        note(card, stays.get_stay(card.stay_id), "keycards.refused", actor, now, {"result": name})
    return None


def _note_opening(card: KeyCard, at: datetime, actor: Actor, now: datetime) -> None:
    if card.state is CardState.UNKNOWN:
        card.state = CardState.ACTIVE
    _prove(card, "door", at)
    if card.end_reason is EndReason.LOST and card.ended_at is not None and at > card.ended_at:
        note(card, stays.get_stay(card.stay_id), "keycards.lost_opened", actor, now, {"at": at.isoformat()})


def refuse_older(openings: Collection[Opening]) -> None:
    """Doors know the numbers that they opened for: each card with a lower one for its main door is refused since the first of
    these openings. Inside the caller's transaction; one query, however many doors."""
    if not openings:
        return
    rivals = db.session.execute(
        sa.select(KeyCard, KeyCardGrant.door_id, KeyCardGrant.issue)
        .join(KeyCardGrant, KeyCardGrant.key_card_id == KeyCard.id)
        .where(
            KeyCardGrant.door_id.in_({opening.door_id for opening in openings}),
            KeyCardGrant.unit == 1,
            KeyCard.refused_since.is_(None),
            KeyCard.state.in_((CardState.ACTIVE, CardState.UNKNOWN, CardState.ENDED)),
        )
    )
    for card, door_id, issue in rivals:
        since = [opening.at for opening in openings if opening.door_id == door_id and opening.issue > issue]
        if since:
            card.refused_since = min(since)


def _note_refusal(card: KeyCard, at: datetime) -> None:
    if card.refused_since is None or at < card.refused_since:
        card.refused_since = at
    card.proved_at, card.proved_by = at, "door"


def _prove(card: KeyCard, by: str, at: datetime) -> None:
    card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, at, by


def end(card: KeyCard, reason: EndReason, now: datetime, step_id: int | None = None) -> None:
    """From now on the card is believed to be over; whether a card that was never checked ever opened stays unknown."""
    card.state, card.ended_at, card.end_reason, card.ended_step_id = CardState.ENDED, now, reason, step_id
    if card.proof is not Proof.UNKNOWN:
        card.proof = Proof.BELIEVED


def _release(session: Session, stay_id: int, now: datetime) -> None:
    session.execute(
        sa.update(KeySeries)
        .where(KeySeries.stay_id == stay_id, KeySeries.released_at.is_(None))
        .values(released_at=now)
        .execution_options(synchronize_session="fetch")
    )


def _is_overwritten_already(job: EncoderJob) -> bool:
    """Somebody said that this very card may lose what it holds, and its first byte was written then."""
    return job.state is JobState.UNKNOWN and job.overwrite_uid == job.card_uid


def _queue_plain(
    kind: JobKind, encoder_id: int, request_id: str, overwrite_uid: str | None, actor: Actor, now: datetime
) -> str:
    with transaction():
        if encoder_queries.batch(request_id):
            return request_id
        jobs = encoders.queue_jobs(
            encoder_id=encoder_id,
            kind=kind,
            subjects=[None],
            stay_id=None,
            batch_id=request_id,
            overwrite_uid=overwrite_uid,
            actor=actor,
            now=now,
        )
        audit.record(
            actor=actor,
            action=f"keycards.{kind.value}_requested",
            subject=audit.Subject(kind="encoder_job", id=jobs[0].id),
            now=now,
            after={"overwrite": overwrite_uid} if overwrite_uid else None,
        )
        return request_id


def note(
    card: KeyCard, stay: Stay, action: str, actor: Actor, now: datetime, after: dict[str, object] | None = None
) -> None:
    audit.record(actor=actor, action=action, subject=card_subject(card, stay), now=now, after=after)


def card_subject(card: KeyCard, stay: Stay) -> audit.Subject:
    """How the audit trail names a card."""
    return audit.Subject(
        kind="key_card",
        id=card.id,
        label=f"{stay.guest.name}, {stay.room.number if stay.room else '–'}",
        stay_id=stay.id,
        guest_id=stay.guest_id,
        room_id=stay.room_id,
    )


def _audit_stay(stay: Stay, action: str, actor: Actor, now: datetime, after: dict[str, object]) -> None:
    subject = audit.Subject(
        kind="stay",
        id=stay.id,
        label=f"{stay.guest.name}, {stay.room.number if stay.room else '–'}",
        stay_id=stay.id,
        guest_id=stay.guest_id,
        room_id=stay.room_id,
    )
    audit.record(actor=actor, action=action, subject=subject, now=now, after=after)
