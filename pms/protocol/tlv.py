"""Tag, length, value (docs/protocol.md, section 4): what frames carry.

Sizes and ranges that a tag always has are facts of one table, checked both when reading and when writing. Which tags a
command takes, and how often, is in `command`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from .crc import crc16
from .errors import MalformedError, ProtocolError, UsageError
from .reader import Reader, check_range

MAX_PART = 240
MAX_PARTS = 0xFFFF
BAD_TLV = "bad_tlv"
_EXTENDED_FROM_VERSION = 8


class Tag(IntEnum):
    """Every tag that there is."""

    SLOT = 0x01
    CREDENTIAL_KIND = 0x02
    CREDENTIAL_ID = 0x03
    CREDENTIAL_CONTENT = 0x04
    NOT_BEFORE = 0x05
    NOT_AFTER = 0x06
    WEEK_WINDOW = 0x07
    PART = 0x08
    ROLE = 0x09
    DO_BEFORE = 0x0A
    BATTERY = 0x11
    VOLTAGE_CLASS = 0x12
    CLOCK = 0x13
    TIME_ZONE = 0x14
    CHECKOUT_HOUR = 0x15
    FIRMWARE = 0x16
    DOOR_ID = 0x17
    KEY_VERSION = 0x18
    DOOR_KEY = 0x19
    AREA_KEYS = 0x1A
    CARD_A_KEY = 0x1B
    ISSUE = 0x1C
    EPOCH = 0x1D
    STAFF_PUBLIC_KEY = 0x1E
    DENIED = 0x1F
    RECORDS = 0x20
    AFTER_SEQUENCE = 0x21
    AT_MOST = 0x22
    NEWEST_SEQUENCE = 0x23
    CHAIN = 0x24
    SCOPES = 0x25
    LAST_COUNTER = 0x26
    KEEP_OLD_KEYS_UNTIL = 0x27
    DOOR_DIRECTION = 0x30
    REAR_DOOR_CONTACT = 0x31
    LOCK_BODY = 0x32
    TORQUE = 0x33
    LOCK_BACK_TIME = 0x34
    STAY = 0x35
    RADAR = 0x36
    LOCK_OUT_TIME_NEW = 0x37
    LOCK_OUT_TIME = 0x38
    LANGUAGE = 0x39
    PICK_PROOF = 0x3A
    ELECTRON_LOCK = 0x3B
    CONNECT_STATUS = 0x3C
    LOCK_MODE = 0x3D
    OPERATION = 0x40
    IMEI = 0x50
    IMSI = 0x51
    SERVER_KEYS = 0x60
    ADMIN_PASSCODE = 0x61


EXTENDED_SETTINGS = tuple(Tag(code) for code in range(0x30, 0x38))
"""Tags that only a version 08 lock has."""
PLAIN_SETTINGS = tuple(Tag(code) for code in range(0x38, 0x3E))

Check = Callable[[bytes], bool]


def _size(*sizes: int) -> Check:
    return lambda value: len(value) in sizes


def _byte(low: int, high: int) -> Check:
    return lambda value: len(value) == 1 and low <= value[0] <= high


def _repeated(size: int, most: int, least: int = 1) -> Check:
    return lambda value: len(value) % size == 0 and least <= len(value) // size <= most


def _between(low: int, high: int) -> Check:
    return lambda value: low <= len(value) <= high


def _time_zone(value: bytes) -> bool:
    return len(value) == 1 and -56 <= int.from_bytes(value, "big", signed=True) <= 56


def _week_window(value: bytes) -> bool:
    if len(value) != 5:
        return False
    start, end = int.from_bytes(value[1:3], "big"), int.from_bytes(value[3:5], "big")
    return 1 <= value[0] <= 0x7F and start < 1440 and 1 <= end <= 1440


def _part(value: bytes) -> bool:
    return len(value) == 6 and int.from_bytes(value[:2], "big") < int.from_bytes(value[2:4], "big")


def _issue(value: bytes) -> bool:
    return len(value) == 9 and value[0] in (0x44, 0x53)


def _printable(value: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in value)


def _digits(size: int, *, is_padded: bool) -> Check:
    """BCD: decimal digits, then, where padding is allowed, only F to the end."""

    def check(value: bytes) -> bool:
        digits = value.hex().rstrip("f") if is_padded else value.hex()
        return len(value) == size and digits.isdecimal()

    return check


_CHECKS: dict[Tag, Check] = {
    Tag.SLOT: _size(2),
    Tag.CREDENTIAL_KIND: _byte(1, 7),
    Tag.CREDENTIAL_ID: _size(4),
    Tag.CREDENTIAL_CONTENT: _between(1, MAX_PART),
    Tag.NOT_BEFORE: _size(4),
    Tag.NOT_AFTER: _size(4),
    Tag.WEEK_WINDOW: _week_window,
    Tag.PART: _part,
    Tag.ROLE: _byte(1, 4),
    Tag.DO_BEFORE: _size(4),
    Tag.BATTERY: _size(1),
    Tag.VOLTAGE_CLASS: _size(1),
    Tag.CLOCK: _size(4),
    Tag.TIME_ZONE: _time_zone,
    Tag.CHECKOUT_HOUR: _byte(0, 23),
    Tag.FIRMWARE: _printable,
    Tag.DOOR_ID: _size(4),
    Tag.KEY_VERSION: _byte(1, 0xFF),
    Tag.DOOR_KEY: _size(32),
    Tag.AREA_KEYS: _repeated(36, 7),
    Tag.CARD_A_KEY: _size(16),
    Tag.ISSUE: _issue,
    Tag.EPOCH: _size(1),
    Tag.STAFF_PUBLIC_KEY: _size(32),
    Tag.DENIED: _repeated(8, 31),
    Tag.RECORDS: _repeated(16, 15),
    Tag.AFTER_SEQUENCE: _size(4),
    Tag.AT_MOST: _size(1),
    Tag.NEWEST_SEQUENCE: _size(4),
    Tag.CHAIN: _size(8),
    Tag.SCOPES: _repeated(4, 16, least=0),
    Tag.LAST_COUNTER: _size(6),
    Tag.KEEP_OLD_KEYS_UNTIL: _size(4),
    **dict.fromkeys(EXTENDED_SETTINGS, _size(1)),
    Tag.LOCK_OUT_TIME_NEW: _size(2),
    **dict.fromkeys(PLAIN_SETTINGS, _size(1)),
    Tag.OPERATION: _byte(1, 11),
    Tag.IMEI: _digits(8, is_padded=True),
    Tag.IMSI: _digits(8, is_padded=True),
    Tag.SERVER_KEYS: _digits(8, is_padded=False),
    Tag.ADMIN_PASSCODE: _digits(4, is_padded=False),
}
_TAGS = {tag.value: tag for tag in Tag}


@dataclass(frozen=True, slots=True)
class Tlv:
    """One item. Its value is kept out of texts: it may be a key."""

    tag: Tag
    value: bytes = field(repr=False)


def _fault(item: Tlv, version: int) -> str:
    """What is wrong with an item; empty if nothing is."""
    if version < _EXTENDED_FROM_VERSION and item.tag in EXTENDED_SETTINGS:
        return f"tag {item.tag:02X} needs protocol version 08"
    if not _CHECKS[item.tag](item.value):
        return f"tag {item.tag:02X} has a wrong size or value"
    return ""


def encode_tlvs(items: Iterable[Tlv], version: int = 8) -> bytes:
    """The bytes of some items, in their order; `UsageError` if one has a value that its tag cannot have."""
    encoded = bytearray()
    for item in items:
        fault = _fault(item, version)
        if fault:
            raise UsageError(fault)
        encoded += bytes((item.tag, len(item.value))) + item.value
    return bytes(encoded)


def decode_tlvs(encoded: bytes, version: int = 8) -> list[Tlv]:
    """The items in their order; `MalformedError` (code `bad_tlv`) for an unknown tag, a cut or a value of no meaning."""
    reader = Reader(encoded)
    items = []
    try:
        while reader.left:
            code, size = reader.take(2)
            tag = _TAGS.get(code)
            if tag is None:
                raise MalformedError(f"tag {code:02X} is not known")
            item = Tlv(tag, reader.take(size))
            fault = _fault(item, version)
            if fault:
                raise MalformedError(fault)
            items.append(item)
    except ProtocolError as fault_of_peer:
        raise bad_tlv(str(fault_of_peer)) from None
    return items


def bad_tlv(message: str) -> MalformedError:
    """The error that a lock answers with status 2."""
    return MalformedError(message, code=BAD_TLV)


class Fields:
    """Items by tag, each taken once: what is missing, doubled or left over is `bad_tlv`."""

    __slots__ = ("_values",)

    def __init__(self, items: Sequence[Tlv]) -> None:
        self._values: dict[Tag, list[bytes]] = {}
        for item in items:
            self._values.setdefault(item.tag, []).append(item.value)

    def find(self, tag: Tag) -> bytes | None:
        """The one value of a tag that may be missing."""
        values = self._values.pop(tag, [])
        if len(values) > 1:
            raise bad_tlv(f"tag {tag:02X} comes twice")
        return values[0] if values else None

    def get(self, tag: Tag) -> bytes:
        """The one value of a tag that must be there."""
        value = self.find(tag)
        if value is None:
            raise bad_tlv(f"tag {tag:02X} is missing")
        return value

    def number(self, tag: Tag) -> int:
        """The one value of a tag that must be there, as an unsigned number."""
        return int.from_bytes(self.get(tag), "big")

    def find_number(self, tag: Tag) -> int | None:
        """The one value of a tag that may be missing, as an unsigned number."""
        value = self.find(tag)
        return None if value is None else int.from_bytes(value, "big")

    def list_all(self, tag: Tag) -> list[bytes]:
        """The values of a tag that may come any number of times."""
        return self._values.pop(tag, [])

    def end(self) -> None:
        """Refuse tags that nobody took."""
        if self._values:
            raise bad_tlv("foreign tags: " + ", ".join(f"{tag:02X}" for tag in self._values))


@dataclass(frozen=True, slots=True)
class Part:
    """The place of a part: number from 0, how many there are, CRC-16 of the whole."""

    number: int
    count: int
    crc: int

    def __post_init__(self) -> None:
        check_range("parts", self.count, 1, MAX_PARTS)
        check_range("part", self.number, 0, self.count - 1)
        check_range("CRC", self.crc, 0, 0xFFFF)

    def encode(self) -> bytes:
        """The value of tag 08."""
        return b"".join(number.to_bytes(2, "big") for number in (self.number, self.count, self.crc))

    @classmethod
    def decode(cls, value: bytes) -> Part:
        """The place in the value of tag 08; `MalformedError` (`bad_tlv`) unless it is one."""
        if not _part(value):
            raise bad_tlv("tag 08 is no place of a part")
        return cls(*(int.from_bytes(value[at : at + 2], "big") for at in (0, 2, 4)))


def split_parts(content: bytes) -> list[tuple[bytes, Part]]:
    """Cut long content into parts of at most 240 bytes, each with its place."""
    pieces = [content[at : at + MAX_PART] for at in range(0, len(content), MAX_PART)]
    check_range("parts", len(pieces), 1, MAX_PARTS)
    crc = crc16(content)
    return [(piece, Part(number, len(pieces), crc)) for number, piece in enumerate(pieces)]


def join_parts(parts: Iterable[tuple[bytes, Part]]) -> bytes:
    """The whole content from its parts in any order; `MalformedError` (`bad_tlv`) if one is missing or the CRC is wrong."""
    by_number = {part.number: (piece, part) for piece, part in parts}
    places = [part for _, part in by_number.values()]
    if not places or any((p.count, p.crc) != (places[0].count, places[0].crc) for p in places):
        raise bad_tlv("the parts do not belong together")
    if len(places) != places[0].count:
        raise bad_tlv("parts are missing")
    content = b"".join(by_number[number][0] for number in range(len(places)))
    if crc16(content) != places[0].crc:
        raise bad_tlv("the CRC of the whole is wrong")
    return content
