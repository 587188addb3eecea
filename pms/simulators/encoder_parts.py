"""Parts of a simulated card-issuing machine: the place for a card, a finger, and the events on their way out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from hashlib import sha256
from threading import RLock

from pms.protocol.encoder_line import LineFrame, Message

from .cards import SimulatedCard

RESEND_AFTER = 0.3
"""Seconds until an event that nobody acknowledged is sent again."""
SENDINGS = 4


class CardWell:
    """Where the card lies. Any thread may lay one down or take it away, also while it is being written."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._card: SimulatedCard | None = None

    @property
    def card(self) -> SimulatedCard | None:
        """The card that lies there now."""
        with self.lock:
            return self._card

    def put(self, card: SimulatedCard) -> None:
        """Lay a card down; `ValueError` if one lies there."""
        with self.lock:
            if self._card is not None:
                raise ValueError("a card lies there already")
            self._card = card

    def take(self) -> SimulatedCard | None:
        """Take the card away, if there is one."""
        with self.lock:
            card, self._card = self._card, None
            return card


@dataclass(slots=True)
class Finger:
    """A finger on the module, of somebody who does what the lamp says. `template` is what the module makes of it."""

    template: bytes
    quality: int = 80


def synthetic_template(name: str, size: int = 512) -> bytes:
    """A template that is nobody's, the same for the same name."""
    blocks = (sha256(f"{name} {number}".encode()).digest() for number in range(size // 32 + 1))
    return b"".join(blocks)[:size]


@dataclass(slots=True)
class EventQueue:
    """Events leave one at a time, each until it is acknowledged or was sent four times."""

    waiting: deque[LineFrame] = field(default_factory=deque)
    seq: int = 0
    sent: int = 0
    due: float = 0.0

    def add(self, event: Message, at: float) -> None:
        if not self.waiting:
            self.sent, self.due = 0, at
        self.waiting.append(LineFrame(self.seq, event.type, event.encode()))
        self.seq = (self.seq + 1) & 0xFF

    def acknowledge(self, seq: int, at: float) -> None:
        if self.waiting and self.waiting[0].seq == seq and self.sent:
            self._next(at)

    def to_send(self, at: float) -> LineFrame | None:
        if self.waiting and at >= self.due and self.sent == SENDINGS:
            self._next(at)
        if not self.waiting or at < self.due:
            return None
        self.sent += 1
        self.due = at + RESEND_AFTER
        return self.waiting[0]

    def _next(self, at: float) -> None:
        self.waiting.popleft()
        self.sent, self.due = 0, at
