"""A card before it is one: which doors, which numbers, how long; its row and the job that will write it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.ids import new_id
from pms.encoders import service as encoders
from pms.encoders.models import JobKind
from pms.keycards import books, queries, rules
from pms.keycards.models import CardReason, CardState, KeyCard, KeyCardGrant, KeySeries, Proof
from pms.locks import queries as locks
from pms.locks.models import Door
from pms.properties import queries as properties
from pms.protocol.card_layout import FIRST_FURTHER_UNIT
from pms.stays import queries as stays
from pms.stays import rules as stay_rules
from pms.stays.models import Stay, StayState
from pms.stays.service import hold as hold_stay

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

# More parties than this never overlap at one door; older numbers are lower.
_NUMBERS_THAT_MATTER = 64


@dataclass(frozen=True, slots=True)
class CardContent:
    """What the cards of one batch open; the main door's series comes first."""

    series: list[KeySeries]
    area_ids: list[int]
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """Cards for one stay: what they open, and why each is made."""

    stay: Stay
    content: CardContent
    reasons: Sequence[CardReason]


def lock_stay(stay_id: int) -> Stay:
    """The stay, held against others who make keys for it at the same time; NotFound."""
    hold_stay(stay_id=stay_id)
    return stays.get_stay(stay_id)


def plan(
    session: Session,
    stay: Stay,
    *,
    further_room_ids: Collection[int],
    area_ids: Collection[int] | None,
    now: datetime,
) -> CardContent:
    """Doors, numbers and times for new cards of a stay; see `service.issue` for what it refuses."""
    rules.check_stay(stay.state, has_room=stay.room_id is not None)
    parties = [stay, *_further(stay, further_room_ids)]
    areas = _areas(area_ids)
    rules.check_further(len(parties) - 1 + len(areas))
    begins, until = times(stay, now, parties)
    rules.check_window(begins, until)
    numbers = [series(session, party, begins, until, now) for party in parties]
    return CardContent(numbers, areas, begins, until)


def times(stay: Stay, now: datetime, parties: Collection[Stay] = ()) -> tuple[datetime, datetime]:
    """From when and until when a party may pass; until the first of `parties`, whose rooms are on its cards, leaves."""
    house = properties.get_property()
    begins = rules.begins_at(state=stay.state, now=now, arrives=stay_rules.may_enter_at(stay, house))
    until = min(stay_rules.leaves_at(party, house) for party in (stay, *parties))
    return begins.replace(microsecond=0), until


def queue(
    session: Session,
    orders: Sequence[Order],
    *,
    encoder_id: int,
    request_id: str,
    overwrite_uid: str | None = None,
    at_once: bool = False,
    actor: Actor,
    now: datetime,
) -> str:
    """Reserve a card for each reason and queue its job, one order after the other; the id of the batch."""
    wanted = [(order, reason, new_id()) for order in orders for reason in order.reasons]
    jobs = encoders.queue_jobs(
        encoder_id=encoder_id,
        kind=JobKind.WRITE,
        subjects=[card_id for _order, _reason, card_id in wanted],
        stay_id=None,
        stay_ids=[order.stay.id for order, _reason, _card_id in wanted],
        batch_id=request_id,
        overwrite_uid=overwrite_uid,
        at_once=at_once,
        actor=actor,
        now=now,
    )
    for (order, reason, card_id), job in zip(wanted, jobs, strict=True):
        _add_card(session, card_id, order.stay, order.content, reason, job.id, actor, now)
    session.flush()
    for order in orders:
        _audit_request(order, actor, now)
    return request_id


def _audit_request(order: Order, actor: Actor, now: datetime) -> None:
    stay, content = order.stay, order.content
    audit.record(
        actor=actor,
        action="keycards.requested",
        subject=audit.Subject(
            kind="stay",
            id=stay.id,
            label=f"{stay.guest.name}, {stay.room.number if stay.room else ''}",
            stay_id=stay.id,
            guest_id=stay.guest_id,
            room_id=stay.room_id,
        ),
        now=now,
        after={
            "cards": len(order.reasons),
            "reason": order.reasons[0].value,
            "valid_from": content.valid_from.isoformat(),
            "valid_until": content.valid_until.isoformat(),
            "issue": content.series[0].issue,
        },
    )


def number(session: Session, row: KeySeries, valid_until: datetime, now: datetime, *, lost: bool = False) -> KeySeries:
    """Bring a party's number for a door up to date (or give it one), and those of later parties that must make way."""
    rows = _rows_of_door(session, row.door_id)
    numbering = rules.number_for(
        stay_id=row.stay_id,
        begins_at=row.begins_at,
        valid_until=valid_until,
        now=now,
        numbers=[number_of(other) for other in rows],
        lost=lost,
    )
    by_stay = {other.stay_id: other for other in rows}
    # From the highest down, so that no two rows ever carry the same number.
    for stay_id, issue in sorted(numbering.raised.items(), key=lambda item: -item[1]):
        by_stay[stay_id].issue = issue
        session.flush()
    row.issue = numbering.issue
    session.add(row)
    session.flush()
    return row


def further_rooms(cards: Iterable[KeyCard]) -> list[int]:
    """The rooms beside the main one that cards open, as long as their stays still have them."""
    doors = {
        grant.door_id
        for card in cards
        for grant in card.grants
        if grant.series is not None and grant.series.stay_id != card.stay_id and grant.series.released_at is None
    }
    return [door.room_id for door in locks.list_doors() if door.id in doors and door.room_id is not None]


def areas(cards: Iterable[KeyCard]) -> list[int]:
    """The areas that cards open."""
    return sorted({grant.area_id for card in cards for grant in card.grants if grant.area_id is not None})


def _further(stay: Stay, room_ids: Collection[int]) -> list[Stay]:
    wanted = [room_id for room_id in dict.fromkeys(room_ids) if room_id != stay.room_id]
    if not wanted:
        return []
    party = {other.room_id: other for other in stays.of_same_party(stay) if other.state is stay.state}
    if not all(room_id in party for room_id in wanted):
        raise rules.NotOfTheParty
    return [party[room_id] for room_id in wanted]


def _areas(area_ids: Collection[int] | None) -> list[int]:
    for_guests = [area.id for area in locks.areas_for_guests()]
    if area_ids is None:
        return for_guests
    if not set(area_ids) <= {area.id for area in locks.list_areas()}:
        raise rules.NoSuchArea
    return list(dict.fromkeys(area_ids))


def _door(session: Session, stay: Stay) -> Door:
    door = locks.door_of_room(stay.room_id) if stay.room_id is not None else None
    if door is None or door.lock is None or door.lock.is_blank:
        raise rules.NoLock(door=door.name if door else stay.room.number if stay.room else "")
    session.get(Door, door.id, with_for_update=True)
    return door


def series(session: Session, stay: Stay, begins: datetime, until: datetime, now: datetime) -> KeySeries:
    """The party's number for its room's door, made where it is the first card."""
    door = _door(session, stay)
    row = queries.series_of(stay.id, door.id)
    if row is None:
        return number(session, KeySeries(stay_id=stay.id, door_id=door.id, begins_at=begins), until, now)
    if row.released_at is not None:
        # Back after another party: it begins anew, above whoever was there.
        row.released_at, row.begins_at = None, begins
    # Who is still expected begins when it was promised to, also where that was put off; who is here has begun.
    row.begins_at = begins if stay.state is StayState.CONFIRMED else min(row.begins_at, begins)
    return number(session, row, until, now)


def _rows_of_door(session: Session, door_id: int) -> Sequence[KeySeries]:
    return session.scalars(
        sa.select(KeySeries)
        .where(KeySeries.door_id == door_id)
        .order_by(KeySeries.issue.desc())
        .limit(_NUMBERS_THAT_MATTER)
    ).all()


def number_of(row: KeySeries) -> rules.Number:
    """The row as the rules see it."""
    return rules.Number(row.stay_id, row.begins_at, row.issue, row.released_at is not None)


def _add_card(
    session: Session,
    card_id: int,
    stay: Stay,
    content: CardContent,
    reason: CardReason,
    job_id: str,
    actor: Actor,
    now: datetime,
) -> None:
    session.add(
        KeyCard(
            id=card_id,
            stay_id=stay.id,
            job_id=job_id,
            reason=reason,
            credential_id=_new_credential(session),
            state=CardState.RESERVED,
            proof=Proof.BELIEVED,
            valid_from=content.valid_from,
            valid_until=content.valid_until,
            made_by=actor.name,
            made_at=now,
        )
    )
    main, *further = content.series
    session.add(KeyCardGrant(key_card_id=card_id, unit=1, door_id=main.door_id, issue=main.issue, series_id=main.id))
    for unit, row in enumerate(further, FIRST_FURTHER_UNIT):
        session.add(
            KeyCardGrant(key_card_id=card_id, unit=unit, door_id=row.door_id, issue=row.issue, series_id=row.id)
        )
    for unit, area_id in enumerate(content.area_ids, FIRST_FURTHER_UNIT + len(further)):
        session.add(KeyCardGrant(key_card_id=card_id, unit=unit, area_id=area_id, issue=main.issue))


def _new_credential(session: Session) -> int:
    """Random, so that a server restored from a backup repeats none; 0 is what doors write for cards they cannot read."""
    while True:
        candidate = secrets.randbelow(0xFFFF_FFFF) + 1
        known = session.scalars(sa.select(KeyCard.id).where(KeyCard.credential_id == candidate)).first()
        if known is None and not books.is_taken(candidate):
            return candidate
