"""The housekeepers' round: who cleans which floor, and what they find behind the doors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import insert_into, transaction
from pms.core.errors import NotFound
from pms.rooms import queries, rules
from pms.rooms.models import FloorRound, RoomSighting
from pms.rooms.service.state import load_room

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.rooms.models import Floor, Room, Sight


def note_sighting(*, room_id: int, found: Sight, actor: Actor, now: datetime) -> RoomSighting:
    """Say what was found in the room. The same finding by the same person, unsettled, is noted once: a slow line sends twice."""
    with transaction() as session:
        room = load_room(session, room_id)
        newest = queries.newest_sighting(room_id)
        if newest and (newest.found, newest.found_by, newest.settled_at) == (found, actor.name, None):
            return newest
        sighting = RoomSighting(
            room_id=room_id,
            found=found,
            found_by=actor.name,
            found_at=now,
            settled_by="",
            settled_at=None,
            settled_as="",
        )
        session.add(sighting)
        session.flush()
        _record(room, "rooms.seen", {"found": found.value}, actor, now)
        return sighting


def settle_sighting(*, sighting_id: int, settled_as: str, actor: Actor, now: datetime) -> RoomSighting:
    """The desk has looked into the difference, and nothing about the stay changes. SeenAgain, UnknownOutcome, NotFound.

    Settling what is settled changes nothing.
    """
    if settled_as not in rules.SETTLED_WORDS:
        raise rules.UnknownOutcome
    with transaction() as session:
        sighting = session.get(RoomSighting, sighting_id)
        if sighting is None:
            raise NotFound
        room = load_room(session, sighting.room_id)
        session.refresh(sighting)
        newest = queries.newest_sighting(room.id)
        if newest is None or newest.id != sighting.id:
            raise rules.SeenAgain(room=room.number)
        if sighting.settled_at is None:
            sighting.settled_by, sighting.settled_at, sighting.settled_as = actor.name, now, settled_as
            _record(room, "rooms.settled", {"found": sighting.found.value, "settled_as": settled_as}, actor, now)
        return sighting


def take_floor(*, floor_id: int, day: date, actor: Actor, now: datetime) -> None:
    """Clean this floor today. FloorTaken names who was faster; taking one's own again changes nothing."""
    with transaction() as session:
        floor = queries.get_floor(floor_id)
        done = session.execute(
            insert_into(FloorRound)
            .values(floor_id=floor.id, day=day, account_id=actor.account_id, name=actor.name)
            .on_conflict_do_nothing(index_elements=["floor_id", "day"])
            .returning(FloorRound.floor_id)
        ).one_or_none()
        if done is not None:
            _record_floor(floor, "rooms.floor_taken", day, actor, now)
            return
        holder = session.get(FloorRound, (floor.id, day), populate_existing=True)
        if holder is not None and holder.account_id != actor.account_id:
            raise rules.FloorTaken(name=holder.name)


def give_floor_back(*, floor_id: int, day: date, actor: Actor, now: datetime) -> None:
    """Somebody else may take it. One's own only; what is free already stays free. FloorTaken where it is another's."""
    with transaction() as session:
        floor = queries.get_floor(floor_id)
        holder = session.get(FloorRound, (floor.id, day), with_for_update=True)
        if holder is None:
            return
        if holder.account_id != actor.account_id:
            raise rules.FloorTaken(name=holder.name)
        session.execute(sa.delete(FloorRound).where(FloorRound.floor_id == floor.id, FloorRound.day == day))
        _record_floor(floor, "rooms.floor_given_back", day, actor, now)


def _record(room: Room, action: str, after: dict[str, Any], actor: Actor, now: datetime) -> None:
    subject = audit.Subject(kind="room", id=room.id, label=room.number, room_id=room.id)
    audit.record(actor=actor, action=action, subject=subject, now=now, after=after)


def _record_floor(floor: Floor, action: str, day: date, actor: Actor, now: datetime) -> None:
    subject = audit.Subject(kind="floor", id=floor.id, label=f"{floor.building.name} {floor.name}")
    audit.record(actor=actor, action=action, subject=subject, now=now, after={"day": day.isoformat()})
