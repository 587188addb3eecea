"""A card-issuing machine made of software behind a pseudo-terminal or TCP (docs/protocol.md, section 6)."""

from __future__ import annotations

from pathlib import Path

from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, HelloAnswer, SignalPattern
from pms.protocol.encoder_messages import LINE_VERSION

from .cards import SimulatedCard
from .control import CARD_WORDS, obey_about_card
from .encoder_faults import FOR_EVER, Act, Faults, Moment, WriteCut
from .encoder_machine import EncoderMachine
from .encoder_parts import Finger, synthetic_template
from .port import SimulatedPort, TerminalWire, Wire

__all__ = ["Act", "Faults", "Finger", "Medium", "Moment", "SimulatedEncoder", "WriteCut", "synthetic_template"]

BAUD_RATE = 115200
FAULT_WORDS = "silence, wrong-crc, late-ack, unplug, take, tear=N or none"
DEFAULT_SECONDS_PER_WRITE = 0.05
ALL_CAPABILITIES = Capability.CLASSIC | Capability.NTAG | Capability.FINGERPRINT


class SimulatedEncoder(SimulatedPort[EncoderMachine]):
    """A machine that is plugged in and running until `close`; also a context manager. All methods from any thread."""

    def __init__(
        self,
        serial_number: str,
        model: str = "ZC-20",
        *,
        link: Path | None = None,
        wire: Wire | None = None,
        baud_rate: int | None = None,
        seconds_per_write: float = DEFAULT_SECONDS_PER_WRITE,
        seconds_per_touch: float = 0.0,
        capabilities: Capability = ALL_CAPABILITIES,
        version: int = LINE_VERSION,
    ) -> None:
        """`serial_number` is 16 hex digits. `link` is a path that stays the same whenever the machine is replugged.

        A write command takes `seconds_per_write`; a host gives up on an answer after 1.2 s.
        """
        plate = HelloAnswer(version, bytes.fromhex(serial_number), capabilities, model)
        super().__init__(
            lambda send: EncoderMachine(plate, send, seconds_per_write),
            wire or TerminalWire(link),
            baud_rate=baud_rate,
        )
        self._machine.seconds_per_touch = seconds_per_touch

    @property
    def faults(self) -> Faults:
        """Faults to come."""
        return self._machine.faults

    @property
    def card(self) -> SimulatedCard | None:
        """The card that lies on the machine."""
        return self._machine.well.card

    @property
    def signal(self) -> SignalPattern:
        """What the lamp shows."""
        return self._machine.signal

    @property
    def finger(self) -> Finger | None:
        """The finger that lies on the module."""
        return self._machine.finger

    @property
    def writes(self) -> int:
        """How many write commands were carried out, or begun."""
        return self._machine.writes

    def put_card(self, card: SimulatedCard) -> None:
        """Lay a card down; `ValueError` if one lies there."""
        self._machine.well.put(card)
        self._wake()

    def take_card(self) -> SimulatedCard:
        """Take the card away, also in the middle of a write; `ValueError` if there is none."""
        card = self._machine.well.take()
        self._wake()
        if card is None:
            raise ValueError("no card lies there")
        return card

    def put_finger(self, finger: Finger | None) -> None:
        """Put a finger on the module, or lift it with None."""
        self._order(lambda: setattr(self._machine, "finger", finger))

    def obey(self, words: list[str], rest: str) -> str:
        """`put`, `take`, `show`, `cut NUMBER MOMENT ACT`, `finger NAME|poor|none`."""
        if (answer := obey_about_card(self, words, rest)) is not None:
            return answer
        match words:
            case ["fault", fault]:
                self.set_fault(fault)
                return ""
            case ["cut", write, moment, act]:
                self.faults.cut = WriteCut(int(write), Moment(moment), Act(act))
                return ""
            case ["finger", name]:
                self.put_finger(finger_called(name))
                return ""
            case _:
                raise ValueError(
                    f"{CARD_WORDS} | fault NAME | cut N MOMENT ACT | finger NAME|poor|none | unplug | plug | quit; "
                    f"faults: {FAULT_WORDS}"
                )

    def set_fault(self, fault: str) -> None:
        """What goes wrong from now on: `silence`, `wrong-crc`, `late-ack`, `unplug` or `take` (in the middle of the second
        write), `tear=N` (the card goes after N more bytes), `none`. `ValueError` for another word."""
        match fault.partition("="):
            case ["none", _, _]:
                self._machine.faults = Faults()
            case ["silence", _, _]:
                self.faults.deaf_frames = FOR_EVER
            case ["wrong-crc", _, _]:
                self.faults.garble_answers = FOR_EVER
            case ["late-ack", _, _]:
                self.faults.delay_answers = 0.5
            case ["unplug" | "take" as act, _, _]:
                self.faults.cut = WriteCut(2, Moment.TORN, Act(act))
            case ["tear", _, count]:
                tear(self.card, int(count))
            case _:
                raise ValueError(FAULT_WORDS)


def tear(card: SimulatedCard | None, count: int) -> None:
    """Let the card that lies there be torn away after `count` more written bytes; `ValueError` if there is none."""
    if card is None:
        raise ValueError("no card lies there")
    card.tear_after = count


def finger_called(name: str) -> Finger | None:
    """Somebody's finger: the same name has the same one; `poor` is a wet one, `none` lifts it."""
    if name == "none":
        return None
    return Finger(synthetic_template(name), quality=10 if name == "poor" else 80)
