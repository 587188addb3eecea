"""A card-issuing machine made of software behind a real pseudo-terminal, as like a USB machine as can be.

The server opens its path with pyserial. Unplugging closes both ends of the terminal; plugging in makes a new one, and
the symlink, if one was asked for, then names that. As a program of its own:

    python -m pms.simulators.encoder --link PATH

reads one command a line (`put blank ntag213`, `take`, `show`, `cut 2 torn unplug`, `unplug`, `plug`, `quit`) and
answers each with a line that begins with `ok` or `error`.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
import tty
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread, current_thread
from time import monotonic
from types import TracebackType
from typing import Self

from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, HelloAnswer, SignalPattern
from pms.protocol.encoder_messages import LINE_VERSION

from .cards import SimulatedCard
from .encoder_faults import Act, Faults, Moment, WriteCut
from .encoder_machine import EncoderMachine, PulledOut
from .encoder_parts import Finger, synthetic_template

__all__ = ["Act", "Faults", "Finger", "Moment", "SimulatedEncoder", "WriteCut", "synthetic_template"]

DEFAULT_SECONDS_PER_WRITE = 0.05
ALL_CAPABILITIES = Capability.CLASSIC | Capability.NTAG | Capability.FINGERPRINT

_READ_SIZE = 4096
_COMMAND_TIMEOUT = 10.0


class SimulatedEncoder:
    """A machine that is plugged in and running until `close`; also a context manager. All methods from any thread."""

    def __init__(
        self,
        serial_number: str,
        model: str = "ZC-20",
        *,
        link: Path | None = None,
        seconds_per_write: float = DEFAULT_SECONDS_PER_WRITE,
        capabilities: Capability = ALL_CAPABILITIES,
        version: int = LINE_VERSION,
    ) -> None:
        """`serial_number` is 16 hex digits. `link` is a path that stays the same whenever the machine is replugged.

        A write command takes `seconds_per_write`; a host gives up on an answer after 1.2 s.
        """
        plate = HelloAnswer(version, bytes.fromhex(serial_number), capabilities, model)
        self._machine = EncoderMachine(plate, self._send, seconds_per_write)
        self._link = link
        self._slave_path = ""
        self._master = self._slave = -1
        self._is_closed = False
        self._orders: deque[tuple[Callable[[], None], Event]] = deque()
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_out, False)
        self._connect()
        self._thread = Thread(target=self._run, name=f"simulated encoder {serial_number}", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """What to open: the link if there is one, else the pseudo-terminal of the last plugging in."""
        return str(self._link) if self._link is not None else self._slave_path

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
    def writes(self) -> int:
        """How many write commands were carried out, or begun."""
        return self._machine.writes

    @property
    def is_plugged_in(self) -> bool:
        """Whether the path can be opened."""
        return self._master >= 0

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

    def unplug(self) -> None:
        """Pull the machine out: its port vanishes and it forgets what it was doing. The card stays where it lies."""
        self._order(self._disconnect)

    def plug_in(self) -> None:
        """Plug it in again, which makes a new port."""
        self._order(self._connect)

    def close(self) -> None:
        """Pull it out for good."""
        if not self._is_closed:
            self._is_closed = True
            self._wake()
            self._thread.join()
            os.close(self._wake_in)
            os.close(self._wake_out)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the machine's thread

    def _run(self) -> None:
        while not self._is_closed:
            with suppress(PulledOut):
                self._round()
                continue
            self._disconnect()
        self._disconnect()

    def _round(self) -> None:
        due = self._machine.due() if self.is_plugged_in else None
        sources = [self._wake_in, self._master] if self.is_plugged_in else [self._wake_in]
        ready, _, _ = select.select(sources, [], [], None if due is None else max(0.0, due - monotonic()))
        if self._wake_in in ready:
            os.read(self._wake_in, _READ_SIZE)
            self._carry_out()
        if self.is_plugged_in:
            if self._master in ready:
                self._machine.receive(self._read(), monotonic())
            self._machine.tick(monotonic())

    def _read(self) -> bytes:
        # An order of the same round may have replaced the terminal: then there is nothing yet.
        with suppress(OSError):
            return os.read(self._master, _READ_SIZE)
        return b""

    def _send(self, data: bytes) -> None:
        # Nobody reads: the bytes are lost, as on a wire.
        with suppress(OSError):
            os.write(self._master, data)

    def _connect(self) -> None:
        if self.is_plugged_in:
            return
        self._master, self._slave = os.openpty()
        # A fresh terminal echoes; and with nobody at its other end reading would fail, so that end stays open here.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._slave_path = os.ttyname(self._slave)
        if self._link is not None:
            fresh = self._link.with_name(f".{self._link.name}.{token_hex(4)}")
            fresh.symlink_to(self._slave_path)
            fresh.replace(self._link)

    def _disconnect(self) -> None:
        if not self.is_plugged_in:
            return
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        # The state first: whoever notices the hang-up must already find the machine unplugged.
        slave, master = self._slave, self._master
        self._master = self._slave = -1
        self._machine.lose_power()
        os.close(slave)
        os.close(master)

    def _order(self, act: Callable[[], None]) -> None:
        """Have `act` done by the machine's thread, and wait until it is."""
        if self._is_closed:
            return
        if current_thread() is self._thread:
            act()
            return
        done = Event()
        self._orders.append((act, done))
        self._wake()
        if not done.wait(_COMMAND_TIMEOUT):
            raise TimeoutError("the simulated machine does not respond")

    def _carry_out(self) -> None:
        while self._orders:
            act, done = self._orders.popleft()
            act()
            done.set()

    def _wake(self) -> None:
        # A full pipe wakes just as well.
        with suppress(BlockingIOError):
            os.write(self._wake_out, b"\0")


_MEDIA = {
    "classic": Medium.CLASSIC_1K,
    "classic4k": Medium.CLASSIC_4K,
    "ntag213": Medium.NTAG213,
    "ntag215": Medium.NTAG215,
    "ntag216": Medium.NTAG216,
}


def obey(machine: SimulatedEncoder, line: str) -> str:
    """Carry out one line of the control; the text after `ok`. `ValueError` or `KeyError` for one that makes no sense."""
    match line.split(maxsplit=1):
        case ["put", rest]:
            words = rest.split()
            is_blank = words[0] == "blank" and len(words) == 2
            card = SimulatedCard.blank(_MEDIA[words[1]]) if is_blank else SimulatedCard.from_json(json.loads(rest))
            machine.put_card(card)
            return card.uid.hex()
        case ["take"]:
            return json.dumps(machine.take_card().to_json())
        case ["show"]:
            return json.dumps(machine.card.to_json() if machine.card is not None else None)
        case ["cut", rest]:
            write, moment, act = rest.split()
            machine.faults.cut = WriteCut(int(write), Moment(moment), Act(act))
            return ""
        case ["unplug"]:
            machine.unplug()
            return ""
        case ["plug"]:
            machine.plug_in()
            return machine.path
        case _:
            raise ValueError("put blank MEDIUM | put JSON | take | show | cut N MOMENT ACT | unplug | plug | quit")


def run_control(machine: SimulatedEncoder, lines: Iterable[str], say: Callable[[str], None]) -> None:
    """Obey line after line until `quit` or the end."""
    for line in lines:
        if line.strip() == "quit":
            return
        try:
            say(f"ok {obey(machine, line.strip())}".rstrip())
        except (ValueError, KeyError) as fault:
            say(f"error {fault}")


def main() -> None:
    """The program: `--link` says where the machine's port appears."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--serial-number", default="0000000000000001", help="16 hex digits")
    parser.add_argument("--model", default="ZC-20")
    parser.add_argument("--seconds-per-write", type=float, default=DEFAULT_SECONDS_PER_WRITE)
    options = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    with SimulatedEncoder(
        options.serial_number, options.model, link=options.link, seconds_per_write=options.seconds_per_write
    ) as machine:
        say(f"ok {machine.path}")
        run_control(machine, sys.stdin, say)


if __name__ == "__main__":
    main()
