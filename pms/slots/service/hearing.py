"""What locks say of their slots: answers to our commands, and their own lists."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db, transaction
from pms.lock_commands import queries as lock_commands
from pms.lock_commands import service as outbox
from pms.protocol.command import AddUser, AnswerStatus, DeleteUser, ListUsers, ModifyUser, UserList
from pms.protocol.command_users import MAX_LISTED
from pms.slots import queries, rules
from pms.slots.models import ListedSlot, Slot, SlotKind, SlotRole, SlotState, SlotSync
from pms.slots.service import steps, syncing

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.protocol.command import ListedUser

_HEARD = {
    SlotState.ADDED: "slots.added",
    SlotState.REMOVED: "slots.removed",
    SlotState.REFUSED: "slots.refused",
}
# The lock holds something that the book does not know of: it is asked for its list.
_SURPRISING = (AnswerStatus.ALREADY_THERE, AnswerStatus.FULL)


def commands_sent(*, slot_ids: Collection[int]) -> None:
    """Frames about these slots left: from now on the locks may know them. Joins the caller's transaction."""
    with transaction() as session:
        session.execute(
            sa.update(Slot)
            .where(Slot.id.in_(slot_ids), ~Slot.is_sent)
            .values(is_sent=True)
            .execution_options(synchronize_session="fetch")
        )


def command_answered(*, slot_id: int, command: int, status: AnswerStatus, actor: Actor, now: datetime) -> None:
    """What the lock said of a slot; its word that something is gone is the proof in the trail. Joins the transaction."""
    with transaction() as session:
        slot = queries.get(slot_id)
        before, is_done = slot.state, status is AnswerStatus.DONE
        after = rules.after_answer(before, command, status, is_more_to_come=_is_more_to_come(slot_id))
        slot.status = None if is_done or after is SlotState.REMOVED else int(status)
        if after is not None:
            _settle(slot, after, now)
        _follow(session, slot, command, status, now)
        session.flush()
        if command != DeleteUser.command and status in _SURPRISING:
            syncing.begin(session, slot.lock_id, steps.maker_of(slot), now)
        action = _HEARD.get(slot.state) if slot.state is not before else None
        if before is SlotState.CHANGING or (action is None and not is_done):
            action = "slots.change_taken" if is_done else "slots.answer_refused"
        if action is not None:
            steps.note(slot, action, actor, now, {"status": status.name.lower()})


def _is_more_to_come(slot_id: int) -> bool:
    asked = lock_commands.of_subject(steps.SUBJECT, slot_id)
    return any(
        command.state in lock_commands.OPEN and command.command in (AddUser.command, ModifyUser.command)
        for command in asked
    )


def _settle(slot: Slot, after: SlotState, now: datetime) -> None:
    slot.state, slot.changed_at = after, now
    if after is SlotState.REFUSED:
        slot.content = None
        # A change of what is not there is of no use.
        outbox.drop(subject_kind=steps.SUBJECT, subject_id=slot.id, now=now)


def _follow(session: Session, slot: Slot, command: int, status: AnswerStatus, now: datetime) -> None:
    """The lock's own word changes what we know that it has."""
    is_gone = status is AnswerStatus.NO_SUCH_ITEM or (status is AnswerStatus.DONE and command == DeleteUser.command)
    if is_gone:
        _forget(session, slot.lock_id, {slot.number or 0})
        if slot.state is SlotState.ADDED:
            slot.missed_at = now
    elif status is AnswerStatus.DONE and slot.state is SlotState.ADDED:
        slot.seen_at, slot.missed_at = now, None
        session.merge(_as_listed(slot.lock_id, steps.user_of(slot), now))


def list_answered(*, sync_id: int, status: AnswerStatus, users: UserList | None, actor: Actor, now: datetime) -> None:
    """A page of a lock's list is here: keep it, and ask for the next one, until all were listed."""
    with transaction() as session:
        sync = session.get_one(SlotSync, sync_id)
        if not sync.is_running:
            return
        sync.status = None if status is AnswerStatus.DONE else int(status)
        if users is None:
            sync.is_running = False
            syncing.note(sync, "slots.list_refused", actor, now, {"status": status.name.lower()})
            return
        upto = _keep(session, sync.lock_id, users, sync.after_number, now)
        if upto is not None:
            sync.after_number = upto
            syncing.ask(sync, ListUsers(sync.after_number), steps.maker_named(sync.asked_by), now)
            return
        sync.is_running, sync.listed_at = False, now
        session.flush()
        syncing.note(sync, "slots.listed", actor, now, _counted(sync.lock_id))


def note_users(*, lock_id: int, users: UserList, actor: Actor, now: datetime) -> None:
    """A lock reported of itself what it has (0702): at most 20, from its first slot on. Answers to 0103 come by themselves.

    Joins the caller's transaction; the same report again changes nothing.
    """
    with transaction() as session:
        steps.hold_lock(session, lock_id)
        upto = _keep(session, lock_id, users, 0, now)
        sync = syncing.of_lock(session, lock_id)
        if upto is None:
            sync.listed_at = now
        session.flush()
        syncing.note(sync, "slots.listed", actor, now, _counted(lock_id))


def _counted(lock_id: int) -> dict[str, int]:
    return {"count": len(queries.listed(lock_id)), "differences": len(queries.compare(lock_id).differences)}


def _keep(session: Session, lock_id: int, users: UserList, after: int, now: datetime) -> int | None:
    """Put a page of a list in the place of what was known of these slots; up to which slot, None for the last page."""
    named = {user.slot: user for user in users.users if user.kind.name in SlotKind.__members__ and user.slot > after}
    last = max((user.slot for user in users.users), default=0)
    # A page that does not go on would be asked for without end.
    is_whole = len(users.users) < MAX_LISTED or last <= after
    upto = 0xFFFF if is_whole else last
    gone = {number for number in queries.listed(lock_id) if after < number <= upto} - named.keys()
    _forget(session, lock_id, gone)
    for user in named.values():
        session.merge(_as_listed(lock_id, user, now))
    _heal(session, lock_id, named)
    for slot in queries.of_lock(lock_id):
        number = slot.number or 0
        if slot.state is SlotState.ADDED and after < number <= upto:
            slot.seen_at, slot.missed_at = (now, None) if number in named else (slot.seen_at, now)
    session.flush()
    return None if is_whole else upto


def _heal(session: Session, lock_id: int, named: dict[int, ListedUser]) -> None:
    """What the lock refused because it had it already is there."""
    in_use = {slot.number for slot in queries.of_lock(lock_id)}
    for slot in queries.refused_of_lock(lock_id):
        user = named.get(slot.number or 0)
        is_it = user is not None and (user.credential_id, user.kind) == (slot.credential_id, slot.kind.wire)
        if is_it and slot.number not in in_use:
            slot.state, slot.status = SlotState.ADDED, None
            in_use.add(slot.number)
    session.flush()


def _as_listed(lock_id: int, user: ListedUser, now: datetime) -> ListedSlot:
    return ListedSlot(
        lock_id=lock_id,
        number=user.slot,
        kind=SlotKind[user.kind.name],
        credential_id=user.credential_id,
        valid_from=rules.instant(user.not_before),
        valid_until=rules.instant(user.not_after),
        role=SlotRole[user.role.name],
        seen_at=now,
    )


def _forget(session: Session, lock_id: int, numbers: Collection[int]) -> None:
    session.execute(sa.delete(ListedSlot).where(ListedSlot.lock_id == lock_id, ListedSlot.number.in_(numbers)))


def forget_lock(*, lock_id: int, actor: Actor, now: datetime) -> int:
    """The lock has wiped itself (0501 was answered, or it reported 0502): by its own word it holds nothing any more.

    How many slots that ended. Joins the caller's transaction.
    """
    with transaction() as session:
        steps.hold_lock(session, lock_id)
        held = [slot for slot in queries.of_lock(lock_id) if slot.state is not SlotState.WANTED]
        for slot in held:
            slot.content = None
            outbox.drop(subject_kind=steps.SUBJECT, subject_id=slot.id, now=now)
            slot.state, slot.changed_at = SlotState.REMOVED, now
        session.execute(sa.delete(ListedSlot).where(ListedSlot.lock_id == lock_id))
        sync = syncing.of_lock(session, lock_id)
        sync.listed_at, sync.is_running = now, False
        db.session.flush()
        syncing.note(sync, "slots.wiped", actor, now, {"count": len(held)})
        return len(held)
