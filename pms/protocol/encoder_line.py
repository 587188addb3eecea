"""Frames on the serial line to a card-issuing machine (docs/protocol.md, section 6).

    AA 55 | 01 | seq | type | length (2) | payload | CRC-16 over everything between AA 55 and it

The decoder keeps the bytes that may still become a frame and nothing else. A false beginning (wrong version, length or
CRC, or a frame that silence cut off) costs one byte: the search goes on right after its `AA`, so a good frame that hides
behind rubbish is found. What the payloads mean is in `encoder_messages`, whose names are offered here as well.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass

from .encoder_messages import (
    Acknowledged,
    Answer,
    Cancel,
    CaptureFinger,
    CardArrived,
    CardRemoved,
    Ended,
    FingerDone,
    FingerProgress,
    Hello,
    HelloAnswer,
    Message,
    ReadTemplate,
    ReadUnit,
    Signal,
    WaitForCard,
    WriteUnit,
    decode_event,
    decode_request,
)
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
from .reader import check_range

__all__ = [
    "ANSWER_BIT",
    "MAX_PAYLOAD",
    "SILENCE",
    "Acknowledged",
    "Answer",
    "Cancel",
    "Capability",
    "CaptureFinger",
    "CardArrived",
    "CardKind",
    "CardRemoved",
    "Ended",
    "EventType",
    "FingerDone",
    "FingerProgress",
    "FingerStage",
    "Hello",
    "HelloAnswer",
    "KeyKind",
    "LineDecoder",
    "LineFrame",
    "Message",
    "ReadTemplate",
    "ReadUnit",
    "RequestType",
    "Signal",
    "SignalPattern",
    "Status",
    "WaitForCard",
    "WriteUnit",
    "decode_event",
    "decode_request",
    "encode_line_frame",
]

START = b"\xaa\x55"
LINE_FORMAT = 0x01
MAX_PAYLOAD = 2048
ANSWER_BIT = 0x80
SILENCE = 0.1
"""Seconds without a byte after which a partial frame is given up."""

_HEAD = 7
_TAIL = 2
_CRC_INIT = 0xFFFF


@dataclass(frozen=True, slots=True)
class LineFrame:
    """One frame: `seq` and `type` are bytes, `payload` at most `MAX_PAYLOAD` bytes. `UsageError` if they do not fit."""

    seq: int
    type: int
    payload: bytes = b""

    def __post_init__(self) -> None:
        if not (0 <= self.seq <= 0xFF and 0 <= self.type <= 0xFF and len(self.payload) <= MAX_PAYLOAD):
            check_range("seq", self.seq, 0, 0xFF)
            check_range("type", self.type, 0, 0xFF)
            check_range("payload size", len(self.payload), 0, MAX_PAYLOAD)

    def __repr__(self) -> str:
        # Payloads carry sector keys, grants and templates: only their size is shown.
        return f"LineFrame(seq={self.seq}, type=0x{self.type:02X}, payload=<{len(self.payload)} bytes>)"


def encode_line_frame(frame: LineFrame) -> bytes:
    """The bytes to put on the line."""
    size = len(frame.payload)
    covered = bytes((LINE_FORMAT, frame.seq, frame.type, size >> 8, size & 0xFF)) + frame.payload
    return START + covered + crc_hqx(covered, _CRC_INIT).to_bytes(2, "big")


class LineDecoder:
    """Turns bytes, in any pieces, into frames. Never raises; keeps less than one frame's bytes between calls.

    Times are seconds on any scale that does not run backwards.
    """

    __slots__ = ("_kept", "_last")

    def __init__(self) -> None:
        self._kept = b""
        self._last = 0.0

    @property
    def is_partial(self) -> bool:
        """Whether bytes of an unfinished frame are kept, so that `idle` should be called after `SILENCE`."""
        return bool(self._kept)

    def feed(self, data: bytes, at: float) -> list[LineFrame]:
        """The frames that are whole now that `data` arrived at `at`; after a silence, those that it freed come first."""
        frames = self.idle(at)
        if data:
            self._kept = self._scan(self._kept + data, frames)
            self._last = at
        return frames

    def idle(self, at: float) -> list[LineFrame]:
        """The frames that come to light when, at `at`, the silence has lasted long enough; usually none."""
        frames: list[LineFrame] = []
        if self._kept and at - self._last >= SILENCE:
            while self._kept:
                self._kept = self._scan(self._kept[1:], frames)
        return frames

    def _scan(self, data: bytes, frames: list[LineFrame]) -> bytes:
        """Append the whole frames of `data` to `frames`; give back what may still become one."""
        end = len(data)
        start = data.find(START)
        while start >= 0:
            if end - start < _HEAD:
                if end - start < 3 or data[start + 2] == LINE_FORMAT:
                    return data[start:]
                start = data.find(START, start + 1)
                continue
            size = data[start + 5] << 8 | data[start + 6]
            if data[start + 2] == LINE_FORMAT and size <= MAX_PAYLOAD:
                crc_at = start + _HEAD + size
                after = crc_at + _TAIL
                if after > end:
                    return data[start:]
                # The CRC over a message and its own CRC is zero.
                if not crc_hqx(data[start + 2 : after], _CRC_INIT):
                    frames.append(LineFrame(data[start + 3], data[start + 4], data[start + _HEAD : crc_at]))
                    start = data.find(START, after)
                    # A lone AA at the very end counts from behind this frame.
                    if start < 0:
                        return data[-1:] if end > after and data[-1] == START[0] else b""
                    continue
            start = data.find(START, start + 1)
        return data[-1:] if data[-1:] == START[:1] else b""
