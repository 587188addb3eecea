"""Where the book and a lock's own list differ, and how each difference can be mended: decided on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.slots.models import SlotState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pms.slots.models import ListedSlot, Slot


class Fault(StrEnum):
    """How the book and the lock differ in one slot."""

    MISSING = "missing"  # the lock does not have it
    UNKNOWN = "unknown"  # the book does not have it
    OTHER = "other"  # something else lies in the slot
    DIFFERENT = "different"  # it opens at other times, or with another role


class Mend(StrEnum):
    """What is done about a difference."""

    SEND = "send"  # the lock gets what the book has
    TAKE_AWAY = "take_away"  # the lock lets go what it has
    TAKE_OVER = "take_over"  # the book follows the lock


@dataclass(frozen=True, slots=True)
class Difference:
    """A slot in which the book and the lock's own list differ."""

    number: int
    fault: Fault
    slot: Slot | None
    listed: ListedSlot | None

    @property
    def ways(self) -> tuple[Mend, ...]:
        """How it can be mended, the way of "mend all" first: what the book has is right, what it does not know is not."""
        can_send = self.slot is not None and self.slot.content_sealed is not None
        send = (Mend.SEND,) if can_send else ()
        match self.fault:
            case Fault.UNKNOWN:
                return (Mend.TAKE_AWAY, Mend.TAKE_OVER)
            case Fault.OTHER:
                return (*send, Mend.TAKE_AWAY, Mend.TAKE_OVER)
            case Fault.DIFFERENT:
                return (*send, Mend.TAKE_OVER, Mend.TAKE_AWAY)
            case _:
                return (*send, Mend.TAKE_OVER)


def differences(book: Sequence[Slot], listed: Mapping[int, ListedSlot]) -> list[Difference]:
    """Where they differ, by number. `book` has what is in use; what is on its way either way is no difference yet."""
    by_number = {slot.number: slot for slot in book if slot.number is not None}
    found = []
    for number in sorted(by_number.keys() | listed.keys()):
        slot, seen = by_number.get(number), listed.get(number)
        fault = _fault(slot, seen)
        if fault is not None:
            found.append(Difference(number, fault, slot, seen))
    return found


def _fault(slot: Slot | None, seen: ListedSlot | None) -> Fault | None:
    if slot is None:
        return Fault.UNKNOWN
    if slot.state is not SlotState.ADDED:
        return None
    if seen is None:
        return Fault.MISSING if slot.missed_at is not None else None
    if (slot.kind, slot.credential_id) != (seen.kind, seen.credential_id):
        return Fault.OTHER
    ours = (_second(slot.valid_from), _second(slot.valid_until), slot.role)
    return None if ours == (seen.valid_from, seen.valid_until, seen.role) else Fault.DIFFERENT


def _second(at: datetime | None) -> datetime | None:
    """Locks count whole seconds."""
    return None if at is None else at.replace(microsecond=0)
