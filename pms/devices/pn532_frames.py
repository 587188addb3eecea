"""Frames on the serial line (HSU) of a PN532: bytes to frames and back (NXP UM0701-02, section 6.2.1).

    00 | 00 FF | LEN | LCS | TFI … | DCS | 00                    up to 255 bytes from TFI on
    00 | 00 FF | FF FF | LEN(2) | LCS | TFI … | DCS | 00         longer ones
    00 | 00 FF | 00 FF | 00    acknowledged                      00 | 00 FF | FF 00 | 00    say it again
    00 | 00 FF | 01 FF | 7F 81 | 00    the chip did not understand

LCS and DCS make the sum of the length, and of the data, zero modulo 256.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

TO_CHIP = 0xD4
FROM_CHIP = 0xD5
"""The first byte of a frame's data (TFI) tells its direction."""

MAX_DATA = 265
"""TFI and 264 bytes more."""

ACK_FRAME = bytes.fromhex("0000ff00ff00")
NACK_FRAME = bytes.fromhex("0000ffff0000")
ERROR_FRAME = bytes.fromhex("0000ff01ff7f8100")

_START = b"\x00\xff"
_LONGEST_NORMAL = 255
_ACK, _NACK, _EXTENDED = b"\x00\xff", b"\xff\x00", b"\xff\xff"
_ERROR_DATA = b"\x7f"


class FrameKind(Enum):
    """What a frame is for."""

    ACK = "acknowledged"
    NACK = "again"
    ERROR = "not understood"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose checksums are right. `data` begins with TFI; only a DATA frame has some."""

    kind: FrameKind
    data: bytes = field(default=b"", repr=False)


def encode_frame(data: bytes) -> bytes:
    """The frame that carries `data` (TFI and what follows); `ValueError` if no frame can."""
    size = len(data)
    if not 1 <= size <= MAX_DATA:
        raise ValueError(f"a frame carries 1 to {MAX_DATA} bytes, not {size}")
    if size <= _LONGEST_NORMAL:
        head = bytes((size, _complement(bytes((size,)))))
    else:
        length = size.to_bytes(2, "big")
        head = _EXTENDED + length + bytes((_complement(length),))
    return b"\x00" + _START + head + data + bytes((_complement(data), 0))


class FrameDecoder:
    """Finds frames in what arrives, however it is cut, and whatever noise lies between them."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        frames: list[Frame] = []
        while self._find_start():
            size, frame = _parse(self._buffer)
            if not size:
                break
            del self._buffer[:size]
            if frame is not None:
                frames.append(frame)
        return frames

    def give_up(self) -> list[Frame]:
        """What began like a frame is none, since the rest of it did not come: the frames that hid behind it."""
        frames: list[Frame] = []
        while self._buffer:
            del self._buffer[0]
            frames += self.feed(b"")
        return frames

    def _find_start(self) -> bool:
        at = self._buffer.find(_START)
        if at < 0:
            # The first half of a start may have arrived.
            at = len(self._buffer) - self._buffer.endswith(_START[:1])
            del self._buffer[:at]
            return False
        del self._buffer[:at]
        return True


def _parse(buffer: bytearray) -> tuple[int, Frame | None]:
    """How many bytes of `buffer`, which begins with a start, are done with, and the frame that they are.

    0: more must come. One byte and no frame: only looked like a start.
    """
    head = bytes(buffer[2:4])
    if len(head) < 2:
        return 0, None
    if head == _ACK:
        return 4, Frame(FrameKind.ACK)
    if head == _NACK:
        return 4, Frame(FrameKind.NACK)
    begin = 7 if head == _EXTENDED else 4
    length = bytes(buffer[4:6]) if head == _EXTENDED else head[:1]
    if len(buffer) < begin:
        return 0, None
    size = int.from_bytes(length, "big")
    if buffer[begin - 1] != _complement(length) or not 1 <= size <= MAX_DATA:
        return 1, None
    end = begin + size
    if len(buffer) <= end:
        return 0, None
    data = bytes(buffer[begin:end])
    if buffer[end] != _complement(data):
        return 1, None
    return end + 1, Frame(FrameKind.ERROR) if data == _ERROR_DATA else Frame(FrameKind.DATA, data)


def _complement(data: bytes) -> int:
    """The byte that makes the sum zero."""
    return -sum(data) & 0xFF
