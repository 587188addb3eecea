"""Reads of slots. What is stored in them is nobody's to read, but for the digits of codes (`passcodes.service.show_stored`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.accounts.models import Account
from pms.core.db import db
from pms.core.errors import NotFound
from pms.properties import queries as properties
from pms.slots import comparing, rules
from pms.slots.models import Consent, ListedSlot, Slot, SlotKind, SlotState, SlotSync
from pms.stays import rules as stay_rules
from pms.stays.models import Stay

if TYPE_CHECKING:
    from pms.slots.comparing import Difference

_IN_USE = Slot.state.not_in(rules.UNUSED)


def get(slot_id: int) -> Slot:
    """The slot with its door; NotFound."""
    found = find(slot_id)
    if found is None:
        raise NotFound
    return found


def find(slot_id: int) -> Slot | None:
    """The slot with its door, or None."""
    return db.session.scalars(_slots().where(Slot.id == slot_id)).one_or_none()


def find_by_request(request_id: str | None) -> Slot | None:
    """What was stored or reported with this id, or None."""
    if request_id is None:
        return None
    return db.session.scalars(_slots().where(Slot.request_id == request_id)).one_or_none()


def find_in_use(lock_id: int, number: int) -> Slot | None:
    """What the book has in a slot of a lock, or None."""
    return db.session.scalars(_slots().where(Slot.lock_id == lock_id, Slot.number == number, _IN_USE)).one_or_none()


def get_in_use(lock_id: int, number: int) -> Slot:
    """What the book has in a slot of a lock; NotFound."""
    found = find_in_use(lock_id, number)
    if found is None:
        raise NotFound
    return found


def find_by_credential(lock_id: int, credential_id: int) -> Slot | None:
    """What a door's record names, the one that was stored last if there were several, or None."""
    return db.session.scalars(
        _slots()
        .where(Slot.lock_id == lock_id, Slot.credential_id == credential_id, Slot.state != SlotState.NOT_SENT)
        .order_by(Slot.id.desc())
        .limit(1)
    ).first()


def of_lock(lock_id: int) -> Sequence[Slot]:
    """What the book has in a lock, by slot; at most as many as a lock has room for."""
    return db.session.scalars(
        _slots().where(Slot.lock_id == lock_id, _IN_USE, Slot.number.is_not(None)).order_by(Slot.number)
    ).all()


def refused_of_lock(lock_id: int) -> Sequence[Slot]:
    """What the lock refused to store, the newest first."""
    return db.session.scalars(
        _slots().where(Slot.lock_id == lock_id, Slot.state == SlotState.REFUSED).order_by(Slot.id.desc()).limit(20)
    ).all()


def of_stay(stay_id: int) -> Sequence[Slot]:
    """Everything that locks store, or stored, for a stay, newest first; captured fingerprints apart."""
    return db.session.scalars(
        _slots()
        .where(Slot.stay_id == stay_id, Slot.fingerprint_id.is_(None), Slot.state != SlotState.NOT_SENT)
        .order_by(Slot.id.desc())
    ).all()


def wanted_of_stay(stay_id: int) -> Sequence[Slot]:
    """What is meant to open for a stay, fingerprints too."""
    return db.session.scalars(
        _slots().where(Slot.stay_id == stay_id, Slot.state.in_(rules.WANTED)).order_by(Slot.id)
    ).all()


def of_stays(stay_ids: Collection[int]) -> Sequence[Slot]:
    """What locks store for many stays, are to store, have not let go yet, or would not take; fingerprints too, oldest first."""
    states = rules.WANTED | rules.MAY_HOLD | {SlotState.REFUSED}
    return db.session.scalars(
        _slots().where(Slot.stay_id.in_(stay_ids), Slot.state.in_(states)).order_by(Slot.id)
    ).all()


def listed_in(lock_ids: Collection[int]) -> dict[tuple[int, int], ListedSlot]:
    """What some locks themselves say that they have, by lock and slot."""
    rows = db.session.scalars(sa.select(ListedSlot).where(ListedSlot.lock_id.in_(lock_ids)))
    return {(row.lock_id, row.number): row for row in rows}


def templates_of_person(*, guest_id: int | None, account_id: int | None) -> Sequence[Slot]:
    """What of somebody's body is meant to open; captured fingerprints apart."""
    return db.session.scalars(
        _slots()
        .where(
            Slot.guest_id == guest_id,
            Slot.account_id == account_id,
            Slot.kind.in_(rules.TEMPLATES),
            Slot.fingerprint_id.is_(None),
            Slot.state.in_(rules.WANTED),
        )
        .order_by(Slot.id)
    ).all()


def overdue(now: datetime, *, limit: int) -> Sequence[Slot]:
    """What opens nothing any more, and what belongs to staff who may not log in any more; captured fingerprints apart."""
    gone = sa.select(Account.id).where(Account.is_active.is_(False))
    return db.session.scalars(
        _slots()
        .where(
            Slot.state.in_(rules.WANTED),
            Slot.fingerprint_id.is_(None),
            sa.or_(Slot.valid_until <= now, Slot.account_id.in_(gone)),
        )
        .order_by(Slot.id)
        .limit(limit)
    ).all()


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a slot of which a lock is to be told something."""

    state: SlotState
    # Why it opens nothing any more; None while it does.
    over: str | None


def standings(slot_ids: Collection[int], now: datetime) -> dict[int, Standing]:
    """How it stands with many slots, in one query."""
    rows = db.session.execute(
        sa.select(Slot.id, Slot.state, Slot.valid_until, Stay.state, Account.is_active)
        .outerjoin(Stay, Stay.id == Slot.stay_id)
        .outerjoin(Account, Account.id == Slot.account_id)
        .where(Slot.id.in_(slot_ids))
    )
    return {
        slot_id: Standing(state, rules.why_over(until, stay, has_left=is_active is False, now=now))
        for slot_id, state, until, stay, is_active in rows
    }


def list_of_kind(kind: SlotKind, *, limit: int, before: int | None = None) -> Sequence[Slot]:
    """What locks store of a kind, the newest first; from below an id on."""
    query = _slots().where(Slot.kind == kind, _IN_USE)
    if before is not None:
        query = query.where(Slot.id < before)
    return db.session.scalars(query.order_by(Slot.id.desc()).limit(limit)).all()


def count_of_kind(kind: SlotKind) -> int:
    """How many of a kind there are in all locks."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(Slot).where(Slot.kind == kind, _IN_USE)) or 0


def count_by_kind() -> dict[SlotKind, int]:
    """The same for every kind."""
    rows = db.session.execute(sa.select(Slot.kind, sa.func.count()).where(_IN_USE).group_by(Slot.kind))
    counts = dict.fromkeys(SlotKind, 0)
    counts.update((kind, count) for kind, count in rows)
    return counts


def taken_numbers(lock_id: int) -> set[int]:
    """The slots of a lock that may be in use: by the book, or by the lock's own word."""
    ours = db.session.scalars(sa.select(Slot.number).where(Slot.lock_id == lock_id, Slot.number.is_not(None), _IN_USE))
    return {number for number in ours if number is not None} | listed(lock_id).keys()


def listed(lock_id: int) -> dict[int, ListedSlot]:
    """What the lock itself says that it has, by slot."""
    rows = db.session.scalars(sa.select(ListedSlot).where(ListedSlot.lock_id == lock_id))
    return {row.number: row for row in rows}


def running_syncs(sync_ids: Collection[int]) -> set[int]:
    """Those of them that wait for a page of the lock's list."""
    return set(db.session.scalars(sa.select(SlotSync.id).where(SlotSync.id.in_(sync_ids), SlotSync.is_running)))


def find_sync(lock_id: int) -> SlotSync | None:
    """How far the lock's list got, or None where it was never asked for."""
    return db.session.scalars(sa.select(SlotSync).where(SlotSync.lock_id == lock_id)).one_or_none()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The book beside the lock's own list."""

    differences: list[Difference]
    # None: the lock never listed all that it has.
    listed_at: datetime | None
    is_running: bool
    status: int | None


def compare(lock_id: int) -> Comparison:
    """Where the book and the lock's own list differ."""
    sync = find_sync(lock_id)
    return Comparison(
        comparing.differences(of_lock(lock_id), listed(lock_id)),
        sync.listed_at if sync else None,
        sync.is_running if sync else False,
        sync.status if sync else None,
    )


def present_consent(*, guest_id: int | None, account_id: int | None) -> Consent | None:
    """The consent in force for the present text, or None."""
    return db.session.scalars(
        sa.select(Consent)
        .where(
            Consent.guest_id == guest_id,
            Consent.account_id == account_id,
            Consent.text_version == rules.CONSENT_VERSION,
            Consent.withdrawn_at.is_(None),
        )
        .order_by(Consent.id.desc())
        .limit(1)
    ).first()


def stay_ends(stay: Stay) -> datetime:
    """Until when what is stored for a stay opens: the hour by which the party leaves."""
    return stay_rules.leaves_at(stay, properties.get_property())


def _slots() -> sa.Select[Slot]:
    return sa.select(Slot).options(joinedload(Slot.door), joinedload(Slot.lock))
