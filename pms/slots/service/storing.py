"""What somebody at the desk, or a program, does with a slot: store, change, take away, note what a phone stored."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pms.accounts import queries as accounts
from pms.core.db import transaction
from pms.lock_commands import queries as lock_commands
from pms.locks import queries as locks
from pms.protocol.command import DeleteUser, StoredKind, UserRole, WeekWindow
from pms.slots import queries, rules
from pms.slots.models import Slot, SlotKind, SlotOrigin, SlotRole, SlotState
from pms.slots.rules import Owner
from pms.slots.service import steps
from pms.stays import queries as stays

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.locks.models import Lock

# Zero names nobody in a door's record.
_IDS = 2**32 - 1


def store(
    *,
    lock_id: int,
    kind: StoredKind,
    content: bytes,
    name: str,
    valid_from: datetime | None,
    valid_until: datetime | None,
    window: WeekWindow | None = None,
    role: UserRole = UserRole.GUEST,
    owner: Owner = Owner(),  # noqa: B008 - frozen
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Slot:
    """Give a credential the lowest free slot of a lock, and ask the lock to store it.

    No `valid_until` is no end; what is of a stay ends with the stay at the latest, and follows it. The same `request_id` again
    gives back what was stored then. `content` is as tag 04 has it. NoSuchLock, LockNotReady, LockFull, KindNotThere, NoConsent
    for what is of a body, StayOver, BadOwner, and what is wrong with name, span or content.
    """
    with transaction() as session:
        lock = steps.hold_lock(session, lock_id)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return earlier
        steps.check_ready(lock)
        slot = _new(lock, kind, name, valid_from, valid_until, window, role, owner, request_id, actor, now)
        _take_content(slot, content)
        try:
            with session.begin_nested():
                slot.credential_id = _free_id(lock_id)
                steps.give_number(session, lock, slot, now)
        except IntegrityError:
            # The same request at the same instant, for another lock.
            earlier = queries.find_by_request(request_id)
            if earlier is None:
                raise
            return earlier
        slot = queries.get(slot.id)
        steps.queue_add(slot, actor, now)
        steps.note(slot, "slots.stored", actor, now, _said(slot))
        return slot


def report_stored(
    *,
    lock_id: int,
    number: int,
    kind: StoredKind,
    credential_id: int,
    content: bytes | None,
    name: str,
    valid_from: datetime | None,
    valid_until: datetime | None,
    window: WeekWindow | None = None,
    role: UserRole = UserRole.GUEST,
    owner: Owner = Owner(),  # noqa: B008 - frozen
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Slot:
    """A phone stored something at the lock and tells us. The same again is what the book has already.

    Without `content` the lock alone knows it: it can be taken away, but not changed from here. BadSlot, SlotTaken,
    CredentialTaken, and what `store` refuses.
    """
    with transaction() as session:
        lock = steps.hold_lock(session, lock_id)
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return earlier
        rules.check_number(number)
        there = queries.find_in_use(lock_id, number)
        if there is not None:
            if (there.kind.wire, there.credential_id) == (kind, credential_id):
                return there
            raise rules.SlotTaken(number=number)
        _check_id(lock_id, credential_id)
        slot = _new(lock, kind, name, valid_from, valid_until, window, role, owner, request_id, actor, now)
        slot.number, slot.credential_id = number, credential_id
        slot.state, slot.origin, slot.is_sent = SlotState.ADDED, SlotOrigin.REPORTED, True
        if content is not None:
            _take_content(slot, content)
        session.add(slot)
        session.flush()
        slot = queries.get(slot.id)
        steps.note(slot, "slots.reported", actor, now, _said(slot))
        return slot


def change(
    *,
    slot_id: int,
    name: str | None = None,
    content: bytes | None = None,
    valid_from: datetime | None,
    valid_until: datetime | None,
    window: WeekWindow,
    role: UserRole,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Slot:
    """Change what a slot opens, when, or for whom; the lock is told where it must know. None keeps name and content.

    NotFound, NotInLock, NoContent where only the lock knows what it holds, LockNotReady, and what `store` refuses.
    """
    with transaction() as session:
        slot = steps.hold(session, slot_id)
        if lock_commands.of_request(request_id or ""):
            return slot
        if slot.state not in rules.WANTED:
            raise rules.NotInLock
        before = _said(slot)
        if name is not None:
            slot.name = rules.check_name(name)
        if content is not None or _wire(slot) != (valid_from, valid_until, window, role):
            _check_can_change(slot, content)
            as_it_was = (steps.user_of(slot), slot.window)
            if content is not None:
                _take_content(slot, content)
            _set_span(slot, valid_from, valid_until, now)
            slot.window, slot.role = window, SlotRole[role.name]
            is_other = content is not None or as_it_was != (steps.user_of(slot), slot.window)
            if is_other and slot.state is not SlotState.WANTED:
                steps.queue_change(slot, actor, now, request_id)
        after = _said(slot)
        changed = {key: value for key, value in after.items() if before[key] != value}
        if changed or content is not None:
            slot.changed_at = now
            steps.note(slot, "slots.changed", actor, now, changed)
        session.flush()
        return slot


def remove(*, slot_id: int, request_id: str | None = None, actor: Actor, now: datetime) -> Slot:
    """Take a credential out of its lock. What no lock has heard of is given up at once; else the lock's own answer ends it.

    Again while it is going changes nothing, unless the lock refused: then it is asked once more. NotFound.
    """
    with transaction() as session:
        slot = steps.hold(session, slot_id)
        if slot.state in rules.WANTED:
            steps.take_away(slot, actor, now, request_id)
            steps.note(slot, "slots.taken_away", actor, now)
        elif slot.state is SlotState.REMOVING and not _is_asked(slot):
            steps.queue(slot, [DeleteUser(slot=slot.number)], actor, now, request_id)
            steps.note(slot, "slots.taken_away", actor, now)
        session.flush()
        return slot


def _new(
    lock: Lock,
    kind: StoredKind,
    name: str,
    valid_from: datetime | None,
    valid_until: datetime | None,
    window: WeekWindow | None,
    role: UserRole,
    owner: Owner,
    request_id: str | None,
    actor: Actor,
    now: datetime,
) -> Slot:
    rules.check_owner(owner)
    what = SlotKind[kind.name]
    rules.check_kind(lock, what, steps.door_name(lock))
    stay = stays.get_stay(owner.stay_id) if owner.stay_id is not None else None
    if owner.account_id is not None:
        accounts.get_account(owner.account_id)
    door = locks.door_of_lock(lock.id)
    slot = Slot(
        lock_id=lock.id,
        door_id=door.id if door else None,
        kind=what,
        name=rules.check_name(name),
        role=SlotRole[role.name],
        guest_id=stay.guest_id if stay else None,
        stay_id=owner.stay_id,
        account_id=owner.account_id,
        request_id=request_id,
        made_by=actor.name,
        created_at=now,
        changed_at=now,
    )
    slot.window = window or WeekWindow()
    if stay is not None:
        rules.check_stay(stay.state)
    _set_span(slot, valid_from, valid_until, now)
    return slot


def _set_span(slot: Slot, valid_from: datetime | None, valid_until: datetime | None, now: datetime) -> None:
    """What is of a stay ends with it at the latest."""
    ends = queries.stay_ends(stays.get_stay(slot.stay_id)) if slot.stay_id is not None else None
    slot.ends_with_stay = ends is not None and (valid_until is None or valid_until >= ends)
    slot.valid_from, slot.valid_until = valid_from, ends if slot.ends_with_stay else valid_until
    rules.check_span(slot.valid_from, slot.valid_until, now)


def _take_content(slot: Slot, content: bytes) -> None:
    rules.check_content(slot.kind, content)
    if slot.kind in rules.TEMPLATES and not _agreed(slot):
        raise rules.NoConsent(field="content")
    slot.content = content


def _agreed(slot: Slot) -> bool:
    person = {"guest_id": slot.guest_id, "account_id": slot.account_id}
    return any(person.values()) and queries.present_consent(**person) is not None


def _free_id(lock_id: int) -> int:
    while True:
        credential_id = secrets.randbelow(_IDS) + 1
        if queries.find_by_credential(lock_id, credential_id) is None:
            return credential_id


def _check_id(lock_id: int, credential_id: int) -> None:
    other = queries.find_by_credential(lock_id, credential_id)
    if other is not None and other.state in rules.WANTED:
        raise rules.CredentialTaken(number=other.number)


def _check_can_change(slot: Slot, content: bytes | None) -> None:
    if content is None and slot.content_sealed is None and slot.state is not SlotState.WANTED:
        raise rules.NoContent(number=slot.number)
    steps.check_ready(locks.get_lock(slot.lock_id))


def _wire(slot: Slot) -> tuple[datetime | None, datetime | None, WeekWindow, UserRole]:
    return slot.valid_from, slot.valid_until, slot.window, slot.role.wire


def _is_asked(slot: Slot) -> bool:
    return any(command.state in lock_commands.OPEN for command in lock_commands.of_subject(steps.SUBJECT, slot.id))


def _said(slot: Slot) -> dict[str, object]:
    """What the trail says of a slot; never its content."""
    return {
        "name": slot.name,
        "valid_from": slot.valid_from.isoformat() if slot.valid_from else None,
        "valid_until": slot.valid_until.isoformat() if slot.valid_until else None,
        "role": slot.role.value,
    }
