"""How a program or a person steers simulated devices: one command a line, one answer a line.

An answer begins with `ok` or `error`. Every device knows `unplug`, `plug` and `quit`; those for cards know more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pms.protocol.card_layout import Medium

from .cards import SimulatedCard

MEDIA = {
    "classic1k": Medium.CLASSIC_1K,
    "classic4k": Medium.CLASSIC_4K,
    "ntag213": Medium.NTAG213,
    "ntag215": Medium.NTAG215,
    "ntag216": Medium.NTAG216,
}


class Device(Protocol):
    """What can be steered."""

    @property
    def path(self) -> str:
        """What the host opens."""

    def unplug(self) -> None:
        """Pull it out."""

    def plug_in(self) -> None:
        """Plug it in again."""

    def obey(self, words: list[str], rest: str) -> str:
        """Carry out a command of this kind of device (`rest` is all after the first word); the text after `ok`.

        `ValueError` or `KeyError` for one that makes no sense.
        """


class HasCards(Protocol):
    """A device with a place for a card."""

    @property
    def card(self) -> SimulatedCard | None:
        """The card that lies there."""

    def put_card(self, card: SimulatedCard) -> None:
        """Lay one down."""

    def take_card(self) -> SimulatedCard:
        """Take it away."""


CARD_WORDS = "put MEDIUM | put JSON | take | show"


def new_card(rest: str) -> SimulatedCard:
    """A blank card of a medium, or the very card of a JSON text. `ValueError` or `KeyError` if it is neither."""
    if rest in MEDIA:
        return SimulatedCard.blank(MEDIA[rest])
    values: Any = json.loads(rest)
    if not isinstance(values, dict):
        raise ValueError("a card is a JSON object, or one of " + ", ".join(MEDIA))
    return SimulatedCard.from_json(values)


def obey_about_card(device: HasCards, words: list[str], rest: str) -> str | None:
    """Carry out `put`, `take` or `show`; None for another command."""
    match words:
        case ["put", _, *_]:
            card = new_card(rest)
            device.put_card(card)
            return card.uid.hex()
        case ["take"]:
            return json.dumps(device.take_card().to_json())
        case ["show"]:
            return json.dumps(device.card.to_json() if device.card is not None else None)
        case _:
            return None


def obey(device: Device, line: str) -> str:
    """Carry out one line; the text after `ok`. `ValueError` or `KeyError` for one that makes no sense."""
    words = line.split()
    match words:
        case ["unplug"]:
            device.unplug()
            return ""
        case ["plug"]:
            device.plug_in()
            return device.path
        case []:
            raise ValueError("no command")
        case _:
            return device.obey(words, line.strip().partition(" ")[2].strip())


def run_control(device: Device, lines: Iterable[str], say: Callable[[str], None]) -> bool:
    """Obey line after line until `quit` or the end; whether it was `quit`."""
    for line in lines:
        if line.strip() == "quit":
            return True
        try:
            say(f"ok {obey(device, line)}".rstrip())
        except (ValueError, KeyError) as fault:
            say(f"error {fault}")
    return False
