"""The demo's machines at the desks: one kind of simulated device for each wire, and what a visitor can do to any of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pms.simulators.ef01 import Faults as Ef01Faults
from pms.simulators.ef01 import SimulatedEf01
from pms.simulators.encoder import SimulatedEncoder
from pms.simulators.pn532 import Faults as Pn532Faults
from pms.simulators.pn532 import SimulatedPn532

if TYPE_CHECKING:
    from pathlib import Path

Device = SimulatedEncoder | SimulatedPn532 | SimulatedEf01
HasCards = SimulatedEncoder | SimulatedPn532
HasFingers = SimulatedEncoder | SimulatedEf01

SECONDS_A_TOUCH = 0.7
LINE_FAULTS = ("silence", "wrong-crc", "late-ack")


class MachineKind(StrEnum):
    """The makes of machine of the demo; the names are those of the drivers."""

    MACHINE = "machine"
    PN532 = "pn532"
    EF01 = "ef01"


def start(kind: MachineKind, serial_number: str, link: Path) -> Device:
    """A device that is plugged in at `link`."""
    if kind is MachineKind.PN532:
        return SimulatedPn532(link=link)
    if kind is MachineKind.EF01:
        return SimulatedEf01(link=link, system=9)
    return SimulatedEncoder(serial_number, link=link, seconds_per_touch=SECONDS_A_TOUCH)


def takes_cards(device: Device) -> bool:
    """Whether a card can lie on it."""
    return not isinstance(device, SimulatedEf01)


def takes_fingers(device: Device) -> bool:
    """Whether a finger can be put on it."""
    return not isinstance(device, SimulatedPn532)


def line_fault(device: Device) -> str:
    """What is wrong with its line, by the word of `LINE_FAULTS`; empty if nothing is."""
    faults = device.faults
    if isinstance(faults, Ef01Faults):
        present: tuple[float, ...] = (faults.is_silent, faults.is_garbled, faults.delay)
    elif isinstance(faults, Pn532Faults):
        present = (faults.deaf_frames, faults.garble_answers, faults.delay)
    else:
        present = (faults.deaf_frames, faults.garble_answers, faults.delay_answers)
    return next((word for word, strikes in zip(LINE_FAULTS, present, strict=True) if strikes), "")


def set_line_fault(device: Device, word: str) -> None:
    """Let its line fail in one of the `LINE_FAULTS`, or in none."""
    device.set_fault("none")
    if word in LINE_FAULTS:
        device.set_fault(word)


def tear_next_writing(device: Device) -> None:
    """Pull it out in the middle of the next writing."""
    if takes_cards(device):
        device.set_fault("unplug")


def will_tear(device: Device) -> bool:
    """Whether that is to come."""
    if isinstance(device, SimulatedEncoder):
        return device.faults.cut is not None
    return isinstance(device, SimulatedPn532) and device.faults.write is not None
