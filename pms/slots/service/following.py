"""What features above, and time, make of slots: captured fingerprints, stays that move and end, dates that pass.

Each joins the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.locks import queries as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import AnswerStatus
from pms.slots import queries, rules
from pms.slots.models import Slot, SlotKind, SlotRole, SlotState
from pms.slots.service import steps
from pms.stays import queries as stays

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Door
    from pms.stays.models import Stay


def want_fingerprint(
    *,
    fingerprint_id: int,
    credential_id: int,
    door: Door,
    name: str,
    stay: Stay | None,
    account_id: int | None,
    valid_until: datetime,
    made_by: str,
    now: datetime,
) -> Slot:
    """A captured fingerprint is to come into the lock of a door, as soon as its template is here."""
    with transaction() as session:
        slot = Slot(
            lock_id=door.lock_id,
            door_id=door.id,
            kind=SlotKind.FINGERPRINT,
            credential_id=credential_id,
            name=name[: rules.MAX_NAME],
            valid_until=valid_until,
            ends_with_stay=stay is not None,
            role=SlotRole.GUEST if stay is not None else SlotRole.STAFF,
            state=SlotState.WANTED,
            guest_id=stay.guest_id if stay is not None else None,
            stay_id=stay.id if stay is not None else None,
            account_id=account_id,
            fingerprint_id=fingerprint_id,
            made_by=made_by,
            created_at=now,
            changed_at=now,
        )
        session.add(slot)
        session.flush()
        return slot


def fill(*, slot_id: int, content: bytes, now: datetime) -> None:
    """The template is here: give it a slot, and ask the lock to store it. LockFull."""
    with transaction() as session:
        slot = queries.get(slot_id)
        lock = steps.hold_lock(session, slot.lock_id)
        slot.content, slot.valid_from = content, now
        steps.give_number(session, lock, slot, now)
        steps.queue_add(slot, steps.maker_of(slot), now)


def fill_if_room(*, slot_id: int, content: bytes, now: datetime) -> bool:
    """The same where nobody is asked: a full lock costs neither the finger nor the guest's move, but is shown as refusing."""
    with transaction() as session:
        slot = queries.get(slot_id)
        lock = steps.hold_lock(session, slot.lock_id)
        if rules.free_slot(queries.taken_numbers(lock.id)) is not None:
            fill(slot_id=slot_id, content=content, now=now)
            return True
        slot.state, slot.status, slot.changed_at = SlotState.REFUSED, int(AnswerStatus.FULL), now
        return False


def end(*, slot_id: int, actor: Actor, now: datetime) -> Slot:
    """It is not wanted any more, for a reason that the caller's audit line tells."""
    with transaction():
        slot = queries.get(slot_id)
        steps.take_away(slot, actor, now)
        return slot


def follow_stay(*, stay_id: int, old_room_id: int | None, now: datetime) -> None:
    """The stay has another room or another end: the locks are told."""
    with transaction() as session:
        stay = stays.get_stay(stay_id)
        ends = queries.stay_ends(stay)
        for slot in queries.wanted_of_stay(stay_id):
            room_id = slot.door.room_id if slot.door else None
            if room_id is not None and room_id == old_room_id != stay.room_id:
                _move(session, slot, stay, ends, now)
            elif slot.ends_with_stay or slot.valid_until is None or slot.valid_until > ends:
                _end_at(slot, ends, now)


def end_for_stay(*, stay_id: int, actor: Actor, now: datetime) -> None:
    """The guest leaves, or was never here: no lock keeps anything of the stay. Undoing a check-out does not bring it back."""
    with transaction():
        for slot in queries.wanted_of_stay(stay_id):
            _end(slot, "stay_over", actor, now)


def end_templates(*, guest_id: int | None, account_id: int | None, actor: Actor, now: datetime) -> None:
    """The person does not agree any more."""
    with transaction():
        for slot in queries.templates_of_person(guest_id=guest_id, account_id=account_id):
            _end(slot, "withdrawn", actor, now)


BATCH = 100
"""Slots that one transaction takes away, so that nobody waits long for it."""


def expire(*, actor: Actor, now: datetime) -> int:
    """Take away what opens nothing any more, and what belongs to staff who left; how many there were."""
    total = 0
    while found := _expire_some(actor, now):
        total += found
    return total


def _expire_some(actor: Actor, now: datetime) -> int:
    with transaction():
        found = queries.overdue(now, limit=BATCH)
        for slot in found:
            is_over = slot.valid_until is not None and slot.valid_until <= now
            _end(slot, "time_over" if is_over else "left", actor, now)
        return len(found)


def give_up(*, slot_id: int, now: datetime) -> None:
    """A lock was to be told of it, and it turned out that it opens nothing any more: nothing of it comes into the lock, or stays
    there. Joins the caller's transaction; what was ended already stays as it is."""
    with transaction():
        slot = queries.get(slot_id)
        over = queries.standings([slot_id], now)[slot_id].over
        if over is not None and slot.state in rules.WANTED:
            _end(slot, over, steps.maker_of(slot), now)


def _end(slot: Slot, reason: str, actor: Actor, now: datetime) -> None:
    steps.take_away(slot, actor, now)
    steps.note(slot, "slots.taken_away", actor, now, {"reason": reason})


def _end_at(slot: Slot, ends: datetime, now: datetime) -> None:
    if slot.valid_until == ends:
        return
    slot.valid_until, slot.changed_at = ends, now
    # Without its content the lock cannot be told; the lock's own list will show that they differ.
    if slot.state is not SlotState.WANTED and slot.content_sealed is not None:
        steps.queue_change(slot, steps.maker_of(slot), now)


def _move(session: Session, slot: Slot, stay: Stay, ends: datetime, now: datetime) -> None:
    """Into the lock of the new room, if that one can take it; else it is taken away only."""
    content, maker = slot.content, steps.maker_of(slot)
    is_wanted = slot.state is SlotState.WANTED
    steps.take_away(slot, maker, now)
    session.flush()
    door = locks.door_of_room(stay.room_id) if stay.room_id is not None else None
    lock = _lock_that_takes(session, door, slot.kind)
    if door is None or lock is None or (content is None and not is_wanted):
        steps.note(slot, "slots.not_moved", maker, now)
        return
    copy = _copy(slot, lock, door, ends, now)
    session.add(copy)
    session.flush()
    if content is not None:
        copy.content = content
        steps.give_number(session, lock, copy, now)
        steps.queue_add(copy, maker, now)


def _lock_that_takes(session: Session, door: Door | None, kind: SlotKind) -> Lock | None:
    if door is None or door.lock_id is None:
        return None
    lock = steps.hold_lock(session, door.lock_id)
    is_ready = lock.setup is LockSetup.READY and rules.takes(lock, kind)
    return lock if is_ready and rules.free_slot(queries.taken_numbers(lock.id)) is not None else None


def _copy(slot: Slot, lock: Lock, door: Door, ends: datetime, now: datetime) -> Slot:
    copy = Slot(
        lock_id=lock.id,
        door_id=door.id,
        kind=slot.kind,
        credential_id=slot.credential_id,
        name=slot.name,
        valid_from=slot.valid_from,
        valid_until=ends if slot.ends_with_stay else slot.valid_until,
        ends_with_stay=slot.ends_with_stay,
        role=slot.role,
        state=SlotState.WANTED,
        guest_id=slot.guest_id,
        stay_id=slot.stay_id,
        account_id=slot.account_id,
        fingerprint_id=slot.fingerprint_id,
        made_by=slot.made_by,
        created_at=now,
        changed_at=now,
    )
    copy.window = slot.window
    return copy
