"""Reads of passcodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.locks.models import Door, Lock
from pms.passcodes import rules
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeStart, PasscodeState
from pms.passcodes.rules import Life
from pms.stays.models import Stay, StayState

_LOADED = (joinedload(Passcode.door).joinedload(Door.lock), joinedload(Passcode.door).joinedload(Door.room))


@dataclass(frozen=True, slots=True)
class PasscodeLine:
    """A code as a list shows it, without its digits."""

    passcode: Passcode
    life: Life

    @property
    def is_alive(self) -> bool:
        """Whether the door may still take it."""
        return rules.is_alive(self.life)

    @property
    def opens_until(self) -> datetime:
        """The last instant at which the door would take it."""
        return self.passcode.valid_until + rules.GRACE


def get_passcode(passcode_id: int) -> Passcode:
    """The code with door and lock; NotFound."""
    passcode = db.session.scalars(sa.select(Passcode).where(Passcode.id == passcode_id).options(*_LOADED)).one_or_none()
    if passcode is None:
        raise NotFound
    return passcode


def find_by_request(request_id: str) -> Passcode | None:
    """The code that a form has made already, or None."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.request_id == request_id).options(*_LOADED)
    ).one_or_none()


def passcodes_of_stay(stay_id: int) -> Sequence[Passcode]:
    """Every code of a stay, newest first."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.stay_id == stay_id).options(*_LOADED).order_by(Passcode.id.desc())
    ).all()


def lines_of_stay(stay_id: int, *, now: datetime) -> list[PasscodeLine]:
    """The codes of a stay as the page lists them, newest first."""
    return [PasscodeLine(passcode, life_of(passcode, now)) for passcode in passcodes_of_stay(stay_id)]


def life_of(passcode: Passcode, now: datetime) -> Life:
    """What can honestly be said about a code now."""
    return rules.life(
        state=passcode.state,
        is_ended=passcode.ended_at is not None,
        valid_from=passcode.valid_from,
        valid_until=passcode.valid_until,
        now=now,
    )


def find_same(lock_id: int, epoch: int, permission: int, stay_id: int) -> Passcode | None:
    """The code that a stay has already with this very permission, or None."""
    return db.session.scalars(
        sa.select(Passcode)
        .where(
            Passcode.lock_id == lock_id,
            Passcode.epoch == epoch,
            Passcode.permission == permission,
            Passcode.stay_id == stay_id,
            Passcode.state != PasscodeState.REVOKED,
        )
        .options(*_LOADED)
        .order_by(Passcode.id.desc())
        .limit(1)
    ).first()


def codes_of_lock(lock_id: int) -> Sequence[Passcode]:
    """Every code of a lock that the lock is not known to have ended."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.lock_id == lock_id, Passcode.state != PasscodeState.REVOKED)
    ).all()


def count_dying_with(passcode: Passcode, *, now: datetime) -> int:
    """How many other living codes of the door a clear code for this one ends."""
    return sum(
        code.id != passcode.id
        and code.kind is not PasscodeKind.CLEAR
        and code.epoch <= passcode.epoch
        and rules.is_alive(life_of(code, now))
        for code in codes_of_lock(passcode.lock_id)
    )


def start_of_stay(lock: Lock, epoch: int, stay_id: int) -> PasscodeStart | None:
    """The start that a stay got at a lock in an epoch, the latest if there are several."""
    return db.session.scalars(
        sa.select(PasscodeStart)
        .where(
            PasscodeStart.lock_id == lock.id,
            PasscodeStart.life == lock.life,
            PasscodeStart.epoch == epoch,
            PasscodeStart.stay_id == stay_id,
        )
        .order_by(PasscodeStart.starts_at.desc())
        .limit(1)
    ).first()


def starts_of_others(lock: Lock, epoch: int, stay_id: int, room_id: int | None) -> list[rules.Start]:
    """The starts of other parties at a lock in an epoch; `is_gone` where the party cancelled or moved to another room."""
    rows = db.session.execute(
        sa.select(PasscodeStart.starts_at, Stay.state, Stay.room_id)
        .join(Stay, Stay.id == PasscodeStart.stay_id)
        .where(
            PasscodeStart.lock_id == lock.id,
            PasscodeStart.life == lock.life,
            PasscodeStart.epoch == epoch,
            PasscodeStart.stay_id != stay_id,
        )
    )
    gone = (StayState.CANCELLED, StayState.NO_SHOW)
    return [rules.Start(starts_at, state in gone or other_room != room_id) for starts_at, state, other_room in rows]
