"""Reads of fingerprints. The template is nobody's to read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from pms.accounts.models import Account
from pms.core.db import db
from pms.core.errors import NotFound
from pms.credentials import rules
from pms.credentials.models import Fingerprint, FingerState
from pms.encoders import queries as encoders
from pms.encoders.models import EncoderJob, JobKind
from pms.guests.models import Guest
from pms.lock_commands import queries as lock_commands
from pms.lock_commands.models import LockCommand
from pms.locks import queries as locks
from pms.locks.models import Door, Lock, LockSetup
from pms.slots import rules as slot_rules
from pms.slots.models import Slot, SlotKind
from pms.slots.service import SUBJECT

_LOADED = (selectinload(Fingerprint.places).joinedload(Slot.door),)


def get(fingerprint_id: int) -> Fingerprint:
    """The fingerprint with its places; NotFound."""
    found = db.session.scalars(
        sa.select(Fingerprint).where(Fingerprint.id == fingerprint_id).options(*_LOADED)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def find_by_job(job_id: str) -> Fingerprint | None:
    """The fingerprint that a job takes, or None."""
    return db.session.scalars(
        sa.select(Fingerprint).where(Fingerprint.job_id == job_id).options(*_LOADED)
    ).one_or_none()


def get_capture(batch_id: str) -> EncoderJob:
    """The job that takes a finger; NotFound, also for a batch that makes cards."""
    jobs = [job for job in encoders.batch(batch_id) if job.kind is JobKind.FINGER]
    if not jobs:
        raise NotFound
    return jobs[0]


def commands_at(fingerprint: Fingerprint, door_ids: Collection[int]) -> list[LockCommand]:
    """What the locks of some doors were asked last about a fingerprint: all parts of it, in the order of the doors."""
    found: list[LockCommand] = []
    for place in fingerprint.places:
        if place.door_id in door_ids and place.state in slot_rules.MAY_HOLD:
            commands = lock_commands.of_subject(SUBJECT, place.id)
            first = max((at for at, command in enumerate(commands) if command.part == 1), default=0)
            found += commands[first:]
    return found


def find_by_credential(credential_id: int) -> Fingerprint | None:
    """The fingerprint that a door's record names, or None."""
    return db.session.scalars(sa.select(Fingerprint).where(Fingerprint.credential_id == credential_id)).one_or_none()


def of_guest(guest_id: int) -> Sequence[Fingerprint]:
    """Every fingerprint of a guest that was taken, newest first."""
    return _taken(Fingerprint.guest_id == guest_id)


def of_stay(stay_id: int) -> Sequence[Fingerprint]:
    """Those of a stay, newest first."""
    return _taken(Fingerprint.stay_id == stay_id)


def of_account(account_id: int) -> Sequence[Fingerprint]:
    """Those of somebody who works here, newest first."""
    return _taken(Fingerprint.account_id == account_id)


def open_of_stay(stay_id: int) -> Sequence[Fingerprint]:
    """Fingerprints of a stay that are here or about to be."""
    return [finger for finger in _all(Fingerprint.stay_id == stay_id) if rules.is_open(finger.state)]


def overdue(now: datetime, *, limit: int) -> Sequence[Fingerprint]:
    """Fingerprints whose time is over, and those of staff who may not log in any more."""
    gone = sa.select(Account.id).where(Account.is_active.is_(False))
    return _all(
        Fingerprint.state == FingerState.STORED,
        sa.or_(Fingerprint.valid_until <= now, Fingerprint.account_id.in_(gone)),
        limit=limit,
    )


def open_of_person(*, guest_id: int | None, account_id: int | None) -> Sequence[Fingerprint]:
    """Somebody's fingerprints that are here or about to be."""
    found = _all(Fingerprint.guest_id == guest_id, Fingerprint.account_id == account_id)
    return [finger for finger in found if rules.is_open(finger.state)]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A fingerprint that is stored here and is in no lock, nor on its way to one, and whose it is."""

    fingerprint: Fingerprint
    name: str


def list_unplaced(*, limit: int, before: int | None = None) -> list[Unplaced]:
    """Captured fingerprints that no lock has, the newest first; from below an id on."""
    query = _unplaced()
    if before is not None:
        query = query.where(Fingerprint.id < before)
    rows = db.session.execute(query.order_by(Fingerprint.id.desc()).limit(limit)).all()
    return [_name(row[0], row[1], row[2]) for row in rows]


def find_unplaced(fingerprint_id: int) -> Unplaced | None:
    """A captured fingerprint that no lock has, or None."""
    row = db.session.execute(_unplaced().where(Fingerprint.id == fingerprint_id)).one_or_none()
    return None if row is None else _name(row[0], row[1], row[2])


def count_unplaced() -> int:
    """How many captured fingerprints no lock has."""
    return db.session.scalar(_unplaced().with_only_columns(sa.func.count(Fingerprint.id))) or 0


def _unplaced() -> sa.Select[Fingerprint, Guest, Account]:
    placed = sa.select(Slot.id).where(Slot.fingerprint_id == Fingerprint.id, Slot.state.not_in(slot_rules.UNUSED))
    return (
        sa.select(Fingerprint, Guest, Account)
        .outerjoin(Guest, Guest.id == Fingerprint.guest_id)
        .outerjoin(Account, Account.id == Fingerprint.account_id)
        .where(Fingerprint.state == FingerState.STORED, ~placed.exists())
    )


def _name(row: Fingerprint, guest: Guest | None, account: Account | None) -> Unplaced:
    return Unplaced(row, guest.name if guest is not None else account.display_name if account is not None else "")


def doors() -> Sequence[Door]:
    """The doors whose lock is set up and takes fingerprints, in the order of the house."""
    return [door for door in locks.doors() if door.lock is not None and takes_fingers(door.lock)]


def takes_fingers(lock: Lock) -> bool:
    """Whether a lock is ours and has a fingerprint reader; one that does not say what it has is believed to."""
    return lock.setup is LockSetup.READY and slot_rules.takes(lock, SlotKind.FINGERPRINT)


def _taken(*where: sa.ColumnElement[bool]) -> Sequence[Fingerprint]:
    return _all(*where, Fingerprint.state.in_((FingerState.STORED, FingerState.DESTROYED)))


def _all(*where: sa.ColumnElement[bool], limit: int | None = None) -> Sequence[Fingerprint]:
    return db.session.scalars(
        sa.select(Fingerprint).where(*where).options(*_LOADED).order_by(Fingerprint.id.desc()).limit(limit)
    ).all()
