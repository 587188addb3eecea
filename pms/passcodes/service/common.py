"""What every write to passcodes needs: the lock that is held, the digits, the line in the trail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.locks.models import Lock
from pms.passcodes import queries, rules
from pms.passcodes.models import Passcode, PasscodeProof, PasscodeState
from pms.protocol.passcode import encode_passcode, encode_permission
from pms.stays import queries as stays

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Door
    from pms.passcodes.rules import Choice
    from pms.stays.models import Stay

SUBJECT = "passcode"
"""Whose commands to locks are about revoking a permanent code."""


@dataclass(frozen=True, slots=True)
class ShownPasscode:
    """A code with its ten digits, for the eyes of the person who asked and nobody else's log."""

    digits: str = field(repr=False)
    passcode: Passcode


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a code is for: the guest of a stay, or somebody with a name."""

    stay_id: int | None = None
    name: str = ""
    note: str = ""


def hold(session: Session, lock_id: int) -> Lock:
    """The lock, held against others who give out codes of it; NoSuchLock."""
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise locks.NoSuchLock
    return lock


def hold_ready(session: Session, lock_id: int) -> tuple[Door, Lock]:
    """The lock and its door, where codes can be made: NoSuchLock, LockHangsNowhere, NoLock, LockMoved, LockBetweenKeys."""
    lock = hold(session, lock_id)
    door = locks.door_of_lock(lock_id)
    if door is None:
        raise rules.LockHangsNowhere(lock=lock.name)
    rules.check_lock(lock.setup, door=door.name)
    return door, lock


def store(
    session: Session,
    *,
    door: Door,
    lock: Lock,
    choice: Choice,
    epoch: int,
    holder: Holder,
    request_id: str,
    actor: Actor,
    now: datetime,
    replaces: Passcode | None = None,
    was_added: bool = False,
) -> Passcode:
    """The row of a new code, with everything that pages show."""
    permission = encode_permission(choice.permission)
    digits = encode_passcode(lock_keys.code_key_of(lock), epoch, choice.permission)
    passcode = Passcode(
        stay_id=holder.stay_id,
        holder_name=holder.name,
        note=holder.note,
        door_id=door.id,
        lock_id=lock.id,
        kind=choice.kind,
        life=lock.life,
        epoch=epoch,
        permission=permission,
        digits_index=queries.index_of(digits),
        valid_from=choice.valid_from,
        valid_until=choice.valid_until,
        state=PasscodeState.ACTIVE,
        proof=PasscodeProof.BELIEVED,
        was_added=was_added,
        replaces_id=replaces.id if replaces is not None else None,
        party_id=(replaces.party_id or replaces.id) if replaces is not None else None,
        made_by=actor.name,
        made_at=now,
        request_id=request_id,
    )
    session.add(passcode)
    session.flush()
    return queries.get_passcode(passcode.id)


def shown(passcode: Passcode) -> ShownPasscode:
    """The code with its digits; NotAlive where the lock has other keys now, or hangs elsewhere."""
    if not queries.has_digits(passcode):
        raise rules.NotAlive
    permission = queries.permission_of(passcode)
    return ShownPasscode(encode_passcode(lock_keys.code_key_of(passcode.lock), passcode.epoch, permission), passcode)


def confirm(code: Passcode, at: datetime) -> None:
    """The lock's own record shows it."""
    code.proof, code.proved_at = PasscodeProof.CONFIRMED, at


def bury(code: Passcode, at: datetime) -> None:
    """The lock does not take it any more, and said so."""
    if code.state is not PasscodeState.USED:
        code.state = PasscodeState.REVOKED
    confirm(code, at)


def stay_of(passcode: Passcode) -> Stay | None:
    """The stay whose guest it is for."""
    return stays.get_stay(passcode.stay_id) if passcode.stay_id is not None else None


def checked(holder: Holder) -> Holder:
    """The holder as it is kept; NobodyNamed, NotFound for a stay that does not exist, StayEnded."""
    if holder.stay_id is not None:
        rules.check_stay(stays.get_stay(holder.stay_id).state)
    name = rules.holder_name(holder.name, has_stay=holder.stay_id is not None)
    return Holder(holder.stay_id, name, rules.line(holder.note)[: rules.MAX_NOTE])


def written(
    action: str,
    passcode: Passcode,
    actor: Actor,
    now: datetime,
    after: dict[str, object] | None = None,
) -> None:
    """One line in the trail; never with digits."""
    stay = stay_of(passcode)
    label = f"{stay.guest.name}, {stay.room.number if stay.room else '–'}" if stay else _label(passcode)
    audit.record(
        actor=actor,
        action=action,
        subject=subject_of(passcode, label, stay),
        now=now,
        after=after,
    )


def subject_of(passcode: Passcode, label: str, stay: Stay | None) -> audit.Subject:
    """What the trail names."""
    return audit.Subject(
        kind=SUBJECT,
        id=passcode.id,
        label=label,
        stay_id=passcode.stay_id,
        guest_id=stay.guest_id if stay else None,
        room_id=stay.room_id if stay else passcode.door.room_id,
        lock_id=passcode.lock_id,
    )


def _label(passcode: Passcode) -> str:
    return f"{passcode.holder_name}, {passcode.door.name}" if passcode.holder_name else passcode.door.name
