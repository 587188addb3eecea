"""How a room is: its cleanliness, whether it is in order, and the note on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session, joinedload

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile
from pms.properties import queries as properties
from pms.rooms import inventory, queries, rules
from pms.rooms.models import HousekeepingStatus, Room

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


def set_housekeeping(*, room_id: int, status: HousekeepingStatus, actor: Actor, now: datetime) -> HousekeepingStatus:
    """Say how the room is left; the answer is what it was before, so that a slip can be taken back.

    Of two who say the same at once, one is noted. The same word on a later day is news: the room was cleaned again.
    """
    is_ready = rules.is_ready(status)
    with transaction() as session:
        if is_ready:
            inventory.hold_ready(room_id=room_id)
        room = load_room(session, room_id)
        before = room.housekeeping
        if before is not status or _is_earlier_day(room.housekeeping_at, now):
            room.housekeeping, room.housekeeping_at = status, now
            _record(
                room,
                "rooms.housekeeping",
                {"housekeeping": before.value},
                {"housekeeping": status.value},
                actor,
                now,
            )
        if is_ready:
            session.flush()
            inventory.room_ready(room_id=room_id, actor=actor, now=now)
        return before


def mark_dirty(*, room_id: int, actor: Actor, now: datetime) -> None:
    """Somebody slept there: the room must be cleaned (check-out, room move)."""
    set_housekeeping(room_id=room_id, status=HousekeepingStatus.DIRTY, actor=actor, now=now)


def take_out_of_order(*, room_id: int, reason: str, version: int | None = None, actor: Actor, now: datetime) -> Room:
    """The room leaves the inventory, also while somebody lives in it.

    Whoever promises rooms may refuse: then every room of the type is sold on some night to come.
    """
    text = rules.clean_reason(reason)
    with transaction() as session:
        room = load_room(session, room_id, version)
        before = {"out_of_order": room.out_of_order, "reason": room.out_of_order_reason}
        queries.hold_types([room.room_type_id], to_change=True)
        room.out_of_order, room.out_of_order_reason = True, text
        _record(room, "rooms.out_of_order", before, {"out_of_order": True, "reason": text}, actor, now)
        recount(session, [room.room_type_id], now)
        return room


def put_back_in_order(*, room_id: int, actor: Actor, now: datetime) -> Room:
    """The room can be sold again. It counts as dirty: somebody worked in it."""
    with transaction() as session:
        room = load_room(session, room_id)
        if not room.out_of_order:
            return room
        queries.hold_types([room.room_type_id], to_change=True)
        before = {
            "out_of_order": True,
            "reason": room.out_of_order_reason,
            "housekeeping": room.housekeeping.value,
        }
        room.out_of_order, room.out_of_order_reason = False, ""
        room.housekeeping, room.housekeeping_at = HousekeepingStatus.DIRTY, now
        after = {"out_of_order": False, "housekeeping": HousekeepingStatus.DIRTY.value}
        _record(room, "rooms.back_in_order", before, after, actor, now)
        recount(session, [room.room_type_id], now)
        return room


def set_note(*, room_id: int, note: str, version: int, actor: Actor, now: datetime) -> Room:
    """Words about the room for colleagues; ChangedMeanwhile where somebody changed the room since `version`."""
    text = note.strip()[: rules.MAX_NOTE]
    with transaction() as session:
        room = load_room(session, room_id, version)
        if room.note != text:
            before, room.note = room.note, text
            _record(room, "rooms.note", {"note": before}, {"note": text}, actor, now)
        return room


def note_fault(*, room_id: int, text: str, actor: Actor, now: datetime) -> Room:
    """Something small is broken; the room can be let. A line more in its note, once however often it is sent."""
    line = rules.clean_fault(text)
    with transaction() as session:
        room = load_room(session, room_id)
        if line in room.note.splitlines():
            return room
        before, room.note = room.note, rules.note_with(room.note, line)
        _record(room, "rooms.fault", {"note": before}, {"note": room.note}, actor, now)
        return room


def load_room(session: Session, room_id: int, version: int | None = None) -> Room:
    """The room, locked until the transaction ends; ChangedMeanwhile where `version` is not the present one."""
    room = session.get(
        Room, room_id, options=[joinedload(Room.room_type), joinedload(Room.floor)], with_for_update={"of": Room}
    )
    if room is None:
        raise queries.NoSuchRoom
    if version is not None and room.version != version:
        raise ChangedMeanwhile
    return room


def recount(session: Session, room_type_ids: list[int], now: datetime) -> None:
    """Tell those who sell rooms how many there are now, from tonight on."""
    session.flush()
    today = now.astimezone(properties.get_property().zone).date()
    inventory.capacity_changed(room_type_ids, from_date=today, now=now)


def _is_earlier_day(at: datetime | None, now: datetime) -> bool:
    zone = properties.get_property().zone
    return at is None or at.astimezone(zone).date() < now.astimezone(zone).date()


def _record(
    room: Room, action: str, before: dict[str, Any], after: dict[str, Any], actor: Actor, now: datetime
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(kind="room", id=room.id, label=room.number, room_id=room.id),
        now=now,
        before=before,
        after=after,
    )
