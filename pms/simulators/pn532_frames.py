"""How a PN532 hears and speaks on its serial line, written from the tables of NXP UM0701-02, section 6.2.1.

On purpose nothing here is shared with the driver: the two must not agree in the same mistake.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

ACK = b"\x00\x00\xff\x00\xff\x00"
SYNTAX_ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"

_HOST, _CHIP = 0xD4, 0xD5
_MOST = 265


class Sign(Enum):
    """A frame of the host without content."""

    ACK = "ack"
    NACK = "nack"
    NONSENSE = "nonsense"


Heard = Sign | bytes
"""A sign, or a command: its code and parameters."""


# Asleep, the chip starts at the fifth rising edge on the line, and a moment later it can hear.
_WAKING_EDGES = 5
_WAKING_BYTES = 4


@dataclass(slots=True)
class Sleep:
    """What the line must still show until the chip hears."""

    edges: int = _WAKING_EDGES
    silence: int = _WAKING_BYTES

    def swallow(self, byte: int) -> bool:
        """Whether this byte is lost."""
        if self.edges > 0:
            levels = [0, *(byte >> bit & 1 for bit in range(8)), 1]
            self.edges -= sum(1 for now, then in pairwise(levels) if then > now)
            return True
        self.silence -= 1
        return self.silence >= 0


class Ear:
    """Takes the line byte by byte. A frame with a wrong checksum is not heard at all."""

    def __init__(self) -> None:
        self._receiver = _receive()
        next(self._receiver)

    def hear(self, byte: int) -> Heard | None:
        """What this byte completes."""
        return self._receiver.send(byte)


def spoken(code: int, parameters: bytes) -> bytes:
    """The frame of an answer."""
    body = [_CHIP, code, *parameters]
    tail = [(0x100 - sum(body) % 0x100) % 0x100, 0x00]
    if len(body) < 0x100:
        head = [0x00, 0x00, 0xFF, len(body), (0x100 - len(body)) % 0x100]
    else:
        high, low = divmod(len(body), 0x100)
        head = [0x00, 0x00, 0xFF, 0xFF, 0xFF, high, low, (0x200 - high - low) % 0x100]
    return bytes(head + body + tail)


def _receive() -> Generator[Heard | None, int, None]:
    heard: Heard | None = None
    while True:
        # Any number of zeros, at least one, and FF begin a frame.
        zeros, byte = 0, (yield heard)
        while byte != 0xFF or not zeros:
            zeros = zeros + 1 if byte == 0x00 else 0
            byte = yield None
        first = yield None
        second = yield None
        heard = {(0x00, 0xFF): Sign.ACK, (0xFF, 0x00): Sign.NACK}.get((first, second))
        if heard is None:
            heard = yield from _receive_rest(first, second)


def _receive_rest(first: int, second: int) -> Generator[None, int, Heard | None]:
    """What follows two bytes of length: the command, if the checksums are right."""
    length, total = first, first + second
    if first == second == 0xFF:
        high = yield
        low = yield
        check = yield
        length, total = high * 0x100 + low, high + low + check
    if total % 0x100 or not 1 <= length <= _MOST:
        return None
    body = bytearray()
    while len(body) <= length:
        body.append((yield))
    if sum(body) % 0x100:
        return None
    if body[0] != _HOST or length == 1:
        return Sign.NONSENSE
    return bytes(body[1:-1])
