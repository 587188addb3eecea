"""What a code will do, and to whom, before there is one. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pms.locks.models import Door, Lock
from pms.passcodes import queries, rules
from pms.passcodes.queries import PasscodeLine
from pms.passcodes.rules import Choice, Clockwork
from pms.protocol.passcode import encode_permission


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
