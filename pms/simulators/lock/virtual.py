"""The virtual lock as its users see it: cards, keys, a bolt, and frames in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pms.protocol.bcd import encode_bcd
from pms.protocol.command import Command, Deleted, StoredKind
from pms.protocol.errors import UsageError
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult

from . import cards, commands, keypad, radio, stored
from .state import Answer, LockState, state_from_json, state_to_json

QUEUED_REPORTS = frozenset((Command.ALIVE, Command.SYSTEM_SETTINGS, Command.USERS))
_MAX_STORED_DIGITS = 2 * 240


@dataclass(slots=True)
class VirtualLock:
    """A lock in memory. `at` is always the time, in Unix seconds, that a good clock shows."""

    state: LockState

    @classmethod
    def fresh(cls, sn: bytes, mac: bytes, lock_keys: bytes, version: int = 8) -> VirtualLock:
        """A lock as it leaves the factory: not bound to anybody."""
        return cls(LockState(sn, mac, lock_keys, version=version))

    @property
    def clock_lost(self) -> bool:
        """Whether the clock stopped; a frame that sets it makes it run again."""
        return self.state.clock_lost

    @clock_lost.setter
    def clock_lost(self, is_lost: bool) -> None:
        self.state.clock_lost = is_lost

    def present(self, uid: bytes, units: Sequence[bytes], at: int) -> Answer:
        """Hold a card to the lock: its UID, and its units from unit 1, 48 bytes each, as many as it has.

        A card whose UID is stored in the lock may open by that alone; else the grants for this lock are judged.
        """
        self.state.drop_ended(at)
        answer = stored.judge_stored(self.state, StoredKind.CARD, uid, at)
        if answer is not None and (answer.is_opened or not cards.is_addressed_by(self.state, units)):
            return answer
        return cards.judge_card(self.state, uid, units, at)

    def type_code(self, digits: str, at: int) -> Answer:
        """Type an entry and `#`. A stored passcode is looked for first, then the entry is an offline passcode."""
        self.state.drop_ended(at)
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_STORED_DIGITS
        if is_number and not keypad.is_shut(self.state, at):
            answer = stored.judge_stored(self.state, StoredKind.PASSCODE, encode_bcd(digits), at)
            if answer is not None:
                return answer
        return keypad.judge_offline_code(self.state, digits, at)

    def show_credential(self, kind: StoredKind, content: bytes, at: int) -> Answer:
        """Use a stored remote, finger, face or palm; `NOT_ADDRESSED` if the lock does not know it."""
        self.state.drop_ended(at)
        answer = stored.judge_stored(self.state, kind, content, at)
        if answer is None:
            answer = Answer(RecordResult.NOT_ADDRESSED)
            self.state.log(at, RecordEvent.REFUSED, RecordMethod(kind.value), 0, answer.result)
        return answer

    def throw_deadbolt(self, is_thrown: bool) -> None:
        """The knob on the inside: privacy on or off."""
        self.state.privacy = is_thrown

    def use_inside_handle(self, at: int) -> None:
        """Somebody leaves: the handle always opens, takes the deadbolt back, and ends no lock-out."""
        self.state.privacy = False
        self.state.log(at, RecordEvent.OPENED, RecordMethod.INSIDE_HANDLE)

    def drain_battery(self, percent: int, at: int) -> None:
        """The battery sinks (or was changed); reaching the warning level leaves an alarm record."""
        was_low = self.state.battery <= commands.LOW_BATTERY
        self.state.battery = percent
        if percent <= commands.LOW_BATTERY and not was_low:
            self.state.log(at, RecordEvent.LOW_BATTERY)

    def receive(self, frame: bytes, at: int) -> bytes | None:
        """A frame arrived: the answer to carry back, or None where the lock keeps silent."""
        self.state.drop_ended(at)
        return radio.receive(self.state, frame, at)

    def pending_report(self, at: int) -> bytes | None:
        """The report to carry to the server next; the same bytes until its acknowledgement was received."""
        return radio.pending_report(self.state, at)

    def queue_report(self, command: Command) -> None:
        """Report settings, users or just being alive next; `UsageError` for a report that comes by itself."""
        if command not in QUEUED_REPORTS:
            raise UsageError(f"{command.name} is not reported on demand")
        if command not in self.state.reports:
            self.state.reports.append(command)

    def delete_at_the_lock(self) -> bytes | None:
        """The owner deletes the lock by its menu: the last frame to carry, sealed before everything is wiped."""
        if not self.state.is_bound:
            return None
        farewell = radio.seal_report(self.state, Deleted())
        commands.wipe(self.state)
        return farewell

    def to_json(self) -> dict[str, Any]:
        """The whole state as JSON values: it holds keys, so it is a secret as the lock itself is."""
        return state_to_json(self.state)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> VirtualLock:
        """The lock whose state `to_json` gave."""
        return cls(state_from_json(values))
