"""The words of commands, and what every payload of tags has in common (docs/protocol.md, section 4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import ClassVar, Self

from .errors import UsageError
from .tlv import Fields, Tag, Tlv, bad_tlv, decode_tlvs, encode_tlvs


class Command(IntEnum):
    """What a frame is about. 03…08 of the lock's own are reports."""

    ADD_USER = 0x0100
    MODIFY_USER = 0x0101
    DELETE_USER = 0x0102
    LIST_USERS = 0x0103
    READ_SETTINGS = 0x0200
    WRITE_SETTINGS = 0x0201
    RECORD = 0x0300
    READ_RECORDS = 0x0301
    OPERATE = 0x0400
    INITIALISE = 0x0500
    FORGET = 0x0501
    DELETED = 0x0502
    ASSOCIATE_MODULE = 0x0600
    MODULE_ASSOCIATED = 0x0601
    BOUND = 0x0700
    SYSTEM_SETTINGS = 0x0701
    USERS = 0x0702
    ALIVE = 0x0800


class AnswerStatus(IntEnum):
    """First byte of a lock's answer."""

    DONE = 0
    UNKNOWN_COMMAND = 1
    BAD_TLV = 2
    REFUSED = 3
    FULL = 4
    NO_SUCH_ITEM = 5
    ALREADY_THERE = 6
    BUSY = 7
    NOT_BOUND = 8
    LOW_BATTERY = 9
    TOO_LATE = 10


class StoredKind(IntEnum):
    """Kinds of credential that a lock stores; 7 is only a name by which a permanent code is deleted."""

    PASSCODE = 1
    CARD = 2
    FINGERPRINT = 3
    REMOTE = 4
    FACE = 5
    PALM = 6
    PERMANENT_PASSCODE = 7


TEMPLATE_KINDS = frozenset((StoredKind.FINGERPRINT, StoredKind.FACE, StoredKind.PALM))
"""Kinds whose content is long and travels in parts."""


class UserRole(IntEnum):
    """What a stored credential is allowed; a duress credential opens and raises an alarm."""

    GUEST = 1
    STAFF = 2
    ADMINISTRATOR = 3
    DURESS = 4


class Operation(IntEnum):
    """What 0400 makes a lock do."""

    UNLOCK = 1
    LOCK = 2
    PASSAGE_ON = 3
    PASSAGE_OFF = 4
    SET_CLOCK = 5
    RESTART = 6
    SELF_TEST = 7
    SILENCE_ALARM = 8
    RAISE_ISSUE = 9
    DENY = 10
    RAISE_FLOOR = 11


class Payload(ABC):
    """The content of a request, an answer or a report as a value."""

    command: ClassVar[Command]

    @abstractmethod
    def items(self) -> list[Tlv]:
        """The tags in the order of the specification."""

    @classmethod
    @abstractmethod
    def _take(cls, fields: Fields) -> Self:
        """Take the tags; what is left over is refused by `decode`."""

    def encode(self, version: int = 8) -> bytes:
        """The bytes of the tags; `UsageError` for a value that its tag cannot have in this protocol version."""
        return encode_tlvs(self.items(), version)

    @classmethod
    def decode(cls, encoded: bytes, version: int = 8) -> Self:
        """The value of the tags' bytes; `MalformedError` (code `bad_tlv`) if one is missing, doubled, foreign or bad."""
        return cls.from_items(decode_tlvs(encoded, version))

    @classmethod
    def from_items(cls, items: list[Tlv]) -> Self:
        """The value of decoded tags; errors as for `decode`."""
        fields = Fields(items)
        try:
            payload = cls._take(fields)
        except UsageError as fault:
            raise bad_tlv(str(fault)) from None
        fields.end()
        return payload


class Bare(Payload):
    """A payload without tags."""

    def items(self) -> list[Tlv]:
        return []

    @classmethod
    def _take(cls, fields: Fields) -> Self:  # noqa: ARG003 - nothing to take
        return cls()


def number_item(tag: Tag, number: int, size: int) -> Tlv:
    """An item that holds an unsigned number; `UsageError` if it does not fit."""
    if not 0 <= number < 1 << 8 * size:
        raise UsageError(f"{number} does not fit into tag {tag:02X}")
    return Tlv(tag, number.to_bytes(size, "big"))
