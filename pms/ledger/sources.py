"""The tables of the ledger: where each kind of line comes from, and what the filters mean there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.core.db import db
from pms.keycards.models import CardState, KeyCard, KeyCardGrant
from pms.keycards.rules import GRACE
from pms.ledger.rules import GROUPS, MADE, Kind, Place
from pms.passcodes import queries as passcodes
from pms.passcodes.models import Passcode, PasscodeKind
from pms.slots import rules as slot_rules
from pms.slots.models import Slot, SlotState
from pms.staffcards.models import StaffCard, StaffCardGrant, StaffCardKind
from pms.stays.models import Stay

_Condition = sa.ColumnElement[bool]
_WRITTEN = (CardState.ACTIVE, CardState.UNKNOWN, CardState.ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to show: everything that is given must hold. `since` counts, `until` does not.

    `card` is the number of a plastic or of the credential on it, `made_by` a clerk's name, `holder_id` the account of somebody
    who works here. `kind` is one of `rules.GROUPS`. `only_ids` are keys by id, `without_stay` those of nobody who is booked.
    """

    since: datetime | None = None
    until: datetime | None = None
    room_id: int | None = None
    guest_id: int | None = None
    stay_id: int | None = None
    holder_id: int | None = None
    card: str = ""
    made_by: str = ""
    kind: str = ""
    is_open: bool = False
    without_stay: bool = False
    only_ids: Collection[int] | None = None

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of line that can fit."""
        keys_only = self.is_open or self.without_stay or self.only_ids is not None
        return [kind for kind in Kind if kind in GROUPS[self.kind] and (kind in MADE or not keys_only)]


@dataclass(frozen=True, slots=True)
class Room:
    """What the filters need to know of a room: its door, and the scopes that its door is in."""

    door_id: int | None
    scope_ids: Collection[int] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Source:
    """One table as the ledger reads it. Each of the others says what the rows must be, None where the filter is not asked."""

    model: Any
    at: Any
    always: tuple[_Condition, ...]
    made_by: Any
    of_room: Callable[[Room], _Condition]
    of_stays: Callable[[sa.Select[int]], _Condition]
    of_holder: Callable[[int], _Condition]
    of_card: Callable[[str], _Condition]
    is_open: Callable[[datetime], _Condition]
    without_stay: Callable[[], _Condition]


def places(filters: Filters, *, room: Room | None, after: Place | None, size: int, now: datetime) -> list[list[Place]]:
    """The next places of each kind of line, newest first: one bounded statement for all of them."""
    parts = [_part(kind, filters, room, after, size, now) for kind in filters.kinds]
    found: dict[Kind, list[Place]] = {}
    for kind, row_id, at in _execute(parts):
        found.setdefault(Kind(kind), []).append(Place(at, Kind(kind), row_id))
    return [sorted(rows, reverse=True) for rows in found.values()]


def count(filters: Filters, *, room: Room | None = None, now: datetime) -> int:
    """How many lines there are."""
    parts = [
        sa.select(sa.func.count().label("lines"))
        .select_from(_SOURCES[kind].model)
        .where(*_conditions(_SOURCES[kind], filters, room, now))
        for kind in filters.kinds
    ]
    return sum(db.session.scalars(sa.union_all(*parts))) if parts else 0


def _execute(parts: list[sa.Select[Any]]) -> Any:
    if not parts:
        return ()
    return db.session.execute(sa.union_all(*(sa.select(part.subquery()) for part in parts)))


def _part(
    kind: Kind, filters: Filters, room: Room | None, after: Place | None, size: int, now: datetime
) -> sa.Select[Any]:
    source = _SOURCES[kind]
    conditions = _conditions(source, filters, room, now)
    if after is not None:
        conditions.append(_below(source, kind, after))
    return (
        sa.select(sa.literal(int(kind)).label("kind"), source.model.id.label("id"), source.at.label("at"))
        .where(*conditions)
        .order_by(source.at.desc(), source.model.id.desc())
        .limit(size)
    )


def _below(source: _Source, kind: Kind, after: Place) -> _Condition:
    """What stands below a place: earlier, or at the same instant of a lower rank, or with a lower id."""
    if kind < after.kind:
        found: _Condition = source.at <= after.at
    elif kind > after.kind:
        found = source.at < after.at
    else:
        found = sa.or_(source.at < after.at, sa.and_(source.at == after.at, source.model.id < after.id))
    return found


def _conditions(source: _Source, filters: Filters, room: Room | None, now: datetime) -> list[_Condition]:
    stays = sa.select(Stay.id)
    wanted: list[_Condition | None] = [
        *source.always,
        source.at >= filters.since if filters.since is not None else None,
        source.at < filters.until if filters.until is not None else None,
        source.of_room(room) if room is not None else None,
        source.of_stays(stays.where(Stay.guest_id == filters.guest_id)) if filters.guest_id is not None else None,
        source.of_stays(stays.where(Stay.id == filters.stay_id)) if filters.stay_id is not None else None,
        source.of_holder(filters.holder_id) if filters.holder_id is not None else None,
        source.of_card(filters.card) if filters.card else None,
        source.made_by(filters.made_by) if filters.made_by else None,
        source.is_open(now) if filters.is_open else None,
        source.without_stay() if filters.without_stay else None,
        source.model.id.in_(filters.only_ids) if filters.only_ids is not None else None,
    ]
    return [condition for condition in wanted if condition is not None]


# --- what the filters mean in each table


def _never(*_of: object) -> _Condition:
    return sa.false()


def _is_number(card: str) -> int | None:
    """Credential ids are four bytes."""
    return int(card) if card.isascii() and card.isdecimal() and int(card) <= 0xFFFF_FFFF else None


def _of_plastic(model: Any, card: str) -> _Condition:
    return sa.or_(model.uid == card.lower(), model.credential_id == _is_number(card))


def _card_opens(room: Room) -> _Condition:
    return KeyCard.id.in_(sa.select(KeyCardGrant.key_card_id).where(KeyCardGrant.door_id == room.door_id))


def open_card(now: datetime) -> _Condition:
    """Guests' cards that a door may still take, wanted or not."""
    return sa.and_(_may_open(KeyCard, now), KeyCard.state.in_(_WRITTEN))


def _open_staff(now: datetime) -> _Condition:
    return sa.and_(_may_open(StaffCard, now), StaffCard.kind != StaffCardKind.DENY)


def _may_open(model: Any, now: datetime) -> _Condition:
    return sa.and_(
        model.state.in_(_WRITTEN),
        model.uid.is_not(None),
        model.refused_since.is_(None),
        model.valid_until >= now - GRACE,
    )


def open_slot(now: datetime) -> _Condition:
    """What a lock may hold, within its time."""
    return sa.and_(Slot.state.in_(slot_rules.MAY_HOLD), sa.or_(Slot.valid_until.is_(None), Slot.valid_until >= now))


def _staff_opens(room: Room) -> _Condition:
    grants = sa.select(StaffCardGrant.staff_card_id).where(
        StaffCardGrant.denies_id.is_(None),
        sa.or_(StaffCardGrant.door_id == room.door_id, StaffCardGrant.scope_id.in_(room.scope_ids)),
    )
    return StaffCard.id.in_(grants)


def _record_of(model: Any, column: Any, condition: _Condition) -> _Condition:
    result: _Condition = column.in_(sa.select(model.id).where(condition))
    return result


def _record_of_card(card: str) -> _Condition:
    return sa.or_(
        _record_of(KeyCard, AccessRecord.key_card_id, _of_plastic(KeyCard, card)),
        _record_of(StaffCard, AccessRecord.staff_card_id, _of_plastic(StaffCard, card)),
    )


def _record_of_clerk(name: str) -> _Condition:
    return sa.or_(
        _record_of(KeyCard, AccessRecord.key_card_id, KeyCard.made_by == name),
        _record_of(StaffCard, AccessRecord.staff_card_id, StaffCard.made_by == name),
        _record_of(Passcode, AccessRecord.passcode_id, Passcode.made_by == name),
    )


def _record_of_holder(account_id: int) -> _Condition:
    return _record_of(StaffCard, AccessRecord.staff_card_id, StaffCard.account_id == account_id)


def _stay_is_off() -> sa.Select[int]:
    """Bookings that came to nothing."""
    return sa.select(Stay.id).where(Stay.state.in_(("cancelled", "no_show")))


def _cards(at: Any, *always: _Condition) -> _Source:
    return _Source(
        model=KeyCard,
        at=at,
        always=(KeyCard.state != CardState.VOID, *always),
        made_by=lambda name: KeyCard.made_by == name,
        of_room=_card_opens,
        of_stays=KeyCard.stay_id.in_,
        of_holder=_never,
        of_card=lambda card: _of_plastic(KeyCard, card),
        is_open=open_card,
        without_stay=lambda: KeyCard.stay_id.in_(_stay_is_off()),
    )


def _codes(at: Any, *always: _Condition) -> _Source:
    return _Source(
        model=Passcode,
        at=at,
        always=(Passcode.kind != PasscodeKind.CLEAR, *always),
        made_by=lambda name: Passcode.made_by == name,
        of_room=lambda room: Passcode.door_id == room.door_id,
        of_stays=Passcode.stay_id.in_,
        of_holder=_never,
        of_card=_never,
        is_open=passcodes.alive,
        without_stay=lambda: sa.or_(Passcode.stay_id.is_(None), Passcode.stay_id.in_(_stay_is_off())),
    )


def _slots(at: Any, *always: _Condition) -> _Source:
    return _Source(
        model=Slot,
        at=at,
        always=(Slot.state != SlotState.NOT_SENT, *always),
        made_by=lambda name: Slot.made_by == name,
        of_room=lambda room: Slot.door_id == room.door_id,
        of_stays=Slot.stay_id.in_,
        of_holder=lambda account_id: Slot.account_id == account_id,
        of_card=lambda card: Slot.credential_id == _is_number(card),
        is_open=open_slot,
        without_stay=lambda: sa.or_(
            sa.and_(Slot.stay_id.is_(None), Slot.account_id.is_(None)), Slot.stay_id.in_(_stay_is_off())
        ),
    )


def _staff(at: Any, *always: _Condition) -> _Source:
    return _Source(
        model=StaffCard,
        at=at,
        always=(StaffCard.state != CardState.VOID, *always),
        made_by=lambda name: StaffCard.made_by == name,
        of_room=_staff_opens,
        of_stays=_never,
        of_holder=lambda account_id: StaffCard.account_id == account_id,
        of_card=lambda card: _of_plastic(StaffCard, card),
        is_open=_open_staff,
        without_stay=_never,
    )


_DOORS = _Source(
    model=AccessRecord,
    at=AccessRecord.at,
    always=(AccessRecord.hidden_at.is_(None),),
    made_by=_record_of_clerk,
    of_room=lambda room: AccessRecord.door_id == room.door_id,
    of_stays=AccessRecord.stay_id.in_,
    of_holder=_record_of_holder,
    of_card=_record_of_card,
    is_open=_never,
    without_stay=_never,
)

_SOURCES: dict[Kind, _Source] = {
    Kind.CARD_MADE: _cards(KeyCard.made_at),
    Kind.CARD_ENDED: _cards(KeyCard.ended_at, KeyCard.ended_at.is_not(None)),
    Kind.CODE_MADE: _codes(Passcode.made_at),
    Kind.CODE_ENDED: _codes(Passcode.ended_at, Passcode.ended_at.is_not(None)),
    Kind.SLOT_STORED: _slots(Slot.created_at),
    Kind.SLOT_REMOVED: _slots(Slot.changed_at, Slot.state == SlotState.REMOVED),
    Kind.STAFF_MADE: _staff(StaffCard.made_at),
    Kind.STAFF_ENDED: _staff(StaffCard.ended_at, StaffCard.ended_at.is_not(None)),
    Kind.DOOR: _DOORS,
}
