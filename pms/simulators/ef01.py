"""A fingerprint module made of software behind a pseudo-terminal or TCP, as anybody's driver would find it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .ef01_module import Faults, FingerModule
from .encoder import finger_called
from .encoder_parts import Finger
from .port import SimulatedPort, TerminalWire, Wire

__all__ = ["BAUD_RATE", "FAULT_WORDS", "Faults", "SimulatedEf01"]

BAUD_RATE = 57600
R503 = 9
FAULT_WORDS = "silence, wrong-crc, late-ack, lost-answer, short-data, lost-data, unplug=N, none"


class SimulatedEf01(SimulatedPort[FingerModule]):
    """A module that is plugged in and running until `close`; also a context manager. All methods from any thread."""

    def __init__(
        self,
        *,
        link: Path | None = None,
        wire: Wire | None = None,
        baud_rate: int | None = None,
        template_size: int = 512,
        packet_code: int = 2,
        system: int = 0,
    ) -> None:
        """`link` is a path that stays the same whenever the module is replugged. `system` 9 is an R503."""
        make = partial(FingerModule, template_size=template_size, packet_code=packet_code, system=system)
        super().__init__(make, wire or TerminalWire(link), baud_rate=baud_rate)

    @property
    def faults(self) -> Faults:
        """Faults to come."""
        return self._machine.faults

    @property
    def finger(self) -> Finger | None:
        """The finger that lies on the module."""
        return self._machine.finger

    @property
    def library(self) -> dict[int, bytes]:
        """What is stored in the module itself, by slot."""
        return self._machine.library

    @property
    def light(self) -> int:
        """What the ring of light does."""
        return self._machine.light

    def put_finger(self, finger: Finger | None, *, stays: bool = False) -> None:
        """Put a finger on the module, or take it away with None. Its owner lifts it between two images, unless it `stays`."""

        def put() -> None:
            self._machine.finger, self._machine.lifts = finger, not stays

        self._order(put)

    def set_password(self, password: bytes) -> None:
        """Somebody gave the module a password of its own."""
        self._order(lambda: setattr(self._machine, "password", password))

    def set_fault(self, fault: str) -> None:
        """What goes wrong from now on; `ValueError` for another word."""
        faults = Faults()
        match fault.partition("="):
            case ["none", _, _]:
                pass
            case ["silence", _, _]:
                faults.is_silent = True
            case ["wrong-crc", _, _]:
                faults.is_garbled = True
            case ["late-ack", _, _]:
                faults.delay = 0.5
            case ["lost-answer", _, _]:
                faults.drops_answer = 1
            case ["short-data", _, _]:
                faults.shortens_data = True
            case ["lost-data", _, _]:
                faults.loses_data = True
            case ["unplug", _, count]:
                faults.unplug_at = int(count or 1)
            case _:
                raise ValueError(FAULT_WORDS)
        self._machine.faults = faults

    def obey(self, words: list[str], rest: str) -> str:  # noqa: ARG002 - of the interface
        """`finger NAME|poor|none`, `fault NAME`."""
        match words:
            case ["finger", name]:
                self.put_finger(finger_called(name))
                return ""
            case ["fault", fault]:
                self.set_fault(fault)
                return ""
            case _:
                raise ValueError(f"finger NAME|poor|none | fault NAME | unplug | plug | quit; faults: {FAULT_WORDS}")
