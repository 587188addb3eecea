"""A stack of cards: those of several stays, one after the other on one machine.

It is one batch, so that it stands in the table of jobs only: the page that shows it can be left and found again, and what
the machine has not begun to write is taken up where it stopped.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.encoders import queries as encoder_queries
from pms.encoders.models import JobKind, JobState
from pms.keycards import drafts, queries, rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.encoders.models import EncoderJob
    from pms.keycards.models import KeyCard

_HAVE_ROOMS = (StayState.CONFIRMED, StayState.IN_HOUSE)


def issue(*, copies: Mapping[int, int], encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """Have so many cards made for each of these stays; the id of the batch. The same `request_id` again makes nothing new.

    Refuses what `service.issue` refuses of any of them; nothing is made then.
    """
    for count in copies.values():
        rules.check_copies(count)
    with transaction() as session:
        stays = {stay_id: drafts.lock_stay(stay_id) for stay_id in sorted(copies)}
        if encoder_queries.batch(request_id):
            return request_id
        live = queries.summary_for_stays(list(copies), now=now)
        orders = [
            drafts.Order(
                stays[stay_id],
                drafts.plan(session, stays[stay_id], further_room_ids=(), area_ids=None, now=now),
                [rules.default_reason(live[stay_id].live)] * count,
            )
            for stay_id, count in copies.items()
        ]
        return drafts.queue(session, orders, encoder_id=encoder_id, request_id=request_id, actor=actor, now=now)


def skip(*, job_id: str, request_id: str, actor: Actor, now: datetime) -> str:
    """Leave the cards of this job's stay for later and go on with the next stay's; the id of the new batch.

    NotToRetry for a job that is under way or done, or where nothing follows it.
    """
    with transaction() as session:
        job = encoder_queries.get_job(job_id)
        if not job.state.is_final or job.state is JobState.DONE or job.kind is not JobKind.WRITE:
            raise rules.NotToRetry
        return go_on(session, job, request_id=request_id, is_skipped=True, overwrite_uid=None, actor=actor, now=now)


def go_on(
    session: Session,
    job: EncoderJob,
    *,
    request_id: str,
    is_skipped: bool,
    overwrite_uid: str | None,
    actor: Actor,
    now: datetime,
) -> str:
    """Make the cards of a batch from this job on (`is_skipped`: without its stay's); the id of the new batch."""
    cards = _rest(job)
    if is_skipped:
        cards = [card for card in cards if card.stay_id != job.stay_id]
        if not cards:
            raise rules.NotToRetry
    if not cards:
        raise NotFound
    stays = {stay_id: drafts.lock_stay(stay_id) for stay_id in sorted({card.stay_id for card in cards})}
    if encoder_queries.batch(request_id):
        return request_id
    if len(stays) > 1:
        # Who has left meanwhile does not hold the others up.
        cards = [card for card in cards if stays[card.stay_id].state in _HAVE_ROOMS] or cards
    orders = []
    for stay_id, group in groupby(cards, key=lambda card: card.stay_id):
        of_stay = list(group)
        content = drafts.plan(
            session,
            stays[stay_id],
            further_room_ids=drafts.further_rooms(of_stay),
            area_ids=drafts.areas(of_stay),
            now=now,
        )
        orders.append(drafts.Order(stays[stay_id], content, [card.reason for card in of_stay]))
    return drafts.queue(
        session,
        orders,
        encoder_id=job.encoder_id,
        request_id=request_id,
        overwrite_uid=overwrite_uid,
        actor=actor,
        now=now,
    )


def has_next(job: EncoderJob, jobs: Sequence[EncoderJob]) -> bool:
    """Whether cards of other stays follow this job in its batch."""
    return any(other.batch_position > job.batch_position and other.stay_id != job.stay_id for other in jobs)


def _rest(job: EncoderJob) -> list[KeyCard]:
    """The cards of the batch from this job on that were not made."""
    rest = [
        other.subject_id
        for other in encoder_queries.batch(job.batch_id)
        if other.batch_position >= job.batch_position and other.state is not JobState.DONE
    ]
    known = queries.cards_by_id([card_id for card_id in rest if card_id is not None])
    return [known[card_id] for card_id in rest if card_id in known]
