"""What makes a lock ours and moves its bolt, and what it says of itself: 0300, 0301, 0400, 0500…0502, 0700, 0800
(docs/protocol.md, section 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from .bcd import encode_bcd
from .card import Audience
from .command_base import Bare, Command, Operation, Payload, number_item
from .command_settings import decode_ids, decode_time_zone, encode_firmware, encode_ids, encode_time_zone
from .errors import UsageError
from .reader import check_range, check_size
from .record import AccessRecord, split_records
from .tlv import Fields, Tag, Tlv, bad_tlv

MAX_RECORDS = 60
_RECORDS_IN_TAG = 15
_U32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class IssueFloor:
    """The lowest issue that still opens: of a door's guest cards, or of a scope's staff cards."""

    audience: Audience
    target_id: int
    issue: int

    def __post_init__(self) -> None:
        if self.audience not in (Audience.DOOR, Audience.SCOPE):
            raise UsageError("doors and scopes have issues, areas do not")
        check_range("id", self.target_id, 0, _U32)
        check_range("issue", self.issue, 0, _U32)

    def encode(self) -> bytes:
        """The value of tag 1C."""
        return bytes((self.audience,)) + self.target_id.to_bytes(4, "big") + self.issue.to_bytes(4, "big")

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """From the value of tag 1C."""
        return cls(Audience(value[0]), int.from_bytes(value[1:5], "big"), int.from_bytes(value[5:9], "big"))


@dataclass(frozen=True, slots=True)
class Denied:
    """A credential id that is refused until an instant."""

    credential_id: int
    until: int

    def __post_init__(self) -> None:
        check_range("credential id", self.credential_id, 0, _U32)
        check_range("until", self.until, 0, _U32)

    def encode(self) -> bytes:
        """Eight bytes of the value of tag 1F."""
        return self.credential_id.to_bytes(4, "big") + self.until.to_bytes(4, "big")


def _encode_denied(denied: tuple[Denied, ...]) -> list[Tlv]:
    return [Tlv(Tag.DENIED, b"".join(entry.encode() for entry in denied))] if denied else []


def _decode_denied(value: bytes | None) -> tuple[Denied, ...]:
    pairs = decode_ids(value or b"")
    return tuple(Denied(*pairs[at : at + 2]) for at in range(0, len(pairs), 2))


@dataclass(frozen=True, slots=True)
class Operate(Payload):
    """0400: do one thing, unless it is later than `before` (Unix seconds)."""

    command: ClassVar[Command] = Command.OPERATE
    operation: Operation
    before: int
    clock: int | None = None
    issue: IssueFloor | None = None
    denied: tuple[Denied, ...] = ()

    def __post_init__(self) -> None:
        wanted = (
            (Operation.SET_CLOCK, self.clock is not None),
            (Operation.RAISE_ISSUE, self.issue is not None),
            (Operation.DENY, bool(self.denied)),
        )
        for operation, is_given in wanted:
            if is_given is not (self.operation is operation):
                raise UsageError(f"what {operation.name} needs belongs to it alone")

    def items(self) -> list[Tlv]:
        found = [
            number_item(Tag.DO_BEFORE, self.before, 4),
            number_item(Tag.OPERATION, self.operation, 1),
        ]
        if self.clock is not None:
            found.append(number_item(Tag.CLOCK, self.clock, 4))
        if self.issue is not None:
            found.append(Tlv(Tag.ISSUE, self.issue.encode()))
        return found + _encode_denied(self.denied)

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        before, operation = fields.number(Tag.DO_BEFORE), Operation(fields.number(Tag.OPERATION))
        issue = fields.find(Tag.ISSUE)
        return cls(
            operation,
            before,
            fields.find_number(Tag.CLOCK),
            None if issue is None else IssueFloor.decode(issue),
            _decode_denied(fields.find(Tag.DENIED)),
        )


@dataclass(frozen=True, slots=True)
class AreaKey:
    """An area that a common door belongs to, with the area's key."""

    area_id: int
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_range("area id", self.area_id, 0, _U32)
        check_size("area key", self.key, 32)


def _decode_areas(value: bytes | None) -> tuple[AreaKey, ...]:
    raw = value or b""
    return tuple(
        AreaKey(int.from_bytes(raw[at : at + 4], "big"), raw[at + 4 : at + 36]) for at in range(0, len(raw), 36)
    )


@dataclass(frozen=True, slots=True)
class Initialise(Payload):
    """0500: everything that makes a lock this house's. `server_keys` are 16 digits, `admin_passcode` is 8."""

    command: ClassVar[Command] = Command.INITIALISE
    server_keys: str = field(repr=False)
    admin_passcode: str = field(repr=False)
    door_id: int
    key_version: int
    door_key: bytes = field(repr=False)
    card_a_key: bytes = field(repr=False)
    staff_public_key: bytes
    clock: int
    time_zone: int
    checkout_hour: int
    epoch: int
    scopes: tuple[int, ...] = ()
    areas: tuple[AreaKey, ...] = ()
    keep_old_keys_until: int | None = None
    issues: tuple[IssueFloor, ...] = ()
    denied: tuple[Denied, ...] = ()

    def __post_init__(self) -> None:
        if len(self.server_keys) != 16 or len(self.admin_passcode) != 8:
            raise UsageError("serverKeys have 16 digits and the administrator's passcode has 8")

    def items(self) -> list[Tlv]:
        areas = b"".join(area.area_id.to_bytes(4, "big") + area.key for area in self.areas)
        old = self.keep_old_keys_until
        return [
            Tlv(Tag.SERVER_KEYS, encode_bcd(self.server_keys, 8)),
            Tlv(Tag.ADMIN_PASSCODE, encode_bcd(self.admin_passcode, 4)),
            number_item(Tag.DOOR_ID, self.door_id, 4),
            number_item(Tag.KEY_VERSION, self.key_version, 1),
            Tlv(Tag.DOOR_KEY, self.door_key),
            *([Tlv(Tag.AREA_KEYS, areas)] if areas else []),
            Tlv(Tag.CARD_A_KEY, self.card_a_key),
            Tlv(Tag.STAFF_PUBLIC_KEY, self.staff_public_key),
            *([Tlv(Tag.SCOPES, encode_ids(self.scopes))] if self.scopes else []),
            *([] if old is None else [number_item(Tag.KEEP_OLD_KEYS_UNTIL, old, 4)]),
            number_item(Tag.CLOCK, self.clock, 4),
            number_item(Tag.TIME_ZONE, encode_time_zone(self.time_zone), 1),
            number_item(Tag.CHECKOUT_HOUR, self.checkout_hour, 1),
            number_item(Tag.EPOCH, self.epoch, 1),
            *(Tlv(Tag.ISSUE, issue.encode()) for issue in self.issues),
            *_encode_denied(self.denied),
        ]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        return cls(
            server_keys=fields.get(Tag.SERVER_KEYS).hex(),
            admin_passcode=fields.get(Tag.ADMIN_PASSCODE).hex(),
            door_id=fields.number(Tag.DOOR_ID),
            key_version=fields.number(Tag.KEY_VERSION),
            door_key=fields.get(Tag.DOOR_KEY),
            card_a_key=fields.get(Tag.CARD_A_KEY),
            staff_public_key=fields.get(Tag.STAFF_PUBLIC_KEY),
            clock=fields.number(Tag.CLOCK),
            time_zone=decode_time_zone(fields.get(Tag.TIME_ZONE)),
            checkout_hour=fields.number(Tag.CHECKOUT_HOUR),
            epoch=fields.number(Tag.EPOCH),
            scopes=decode_ids(fields.find(Tag.SCOPES) or b""),
            areas=_decode_areas(fields.find(Tag.AREA_KEYS)),
            keep_old_keys_until=fields.find_number(Tag.KEEP_OLD_KEYS_UNTIL),
            issues=tuple(IssueFloor.decode(value) for value in fields.list_all(Tag.ISSUE)),
            denied=_decode_denied(fields.find(Tag.DENIED)),
        )


@dataclass(frozen=True, slots=True)
class Forget(Bare):
    """0501: wipe keys, users and templates after the answer."""

    command: ClassVar[Command] = Command.FORGET


@dataclass(frozen=True, slots=True)
class Deleted(Bare):
    """Report 0502: the owner deleted the lock at the lock; its last frame."""

    command: ClassVar[Command] = Command.DELETED


@dataclass(frozen=True, slots=True)
class OneRecord(Payload):
    """Report 0300: one record, and the battery in percent."""

    command: ClassVar[Command] = Command.RECORD
    record: AccessRecord
    battery: int

    def items(self) -> list[Tlv]:
        return [Tlv(Tag.RECORDS, self.record.encode()), number_item(Tag.BATTERY, self.battery, 1)]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        raw = fields.get(Tag.RECORDS)
        if len(raw) != 16:
            raise bad_tlv("exactly one record is reported at a time")
        return cls(AccessRecord.decode(raw), fields.number(Tag.BATTERY))


@dataclass(frozen=True, slots=True)
class ReadRecords(Payload):
    """0301: at most `at_most` (1…60) records after sequence `after`."""

    command: ClassVar[Command] = Command.READ_RECORDS
    after: int
    at_most: int = MAX_RECORDS

    def __post_init__(self) -> None:
        check_range("number of records", self.at_most, 1, MAX_RECORDS)

    def items(self) -> list[Tlv]:
        return [number_item(Tag.AFTER_SEQUENCE, self.after, 4), number_item(Tag.AT_MOST, self.at_most, 1)]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        return cls(fields.number(Tag.AFTER_SEQUENCE), fields.number(Tag.AT_MOST))


@dataclass(frozen=True, slots=True)
class RecordPage(Payload):
    """The answer to 0301: records, the newest sequence the lock has, and the chain after the last record here."""

    command: ClassVar[Command] = Command.READ_RECORDS
    records: tuple[AccessRecord, ...]
    newest_sequence: int
    chain: bytes

    def __post_init__(self) -> None:
        check_range("number of records", len(self.records), 0, MAX_RECORDS)

    def items(self) -> list[Tlv]:
        raw = [record.encode() for record in self.records]
        return [
            *(Tlv(Tag.RECORDS, b"".join(raw[at : at + _RECORDS_IN_TAG])) for at in range(0, len(raw), _RECORDS_IN_TAG)),
            number_item(Tag.NEWEST_SEQUENCE, self.newest_sequence, 4),
            Tlv(Tag.CHAIN, self.chain),
        ]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        raw = b"".join(fields.list_all(Tag.RECORDS))
        return cls(
            tuple(AccessRecord.decode(record) for record in split_records(raw)),
            fields.number(Tag.NEWEST_SEQUENCE),
            fields.get(Tag.CHAIN),
        )


@dataclass(frozen=True, slots=True)
class Bound(Payload):
    """Report 0700, the first under a new K_cmd."""

    command: ClassVar[Command] = Command.BOUND
    battery: int
    voltage_class: int
    firmware: str

    def items(self) -> list[Tlv]:
        return [
            number_item(Tag.BATTERY, self.battery, 1),
            number_item(Tag.VOLTAGE_CLASS, self.voltage_class, 1),
            Tlv(Tag.FIRMWARE, encode_firmware(self.firmware)),
        ]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        battery, voltage_class = fields.number(Tag.BATTERY), fields.number(Tag.VOLTAGE_CLASS)
        return cls(battery, voltage_class, fields.get(Tag.FIRMWARE).decode("ascii"))


@dataclass(frozen=True, slots=True)
class Alive(Payload):
    """Report 0800: battery, clock, newest record, and the last server counter that the lock accepted."""

    command: ClassVar[Command] = Command.ALIVE
    battery: int
    voltage_class: int
    clock: int
    newest_sequence: int
    last_counter: int

    def items(self) -> list[Tlv]:
        return [
            number_item(Tag.BATTERY, self.battery, 1),
            number_item(Tag.VOLTAGE_CLASS, self.voltage_class, 1),
            number_item(Tag.CLOCK, self.clock, 4),
            number_item(Tag.NEWEST_SEQUENCE, self.newest_sequence, 4),
            number_item(Tag.LAST_COUNTER, self.last_counter, 6),
        ]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        return cls(
            fields.number(Tag.BATTERY),
            fields.number(Tag.VOLTAGE_CLASS),
            fields.number(Tag.CLOCK),
            fields.number(Tag.NEWEST_SEQUENCE),
            fields.number(Tag.LAST_COUNTER),
        )
