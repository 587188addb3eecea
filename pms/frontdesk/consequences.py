"""What an act at the desk will mean, before it is done: price, keys, cleaning, who is in the way.

The act itself is done, by the function that will do it, in a transaction that is taken back; what changed in it is what is
told. So nothing can be previewed that does not happen, and no second copy of a rule goes its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from pms.core.actor import Actor
from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.frontdesk import fate_rules, key_tasks, keys_now, prices, service
from pms.frontdesk.service import Wish
from pms.passcodes import foresight
from pms.properties import queries as properties
from pms.rooms.models import HousekeepingStatus
from pms.stays import around as neighbours
from pms.stays import queries as stay_queries
from pms.stays import rules as stay_rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pms.frontdesk.fate_rules import Outcome
    from pms.frontdesk.key_rules import Key
    from pms.frontdesk.prices import PriceChange
    from pms.frontdesk.task_rules import Task
    from pms.properties.models import Property
    from pms.rooms.models import Room
    from pms.stays.around import Around
    from pms.stays.models import Stay

_Value = TypeVar("_Value")
_NOBODY = Actor(kind="job", name="preview")


class ChangeKind(StrEnum):
    """The acts that can be looked at before they are done."""

    CHANGE = "change"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    MOVE = "move"
    EXTEND = "extend"
    SHORTEN = "shorten"
    REARRANGE = "rearrange"
    HOURS = "hours"
    CHECK_OUT = "check-out"
    CANCEL = "cancel"
    NO_SHOW = "no-show"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An act with what it needs; the rest is left out.

    MOVE, ASSIGN: `room_id`. EXTEND, SHORTEN: `departure_date`. REARRANGE: room and both dates (`night_price` None: as agreed).
    HOURS: both hours (None: the house's). UNDO: `step_id`. CHANGE: `wish`. The others nothing.
    """

    kind: ChangeKind
    room_id: int | None = None
    arrival_date: date | None = None
    departure_date: date | None = None
    arrival_hour: int | None = None
    departure_hour: int | None = None
    night_price: int | None = None
    step_id: int | None = None
    wish: Wish | None = None


@dataclass(frozen=True, slots=True)
class RoomAhead:
    """The room that the party would come into, and how it is now."""

    number: str
    type_name: str
    housekeeping: HousekeepingStatus
    inside: str | None


@dataclass(frozen=True, slots=True)
class LockTimes:
    """Until when the door would take each sort of key made after the act: cards, a code (None: none can be made now), what
    the lock stores."""

    cards: datetime
    code: datetime | None
    stored: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What the act means. Where it is refused (`refusal`), everything else is as it is now."""

    change: Change
    refusal: DomainError | None
    keys: list[Outcome]
    to_do: list[Task]
    price: PriceChange | None
    # The room that will have to be cleaned, if any, and the one that the party comes into.
    dirty: str | None = None
    new_room: RoomAhead | None = None
    around: Around
    cleaning_hours: int
    lock_times: LockTimes | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A stay at one moment, as plain values."""

    state: StayState
    room_id: int | None
    keys: list[Key]
    price: prices.Price
    is_dirty: bool


class _TakenBack(Exception):
    """Ends the transaction of a preview; nothing of it is stored."""

    def __init__(self, found: Consequences) -> None:
        super().__init__()
        self.found = found


def preview(*, stay_id: int, change: Change, now: datetime) -> Consequences:
    """What the act would mean now; NotFound. Rows that the caller has loaded are stale afterwards, but for the stay."""
    try:
        with transaction(outermost=True):
            before = _see(stay_queries.get_stay(stay_id), now)
            room = stay_queries.get_stay(stay_id).room
            refusal = _try(stay_id, change, now)
            raise _TakenBack(_compare(stay_id, change, before, room, refusal, now))
    except _TakenBack as done:
        found = done.found
    stay_queries.get_stay(stay_id)
    return found


def _try(stay_id: int, change: Change, now: datetime) -> DomainError | None:
    try:
        _ACTS[change.kind](change, {"stay_id": stay_id, "actor": _NOBODY, "now": now})
    except DomainError as error:
        return error
    return None


def _compare(
    stay_id: int, change: Change, before: _Seen, old_room: Room | None, refusal: DomainError | None, now: datetime
) -> Consequences:
    house = properties.get_property()
    stay = stay_queries.get_stay(stay_id)
    after = before if refusal is not None else _see(stay, now)
    is_dirty = before.room_id is not None and _is_dirty(old_room) and not before.is_dirty
    keys = fate_rules.outcomes(before.keys, after.keys)
    is_other_room = after.room_id is not None and after.room_id != before.room_id
    is_wanted = after.state in (StayState.CONFIRMED, StayState.IN_HOUSE)
    return Consequences(
        change=change,
        refusal=refusal,
        keys=keys,
        to_do=key_tasks.of_stay(stay, now=now) if refusal is None else [],
        price=prices.change(before.price, after.price),
        dirty=old_room.number if old_room is not None and is_dirty else None,
        new_room=_ahead(stay) if is_other_room and is_wanted else None,
        around=neighbours.around(stay) if is_wanted else neighbours.Around(),
        cleaning_hours=house.cleaning_hours,
        lock_times=_lock_times(stay, house, now) if is_wanted and stay.room_id is not None else None,
    )


def _see(stay: Stay, now: datetime) -> _Seen:
    return _Seen(
        state=stay.state,
        room_id=stay.room_id,
        keys=keys_now.of_stay(stay, now=now),
        price=prices.of_stay(stay, properties.get_property()),
        is_dirty=_is_dirty(stay.room),
    )


def _is_dirty(room: Room | None) -> bool:
    return room is not None and room.housekeeping is HousekeepingStatus.DIRTY


def _ahead(stay: Stay) -> RoomAhead | None:
    room = stay.room
    if room is None:
        return None
    inside = stay_queries.find_in_room(room.id)
    other = inside.guest.name if inside is not None and inside.id != stay.id else None
    return RoomAhead(room.number, room.room_type.name, room.housekeeping, other)


def _lock_times(stay: Stay, house: Property, now: datetime) -> LockTimes:
    leaves = stay_rules.leaves_at(stay, house)
    return LockTimes(leaves, foresight.end_of_stays_code(stay, now=now), leaves)


def _dates(change: Change, given: dict[str, Any]) -> None:
    act = service.extend if change.kind is ChangeKind.EXTEND else service.shorten
    act(departure_date=_needed(change.departure_date), **given)


def _rearrange(change: Change, given: dict[str, Any]) -> None:
    service.rearrange(
        room_id=change.room_id,
        arrival_date=_needed(change.arrival_date),
        departure_date=_needed(change.departure_date),
        night_price=change.night_price,
        **given,
    )


def _hours(change: Change, given: dict[str, Any]) -> None:
    service.agree_hours(arrival_hour=change.arrival_hour, departure_hour=change.departure_hour, **given)


def _needed(value: _Value | None) -> _Value:
    if value is None:
        raise TypeError("the change lacks what it needs")
    return value


_ACTS: dict[ChangeKind, Callable[[Change, dict[str, Any]], object]] = {
    ChangeKind.CHANGE: lambda change, given: service.change(wish=_needed(change.wish), **given),
    ChangeKind.ASSIGN: lambda change, given: service.assign_room(room_id=_needed(change.room_id), **given),
    ChangeKind.UNASSIGN: lambda _change, given: service.unassign_room(**given),
    ChangeKind.MOVE: lambda change, given: service.move_room(room_id=_needed(change.room_id), **given),
    ChangeKind.EXTEND: _dates,
    ChangeKind.SHORTEN: _dates,
    ChangeKind.REARRANGE: _rearrange,
    ChangeKind.HOURS: _hours,
    ChangeKind.CHECK_OUT: lambda _change, given: service.check_out(**given),
    ChangeKind.CANCEL: lambda _change, given: service.cancel(**given),
    ChangeKind.NO_SHOW: lambda _change, given: service.no_show(**given),
    ChangeKind.UNDO: lambda change, given: service.undo(step_id=_needed(change.step_id), **given),
}
