"""Frames in and out of a lock (docs/protocol.md, section 4): counters, repeats, and reports until acknowledged."""

from __future__ import annotations

from pms.protocol import kdf
from pms.protocol.command import (
    ACKNOWLEDGED,
    Alive,
    AnswerStatus,
    Bound,
    Command,
    LockAnswer,
    ModuleAssociated,
    OneRecord,
    Payload,
    RawSetting,
    SystemSettings,
    decode_request,
    encode_answer,
)
from pms.protocol.errors import MalformedError, ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.session import Accepted, Receiver, Repeated
from pms.protocol.tlv import EXTENDED_SETTINGS, Tag

from .commands import list_users, perform, refuse, wipe
from .state import LockState


def receive(state: LockState, data: bytes, at: int) -> bytes | None:
    """The answer to a request, or None where the lock keeps silent. An acknowledgement is noted in silence."""
    try:
        is_acknowledgement = peek_header(data).direction is Direction.ACKNOWLEDGEMENT
    except MalformedError:
        return None
    if is_acknowledgement:
        _note_acknowledgement(state, data)
        return None
    receiver = Receiver(Direction.REQUEST, state.last_counter, state.bound_version, state.last_frame, state.last_answer)
    key = state.k_frame()
    outcome = receiver.take(key, state.sn, data)
    if isinstance(outcome, Repeated):
        return outcome.answer
    if not isinstance(outcome, Accepted):
        return None
    frame = outcome.frame
    answer = _act(state, frame, at)
    # The answer goes out under the key that the request came with, whatever the request changed.
    sealed = seal_frame(key, state.sn, Frame(frame.version, frame.command, Direction.ANSWER, frame.counter, answer))
    state.last_counter, state.last_frame, state.last_answer = frame.counter, data, sealed
    if frame.command == Command.FORGET and state.is_bound and answer[0] == AnswerStatus.DONE:
        wipe(state)
    return sealed


def _act(state: LockState, frame: Frame, at: int) -> bytes:
    """The content of the answer to an accepted request."""
    version = min(frame.version, state.version)
    if not state.is_bound and frame.command != Command.INITIALISE:
        return encode_answer(LockAnswer(AnswerStatus.NOT_BOUND))
    try:
        answer = perform(state, decode_request(frame.command, frame.plaintext, version), version, at)
    except MalformedError as fault:
        answer = refuse(fault)
    return encode_answer(answer, version)


def _note_acknowledgement(state: LockState, data: bytes) -> None:
    """A report that the server has is not sent again."""
    if not state.outstanding or not state.is_bound:
        return
    sent = peek_header(state.outstanding)
    try:
        frame = open_frame(kdf.command_key(state.k_lock()), state.sn, data)
    except ProtocolError:
        return
    if (frame.command, frame.counter, frame.plaintext) != (sent.command, sent.counter, ACKNOWLEDGED):
        return
    state.outstanding = b""
    if sent.command == Command.RECORD:
        state.reported_sequence = _next_record(state)
    elif sent.command in state.reports:
        state.reports.remove(sent.command)


def pending_report(state: LockState, at: int) -> bytes | None:
    """The report to be carried to the server next, the same bytes until it is acknowledged; None if there is none."""
    if not state.is_bound:
        return None
    if not state.outstanding:
        report = _next_report(state, at)
        if report is None:
            return None
        state.outstanding = seal_report(state, report)
    return state.outstanding


def seal_report(state: LockState, report: Payload) -> bytes:
    """A frame of direction 2 with the next counter."""
    version = max(state.bound_version, 7)
    state.report_counter += 1
    plaintext = report.encode(version)
    frame = Frame(version, report.command, Direction.REPORT, state.report_counter, plaintext)
    return seal_frame(kdf.command_key(state.k_lock()), state.sn, frame)


def _next_report(state: LockState, at: int) -> Payload | None:
    """Queued reports first (binding before all), then records in their order."""
    if state.reports:
        return _make_report(state, Command(state.reports[0]), at)
    sequence = _next_record(state)
    if sequence > state.newest_sequence:
        return None
    record = state.records[sequence - state.newest_sequence - 1].value
    return OneRecord(record, state.battery)


def _next_record(state: LockState) -> int:
    """The sequence of the oldest record that was not reported and is still there; above the newest if there is none."""
    oldest = state.newest_sequence - len(state.records) + 1
    return max(state.reported_sequence + 1, oldest)


def _make_report(state: LockState, command: Command, at: int) -> Payload:
    match command:
        case Command.BOUND:
            return Bound(state.battery, state.voltage_class, state.firmware)
        case Command.MODULE_ASSOCIATED:
            return ModuleAssociated(state.imei, state.imsi)
        case Command.USERS:
            return list_users(state)
        case Command.SYSTEM_SETTINGS:
            return _system_settings(state, at)
        case _:
            clock = 0 if state.clock_lost else at
            return Alive(state.battery, state.voltage_class, clock, state.newest_sequence, state.last_counter)


def _system_settings(state: LockState, at: int) -> SystemSettings:
    tags = (Tag(tag) for tag in sorted(state.settings))
    return SystemSettings(
        battery=state.battery,
        voltage_class=state.voltage_class,
        clock=0 if state.clock_lost else at,
        time_zone=state.tz_quarters,
        checkout_hour=state.checkout_hour,
        firmware=state.firmware,
        door_id=state.door_id,
        raw=tuple(
            RawSetting(tag, state.settings[tag])
            for tag in tags
            if state.bound_version >= 8 or tag not in EXTENDED_SETTINGS
        ),
    )
