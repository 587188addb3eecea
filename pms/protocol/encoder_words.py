"""The codes on the line to a card-issuing machine (docs/protocol.md, section 6)."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class RequestType(IntEnum):
    """Types of the host's requests; the answer's type is the same plus 80h."""

    HELLO = 0x01
    WAIT_FOR_CARD = 0x02
    READ_UNIT = 0x03
    WRITE_UNIT = 0x04
    SIGNAL = 0x05
    CANCEL = 0x06
    CAPTURE_FINGER = 0x10
    READ_TEMPLATE = 0x11


class EventType(IntEnum):
    """Types of the machine's events, and F0, the host's acknowledgement of any of them."""

    CARD = 0xE1
    CARD_REMOVED = 0xE2
    FINGER_PROGRESS = 0xE3
    FINGER_DONE = 0xE4
    ENDED = 0xE5
    ACKNOWLEDGED = 0xF0


class Status(IntEnum):
    """First byte of every answer, and the whole of E5 and F0."""

    DONE = 0
    ACCEPTED = 1
    BUSY = 2
    UNKNOWN_TYPE = 3
    BAD_LENGTH = 4
    NO_CARD = 5
    OTHER_CARD = 6
    WRONG_KEY = 7
    WRITE_FAILED = 8
    READ_BACK_DIFFERS = 9
    CANCELLED = 10
    NO_FINGER_MODULE = 11
    POOR_IMAGE = 12
    TIMEOUT = 13


class CardKind(IntEnum):
    """Kinds of medium in event E1."""

    CLASSIC_1K = 1
    CLASSIC_4K = 2
    NTAG213 = 3
    NTAG215 = 4
    NTAG216 = 5


class FingerStage(IntEnum):
    """What the finger is to do, in event E3."""

    PUT_FINGER = 1
    GOT_IT = 2
    LIFT_FINGER = 3


class KeyKind(IntEnum):
    """Which sector key opens a unit."""

    NONE = 0x00
    A = 0x41
    B = 0x42


class SignalPattern(IntEnum):
    """What the machine's lamp and buzzer show."""

    OFF = 0
    WAIT = 1
    GOOD = 2
    BAD = 3


class Capability(IntFlag):
    """What a machine has, in the answer to hello."""

    CLASSIC = 1
    NTAG = 2
    FINGERPRINT = 4
