"""Rooms that are not let for some nights: painted, repaired, kept for the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.core.intervals import nights as nights_between
from pms.properties import queries as properties
from pms.rooms.models import Room
from pms.stays import nights, rules
from pms.stays.models import RoomClosure

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.core.actor import Actor


def close_room(
    *,
    room_id: int,
    from_date: date,
    until_date: date,
    reason: str,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> RoomClosure:
    """Take a room off the market for the nights from `from_date` to the one before `until_date`.

    BadDates, ArrivalInThePast, NoClosureReason; RoomTaken names who has it on one of the nights, RoomClosed another closure,
    TypeSoldOut where all rooms of its type are promised. The same `request_id` again gives the closure made then.
    """
    rules.check_dates(from_date, until_date)
    text = rules.clean_closure_reason(reason)
    with transaction() as session:
        room = session.get(Room, room_id)
        if room is None:
            raise NotFound
        nights.lock(session, type_ids=[], room_ids=[room_id])
        nights.hold_type_to_change(room.room_type_id)
        if request_id and (earlier := _find_by_request(request_id)):
            return earlier
        rules.check_arrival(from_date, now.astimezone(properties.get_property().zone))
        closure = RoomClosure(
            room_id=room_id,
            from_date=from_date,
            until_date=until_date,
            reason=text,
            closed_by=actor.name,
            closed_at=now,
            request_id=request_id,
        )
        session.add(closure)
        session.flush()
        nights.close(session, closure, nights_between(from_date, until_date))
        _record("stays.closed_room", closure, room, actor, now)
        return closure


def reopen(*, closure_id: int, actor: Actor, now: datetime) -> RoomClosure:
    """Let the room again from tonight on; a closure that is over or open again already stays as it is. NotFound."""
    with transaction() as session:
        closure = session.get(RoomClosure, closure_id, with_for_update=True)
        if closure is None:
            raise NotFound
        room = session.get_one(Room, closure.room_id)
        tonight = rules.tonight(now.astimezone(properties.get_property().zone))
        if closure.reopened_at is not None or closure.until_date <= tonight:
            return closure
        nights.lock(session, type_ids=[], room_ids=[room.id])
        nights.hold_type_to_change(room.room_type_id)
        closure.reopened_at = now
        nights.reopen(session, closure, max(tonight, closure.from_date))
        _record("stays.reopened_room", closure, room, actor, now)
        return closure


def _find_by_request(request_id: str) -> RoomClosure | None:
    with transaction() as session:
        return session.scalars(sa.select(RoomClosure).where(RoomClosure.request_id == request_id)).one_or_none()


def _record(action: str, closure: RoomClosure, room: Room, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(kind="room_closure", id=closure.id, label=room.number, room_id=room.id),
        now=now,
        after={
            "from_date": closure.from_date.isoformat(),
            "until_date": closure.until_date.isoformat(),
            "reason": closure.reason,
        },
    )
