"""Access records and the chain over them (docs/protocol.md, section 5)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from .errors import MalformedError
from .kdf import cmac
from .reader import check_range, check_size

RECORD_SIZE = 16
CHAIN_SIZE = 8
CHAIN_START = bytes(CHAIN_SIZE)

_RECORD = Struct(">IIBBIBB")
_U32 = 0xFFFF_FFFF


class RecordEvent(IntEnum):
    """What happened."""

    OPENED = 1
    REFUSED = 2
    LOCKED = 3
    PASSAGE_ON = 4
    PASSAGE_OFF = 5
    TAMPER_ALARM = 6
    LOW_BATTERY = 7
    DOOR_LEFT_OPEN = 8
    LOCK_OUT = 9
    CLOCK_SET = 10
    SETTINGS_CHANGED = 11
    USER_CHANGED = 12
    KEYS_CHANGED = 13
    EPOCH_MOVED = 14
    DURESS = 15
    RESTART = 16
    VOIDED = 17


ALARMS = frozenset(
    (
        RecordEvent.TAMPER_ALARM,
        RecordEvent.LOW_BATTERY,
        RecordEvent.DOOR_LEFT_OPEN,
        RecordEvent.LOCK_OUT,
        RecordEvent.DURESS,
    )
)


class RecordMethod(IntEnum):
    """By what means."""

    NONE = 0
    PASSCODE = 1
    CARD = 2
    FINGERPRINT = 3
    REMOTE = 4
    FACE = 5
    PALM = 6
    OFFLINE_PASSCODE = 7
    OFFLINE_CARD = 8
    COMMAND = 9
    INSIDE_HANDLE = 10


class RecordResult(IntEnum):
    """What the lock answered."""

    OPENED = 0
    TAMPERED = 1
    LOCKED_OUT = 2
    NOT_YET = 3
    EXPIRED = 4
    OUTSIDE_HOURS = 5
    VOIDED = 6
    SUPERSEDED = 7
    USED = 8
    PRIVACY = 9
    NOT_ADDRESSED = 10
    WRONG_CODE = 11
    DENIED = 12
    NO_CLOCK = 13


_EVENTS = {event.value: event for event in RecordEvent}
_METHODS = {method.value: method for method in RecordMethod}
_RESULTS = {result.value: result for result in RecordResult}


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One record. `time` is Unix seconds of the lock's clock; `battery` is a percentage, 0…255 on the wire."""

    sequence: int
    time: int
    event: RecordEvent
    method: RecordMethod
    credential_id: int
    result: RecordResult
    battery: int

    def __post_init__(self) -> None:
        check_range("sequence", self.sequence, 1, _U32)
        check_range("time", self.time, 0, _U32)
        check_range("credential id", self.credential_id, 0, _U32)
        check_range("battery", self.battery, 0, 0xFF)

    @property
    def is_alarm(self) -> bool:
        """Whether somebody should be told at once."""
        return self.event in ALARMS

    def encode(self) -> bytes:
        """The 16 bytes."""
        return _RECORD.pack(
            self.sequence, self.time, self.event, self.method, self.credential_id, self.result, self.battery
        )

    @classmethod
    def decode(cls, raw: bytes) -> AccessRecord:
        """The value of 16 bytes; `MalformedError` for a wrong size, sequence 0, or a code without meaning."""
        if len(raw) != RECORD_SIZE:
            raise MalformedError(f"a record has {RECORD_SIZE} bytes, not {len(raw)}")
        sequence, time, event_code, method_code, credential_id, result_code, battery = _RECORD.unpack(raw)
        event, method, result = _EVENTS.get(event_code), _METHODS.get(method_code), _RESULTS.get(result_code)
        if event is None or method is None or result is None or not sequence:
            raise MalformedError("sequence 0, or an event, method or result without meaning")
        return cls(sequence, time, event, method, credential_id, result, battery)


def split_records(raw: bytes) -> list[bytes]:
    """The records that lie one after another in `raw`, each 16 bytes; `MalformedError` if it is cut short."""
    if len(raw) % RECORD_SIZE:
        raise MalformedError(f"{len(raw)} bytes are no whole number of records")
    return [raw[at : at + RECORD_SIZE] for at in range(0, len(raw), RECORD_SIZE)]


def chain_next(k_rec: bytes, chain: bytes, record: bytes) -> bytes:
    """The chain value (8 bytes) after one more record."""
    check_size("chain value", chain, CHAIN_SIZE)
    check_size("record", record, RECORD_SIZE)
    return cmac(k_rec, chain + record)[:CHAIN_SIZE]


def chain_after(k_rec: bytes, records: Iterable[bytes], start: bytes = CHAIN_START) -> bytes:
    """The chain value after several records that follow the value `start`."""
    chain = start
    for record in records:
        chain = chain_next(k_rec, chain, record)
    return chain


def verify_chain(k_rec: bytes, records: Iterable[bytes], chain: bytes, start: bytes = CHAIN_START) -> bool:
    """Whether `chain` is the value after `records`: none was cut out, changed, added or moved."""
    return hmac.compare_digest(chain_after(k_rec, records, start), chain)
