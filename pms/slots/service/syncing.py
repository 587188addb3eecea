"""A lock is asked for its list, and what differs is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.lock_commands import queries as lock_commands
from pms.lock_commands import service as outbox
from pms.locks import queries as locks
from pms.protocol.command import DeleteUser, ListUsers
from pms.slots import queries, rules
from pms.slots.comparing import Difference, Fault, Mend
from pms.slots.models import ListedSlot, Slot, SlotOrigin, SlotState, SlotSync
from pms.slots.service import steps, storing

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand

SUBJECT = "slot_sync"


def sync(*, lock_id: int, request_id: str | None = None, actor: Actor, now: datetime) -> LockCommand:
    """Ask a lock for all that it has, 20 slots at a time; what it says is compared with the book.

    While that is under way the same command is given back. NoSuchLock, LockNotReady.
    """
    with transaction() as session:
        lock = steps.hold_lock(session, lock_id)
        if request_id is not None and (earlier := lock_commands.of_request(request_id)):
            return earlier[0]
        steps.check_ready(lock)
        row = of_lock(session, lock_id)
        asked = _open_command(row)
        if asked is not None:
            return asked
        begin(session, lock_id, actor, now, request_id)
        note(row, "slots.list_asked", actor, now)
        return lock_commands.of_subject(SUBJECT, row.id)[-1]


def begin(session: Session, lock_id: int, actor: Actor, now: datetime, request_id: str | None = None) -> None:
    """Ask from the first slot on, unless that is under way."""
    row = of_lock(session, lock_id)
    if _open_command(row) is not None:
        return
    row.is_running, row.after_number, row.asked_at, row.asked_by, row.status = True, 0, now, actor.name, None
    ask(row, ListUsers(0), actor, now, request_id)


def ask(row: SlotSync, payload: ListUsers, actor: Actor, now: datetime, request_id: str | None = None) -> None:
    """Queue the question for one page of the list."""
    outbox.queue(
        lock_id=row.lock_id,
        payloads=[payload],
        subject_kind=SUBJECT,
        subject_id=row.id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def of_lock(session: Session, lock_id: int) -> SlotSync:
    """The row about a lock's list; the lock is held."""
    row = queries.find_sync(lock_id)
    if row is None:
        row = SlotSync(lock_id=lock_id)
        session.add(row)
        session.flush()
    return row


def note(row: SlotSync, action: str, actor: Actor, now: datetime, after: dict[str, Any] | None = None) -> None:
    """The audit line about a lock's list."""
    door = locks.door_of_lock(row.lock_id)
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="lock",
            id=row.lock_id,
            label=door.name if door else locks.get_lock(row.lock_id).name,
            lock_id=row.lock_id,
            room_id=door.room_id if door else None,
        ),
        now=now,
        after=after,
    )


def empty(*, lock_id: int, number: int, request_id: str | None = None, actor: Actor, now: datetime) -> Slot:
    """Take away whatever lies in a slot of a lock: what the book has there, else what only the lock's own list has.

    NoSuchLock, NotFound, LockNotReady.
    """
    with transaction() as session:
        lock = steps.hold_lock(session, lock_id)
        earlier = lock_commands.of_request(request_id) if request_id is not None else []
        if earlier and earlier[0].subject_kind == steps.SUBJECT:
            return queries.get(earlier[0].subject_id)
        there, listed = queries.find_in_use(lock_id, number), queries.listed(lock_id).get(number)
        if there is not None:
            return storing.remove(slot_id=there.id, request_id=request_id, actor=actor, now=now)
        if listed is None:
            raise NotFound
        steps.check_ready(lock)
        slot = _found(session, lock_id, listed, SlotState.REMOVING, actor, now)
        steps.queue(slot, [DeleteUser(slot=number)], actor, now, request_id)
        steps.note(slot, "slots.taken_away", actor, now)
        return slot


def mend(*, lock_id: int, number: int, way: Mend, actor: Actor, now: datetime) -> None:
    """Mend one difference. NoSuchDifference, CannotMendSo, LockNotReady, CredentialTaken."""
    with transaction() as session:
        lock = steps.hold_lock(session, lock_id)
        found = next((one for one in queries.compare(lock_id).differences if one.number == number), None)
        if found is None:
            raise rules.NoSuchDifference
        if way is not Mend.TAKE_OVER:
            steps.check_ready(lock)
        done = _mend(session, lock_id, found, way, actor, now)
        steps.note(done, "slots.mended", actor, now, {"fault": found.fault.value, "way": way.value})


def mend_all(*, lock_id: int, actor: Actor, now: datetime) -> int:
    """Mend every difference, each in the first of its ways: the book is right, and what it does not know is taken away.
    How many there were.

    LockNotReady, CredentialTaken.
    """
    with transaction() as session:
        lock = steps.hold_lock(session, lock_id)
        found = queries.compare(lock_id).differences
        if found:
            steps.check_ready(lock)
        for one in found:
            _mend(session, lock_id, one, one.ways[0], actor, now)
        if found:
            counts = {fault.value: sum(one.fault is fault for one in found) for fault in Fault}
            note(of_lock(session, lock_id), "slots.all_mended", actor, now, {k: v for k, v in counts.items() if v})
        return len(found)


def _mend(session: Session, lock_id: int, one: Difference, way: Mend, actor: Actor, now: datetime) -> Slot:
    if way not in one.ways:
        raise rules.CannotMendSo
    if way is Mend.SEND and one.slot is not None:
        return _send(one, one.slot, actor, now)
    if way is Mend.TAKE_AWAY:
        return _take_away(session, lock_id, one, actor, now)
    return _take_over(session, lock_id, one, actor, now)


def _send(one: Difference, slot: Slot, actor: Actor, now: datetime) -> Slot:
    slot.changed_at, slot.missed_at = now, None
    if one.fault is Fault.DIFFERENT:
        steps.queue_change(slot, actor, now)
        return slot
    slot.state = SlotState.WAITING
    if one.fault is Fault.OTHER:
        steps.queue(slot, [DeleteUser(slot=slot.number)], actor, now)
    steps.queue_add(slot, actor, now)
    return slot


def _take_away(session: Session, lock_id: int, one: Difference, actor: Actor, now: datetime) -> Slot:
    if one.slot is not None:
        steps.take_away(one.slot, actor, now)
        return one.slot
    if one.listed is None:
        raise rules.CannotMendSo
    slot = _found(session, lock_id, one.listed, SlotState.REMOVING, actor, now)
    steps.queue(slot, [DeleteUser(slot=slot.number)], actor, now)
    return slot


def _take_over(session: Session, lock_id: int, one: Difference, actor: Actor, now: datetime) -> Slot:
    slot, listed = one.slot, one.listed
    if slot is not None and listed is not None and one.fault is Fault.DIFFERENT:
        slot.valid_from, slot.valid_until, slot.role = listed.valid_from, listed.valid_until, listed.role
        slot.ends_with_stay, slot.changed_at = False, now
        return slot
    if slot is not None:
        _strike(slot, now)
        session.flush()
    if listed is None:
        if slot is None:
            raise rules.CannotMendSo
        return slot
    _make_way(session, lock_id, listed, now)
    return _found(session, lock_id, listed, SlotState.ADDED, actor, now)


def _make_way(session: Session, lock_id: int, listed: ListedSlot, now: datetime) -> None:
    """The book has a credential in one slot of a lock."""
    other = queries.find_by_credential(lock_id, listed.credential_id)
    if other is not None and other.state in rules.WANTED:
        if other.missed_at is None:
            raise rules.CredentialTaken(number=other.number)
        # It lies in another slot than the book had it.
        _strike(other, now)
        session.flush()


def _found(session: Session, lock_id: int, listed: ListedSlot, state: SlotState, actor: Actor, now: datetime) -> Slot:
    """What the lock has and the book had not."""
    door = locks.door_of_lock(lock_id)
    slot = Slot(
        lock_id=lock_id,
        door_id=door.id if door else None,
        number=listed.number,
        kind=listed.kind,
        credential_id=listed.credential_id,
        valid_from=listed.valid_from,
        valid_until=listed.valid_until,
        role=listed.role,
        state=state,
        is_sent=True,
        origin=SlotOrigin.FOUND,
        made_by=actor.name,
        created_at=now,
        changed_at=now,
        seen_at=listed.seen_at,
    )
    session.add(slot)
    session.flush()
    return queries.get(slot.id)


def _strike(slot: Slot, now: datetime) -> None:
    """The lock says that it does not have it: the book follows."""
    slot.content = None
    slot.state, slot.changed_at = SlotState.REMOVED, now


def _open_command(row: SlotSync) -> LockCommand | None:
    asked = lock_commands.of_subject(SUBJECT, row.id)
    return next((command for command in asked if command.state in lock_commands.OPEN), None)
