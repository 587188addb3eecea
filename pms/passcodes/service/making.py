"""Codes of every kind for any door: for the guest of a stay, or for somebody with a name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.locks import lock_keys
from pms.passcodes import foresight, queries, rules
from pms.passcodes.models import Passcode, PasscodeKind
from pms.passcodes.service.common import Holder, ShownPasscode, checked, hold_ready, shown, store, written
from pms.passcodes.service.of_stay import claim_start
from pms.protocol.errors import ProtocolError
from pms.protocol.passcode import (
    Cyclic,
    Days,
    Hours,
    Nights,
    Permanent,
    Permission,
    Single,
    decode_permission,
    decrypt_passcode,
    encode_permission,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.locks.models import Door, Lock
    from pms.passcodes.rules import Choice

# Makes the permission of a new code, from a lock and the epoch in which it is made.
Chooser = Callable[["Lock", int], "Choice"]

SINGLES_AN_HOUR = 16
SERIALS = 256


def timed(
    *, start: datetime, until: datetime, kinds: tuple[PasscodeKind, ...] = rules.TIMED_KINDS, now: datetime
) -> Chooser:
    """From `start` to `until`; of the kinds that can say it, the one that `kinds` has first."""

    def choose(lock: Lock, _epoch: int) -> Choice:
        return rules.timed(start=start, until=until, clockwork=queries.clockwork_of(lock), now=now, kinds=kinds)

    return choose


def single(*, start: datetime | None, now: datetime) -> Chooser:
    """One opening within a day of `start` (the present hour where it is None)."""

    def choose(lock: Lock, epoch: int) -> Choice:
        return _single(lock, epoch, rules.single_start(start, now))

    return choose


def permanent(*, now: datetime) -> Chooser:
    """Until it is revoked."""

    def choose(lock: Lock, epoch: int) -> Choice:
        return _permanent(lock, epoch, now)

    return choose


def cyclic(*, pattern: int, start_hour: int, hours: int, last_month: date, now: datetime) -> Chooser:
    """On certain days of the week, through the end of a month."""

    def choose(lock: Lock, _epoch: int) -> Choice:
        return rules.cyclic(
            pattern=pattern,
            start_hour=start_hour,
            hours=hours,
            last_month=last_month,
            clockwork=queries.clockwork_of(lock),
            now=now,
        )

    return choose


def make(
    *,
    lock_id: int,
    choose: Chooser,
    holder: Holder,
    request_id: str,
    actor: Actor,
    now: datetime,
    replaces: Passcode | None = None,
) -> ShownPasscode:
    """A new code. The same `request_id` again shows the same one.

    What `choose` may refuse: NotExpressible with what is nearest, SinglesUsedUp, SerialsUsedUp, MonthTooFar, … Else StartTaken,
    SameCode, and what the lock and the holder may refuse.
    """
    with transaction() as session:
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return shown(earlier)
        door, lock = hold_ready(session, lock_id)
        # Of two clicks at the same moment the second one waits for the lock, and finds what the first has made.
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return shown(earlier)
        holder = checked(holder)
        epoch = lock.code_epoch
        rules.check_epoch(epoch=epoch, known_epoch=lock.known_epoch, door=door.name)
        choice = choose(lock, epoch)
        party_id = (replaces.party_id or replaces.id) if replaces is not None else None
        foresight.check(door, lock, choice, epoch, stay_id=holder.stay_id, party_id=party_id)
        passcode = store(
            session,
            door=door,
            lock=lock,
            choice=choice,
            epoch=epoch,
            holder=holder,
            request_id=request_id,
            actor=actor,
            now=now,
            replaces=replaces,
        )
        _claim(session, lock, passcode)
        until = choice.valid_until.isoformat() if choice.valid_until else None
        written("passcodes.made", passcode, actor, now, {"kind": choice.kind.value, "until": until})
        return shown(passcode)


def add(
    *, lock_id: int, digits: str, holder: Holder, request_id: str, actor: Actor, now: datetime
) -> tuple[Passcode, bool]:
    """Write a code down that a phone made with this lock's key; the code, and whether it was not known yet.

    NotOfThisLock where the digits mean nothing, or nothing any more; LockTooFarBehind for a clear code beyond the next epoch.
    """
    with transaction() as session:
        door, lock = hold_ready(session, lock_id)
        epoch, choice = _read(door, lock, digits, now)
        known = queries.find_digits(lock, epoch, encode_permission(choice.permission))
        if known is not None:
            return known, False
        holder = checked(holder)
        is_clear = choice.kind is PasscodeKind.CLEAR
        rules.check_epoch(epoch=epoch + is_clear, known_epoch=lock.known_epoch, door=door.name)
        lock.code_epoch = max(lock.code_epoch, epoch + is_clear)
        passcode = store(
            session,
            door=door,
            lock=lock,
            choice=choice,
            epoch=epoch,
            holder=holder,
            request_id=request_id,
            actor=actor,
            now=now,
            was_added=True,
        )
        _claim(session, lock, passcode)
        written("passcodes.added", passcode, actor, now, {"kind": choice.kind.value})
        return passcode, True


def _single(lock: Lock, epoch: int, begins: datetime) -> Choice:
    """The first number of the hour that was not given out. SinglesUsedUp."""
    given = queries.permissions_given(lock, epoch, PasscodeKind.SINGLE, begins)
    for index in range(SINGLES_AN_HOUR):
        choice = rules.single(start=begins, index=index)
        if (lock.life, encode_permission(choice.permission)) not in given:
            return choice
    raise rules.SinglesUsedUp


def _permanent(lock: Lock, epoch: int, now: datetime) -> Choice:
    """A serial that was never given out in this series. SerialsUsedUp.

    One that no earlier life of the lock had goes first: a command to revoke that may still be on its way.
    """
    given = queries.permissions_given(lock, epoch, PasscodeKind.PERMANENT)
    numbers = {number for _life, number in given}
    choices = [rules.permanent(serial=serial, now=now) for serial in range(SERIALS)]
    fresh: Iterable[Choice] = (one for one in choices if encode_permission(one.permission) not in numbers)
    left: Iterable[Choice] = (one for one in choices if (lock.life, encode_permission(one.permission)) not in given)
    found = next(iter(fresh), None) or next(iter(left), None)
    if found is None:
        raise rules.SerialsUsedUp(door=lock.name)
    return found


def _claim(session: Session, lock: Lock, passcode: Passcode) -> None:
    """Guests' codes take their start for the party."""
    if passcode.kind not in rules.GUEST_KINDS:
        return
    whose = (
        {"stay_id": passcode.stay_id}
        if passcode.stay_id is not None
        else {"passcode_id": passcode.party_id or passcode.id}
    )
    claim_start(session, lock, passcode.epoch, passcode.valid_from, **whose)


def _read(door: Door, lock: Lock, digits: str, now: datetime) -> tuple[int, Choice]:
    """The epoch and the meaning of digits that somebody brought; the epoch that the lock is in goes first, as at the lock."""
    key, clockwork = lock_keys.code_key_of(lock), queries.clockwork_of(lock)
    for epoch in (lock.known_epoch, lock.known_epoch + 1):
        try:
            permission = decode_permission(decrypt_passcode(key, epoch & 0xFF, digits), int(now.timestamp()))
            choice = _choice_of(permission, clockwork, now)
        except ProtocolError:
            continue
        if epoch <= rules.LAST_EPOCH and _is_of_use(choice, now):
            return epoch, choice
    raise rules.NotOfThisLock(door=door.name)


def _is_of_use(choice: Choice, now: datetime) -> bool:
    is_near = choice.valid_from <= now + timedelta(days=366)
    if isinstance(choice.permission, Cyclic):
        is_near = choice.valid_from <= now + timedelta(days=31 * 12)
    return is_near and (choice.valid_until is None or choice.valid_until + rules.GRACE >= now)


def _choice_of(permission: Permission, clockwork: rules.Clockwork, now: datetime) -> Choice:
    begins, ends = rules.span(permission, clockwork, now)
    if isinstance(permission, Permanent):
        begins = rules.full_hour(now)
    return rules.Choice(_KINDS.get(type(permission), PasscodeKind.CLEAR), permission, begins, ends)


_KINDS: dict[type[Permission], PasscodeKind] = {
    Hours: PasscodeKind.HOURS,
    Nights: PasscodeKind.NIGHTS,
    Days: PasscodeKind.DAYS,
    Single: PasscodeKind.SINGLE,
    Permanent: PasscodeKind.PERMANENT,
    Cyclic: PasscodeKind.CYCLIC,
}
