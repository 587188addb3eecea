"""A PN532 without a port and on a clock of its own: silence costs no time, so every fault can be tried at every step."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pms.devices import contactless_reader, pn532_line
from pms.devices.card_writer import CardContent, erase_card, read_card, write_card
from pms.devices.drivers import pn532 as driver_module
from pms.devices.drivers.pn532 import Pn532
from pms.devices.encoder import CardPresence
from pms.devices.errors import EncoderGone
from pms.devices.pn532_frames import ACK_FRAME
from pms.protocol.card_layout import Medium
from pms.simulators import pn532_chip
from pms.simulators.cards import SimulatedCard
from pms.simulators.pn532_chip import Pn532Chip
from pms.simulators.port import PulledOut
from tests.devices.lines import FakeClock
from tests.devices.plastic import OURS_1


class DirectChip:
    """A simulated module as a transport. `on_command` hears the number of each command before the chip does."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._arrived = bytearray()
        self.chip = Pn532Chip(self._arrived.extend)
        self.is_plugged_in = True
        self.commands = 0
        self.on_command: Callable[[int], None] = lambda _: None

    def write(self, data: bytes) -> None:
        if data != ACK_FRAME:
            self.commands += 1
            self.on_command(self.commands)
        self._check()
        try:
            self.chip.receive(data, self.clock.now)
        except PulledOut:
            self.unplug()

    def read(self, deadline: float) -> bytes:
        self._check()
        self.chip.tick(self.clock.now)
        if not self._arrived:
            due = self.chip.due()
            self.clock.now = max(self.clock.now, deadline if due is None else min(deadline, due))
            self.chip.tick(self.clock.now)
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def close(self) -> None:
        pass

    def unplug(self) -> None:
        self.is_plugged_in = False
        self.chip.lose_power()
        self._arrived.clear()

    def _check(self) -> None:
        if not self.is_plugged_in:
            raise EncoderGone("pulled out")


class Desk:
    """A module that was greeted, with one card on it."""

    def __init__(self, clock: FakeClock, medium: Medium, uid: bytes | None = None) -> None:
        self.clock = clock
        self.line = DirectChip(clock)
        self.chip = self.line.chip
        self.encoder = Pn532(self.line)
        self.encoder.hello()
        self.card = SimulatedCard.blank(medium, uid)
        self.chip.field.put(self.card)
        self.presence = CardPresence(self.card.uid, medium)

    def at_command(self, number: int, act: Callable[[], None]) -> None:
        """Have `act` done just before the chip hears the `number`-th command from now."""
        begun = self.line.commands
        self.line.on_command = lambda count: act() if count == begun + number else None

    def count(self, act: Callable[[], object]) -> int:
        """How many commands it takes."""
        begun = self.line.commands
        act()
        return self.line.commands - begun

    def write(self, units: dict[int, bytes], *, main_slot: int = 1, keys=OURS_1) -> CardContent:
        return write_card(self.encoder, self.presence, keys, units, main_slot=main_slot, on_progress=lambda *_: None)

    def read(self, keys=OURS_1) -> CardContent:
        return read_card(self.encoder, self.presence, keys)

    def erase(self, keys=OURS_1) -> CardContent:
        return erase_card(self.encoder, self.presence, keys, on_progress=lambda *_: None)

    def at_the_door(self, keys=OURS_1) -> list[bytes | None]:
        return self.card.read_units(keys.key_a)

    def restore(self) -> None:
        """Everything in order again: the same card on the module, and a program that opens the port anew."""
        self.line.on_command = lambda _: None
        self.chip.faults = type(self.chip.faults)()
        self.line.is_plugged_in = True
        if self.chip.field.card is not self.card:
            self.chip.field.take()
            self.chip.field.put(self.card)
        self.encoder = Pn532(self.line)
        self.encoder.hello()


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock that only waiting moves, for the driver and the module."""
    fake = FakeClock()
    for module in (pn532_line, contactless_reader, driver_module, pn532_chip):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=fake.monotonic))
    return fake
