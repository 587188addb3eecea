"""Faults that a test puts into a simulated PN532. All of them are off unless set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .encoder_faults import FOR_EVER, Moment

__all__ = ["FOR_EVER", "Faults", "Moment", "WriteAct", "WriteFault", "parse_fault"]

_USUAL_WRITE = 5
"""In the middle of the second unit: a Classic sector takes three or four writes."""


class WriteAct(Enum):
    """What happens at a write: the module is pulled out, the card is taken, it refuses, its answer is lost."""

    UNPLUG = "unplug"
    TAKE = "take"
    NAK = "nak"
    LOSE = "lose"


@dataclass(slots=True)
class WriteFault:
    """At the `number`-th block or page that is written from now on (1 is the next): `act` at `moment`.

    TORN is after half of its bytes, BEFORE and AFTER are without and with all of them.
    """

    number: int
    act: WriteAct
    moment: Moment = Moment.BEFORE


@dataclass(slots=True)
class Faults:
    """Numbers count down with each use. Set them while nothing is on the line."""

    deaf_frames: int = 0
    """Frames of the host that the module does not hear."""
    drop_acks: int = 0
    drop_answers: int = 0
    garble_answers: int = 0
    """Answers whose checksum is wrong."""
    delay: float = 0.0
    """Seconds before everything that the module says; stays until set back."""
    noise: bytes = b""
    """Bytes before every frame; stay until set back."""
    write: WriteFault | None = None

    def uses(self, name: str) -> bool:
        """Whether the counting fault `name` strikes now; counts it down."""
        left: int = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return left > 0

    def due_write(self) -> WriteFault | None:
        """The fault of the write that begins now."""
        if self.write is None:
            return None
        self.write.number -= 1
        if self.write.number > 0:
            return None
        fault, self.write = self.write, None
        return fault


_COUNTED = {
    "silence": ("deaf_frames", FOR_EVER),
    "wrong-crc": ("garble_answers", FOR_EVER),
    "no-ack": ("drop_acks", FOR_EVER),
    "lost-answer": ("drop_answers", 1),
}
FAULT_WORDS = "silence, wrong-crc, no-ack, lost-answer, late-ack, unplug, take, nak (each also with =N), tear=N or none"
_LATE = 0.3


def parse_fault(faults: Faults, text: str) -> Faults:
    """The faults after a word of the control: `silence`, `wrong-crc`, `no-ack`, `lost-answer` (each `=N` times, the last
    one once unless told), `late-ack`, `unplug`, `take`, `nak` (at the fifth write or the N-th), `none`.

    `ValueError` for another word.
    """
    word, is_counted, count = text.partition("=")
    if word in _COUNTED:
        name, usual = _COUNTED[word]
        setattr(faults, name, int(count) if is_counted else usual)
    elif word in ("unplug", "take", "nak"):
        faults.write = WriteFault(int(count) if is_counted else _USUAL_WRITE, WriteAct(word))
    elif text == "late-ack":
        faults.delay = _LATE
    elif text == "none":
        return Faults()
    else:
        raise ValueError(FAULT_WORDS)
    return faults
