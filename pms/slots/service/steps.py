"""Steps that the acts of this feature share. Each runs inside the caller's transaction and writes no audit line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.actor import Actor
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import AddUser, DeleteUser, ListedUser, ModifyUser
from pms.slots import queries, rules
from pms.slots.models import Slot, SlotState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

    from pms.protocol.command import Payload

SUBJECT = "slot"


def hold_lock(session: Session, lock_id: int) -> Lock:
    """The lock's row, held: its slots are given out one after another. NoSuchLock."""
    locks.get_lock(lock_id)
    # Rows that point at the lock may be written meanwhile, also by us before: no deadlock comes of these.
    return session.get_one(Lock, lock_id, with_for_update={"key_share": True}, populate_existing=True)


def hold(session: Session, slot_id: int) -> Slot:
    """The slot, with its lock held. NotFound."""
    hold_lock(session, queries.get(slot_id).lock_id)
    session.get(Slot, slot_id, with_for_update=True, populate_existing=True)
    return queries.get(slot_id)


def door_name(lock: Lock) -> str:
    """What people call the place where a lock is."""
    door = locks.door_of_lock(lock.id)
    return door.name if door is not None else lock.name


def check_ready(lock: Lock) -> None:
    """LockNotReady."""
    if lock.setup is not LockSetup.READY:
        raise rules.LockNotReady(door=door_name(lock))


def give_number(session: Session, lock: Lock, slot: Slot, now: datetime) -> None:
    """Give a new slot its place in the lock, which is held. LockFull."""
    number = rules.free_slot(queries.taken_numbers(lock.id))
    if number is None:
        raise rules.LockFull(door=door_name(lock))
    slot.number, slot.state, slot.changed_at = number, SlotState.WAITING, now
    session.add(slot)
    session.flush()


def queue_add(slot: Slot, actor: Actor, now: datetime, request_id: str | None = None) -> None:
    """Ask the lock to store it."""
    queue(slot, AddUser.list_for(user_of(slot), slot.content or b"", slot.window), actor, now, request_id)


def queue_change(slot: Slot, actor: Actor, now: datetime, request_id: str | None = None) -> None:
    """Have the lock store the present version, in whatever way it can be told."""
    if slot.state is SlotState.WAITING and not slot.is_sent:
        lock_commands.drop(subject_kind=SUBJECT, subject_id=slot.id, now=now)
        queue_add(slot, actor, now, request_id)
        return
    if slot.state is SlotState.ADDED:
        slot.state = SlotState.CHANGING
    queue(slot, ModifyUser.list_for(user_of(slot), slot.content or b"", slot.window), actor, now, request_id)


def take_away(slot: Slot, actor: Actor, now: datetime, request_id: str | None = None) -> None:
    """Take back what was not sent, and have a lock that may hold it let it go. Nothing of its content stays here."""
    after = rules.after_removal(slot.state, is_sent=slot.is_sent)
    if after is slot.state:
        return
    slot.content = None
    slot.state, slot.changed_at = after, now
    lock_commands.withdraw(subject_kind=SUBJECT, subject_id=slot.id, now=now)
    if after is SlotState.REMOVING:
        queue(slot, [DeleteUser(slot=slot.number)], actor, now, request_id)


def queue(slot: Slot, payloads: Sequence[Payload], actor: Actor, now: datetime, request_id: str | None = None) -> None:
    """Ask the lock for something about this slot."""
    lock_commands.queue(
        lock_id=slot.lock_id,
        payloads=payloads,
        subject_kind=SUBJECT,
        subject_id=slot.id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def user_of(slot: Slot) -> ListedUser:
    """The slot on the wire."""
    return ListedUser(
        slot=slot.number or 0,
        kind=slot.kind.wire,
        credential_id=slot.credential_id,
        not_before=rules.seconds(slot.valid_from, otherwise=0),
        not_after=rules.seconds(slot.valid_until, otherwise=rules.NEVER),
        role=slot.role.wire,
    )


def maker_of(slot: Slot) -> Actor:
    """Who is named where the program itself goes on with what somebody began."""
    return maker_named(slot.made_by)


def maker_named(name: str) -> Actor:
    """The same, by name."""
    return Actor(kind="job", name=name)


def note(slot: Slot, action: str, actor: Actor, now: datetime, after: dict[str, Any] | None = None) -> None:
    """The audit line about a slot."""
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="slot",
            id=slot.id,
            label=slot.name or (slot.door.name if slot.door else ""),
            lock_id=slot.lock_id,
            room_id=slot.door.room_id if slot.door else None,
            guest_id=slot.guest_id,
            stay_id=slot.stay_id,
        ),
        now=now,
        after={
            "kind": slot.kind.value,
            "door": slot.door.name if slot.door else "",
            "slot": slot.number,
            **(after or {}),
        },
    )
