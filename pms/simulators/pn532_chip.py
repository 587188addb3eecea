"""The inside of a simulated PN532: bytes in, bytes out, and an antenna (NXP UM0701-02, chapters 6 and 7).

No port and no thread of its own. `SimulatedPn532` in `pn532` puts it behind a pseudo-terminal. Settings that a host makes
outlive it, as on the chip; only a loss of power brings back those of the factory.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from .pn532_faults import Faults
from .pn532_field import CardField, KeyDenied, Nibble, Reply
from .pn532_frames import ACK, SYNTAX_ERROR, Ear, Heard, Sign, Sleep, spoken
from .pn532_words import FIRMWARE, Status, crc_a, targets, without_cascade_tags

_FOR_EVER = 0xFF
_BAUD_RATES = 9

_TX_MODE, _RX_MODE, _FIFO_DATA = 0x6302, 0x6303, 0x6339
_CRC_ENABLED = 0x80
_REQA = 0x26
"""What still stands in the FIFO when no card answered the call."""


class _SyntaxFault(Exception):
    """The chip does not understand the command."""


@dataclass(slots=True)
class _Memory:
    """What does not outlive a loss of power."""

    ear: Ear = field(default_factory=Ear)
    sleep: Sleep = field(default_factory=Sleep)
    is_normal: bool = False
    """Whether SAMConfiguration has ended the mode of low voltage."""
    is_field_on: bool = False
    retries: int = _FOR_EVER
    registers: dict[int, int] = field(default_factory=dict)
    waiting: tuple[int, bytes] | None = None
    last: bytes = b""
    late: deque[tuple[float, bytes]] = field(default_factory=deque)


class Pn532Chip:
    """The chip; every method belongs to one thread, except what `field` offers. Times are `time.monotonic()`."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.field = CardField()
        self._send = send
        self._memory = _Memory()
        self._commands: dict[int, Callable[[bytes], bytes | None]] = {
            0x00: self._diagnose,
            0x02: lambda _: FIRMWARE,
            0x04: self._general_status,
            0x06: self._read_register,
            0x08: self._write_register,
            0x10: self._set_baud_rate,
            0x12: lambda given: _nothing(_sized(given, 1)),
            0x14: self._configure_sam,
            0x16: self._power_down,
            0x32: self._configure_rf,
            0x40: self._data_exchange,
            0x42: self._communicate_thru,
            0x44: self._release,
            0x4A: self._list_targets,
            0x52: self._release,
        }

    @property
    def faults(self) -> Faults:
        """Faults to come."""
        return self.field.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.field.faults = faults

    @property
    def is_waiting(self) -> bool:
        """Whether a host left it waiting for a card."""
        return self._memory.waiting is not None

    def lose_power(self) -> None:
        """Forget everything but what lies on the antenna."""
        self._memory = _Memory()
        self.field.forget()

    def receive(self, data: bytes, at: float) -> None:  # noqa: ARG002 - of the interface
        """Take bytes from the line. `PulledOut` if a fault ended it there."""
        for byte in data:
            if not self._memory.sleep.swallow(byte):
                heard = self._memory.ear.hear(byte)
                if heard is not None:
                    self._take(heard)

    def tick(self, at: float) -> None:
        """Do what is due."""
        memory = self._memory
        while memory.late and memory.late[0][0] <= at:
            self._send(memory.late.popleft()[1])
        if memory.waiting is not None and (found := self.field.select(*memory.waiting)):
            memory.waiting = None
            self._answer(0x4A, targets(found))

    def due(self) -> float | None:
        """When `tick` has something to do by the clock alone."""
        return self._memory.late[0][0] if self._memory.late else None

    # --- frames

    def _take(self, heard: Heard) -> None:
        if self.faults.uses("deaf_frames"):
            return
        # Whatever the host says ends what it waited for.
        self._memory.waiting = None
        if heard is Sign.NACK:
            self._say(self._memory.last)
        elif heard is Sign.NONSENSE:
            self._say(SYNTAX_ERROR)
        elif isinstance(heard, bytes):
            self._obey(heard[0], heard[1:])

    def _obey(self, code: int, given: bytes) -> None:
        if not self.faults.uses("drop_acks"):
            self._say(ACK)
        try:
            if code not in self._commands:
                raise _SyntaxFault
            answer = self._commands[code](given)
        except _SyntaxFault:
            self._say(SYNTAX_ERROR)
            return
        if answer is not None:
            self._answer(code, answer)
        if code == 0x16:
            self._memory.sleep = Sleep()

    def _answer(self, code: int, answer: bytes) -> None:
        self._memory.last = data = spoken(code + 1, answer)
        if self.faults.uses("drop_answers"):
            return
        if self.faults.uses("garble_answers"):
            data = data[:-2] + bytes((data[-2] ^ 0xFF, data[-1]))
        self._say(data)

    def _say(self, data: bytes) -> None:
        data = self.faults.noise + data
        late = self._memory.late
        if self.faults.delay or late:
            due = time.monotonic() + self.faults.delay
            late.append((max(due, late[-1][0]) if late else due, data))
        else:
            self._send(data)

    # --- the chip itself

    def _diagnose(self, given: bytes) -> bytes:
        match [*given]:
            case [0x00 | 0x05, *_]:
                return given
            case [0x01 | 0x02]:
                return Status.OK
            case _:
                raise _SyntaxFault

    def _general_status(self, given: bytes) -> bytes:
        _sized(given, 0)
        listed = b"\x01\x01\x00\x00\x00" if self.field.selected else b"\x00"
        return bytes((0, self._memory.is_field_on)) + listed + b"\x00"

    def _read_register(self, given: bytes) -> bytes:
        if len(given) % 2:
            raise _SyntaxFault
        addresses = (int.from_bytes(given[at : at + 2], "big") for at in range(0, len(given), 2))
        return bytes(self._memory.registers.get(address, 0) for address in addresses)

    def _write_register(self, given: bytes) -> bytes:
        if len(given) % 3:
            raise _SyntaxFault
        for at in range(0, len(given), 3):
            self._memory.registers[int.from_bytes(given[at : at + 2], "big")] = given[at + 2]
        return b""

    def _set_baud_rate(self, given: bytes) -> bytes:
        # On a pseudo-terminal every speed is the same.
        if _sized(given, 1)[0] >= _BAUD_RATES:
            raise _SyntaxFault
        return b""

    def _configure_sam(self, given: bytes) -> bytes:
        if not 1 <= len(given) <= 3 or given[0] not in (1, 2, 3, 4):
            raise _SyntaxFault
        self._memory.is_normal = True
        return b""

    def _power_down(self, given: bytes) -> bytes:
        if not 1 <= len(given) <= 2:
            raise _SyntaxFault
        self._switch_field(is_on=False)
        return Status.OK

    def _configure_rf(self, given: bytes) -> bytes:
        match [*given]:
            case [0x01, switch]:
                self._switch_field(is_on=bool(switch & 1))
            case [0x05, _, _, retries]:
                self._memory.retries = retries
            case []:
                raise _SyntaxFault
        return b""

    def _switch_field(self, *, is_on: bool) -> None:
        self._memory.is_field_on = is_on
        if not is_on:
            self.field.forget()

    # --- cards

    def _list_targets(self, given: bytes) -> bytes | None:
        if len(given) < 2 or given[0] not in (1, 2) or not self._memory.is_normal:
            raise _SyntaxFault
        self._memory.is_field_on = True
        most, is_type_a = given[0], given[1] == 0
        uid = without_cascade_tags(given[2:])
        found = self.field.select(most, uid) if is_type_a else []
        if found:
            # For cards of type A the firmware makes and checks CRCs itself, until a host tells it not to.
            self._memory.registers |= {_TX_MODE: _CRC_ENABLED, _RX_MODE: _CRC_ENABLED}
        elif self._memory.retries == _FOR_EVER:
            self._memory.waiting = (most, uid) if is_type_a else None
            return None
        else:
            self._memory.registers[_FIFO_DATA] = _REQA
        return targets(found)

    def _data_exchange(self, given: bytes) -> bytes:
        if not given or not self._memory.is_normal:
            raise _SyntaxFault
        if given[0] != 1 or self.field.selected is None:
            return Status.WRONG_CONTEXT
        try:
            reply = self.field.ask(given[1:])
        except KeyDenied:
            return Status.KEY_DENIED
        if reply is None:
            return Status.NO_REPLY
        if isinstance(reply, Nibble):
            return Status.OK if reply is Nibble.ACK else Status.FORMAT
        return Status.OK + reply

    def _communicate_thru(self, given: bytes) -> bytes:
        """The card's own words; the CRCs are the host's affair where it has switched them off."""
        if not self._memory.is_normal:
            raise _SyntaxFault
        registers = self._memory.registers
        if not registers.get(_TX_MODE, 0) & _CRC_ENABLED:
            if given[-2:] != crc_a(given[:-2]):
                return Status.NO_REPLY
            given = given[:-2]
        return _heard_through(self._ask_raw(given), is_checked=bool(registers.get(_RX_MODE, 0) & _CRC_ENABLED))

    def _ask_raw(self, command: bytes) -> Reply:
        card = self.field.selected
        if card is not None and card.medium.is_classic and command[:1] in (b"\x60", b"\x61"):
            # Three passes that the host would have to compute.
            return None
        return self.field.ask(command)

    def _release(self, given: bytes) -> bytes:
        if _sized(given, 1)[0] > 2:
            return Status.WRONG_CONTEXT
        self.field.forget()
        return Status.OK


def _heard_through(reply: Reply, *, is_checked: bool) -> bytes:
    if reply is None:
        return Status.NO_REPLY
    if isinstance(reply, Nibble):
        # Four bits have no CRC.
        return Status.CRC_WRONG if is_checked else Status.OK + bytes((reply,))
    return Status.OK + reply + (b"" if is_checked else crc_a(reply))


def _sized(given: bytes, size: int) -> bytes:
    if len(given) != size:
        raise _SyntaxFault
    return given


def _nothing(_given: bytes) -> bytes:
    return b""
