"""How a lock judges what is typed (docs/protocol.md, sections 3.2 to 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

from pms.protocol import kdf
from pms.protocol.errors import MalformedError
from pms.protocol.passcode import (
    DAY,
    FIRST_USE_DAYS,
    GRACE,
    Clear,
    Days,
    Nights,
    Permanent,
    Permission,
    Single,
    decode_permission,
    decrypt_passcode,
    holds,
)
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult

from .state import Answer, LockState

MAX_WRONG_A_DAY = 30
WRONG_FOR_SHUT = 5
SHUT_MINUTES = (5, 10, 20, 40, 60)
"""After the 5th, 10th, 15th, 20th and from the 25th wrong code on."""


@dataclass(frozen=True, slots=True)
class _RightCode:
    """A code that exists and holds now; `is_next_epoch` if it was made one epoch ahead of the lock."""

    p: int
    permission: Permission
    is_next_epoch: bool


def is_shut(state: LockState, at: int) -> bool:
    """Whether the keypad takes nothing at all."""
    return at < state.shut_until


def judge_offline_code(state: LockState, digits: str, at: int) -> Answer:
    """The answer to an entry, after its record was written and the state was changed."""
    state.drop_ended(at)
    if state.clock_lost:
        return _answer(state, RecordResult.NO_CLOCK, 0, at)
    if is_shut(state, at) or len(state.wrong_times) >= MAX_WRONG_A_DAY:
        return _answer(state, RecordResult.LOCKED_OUT, 0, at)
    code = _find_right_code(state, digits, at)
    if code is None:
        return _count_wrong_code(state, at)
    return _judge_right_code(state, code, at)


def _answer(state: LockState, result: RecordResult, p: int, at: int) -> Answer:
    event = RecordEvent.OPENED if result is RecordResult.OPENED else RecordEvent.REFUSED
    state.log(at, event, RecordMethod.OFFLINE_PASSCODE, p, result)
    return Answer(result, p)


def _find_right_code(state: LockState, digits: str, at: int) -> _RightCode | None:
    """Try the lock's epoch, then the next."""
    k_code = kdf.code_key(state.k_lock())
    for ahead in (0, 1):
        try:
            p = decrypt_passcode(k_code, (state.epoch + ahead) % 256, digits)
            permission = decode_permission(p, at)
        except MalformedError:
            continue
        if holds(permission, state.tz_quarters, state.checkout_hour, at) and not _is_wrong_here(
            state, permission, at, is_next_epoch=bool(ahead)
        ):
            return _RightCode(p, permission, bool(ahead))
    return None


def _is_wrong_here(state: LockState, permission: Permission, at: int, *, is_next_epoch: bool) -> bool:
    """Whether the lock's memory makes a wrong code of one that holds: revoked, or too old for a first use."""
    match permission:
        case Permanent(serial):
            return serial in state.revoked and not is_next_epoch
        case Days(start):
            is_known = start == state.floor // DAY * DAY
            return not is_known and at > start + FIRST_USE_DAYS * DAY + GRACE
    return False


def _count_wrong_code(state: LockState, at: int) -> Answer:
    state.wrong_row += 1
    state.wrong_times.append(at)
    answer = _answer(state, RecordResult.WRONG_CODE, 0, at)
    step, rest = divmod(state.wrong_row, WRONG_FOR_SHUT)
    if not rest:
        state.shut_until = at + 60 * SHUT_MINUTES[min(step, len(SHUT_MINUTES)) - 1]
    if not rest or len(state.wrong_times) == MAX_WRONG_A_DAY:
        state.log(at, RecordEvent.LOCK_OUT, RecordMethod.OFFLINE_PASSCODE, 0, RecordResult.LOCKED_OUT)
    return answer


def _judge_right_code(state: LockState, code: _RightCode, at: int) -> Answer:
    permission = code.permission
    if isinstance(permission, Clear):
        return _clear(state, code, at)
    refusal = _refusal(state, code)
    if refusal is not None:
        return _answer(state, refusal, code.p, at)
    if code.is_next_epoch:
        _move_epoch(state, code.p, RecordResult.OPENED, at)
    if isinstance(permission, Nights | Days):
        state.raise_floor(permission.start)
    if isinstance(permission, Single):
        state.used_singles.append((permission.hour, permission.index))
    state.note_opening(at, is_offline_code=True)
    return _answer(state, RecordResult.OPENED, code.p, at)


def _refusal(state: LockState, code: _RightCode) -> RecordResult | None:
    """Why a right code does not open."""
    match code.permission:
        case Nights(start) if start < state.floor:
            return RecordResult.SUPERSEDED
        case Days(start) if start < state.floor // DAY * DAY:
            return RecordResult.SUPERSEDED
        case Single() as single if not code.is_next_epoch and (single.hour, single.index) in state.used_singles:
            return RecordResult.USED
    return RecordResult.PRIVACY if state.privacy else None


def _clear(state: LockState, code: _RightCode, at: int) -> Answer:
    """The clear code of epoch e sets e + 1; each epoch that is left behind leaves its own record."""
    if code.is_next_epoch:
        _move_epoch(state, code.p, RecordResult.OPENED, at)
    _move_epoch(state, code.p, RecordResult.VOIDED, at)
    return Answer(RecordResult.VOIDED, code.p)


def _move_epoch(state: LockState, p: int, result: RecordResult, at: int) -> None:
    state.end_epoch()
    state.log(at, RecordEvent.EPOCH_MOVED, RecordMethod.OFFLINE_PASSCODE, p, result)
