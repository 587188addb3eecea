"""A PN532 module made of software behind a pseudo-terminal or TCP, as anybody's driver would find it."""

from __future__ import annotations

from pathlib import Path

from .cards import SimulatedCard
from .control import CARD_WORDS, obey_about_card
from .encoder import tear
from .pn532_chip import Pn532Chip
from .pn532_faults import FAULT_WORDS, Faults, Moment, WriteAct, WriteFault, parse_fault
from .port import SimulatedPort, TerminalWire, Wire

__all__ = ["BAUD_RATE", "FAULT_WORDS", "Faults", "Moment", "SimulatedPn532", "WriteAct", "WriteFault"]

BAUD_RATE = 115200


class SimulatedPn532(SimulatedPort[Pn532Chip]):
    """A module that is plugged in and running until `close`; also a context manager. All methods from any thread."""

    def __init__(self, *, link: Path | None = None, wire: Wire | None = None, baud_rate: int | None = None) -> None:
        """`link` is a path that stays the same whenever the module is replugged."""
        super().__init__(Pn532Chip, wire or TerminalWire(link), baud_rate=baud_rate)

    @property
    def faults(self) -> Faults:
        """Faults to come."""
        return self._machine.faults

    @property
    def card(self) -> SimulatedCard | None:
        """The card that lies on the module."""
        return self._machine.field.card

    @property
    def writes(self) -> int:
        """How many blocks and pages the module asked a card to write."""
        return self._machine.field.writes

    @property
    def is_waiting(self) -> bool:
        """Whether a host left the module waiting for a card."""
        return self._machine.is_waiting

    def put_card(self, card: SimulatedCard) -> None:
        """Lay a card down; `ValueError` if one lies there."""
        self._machine.field.put(card)
        self._wake()

    def put_neighbour(self, card: SimulatedCard | None) -> None:
        """Lay a second card beside the first; None takes it away."""
        self._order(lambda: setattr(self._machine.field, "neighbour", card))

    def take_card(self) -> SimulatedCard:
        """Take the card away, also in the middle of a write; `ValueError` if there is none."""
        card = self._machine.field.take()
        self._wake()
        if card is None:
            raise ValueError("no card lies there")
        return card

    def set_fault(self, fault: str) -> None:
        """What goes wrong from now on, by the words of the control; `ValueError` for another word."""
        word, _, count = fault.partition("=")
        if word == "tear":
            tear(self.card, int(count))
        else:
            self._machine.faults = parse_fault(self.faults, fault)

    def obey(self, words: list[str], rest: str) -> str:
        """`put`, `take`, `show`, `fault NAME`."""
        if (answer := obey_about_card(self, words, rest)) is not None:
            return answer
        match words:
            case ["fault", fault]:
                self.set_fault(fault)
                return ""
            case _:
                raise ValueError(f"{CARD_WORDS} | fault NAME | unplug | plug | quit; faults: {FAULT_WORDS}")
