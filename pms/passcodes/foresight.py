"""What a code will do, and to whom, before there is one. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pms.core.errors import DomainError
from pms.locks import queries as locks
from pms.locks.models import Door, Lock
from pms.passcodes import queries, rules
from pms.passcodes.queries import PasscodeLine
from pms.passcodes.rules import Choice, Clockwork
from pms.properties import queries as properties
from pms.protocol.passcode import encode_permission
from pms.stays import rules as stay_rules
from pms.stays.models import Stay


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A code that could be made now. `ends`: living codes that its first use (a clear code's only use) ends."""

    door: Door
    choice: Choice
    clockwork: Clockwork
    ends: list[PasscodeLine]


def foresee(
    door: Door, choose: Callable[[Lock, int], Choice], *, stay_id: int | None = None, now: datetime
) -> Foreseen:
    """The code as it would be made; refuses what making it would refuse."""
    lock = _lock_of(door)
    epoch = lock.code_epoch
    rules.check_epoch(epoch=epoch, known_epoch=lock.known_epoch, door=door.name)
    choice = choose(lock, epoch)
    check(door, lock, choice, epoch, stay_id=stay_id)
    ended = queries.ended_by_first_use(lock=lock, kind=choice.kind, epoch=epoch, start=choice.valid_from, now=now)
    return Foreseen(door, choice, queries.clockwork_of(lock), [queries.line_of(code, now) for code in ended])


def foresee_clear(door: Door, *, now: datetime) -> Foreseen:
    """The clear code of a door."""
    lock = _lock_of(door)
    rules.check_epoch(epoch=lock.known_epoch + 1, known_epoch=lock.known_epoch, door=door.name)
    ended = queries.ended_by_clear(lock.id, lock.known_epoch, now=now)
    return Foreseen(
        door, rules.clear(now=now), queries.clockwork_of(lock), [queries.line_of(code, now) for code in ended]
    )


def choose_for_stay(stay: Stay, lock: Lock, epoch: int, now: datetime) -> Choice:
    """The permission that a stay gets at the lock of its room in an epoch; what `rules.choose` refuses.

    It has the start that the party has at this lock, unless the lock refuses that since a later guest's code was used there.
    """
    house = properties.get_property()
    since = rules.earliest_start(state=stay.state, now=now, arrives=stay_rules.may_enter_at(stay, house))
    had = queries.start_of_party(lock, epoch, stay.id)
    is_good = had is not None and not queries.is_buried(lock, epoch, had.starts_at)
    is_other = stay.is_day_use or rules.other_hour(
        agreed=stay.departure_hour, house=house.check_out_hour, lock=lock.check_out_hour
    )
    choice = rules.choose(
        start=had.starts_at if had is not None and is_good else since,
        departure=stay.departure_date,
        clockwork=queries.clockwork_of(lock),
        leaves=stay_rules.leaves_at(stay, house) if is_other else None,
        since=since,
    )
    if choice.valid_until is not None and choice.valid_until <= now:
        raise rules.TimeIsOver(until=choice.valid_until)
    return choice


def end_of_stays_code(stay: Stay, *, now: datetime) -> datetime | None:
    """Until when a code that the stay gets now would hold, by the clock of its lock; None where it can get none."""
    door = locks.door_of_room(stay.room_id) if stay.room_id is not None else None
    if door is None:
        return None
    try:
        lock = _lock_of(door)
        return choose_for_stay(stay, lock, lock.code_epoch, now).valid_until
    except DomainError:
        return None


def check(
    door: Door, lock: Lock, choice: Choice, epoch: int, *, stay_id: int | None, party_id: int | None = None
) -> None:
    """StartTaken, SameCode: what the lock could not tell from another party's code."""
    same = queries.find_digits(lock, epoch, encode_permission(choice.permission))
    if same is not None:
        raise rules.SameCode(holder=queries.holder_of(same))
    if choice.kind in rules.GUEST_KINDS:
        others = queries.starts_of_others(lock, epoch, stay_id=stay_id, party_id=party_id, room_id=door.room_id)
        unsafe = [other for other in others if not other.is_gone or other.starts_at == choice.valid_from]
        if rules.must_move_on(choice=choice, others=unsafe) or queries.is_buried(lock, epoch, choice.valid_from):
            raise rules.StartTaken


def _lock_of(door: Door) -> Lock:
    rules.check_lock(door.lock.setup if door.lock is not None else None, door=door.name)
    assert door.lock is not None  # noqa: S101 - a door without a lock was refused
    return door.lock
