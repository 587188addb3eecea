"""What is said on the line to a card-issuing machine (docs/protocol.md, section 6): one small value per message.

Every class names its `type`, checks its fields when it is made (`UsageError`) and turns into payload bytes with
`encode()` and back with `decode()` (`MalformedError`). `decode_request` and `decode_event` choose the class by the
type of a frame. Framing is in `encoder_line`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Self

from .encoder_words import (
    Capability,
    CardKind,
    EventType,
    FingerStage,
    KeyKind,
    RequestType,
    SignalPattern,
    Status,
)
from .errors import MalformedError, UsageError
from .reader import PeerFault, Reader, check_range, check_size, check_uid, known

UNIT_SIZE = 48
KEY_SIZE = 6
TRAILER_SIZE = 16
MAX_TEMPLATE_PART = 1024
LINE_VERSION = 1


class Message(ABC):
    """A payload with the type of frame that carries it."""

    type: ClassVar[RequestType | EventType]

    @abstractmethod
    def encode(self) -> bytes:
        """The payload."""

    @classmethod
    @abstractmethod
    def _read(cls, reader: Reader) -> Self:
        """Take the fields; `decode` sees to what is left over."""

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The value of a payload; `MalformedError` if a byte is missing, too many or of no meaning."""
        reader = Reader(payload)
        with PeerFault():
            message = cls._read(reader)
        reader.end()
        return message


class _Empty(Message):
    """A message without payload."""

    def encode(self) -> bytes:
        return b""

    @classmethod
    def _read(cls, reader: Reader) -> Self:  # noqa: ARG003 - nothing to take
        return cls()


# --- requests of the host


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Who are you? The machine also forgets the last request."""

    type: ClassVar[RequestType] = RequestType.HELLO
    version: int = LINE_VERSION

    def __post_init__(self) -> None:
        check_range("protocol version", self.version, 0, 0xFF)

    def encode(self) -> bytes:
        return bytes((self.version,))

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(reader.number(1))


@dataclass(frozen=True, slots=True)
class WaitForCard(Message):
    """Say when a card lies on the machine; `timeout` in tenths of a second."""

    type: ClassVar[RequestType] = RequestType.WAIT_FOR_CARD
    timeout: int

    def __post_init__(self) -> None:
        check_range("timeout", self.timeout, 0, 0xFFFF)

    def encode(self) -> bytes:
        return self.timeout.to_bytes(2, "big")

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(reader.number(2))


def _encode_unit_address(uid: bytes, unit: int, key_kind: KeyKind, key: bytes) -> bytes:
    return bytes((len(uid),)) + uid + bytes((unit, key_kind)) + key


def _check_unit_address(uid: bytes, unit: int, key: bytes) -> None:
    check_uid(uid)
    check_range("unit", unit, 1, 8)
    check_size("sector key", key, KEY_SIZE)


def _read_unit_address(reader: Reader) -> tuple[bytes, int, KeyKind, bytes]:
    uid = reader.take(reader.number(1))
    return uid, reader.number(1), known(KeyKind, reader.number(1)), reader.take(KEY_SIZE)


@dataclass(frozen=True, slots=True)
class ReadUnit(Message):
    """Read the 48 bytes of a unit from the card with this UID."""

    type: ClassVar[RequestType] = RequestType.READ_UNIT
    uid: bytes
    unit: int
    key_kind: KeyKind = KeyKind.NONE
    key: bytes = field(default=bytes(KEY_SIZE), repr=False)

    def __post_init__(self) -> None:
        _check_unit_address(self.uid, self.unit, self.key)

    def encode(self) -> bytes:
        return _encode_unit_address(self.uid, self.unit, self.key_kind, self.key)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(*_read_unit_address(reader))


@dataclass(frozen=True, slots=True)
class WriteUnit(Message):
    """Write 48 bytes into a unit, then, on a MIFARE Classic and if given, the sector trailer; the machine reads back."""

    type: ClassVar[RequestType] = RequestType.WRITE_UNIT
    uid: bytes
    unit: int
    content: bytes = field(repr=False)
    key_kind: KeyKind = KeyKind.NONE
    key: bytes = field(default=bytes(KEY_SIZE), repr=False)
    trailer: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_unit_address(self.uid, self.unit, self.key)
        check_size("unit content", self.content, UNIT_SIZE)
        if self.trailer is not None:
            check_size("sector trailer", self.trailer, TRAILER_SIZE)

    def encode(self) -> bytes:
        head = _encode_unit_address(self.uid, self.unit, self.key_kind, self.key) + self.content
        return head + (b"\0" if self.trailer is None else b"\1" + self.trailer)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        uid, unit, key_kind, key = _read_unit_address(reader)
        content = reader.take(UNIT_SIZE)
        flag = reader.number(1)
        if flag > 1:
            raise MalformedError(f"trailer flag is {flag}")
        return cls(uid, unit, content, key_kind, key, reader.take(TRAILER_SIZE) if flag else None)


@dataclass(frozen=True, slots=True)
class Signal(Message):
    """Show a pattern to the person at the desk."""

    type: ClassVar[RequestType] = RequestType.SIGNAL
    pattern: SignalPattern

    def encode(self) -> bytes:
        return bytes((self.pattern,))

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(known(SignalPattern, reader.number(1)))


@dataclass(frozen=True, slots=True)
class Cancel(_Empty):
    """End a running wait or capture."""

    type: ClassVar[RequestType] = RequestType.CANCEL


@dataclass(frozen=True, slots=True)
class CaptureFinger(Message):
    """Take a finger `samples` times; `timeout` in tenths of a second."""

    type: ClassVar[RequestType] = RequestType.CAPTURE_FINGER
    samples: int
    timeout: int

    def __post_init__(self) -> None:
        check_range("samples", self.samples, 1, 0xFF)
        check_range("timeout", self.timeout, 0, 0xFFFF)

    def encode(self) -> bytes:
        return bytes((self.samples,)) + self.timeout.to_bytes(2, "big")

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(reader.number(1), reader.number(2))


@dataclass(frozen=True, slots=True)
class ReadTemplate(Message):
    """Read `length` bytes (1…1024) of the captured template from `offset`."""

    type: ClassVar[RequestType] = RequestType.READ_TEMPLATE
    offset: int
    length: int

    def __post_init__(self) -> None:
        check_range("offset", self.offset, 0, 0xFFFF)
        check_range("length", self.length, 1, MAX_TEMPLATE_PART)

    def encode(self) -> bytes:
        return self.offset.to_bytes(2, "big") + self.length.to_bytes(2, "big")

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(reader.number(2), reader.number(2))


# --- answers of the machine


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and what follows it (nothing, unless the status is done)."""

    status: Status
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.body and self.status is not Status.DONE:
            raise UsageError(f"an answer with status {self.status.name} carries nothing more")

    def encode(self) -> bytes:
        """The payload of the answer."""
        return bytes((self.status,)) + self.body

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The value of a payload; `MalformedError` if it has no or no known status."""
        reader = Reader(payload)
        with PeerFault():
            return cls(known(Status, reader.number(1)), reader.rest())


@dataclass(frozen=True, slots=True)
class HelloAnswer:
    """The machine's name plate: the body of the answer to hello. `serial_number` is 8 bytes."""

    version: int
    serial_number: bytes
    capabilities: Capability
    model: str

    def __post_init__(self) -> None:
        check_range("protocol version", self.version, 0, 0xFF)
        check_size("serial number", self.serial_number, 8)
        check_range("capabilities", self.capabilities, 0, 7)
        if not (self.model.isascii() and self.model.isprintable()):
            raise UsageError("the model must be printable ASCII")

    def encode(self) -> bytes:
        """The body after the status."""
        head = bytes((self.version,)) + self.serial_number + bytes((self.capabilities,))
        return head + self.model.encode("ascii")

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The value of a body; `MalformedError` for a reserved capability or a model that is not ASCII."""
        reader = Reader(body)
        version, serial_number, capabilities = reader.number(1), reader.take(8), reader.number(1)
        if capabilities > 7:
            raise MalformedError("a reserved capability is set")
        with PeerFault():
            return cls(version, serial_number, Capability(capabilities), reader.rest().decode("latin-1"))


# --- events of the machine


@dataclass(frozen=True, slots=True)
class CardArrived(Message):
    """A card lies on the machine."""

    type: ClassVar[EventType] = EventType.CARD
    kind: CardKind
    uid: bytes

    def __post_init__(self) -> None:
        check_uid(self.uid)

    def encode(self) -> bytes:
        return bytes((self.kind, len(self.uid))) + self.uid

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(known(CardKind, reader.number(1)), reader.take(reader.number(1)))


@dataclass(frozen=True, slots=True)
class CardRemoved(_Empty):
    """The card was taken away."""

    type: ClassVar[EventType] = EventType.CARD_REMOVED


@dataclass(frozen=True, slots=True)
class FingerProgress(Message):
    """What the finger is to do for which sample (from 1), and how good the image was."""

    type: ClassVar[EventType] = EventType.FINGER_PROGRESS
    stage: FingerStage
    sample: int
    quality: int

    def __post_init__(self) -> None:
        check_range("sample", self.sample, 0, 0xFF)
        check_range("quality", self.quality, 0, 0xFF)

    def encode(self) -> bytes:
        return bytes((self.stage, self.sample, self.quality))

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(known(FingerStage, reader.number(1)), reader.number(1), reader.number(1))


@dataclass(frozen=True, slots=True)
class FingerDone(Message):
    """The template can be read: `size` bytes with this CRC-16."""

    type: ClassVar[EventType] = EventType.FINGER_DONE
    template_format: int
    size: int
    crc: int

    def __post_init__(self) -> None:
        check_range("template format", self.template_format, 0, 0xFF)
        check_range("size", self.size, 0, 0xFFFF)
        check_range("CRC", self.crc, 0, 0xFFFF)

    def encode(self) -> bytes:
        return bytes((self.template_format,)) + self.size.to_bytes(2, "big") + self.crc.to_bytes(2, "big")

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(reader.number(1), reader.number(2), reader.number(2))


@dataclass(frozen=True, slots=True)
class _OneStatus(Message):
    status: Status

    def encode(self) -> bytes:
        return bytes((self.status,))

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        return cls(known(Status, reader.number(1)))


@dataclass(frozen=True, slots=True)
class Ended(_OneStatus):
    """A wait or a capture ended without what it waited for."""

    type: ClassVar[EventType] = EventType.ENDED


@dataclass(frozen=True, slots=True)
class Acknowledged(_OneStatus):
    """The host has the event with the same seq."""

    type: ClassVar[EventType] = EventType.ACKNOWLEDGED
    status: Status = Status.DONE

    def __post_init__(self) -> None:
        if self.status is not Status.DONE:
            raise UsageError("an acknowledgement has status 0")


REQUESTS: dict[int, type[Message]] = {
    kind.type: kind for kind in (Hello, WaitForCard, ReadUnit, WriteUnit, Signal, Cancel, CaptureFinger, ReadTemplate)
}
EVENTS: dict[int, type[Message]] = {
    kind.type: kind for kind in (CardArrived, CardRemoved, FingerProgress, FingerDone, Ended, Acknowledged)
}


def decode_request(frame_type: int, payload: bytes) -> Message:
    """The request in a frame of the host; `MalformedError` for an unknown type (code `unknown_type`) or bad payload."""
    return _decode(REQUESTS, frame_type, payload)


def decode_event(frame_type: int, payload: bytes) -> Message:
    """The event (or acknowledgement) in a frame; `MalformedError` as for `decode_request`."""
    return _decode(EVENTS, frame_type, payload)


def _decode(kinds: dict[int, type[Message]], frame_type: int, payload: bytes) -> Message:
    kind = kinds.get(frame_type)
    if kind is None:
        raise MalformedError(f"type {frame_type:02X} is not known", code="unknown_type")
    return kind.decode(payload)
