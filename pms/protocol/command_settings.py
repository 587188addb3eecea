"""Settings of a lock: commands 0200 and 0201, report 0701 (docs/protocol.md, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from .bcd import decode_bcd, encode_bcd
from .command_base import Bare, Command, Payload, number_item
from .errors import MalformedError, UsageError
from .reader import check_range
from .tlv import EXTENDED_SETTINGS, PLAIN_SETTINGS, Fields, Tag, Tlv, decode_tlvs, encode_tlvs

_OWN_SETTINGS = (*EXTENDED_SETTINGS, *PLAIN_SETTINGS)
_MAX_SCOPES = 16


@dataclass(frozen=True, slots=True)
class RawSetting:
    """A setting 30…3D whose meaning nobody knows: tag and raw value."""

    tag: Tag
    value: bytes

    def __post_init__(self) -> None:
        if self.tag not in _OWN_SETTINGS:
            raise UsageError(f"tag {self.tag:02X} is no raw setting")
        encode_tlvs([Tlv(self.tag, self.value)])

    def to_text(self) -> str:
        """Tag and value in upper-case hex without length, as lock rows keep it: `3001`, `37FFFF`."""
        return f"{self.tag:02X}{self.value.hex().upper()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The setting in such a text; `MalformedError` if it is none."""
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raise MalformedError("a raw setting is written in hex") from None
        (item,) = decode_tlvs(raw[:1] + bytes((len(raw[1:]),)) + raw[1:])
        try:
            return cls(item.tag, item.value)
        except UsageError as fault:
            raise MalformedError(str(fault)) from None


@dataclass(frozen=True, slots=True)
class _Settings(Payload):
    """Settings, each of which may be missing. `time_zone` counts quarter hours east of UTC."""

    ALLOWED: ClassVar[frozenset[Tag]]
    battery: int | None = None
    voltage_class: int | None = None
    clock: int | None = None
    time_zone: int | None = None
    checkout_hour: int | None = None
    firmware: str | None = None
    door_id: int | None = None
    key_version: int | None = None
    epoch: int | None = None
    scopes: tuple[int, ...] | None = None
    raw: tuple[RawSetting, ...] = ()

    def __post_init__(self) -> None:
        if len({setting.tag for setting in self.raw}) != len(self.raw):
            raise UsageError("a raw setting comes twice")
        foreign = [item.tag for item in self.items() if item.tag not in self.ALLOWED]
        if foreign:
            raise UsageError(f"tag {foreign[0]:02X} does not belong to {type(self).__name__}")

    def items(self) -> list[Tlv]:
        numbers = (
            (Tag.BATTERY, self.battery, 1),
            (Tag.VOLTAGE_CLASS, self.voltage_class, 1),
            (Tag.CLOCK, self.clock, 4),
            (Tag.TIME_ZONE, None if self.time_zone is None else encode_time_zone(self.time_zone), 1),
            (Tag.CHECKOUT_HOUR, self.checkout_hour, 1),
        )
        found = [number_item(tag, number, size) for tag, number, size in numbers if number is not None]
        if self.firmware is not None:
            found.append(Tlv(Tag.FIRMWARE, encode_firmware(self.firmware)))
        later = ((Tag.DOOR_ID, self.door_id, 4), (Tag.KEY_VERSION, self.key_version, 1), (Tag.EPOCH, self.epoch, 1))
        found += [number_item(tag, number, size) for tag, number, size in later if number is not None]
        if self.scopes is not None:
            found.append(Tlv(Tag.SCOPES, encode_ids(self.scopes)))
        return found + [Tlv(setting.tag, setting.value) for setting in sorted(self.raw, key=lambda s: s.tag)]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        zone, firmware, scopes = fields.find(Tag.TIME_ZONE), fields.find(Tag.FIRMWARE), fields.find(Tag.SCOPES)
        return cls(
            battery=fields.find_number(Tag.BATTERY),
            voltage_class=fields.find_number(Tag.VOLTAGE_CLASS),
            clock=fields.find_number(Tag.CLOCK),
            time_zone=None if zone is None else decode_time_zone(zone),
            checkout_hour=fields.find_number(Tag.CHECKOUT_HOUR),
            firmware=None if firmware is None else firmware.decode("latin-1"),
            door_id=fields.find_number(Tag.DOOR_ID),
            key_version=fields.find_number(Tag.KEY_VERSION),
            epoch=fields.find_number(Tag.EPOCH),
            scopes=None if scopes is None else decode_ids(scopes),
            raw=tuple(
                RawSetting(tag, value) for tag in _OWN_SETTINGS for value in [fields.find(tag)] if value is not None
            ),
        )


@dataclass(frozen=True, slots=True)
class ReadSettings(Bare):
    """0200."""

    command: ClassVar[Command] = Command.READ_SETTINGS


@dataclass(frozen=True, slots=True)
class SettingsAnswer(_Settings):
    """The answer to 0200: everything the lock has, its passcode epoch too."""

    command: ClassVar[Command] = Command.READ_SETTINGS
    ALLOWED: ClassVar[frozenset[Tag]] = frozenset((*map(Tag, range(0x11, 0x19)), Tag.EPOCH, *_OWN_SETTINGS))


@dataclass(frozen=True, slots=True)
class WriteSettings(_Settings):
    """0201: clock, time zone, check-out hour, scopes and raw settings; what is missing stays as it is."""

    command: ClassVar[Command] = Command.WRITE_SETTINGS
    ALLOWED: ClassVar[frozenset[Tag]] = frozenset(
        (Tag.CLOCK, Tag.TIME_ZONE, Tag.CHECKOUT_HOUR, Tag.SCOPES, *_OWN_SETTINGS)
    )


@dataclass(frozen=True, slots=True)
class SystemSettings(_Settings):
    """Report 0701: what was changed at the lock."""

    command: ClassVar[Command] = Command.SYSTEM_SETTINGS
    ALLOWED: ClassVar[frozenset[Tag]] = frozenset((*map(Tag, range(0x11, 0x19)), *_OWN_SETTINGS))


@dataclass(frozen=True, slots=True)
class AssociateModule(Payload):
    """0600: the cellular module with this IMEI (digits) belongs to this lock from now on."""

    command: ClassVar[Command] = Command.ASSOCIATE_MODULE
    imei: str

    def items(self) -> list[Tlv]:
        return [Tlv(Tag.IMEI, encode_bcd(self.imei, 8))]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        return cls(decode_bcd(fields.get(Tag.IMEI)))


@dataclass(frozen=True, slots=True)
class ModuleAssociated(Payload):
    """Report 0601: the module is there, with this SIM."""

    command: ClassVar[Command] = Command.MODULE_ASSOCIATED
    imei: str
    imsi: str

    def items(self) -> list[Tlv]:
        return [Tlv(Tag.IMEI, encode_bcd(self.imei, 8)), Tlv(Tag.IMSI, encode_bcd(self.imsi, 8))]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        return cls(decode_bcd(fields.get(Tag.IMEI)), decode_bcd(fields.get(Tag.IMSI)))


def encode_time_zone(quarters: int) -> int:
    """Quarter hours east of UTC as the byte of tag 14."""
    check_range("time zone", quarters, -56, 56)
    return quarters & 0xFF


def decode_time_zone(value: bytes) -> int:
    """Quarter hours east of UTC from the value of tag 14."""
    return int.from_bytes(value, "big", signed=True)


def encode_firmware(version: str) -> bytes:
    """The value of tag 16; `UsageError` unless printable ASCII."""
    if not (version.isascii() and version.isprintable()):
        raise UsageError("a firmware version is printable ASCII")
    return version.encode("ascii")


def encode_ids(ids: tuple[int, ...]) -> bytes:
    """The value of tag 25: scope ids, at most 16."""
    check_range("number of scopes", len(ids), 0, _MAX_SCOPES)
    for scope_id in ids:
        check_range("scope id", scope_id, 0, 0xFFFF_FFFF)
    return b"".join(scope_id.to_bytes(4, "big") for scope_id in ids)


def decode_ids(value: bytes) -> tuple[int, ...]:
    """The scope ids in the value of tag 25."""
    return tuple(int.from_bytes(value[at : at + 4], "big") for at in range(0, len(value), 4))
