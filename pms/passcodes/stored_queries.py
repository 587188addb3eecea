"""Reads of the passcodes that locks store: slots of the kind "passcode", as lists and details of passcodes show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.sealing import vault
from pms.guests.models import Guest
from pms.locks.models import Door
from pms.passcodes import rules
from pms.passcodes.filters import Filters
from pms.passcodes.rules import Life
from pms.slots import rules as slot_rules
from pms.slots.models import Slot, SlotKind
from pms.stays import queries as stays
from pms.stays.models import Stay


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A code that a lock stores, without its digits."""

    slot: Slot
    life: Life

    is_stored = True

    @property
    def id(self) -> int:
        """By this the list is paged: ids of both sorts of codes rise with time."""
        return self.slot.id

    @property
    def is_alive(self) -> bool:
        """Whether the lock may take it, now or later."""
        return rules.is_alive(self.life)

    @property
    def has_digits(self) -> bool:
        """Whether its digits are known here, and mean something."""
        return self.is_alive and self.slot.content_sealed is not None

    @property
    def door_name(self) -> str:
        """The door that the lock hung on when it was stored, else the lock."""
        return self.slot.door.name if self.slot.door else self.slot.lock.name


def find_line(slot_id: int, *, now: datetime) -> StoredLine | None:
    """The code with this id, or None."""
    slot = db.session.scalars(_codes().where(Slot.id == slot_id)).one_or_none()
    return line_of(slot, now) if slot is not None else None


def with_digits(digits: str, *, now: datetime, limit: int) -> list[StoredLine]:
    """Codes with these digits, the newest first."""
    content = slot_rules.packed(SlotKind.PASSCODE, digits)
    index = vault().blind(content.hex(), "slot_content")
    query = _codes().where(Slot.content_index == index).order_by(Slot.id.desc()).limit(limit)
    return [line_of(slot, now) for slot in db.session.scalars(query)]


def get_line(slot_id: int, *, now: datetime) -> StoredLine:
    """The code with this id; NotFound."""
    line = find_line(slot_id, now=now)
    if line is None:
        raise NotFound
    return line


def line_of(slot: Slot, now: datetime) -> StoredLine:
    """The slot with the truth about it."""
    return StoredLine(
        slot,
        rules.stored_life(state=slot.state, valid_from=slot.valid_from, valid_until=slot.valid_until, now=now),
    )


def newest(filters: Filters, *, now: datetime, before_id: int | None, size: int) -> list[StoredLine]:
    """The newest that match, at most `size`; from below an id on."""
    if not filters.takes_stored:
        return []
    query = _codes().where(*_conditions(filters, now))
    if before_id is not None:
        query = query.where(Slot.id < before_id)
    return [line_of(slot, now) for slot in db.session.scalars(query.order_by(Slot.id.desc()).limit(size))]


def count(filters: Filters, *, now: datetime) -> int:
    """How many match."""
    if not filters.takes_stored:
        return 0
    query = sa.select(sa.func.count()).select_from(Slot).where(_IS_CODE, *_conditions(filters, now))
    return db.session.scalars(query).one()


_IS_CODE = Slot.kind == SlotKind.PASSCODE
_IS_OVER = Slot.state.in_(slot_rules.UNUSED)


def _codes() -> sa.Select[Slot]:
    return sa.select(Slot).where(_IS_CODE).options(joinedload(Slot.door), joinedload(Slot.lock))


def _conditions(filters: Filters, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    # As `rules.stored_life` says it of one code.
    alive = sa.and_(sa.not_(_IS_OVER), sa.or_(Slot.valid_until.is_(None), Slot.valid_until >= now))
    if filters.show in ("alive", "ended"):
        found.append(alive if filters.show == "alive" else sa.not_(alive))
    if filters.lock_id is not None:
        found.append(Slot.lock_id == filters.lock_id)
    if filters.door_id is not None:
        found.append(Slot.door_id == filters.door_id)
    if filters.text.strip():
        found.append(_with_text(filters.text.strip()))
    return found


def _with_text(text: str) -> sa.ColumnElement[bool]:
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    guest_ids = [hit.guest.id for hit in stays.search(text, limit=50)]
    return sa.or_(
        Slot.door_id.in_(sa.select(Door.id).where(Door.name.ilike(f"{pattern}%", escape="\\"))),
        Slot.name.ilike(f"%{pattern}%", escape="\\"),
        Slot.stay_id.in_(sa.select(Stay.id).join(Guest, Guest.id == Stay.guest_id).where(Guest.id.in_(guest_ids))),
    )
