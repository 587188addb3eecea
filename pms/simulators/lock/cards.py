"""How a lock judges an offline card (docs/protocol.md, section 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pms.protocol.card import (
    Audience,
    CardBody,
    CardKind,
    GrantHeader,
    open_guest_grant,
    open_staff_grant,
    read_header,
)
from pms.protocol.card_layout import MAX_UNITS, UNIT_SIZE
from pms.protocol.command import WeekWindow
from pms.protocol.errors import ProtocolError
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult

from .state import Answer, LockState

GRACE = 900
MAX_ISSUE_AHEAD = 86400
TAMPERED_FOR_ALARM = 5
_GRANT_FORMAT = 1
_TAMPERED = Answer(RecordResult.TAMPERED)
_NOT_ADDRESSED = Answer(RecordResult.NOT_ADDRESSED)


def judge_card(state: LockState, uid: bytes, units: Sequence[bytes], at: int) -> Answer:
    """The answer to a card, after its record was written and, if it opens, the state was changed.

    `units` are what the card has, from unit 1, each 48 bytes; a shorter one is filled up with zeros.
    """
    state.drop_ended(at)
    answer = _NOT_ADDRESSED
    for grant in _list_grants(state, units):
        answer = _judge_grant(state, uid, grant, at)
        if answer.is_opened:
            break
    _write_record(state, answer, at)
    return answer


def is_addressed_by(state: LockState, units: Sequence[bytes]) -> bool:
    """Whether any grant on the card is for this lock."""
    return any(_list_grants(state, units))


def _list_grants(state: LockState, units: Sequence[bytes]) -> Iterator[bytes]:
    """The addressed grants in unit order; one that the card's end cuts off comes out short."""
    padded = [bytes(unit).ljust(UNIT_SIZE, b"\0") for unit in units[:MAX_UNITS]]
    number = 0
    while number < len(padded):
        unit = padded[number]
        is_grant = unit[0] == _GRANT_FORMAT
        is_staff = is_grant and unit[2] == Audience.SCOPE
        if is_grant and _is_addressed(state, unit):
            yield b"".join(padded[number : number + 2]) if is_staff else unit
        number += 2 if is_staff else 1


def _is_addressed(state: LockState, unit: bytes) -> bool:
    """Whether a header names this door, one of its areas or one of its scopes, whatever else is wrong with it."""
    audience, target_id = unit[2], int.from_bytes(unit[4:8], "big")
    if audience == Audience.DOOR:
        return target_id == state.door_id
    if audience == Audience.AREA:
        return any(target_id in keys.areas for keys in state.keys)
    return audience == Audience.SCOPE and target_id in state.scopes


def _judge_grant(state: LockState, uid: bytes, grant: bytes, at: int) -> Answer:
    """One grant, step by step as the specification numbers them."""
    try:
        opened = _open_grant(state, uid, grant, at)
    except ProtocolError:
        opened = None
    if opened is None:
        return _TAMPERED
    header, body = opened
    result = _time_refusal(state, body, at)
    if result is None:
        if body.kind in (CardKind.VOID_GUESTS, CardKind.DENY):
            _void(state, body, at)
            result = RecordResult.VOIDED
        else:
            result = _state_refusal(state, header, body)
    if result is None:
        result = RecordResult.OPENED
        _remember(state, header, body, at)
    return Answer(result, body.credential_id)


def _open_grant(state: LockState, uid: bytes, grant: bytes, at: int) -> tuple[GrantHeader, CardBody] | None:
    """Step 1: header and body of a grant that is what it should be; else None or an error of the protocol."""
    header = read_header(grant)
    keys = state.key_sets(at).get(header.version) if header else None
    if header is None or keys is None:
        return None
    if header.audience is Audience.SCOPE:
        return open_staff_grant(keys.pk_staff, grant, uid)
    key = keys.door_key if header.audience is Audience.DOOR else keys.areas.get(header.target_id)
    return None if key is None else open_guest_grant(key, grant, uid)


def _time_refusal(state: LockState, body: CardBody, at: int) -> RecordResult | None:
    """Steps 2 to 5."""
    is_emergency = body.kind is CardKind.EMERGENCY
    if state.clock_lost and not is_emergency:
        return RecordResult.NO_CLOCK
    if body.credential_id in state.deny:
        return RecordResult.DENIED
    if state.clock_lost:
        return None
    is_ahead = body.kind is not CardKind.DENY and body.issue > at + MAX_ISSUE_AHEAD
    if at < body.not_before - GRACE or is_ahead:
        return RecordResult.NOT_YET
    if at > body.not_after + GRACE:
        return RecordResult.EXPIRED
    window = WeekWindow(body.weekdays, body.start_minute, body.end_minute)
    if not is_emergency and not window.contains(*state.local(at)):
        return RecordResult.OUTSIDE_HOURS
    return None


def _void(state: LockState, body: CardBody, at: int) -> None:
    """Step 6."""
    if body.kind is CardKind.VOID_GUESTS:
        state.raise_door_issue(body.issue)
        state.raise_floor(at)
    else:
        state.put_on_deny_list(body.issue, body.not_after, at)


def _state_refusal(state: LockState, header: GrantHeader, body: CardBody) -> RecordResult | None:
    """Steps 7 to 9."""
    if not body.is_concurrent:
        is_scope = header.audience is Audience.SCOPE
        own = state.scope_issues.get(header.target_id, 0) if is_scope else state.door_issue
        if body.issue < own:
            return RecordResult.SUPERSEDED
    if body.kind is CardKind.ONE_SHOT and body.credential_id in state.used_one_shots:
        return RecordResult.USED
    if state.privacy and not body.overrides_privacy:
        return RecordResult.PRIVACY
    return None


def _remember(state: LockState, header: GrantHeader, body: CardBody, at: int) -> None:
    """Step 10: what an opening changes."""
    if not body.is_concurrent:
        if header.audience is Audience.SCOPE:
            state.raise_scope_issue(header.target_id, body.issue)
        else:
            state.raise_door_issue(body.issue)
    if body.kind is CardKind.ONE_SHOT:
        state.used_one_shots[body.credential_id] = body.not_after
    state.note_opening(at, is_offline_code=False)


_EVENTS = {RecordResult.OPENED: RecordEvent.OPENED, RecordResult.VOIDED: RecordEvent.VOIDED}


def _write_record(state: LockState, answer: Answer, at: int) -> None:
    event = _EVENTS.get(answer.result, RecordEvent.REFUSED)
    state.log(at, event, RecordMethod.OFFLINE_CARD, answer.credential_id, answer.result)
    state.tampered_row = state.tampered_row + 1 if answer.result is RecordResult.TAMPERED else 0
    if state.tampered_row and state.tampered_row % TAMPERED_FOR_ALARM == 0:
        state.is_alarm_sounding = True
        state.log(at, RecordEvent.TAMPER_ALARM, RecordMethod.OFFLINE_CARD, 0, RecordResult.TAMPERED)
