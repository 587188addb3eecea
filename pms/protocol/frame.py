"""Sealed frames between server and lock (docs/protocol.md, section 4).

    5A | version | command (2) | direction | counter (6) | n (2) | ciphertext (n) | CCM tag (8) | CRC-16 (2)

The nonce is direction, counter and the lock's SN; the first 13 bytes are authenticated with the content. Which counters a
receiver takes is in `session`; what the content says is in `command`.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from .errors import MalformedError, TamperedError
from .reader import check_range, check_size

FRAME_START = 0x5A
VERSIONS = (7, 8)
MAX_PLAINTEXT = 1024
MAX_COUNTER = (1 << 48) - 1

_HEADER = Struct(">BBHBHIH")
_HEADER_SIZE = 13
_TAG_SIZE = 8
_CRC_SIZE = 2
_OVERHEAD = _HEADER_SIZE + _TAG_SIZE + _CRC_SIZE
_CRC_INIT = 0xFFFF


class Direction(IntEnum):
    """Who speaks, and whether it is asked or answered."""

    REQUEST = 0
    ANSWER = 1
    REPORT = 2
    ACKNOWLEDGEMENT = 3


_DIRECTIONS = tuple(Direction)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What a carrier may read: everything but the content."""

    version: int
    command: int
    direction: Direction
    counter: int
    size: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame's header and its open content. The content is kept out of texts: it may carry keys."""

    version: int
    command: int
    direction: Direction
    counter: int
    plaintext: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not (
            self.version in VERSIONS
            and 0 <= self.command <= 0xFFFF
            and 0 <= self.counter <= MAX_COUNTER
            and len(self.plaintext) <= MAX_PLAINTEXT
        ):
            check_range("version", self.version, *VERSIONS)
            check_range("command", self.command, 0, 0xFFFF)
            check_range("counter", self.counter, 0, MAX_COUNTER)
            check_range("size of the content", len(self.plaintext), 0, MAX_PLAINTEXT)


# Making the object costs more than sealing a frame, and a server speaks to a lock many times.
@lru_cache(maxsize=512)
def _ccm(key: bytes) -> AESCCM:
    check_size("frame key", key, 16)
    return AESCCM(key, tag_length=_TAG_SIZE)


def _nonce(direction: int, counter: int, sn: bytes) -> bytes:
    check_size("SN", sn, 6)
    return bytes((direction,)) + counter.to_bytes(6, "big") + sn


def seal_frame(key: bytes, sn: bytes, frame: Frame) -> bytes:
    """The bytes of a frame for (or from) the lock with serial number `sn`, sealed with a 16-byte key."""
    counter = frame.counter
    header = _HEADER.pack(
        FRAME_START,
        frame.version,
        frame.command,
        frame.direction,
        counter >> 32,
        counter & 0xFFFF_FFFF,
        len(frame.plaintext),
    )
    sealed = header + _ccm(key).encrypt(_nonce(frame.direction, counter, sn), frame.plaintext, header)
    return sealed + crc_hqx(sealed, _CRC_INIT).to_bytes(2, "big")


def peek_header(data: bytes) -> FrameHeader:
    """What the header says, after size, CRC and ranges were checked; nothing of it is authenticated yet.

    `MalformedError` for anything that is not exactly one frame.
    """
    if len(data) < _OVERHEAD:
        raise MalformedError(f"a frame has at least {_OVERHEAD} bytes, not {len(data)}")
    start, version, command, direction, high, low, size = _HEADER.unpack_from(data)
    if start != FRAME_START or version not in VERSIONS or direction >= len(_DIRECTIONS):
        raise MalformedError("not a frame, or of an unknown version or direction")
    if size > MAX_PLAINTEXT or len(data) != _OVERHEAD + size:
        raise MalformedError("the length in the header does not fit the frame")
    # The CRC over a message and its own CRC is zero.
    if crc_hqx(data, _CRC_INIT):
        raise MalformedError("wrong CRC", code="wrong_crc")
    return FrameHeader(version, command, _DIRECTIONS[direction], high << 32 | low, size)


def open_frame(key: bytes, sn: bytes, data: bytes, head: FrameHeader | None = None) -> Frame:
    """The frame in `data`; `MalformedError` as for `peek_header`, `TamperedError` if the tag does not verify.

    Who has peeked already gives the `head` that came of it.
    """
    head = head or peek_header(data)
    try:
        plaintext = _ccm(key).decrypt(
            _nonce(head.direction, head.counter, sn), data[_HEADER_SIZE:-_CRC_SIZE], data[:_HEADER_SIZE]
        )
    except InvalidTag:
        raise TamperedError("the tag of the frame is wrong", code="bad_tag") from None
    return Frame(head.version, head.command, head.direction, head.counter, plaintext)
