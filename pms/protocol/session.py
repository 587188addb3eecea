"""Which frames a receiver takes (docs/protocol.md, section 4): each once, none twice, none older than the last.

`Receiver` is the whole memory of that rule, a frozen value: its owner stores the one that `remember` gives before an
answer goes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .errors import MalformedError, TamperedError
from .frame import Direction, Frame, open_frame, peek_header
from .reader import check_range


class Refusal(Enum):
    """Why a frame was refused in silence."""

    MALFORMED = "malformed"
    WRONG_DIRECTION = "wrong_direction"
    OLD_VERSION = "old_version"
    BAD_TAG = "bad_tag"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new frame: act on it, then `remember` the answer."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Repeated:
    """The last accepted frame once more, byte for byte: send the same answer again and do nothing."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is sent."""

    reason: Refusal


@dataclass(frozen=True, slots=True)
class Receiver:
    """What must outlive power loss: the last accepted counter, the bytes of that frame and of its answer."""

    direction: Direction
    last_counter: int = 0
    bound_version: int = 7
    last_frame: bytes = field(default=b"", repr=False)
    last_answer: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        check_range("direction", self.direction, 0, 3)

    def take(self, key: bytes, sn: bytes, data: bytes) -> Accepted | Repeated | Refused:
        """Judge the bytes of a frame that came in. The tag is checked before the counter."""
        if self.last_frame and data == self.last_frame:
            return Repeated(self.last_answer)
        try:
            head = peek_header(data)
            if head.direction is not self.direction:
                return Refused(Refusal.WRONG_DIRECTION)
            if head.version < self.bound_version:
                return Refused(Refusal.OLD_VERSION)
            frame = open_frame(key, sn, data, head)
        except MalformedError:
            return Refused(Refusal.MALFORMED)
        except TamperedError:
            return Refused(Refusal.BAD_TAG)
        return Accepted(frame) if frame.counter > self.last_counter else Refused(Refusal.REPLAY)

    def remember(self, data: bytes, counter: int, answer: bytes) -> Receiver:
        """The memory after the accepted frame `data` with this counter, answered with `answer`."""
        return Receiver(self.direction, counter, self.bound_version, data, answer)


def next_server_counter(last: int, now_ms: int) -> int:
    """The counter of the server's next frame: above the last one, and never below the clock, so that a server that
    was restored from an old backup uses none twice."""
    return max(last + 1, now_ms)
