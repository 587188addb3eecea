"""The demo's physical world: doors with locks, card-issuing machines behind pseudo-terminals, cards in people's hands.

It stands in for hardware and shares nothing with the server but wires: machines are reached by pyserial through a
pseudo-terminal; what a door notes is carried by its gateway or 4G module over the broker, else over HTTP, as a phone would. Its state is kept in one file, so
that a demo can be stopped and gone on with.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pms.core import clock
from pms.demo import machines
from pms.demo.carriers import Carriers
from pms.demo.machines import Device, MachineKind
from pms.protocol.card_layout import EMPTY_UNIT, Medium
from pms.protocol.command import StoredKind
from pms.protocol.kdf import sector_key
from pms.simulators.cards import SimulatedCard
from pms.simulators.ef01 import SimulatedEf01
from pms.simulators.encoder import SimulatedEncoder, synthetic_template
from pms.simulators.lock import VirtualLock
from pms.simulators.pn532 import SimulatedPn532

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pms.simulators.encoder import Finger
    from pms.simulators.lock import Answer


FINGERS = ("A", "B")
"""Two people's fingers; the same letter is the same finger at a machine and at a door."""


@dataclass
class HeldCard:
    """A card in somebody's hand or in the drawer, under a name that a person would give it."""

    name: str
    card: SimulatedCard


@dataclass
class World:
    """All simulated things of one demo. Every method may be called from any thread."""

    file: Path
    # Carries one sealed frame of a lock to the server: a report, or (True) the answer to a command. Brings back the answer to
    # a report and the next command, where the server has them.
    carrier: Callable[[str, bytes, bool], tuple[bytes | None, bytes | None]] | None = None
    locks: dict[str, VirtualLock] = field(default_factory=dict)  # by serial number in hex
    cards: dict[str, HeldCard] = field(default_factory=dict)  # by UID in hex
    machines: dict[str, Device] = field(default_factory=dict)  # by name
    plates: dict[str, tuple[MachineKind, str]] = field(default_factory=dict)  # make and serial number, by name
    carries_records: bool = True
    is_being_made: bool = False  # nothing is kept until the world is whole
    _guard: threading.RLock = field(default_factory=threading.RLock)
    carriers: Carriers = field(init=False)

    def __post_init__(self) -> None:
        self.carriers = Carriers(self._guard, self.save)

    # Cards and machines

    def new_card(self, medium: Medium, name: str = "") -> HeldCard:
        """A blank card as it comes from the factory."""
        with self._guard:
            card = SimulatedCard.blank(medium)
            held = HeldCard(name or f"Card {len(self.cards) + 1}", card)
            self.cards[card.uid.hex()] = held
            self.save()
            return held

    def put_on_machine(self, machine: str, uid: str) -> None:
        """Lay a card on a machine; one that lies there already is taken away first."""
        with self._guard:
            device = self._for_cards(machine)
            if device.card is not None:
                device.take_card()
            device.put_card(self.cards[uid].card)
            self.save()

    def take_from_machine(self, machine: str) -> HeldCard | None:
        """Take the card away; None where none lies there."""
        with self._guard:
            device = self._for_cards(machine)
            if device.card is None:
                return None
            card = device.take_card()
            self.save()
            return self.cards[card.uid.hex()]

    def card_on(self, machine: str) -> HeldCard | None:
        """The card that lies on a machine."""
        device = self.machines[machine]
        card = None if isinstance(device, SimulatedEf01) else device.card
        return self.cards[card.uid.hex()] if card is not None else None

    def put_finger(self, machine: str, finger: Finger | None) -> None:
        """Put a finger on a machine, or lift it; a machine without a module takes none."""
        device = self.machines[machine]
        if not isinstance(device, SimulatedPn532):
            device.put_finger(finger)

    def has_finger(self, machine: str) -> bool:
        """Whether a finger lies on a machine."""
        device = self.machines[machine]
        return not isinstance(device, SimulatedPn532) and device.finger is not None

    def _for_cards(self, machine: str) -> SimulatedEncoder | SimulatedPn532:
        device = self.machines[machine]
        if isinstance(device, SimulatedEf01):
            raise ValueError("a fingerprint module has no place for a card")
        return device

    # Doors

    def hold_card(self, serial_number: str, uid: str) -> Answer:
        """Hold a card to a door."""
        with self._guard:
            lock, card = self.locks[serial_number], self.cards[uid].card
            answer = lock.present(card.uid, self._as_lock_sees(lock, card), self.now())
        self._after(serial_number)
        return answer

    def type_code(self, serial_number: str, digits: str) -> Answer:
        """Type digits at a door and end with #."""
        with self._guard:
            answer = self.locks[serial_number].type_code(digits, self.now())
        self._after(serial_number)
        return answer

    def touch(self, serial_number: str, finger: str) -> Answer:
        """Put a finger on a door's reader."""
        with self._guard:
            answer = self.locks[serial_number].show_credential(
                StoredKind.FINGERPRINT, synthetic_template(finger), self.now()
            )
        self._after(serial_number)
        return answer

    def throw_deadbolt(self, serial_number: str, *, thrown: bool) -> None:
        """Throw or release the deadbolt from inside."""
        with self._guard:
            self.locks[serial_number].throw_deadbolt(thrown)
            self.save()

    def carry(self, serial_number: str) -> int:
        """Carry what the lock has to report to the server, and the answers back; how many reports went."""
        carried = 0
        while self.carrier is not None and carried < 100:
            with self._guard:
                frame = self.locks[serial_number].pending_report(self.now())
            if frame is None:
                break
            answer, command = self.carrier(serial_number, frame, False)
            if answer is None:
                break
            with self._guard:
                self.locks[serial_number].receive(answer, self.now())
            carried += 1
            carried += self._bring(serial_number, command)
        self.save()
        return carried

    def _bring(self, serial_number: str, command: bytes | None) -> int:
        """Bring the server's commands to the lock, one after another, and its answers back; how many."""
        count = 0
        while command is not None and self.carrier is not None and count < 100:
            with self._guard:
                answer = self.locks[serial_number].receive(command, self.now())
            if answer is None:
                break
            count += 1
            _, command = self.carrier(serial_number, answer, True)
        return count

    def exchange(self, serial_number: str, frame: bytes) -> bytes | None:
        """Bring a frame of the server to a lock, as an installer's phone does; the lock's answer."""
        with self._guard:
            answer = self.locks[serial_number].receive(frame, self.now())
            self.save()
        return answer

    def move_clock(self, by: timedelta) -> None:
        """Move the time of the whole world and of the program in it."""
        with self._guard:
            clock.move_to_offset(clock.offset() + by)
            self.save()
        self.carriers.refresh()

    def reset_clock(self) -> None:
        """Back to the real time."""
        self.move_clock(-clock.offset())

    @staticmethod
    def now() -> int:
        """The instant in the world, Unix seconds."""
        return int(clock.now().timestamp())

    # Keeping

    def save(self) -> None:
        """Write the world to its file, whole or not at all."""
        if self.is_being_made:
            return
        with self._guard:
            state = {
                "offset": clock.offset().total_seconds(),
                "carries_records": self.carries_records,
                "carriers": self.carriers.to_json(),
                "locks": {name: lock.to_json() for name, lock in self.locks.items()},
                "cards": {uid: {"name": held.name, "card": held.card.to_json()} for uid, held in self.cards.items()},
                "machines": {
                    name: {
                        "kind": kind.value,
                        "serial_number": serial_number,
                        "card": held.card.uid.hex() if (held := self.card_on(name)) else None,
                    }
                    for name, (kind, serial_number) in self.plates.items()
                },
            }
            draft = self.file.with_suffix(".new")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(state, file)
            draft.replace(self.file)

    def load(self) -> None:
        """Take the world up again from its file."""
        state: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        clock.move_to_offset(timedelta(seconds=state["offset"]))
        self.carries_records = state["carries_records"]
        self.carriers.load(state.get("carriers", {}))
        self.locks = {name: VirtualLock.from_json(lock) for name, lock in state["locks"].items()}
        self.cards = {
            uid: HeldCard(held["name"], SimulatedCard.from_json(held["card"])) for uid, held in state["cards"].items()
        }
        for name, machine in state["machines"].items():
            # A world of an earlier version knows one make only.
            self.start_machine(name, machine["serial_number"], MachineKind(machine.get("kind", "machine")))
            if machine["card"]:
                self._for_cards(name).put_card(self.cards[machine["card"]].card)

    def start_machine(self, name: str, serial_number: str, kind: MachineKind = MachineKind.MACHINE) -> str:
        """Plug a machine in; the path of its port, the same after every start."""
        link = self.file.parent / "ports" / name.lower().replace(" ", "-")
        link.parent.mkdir(exist_ok=True)
        self.plates[name] = (kind, serial_number)
        self.machines[name] = machines.start(kind, serial_number, link)
        return str(link)

    def close(self) -> None:
        """Unplug the machines and keep the state."""
        self.carriers.switch_off()
        self.save()
        for machine in self.machines.values():
            machine.close()
        clock.move_to_offset(timedelta(0))

    def _after(self, serial_number: str) -> None:
        """A door was used: its gateway or module carries what it noted; where it has none a phone does, if that is wanted."""
        carrier = self.carriers.of(serial_number)
        if carrier is not None:
            carrier.notice(serial_number)
        elif self.carries_records:
            self.carry(serial_number)
        else:
            self.save()

    @staticmethod
    def _as_lock_sees(lock: VirtualLock, card: SimulatedCard) -> list[bytes]:
        """The units as the lock's reader gets them: a sector whose keys do not fit is as good as empty."""
        for keys in reversed(lock.state.keys):
            units = card.read_units(partial(sector_key, keys.card_a_key))
            if any(unit is not None for unit in units):
                return [unit if unit is not None else EMPTY_UNIT for unit in units]
        return [EMPTY_UNIT] * len(card.read_units())
