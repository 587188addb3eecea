"""Reads of passcodes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.locks.models import Door
from pms.passcodes.models import Passcode, PasscodeKind

_LOADED = (joinedload(Passcode.door).joinedload(Door.room), joinedload(Passcode.door).joinedload(Door.lock))


def passcodes_of_stay(stay_id: int) -> Sequence[Passcode]:
    """The codes of a stay, newest first, clear codes among them."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.stay_id == stay_id).options(*_LOADED).order_by(Passcode.id.desc())
    ).all()


def get_passcode(passcode_id: int) -> Passcode:
    """One code with its door and lock; NotFound."""
    code = db.session.scalars(sa.select(Passcode).where(Passcode.id == passcode_id).options(*_LOADED)).one_or_none()
    if code is None:
        raise NotFound
    return code


def find_by_request(request_id: str) -> Passcode | None:
    """The code that this form made before."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.request_id == request_id).options(*_LOADED)
    ).one_or_none()


def find_by_permission(lock_id: int, permission: int) -> Passcode | None:
    """The newest code of a lock with this number: in two epochs the same number can be given out."""
    return db.session.scalars(
        sa.select(Passcode)
        .where(Passcode.lock_id == lock_id, Passcode.permission == permission)
        .options(*_LOADED)
        .order_by(Passcode.id.desc())
    ).first()


def first_of_party(stay_id: int, lock_id: int, epoch: int) -> Passcode | None:
    """The party's first code at a lock in an epoch: later ones take its start, so that they do not end it."""
    return db.session.scalars(
        sa.select(Passcode)
        .where(
            Passcode.stay_id == stay_id,
            Passcode.lock_id == lock_id,
            Passcode.epoch == epoch,
            Passcode.kind != PasscodeKind.CLEAR,
        )
        .order_by(Passcode.id)
    ).first()


def of_lock(lock_id: int) -> Sequence[Passcode]:
    """Every code of a lock, for rows that are about to change together."""
    return db.session.scalars(sa.select(Passcode).where(Passcode.lock_id == lock_id).order_by(Passcode.id)).all()
