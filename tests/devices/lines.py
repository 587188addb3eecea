"""Lines for tests of the drivers: a script on a clock of its own, and a machine without a port."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pms.devices.errors import EncoderGone
from pms.protocol.encoder_line import Capability, HelloAnswer
from pms.simulators.encoder_machine import EncoderMachine
from pms.simulators.port import PulledOut

ALL = Capability.CLASSIC | Capability.NTAG | Capability.FINGERPRINT


class FakeClock:
    """Stands in for the module `time`; only reading moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Exchange:
    """What the host must send (hex), and what then arrives: hex, each piece after a silence in seconds."""

    sent: str
    answers: list[tuple[float, str]] = field(default_factory=list)


class ScriptedTransport:
    """Plays exchanges in order, then stays silent. `sent` keeps the time and hex of all that the host sent."""

    def __init__(self, clock: FakeClock, *script: Exchange) -> None:
        self.clock = clock
        self.script = list(script)
        self.coming: list[tuple[float, bytes]] = []
        self.sent: list[tuple[float, str]] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.sent.append((round(self.clock.now - 1000, 3), data.hex()))
        if self.script:
            exchange = self.script.pop(0)
            assert data.hex() == exchange.sent
            at = self.clock.now
            for silence, answer in exchange.answers:
                at += silence
                self.coming.append((at, bytes.fromhex(answer)))

    def read(self, deadline: float) -> bytes:
        if self.coming and self.coming[0][0] <= deadline:
            at, data = self.coming.pop(0)
            self.clock.now = max(self.clock.now, at)
            return data
        self.clock.now = max(self.clock.now, deadline)
        return b""

    def close(self) -> None:
        self.is_closed = True


class DirectTransport:
    """A simulated machine without a port: fast enough for hundreds of examples."""

    def __init__(self, capabilities: Capability = ALL, version: int = 1) -> None:
        self._arrived = bytearray()
        plate = HelloAnswer(version, bytes.fromhex("932211c49aeb6f8a"), capabilities, "ZC-20")
        self.machine = EncoderMachine(plate, self._arrived.extend, 0.0)
        self.is_plugged_in = True

    def write(self, data: bytes) -> None:
        self._check()
        try:
            self.machine.receive(data, time.monotonic())
        except PulledOut:
            self.unplug()

    def read(self, deadline: float) -> bytes:
        self._check()
        self.machine.tick(time.monotonic())
        if not self._arrived:
            due = self.machine.due()
            until = deadline if due is None else min(deadline, due)
            time.sleep(max(0.0, until - time.monotonic()))
            self.machine.tick(time.monotonic())
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def close(self) -> None:
        pass

    def unplug(self) -> None:
        self.is_plugged_in = False
        self._arrived.clear()

    def plug_in(self) -> None:
        self.is_plugged_in = True
        self.machine.lose_power()

    def _check(self) -> None:
        if not self.is_plugged_in:
            raise EncoderGone("pulled out")
