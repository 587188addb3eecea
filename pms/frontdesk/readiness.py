"""What is still missing before a party can be checked in, and when its room can be expected; decided on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.text import N_
from pms.rooms.models import HousekeepingStatus
from pms.rooms.rules import is_ready as is_clean

if TYPE_CHECKING:
    from collections.abc import Collection

    from pms.frontdesk.proposals import Proposal

# Rooms are expected at full quarters of an hour.
_QUARTER = timedelta(minutes=15)
# How long the last touch takes in a room that is empty.
_LAST_TOUCH = timedelta(minutes=30)


class PartName(StrEnum):
    """The parts of the sheet, in the order of the talk."""

    GUEST = "guest"
    DOCUMENT = "document"
    ROOM = "room"
    PAYMENT = "payment"
    KEYS = "keys"


class PartState(StrEnum):
    """How far a part is."""

    DONE = "done"
    # Nothing hinges on it, but it could be asked for now.
    COULD_BE = "could_be"
    MISSING = "missing"


PART_WORDS: dict[PartName, str] = {
    PartName.GUEST: N_("Guest"),
    PartName.DOCUMENT: N_("Document"),
    PartName.ROOM: N_("Room"),
    PartName.PAYMENT: N_("Payment"),
    PartName.KEYS: N_("Keys"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the sheet."""

    name: PartName
    state: PartState


def parts(
    *, blank_fields: Collection[str], has_document: bool, room: Proposal | None, owed: int, has_machine: bool
) -> list[Part]:
    """All parts; `room` is the one in the sheet, `blank_fields` are particulars of the guest that nobody has entered.

    Nobody is kept from their room by what they owe: most houses are paid at the end.
    """
    states = {
        PartName.GUEST: PartState.COULD_BE if blank_fields else PartState.DONE,
        PartName.DOCUMENT: PartState.DONE if has_document else PartState.MISSING,
        PartName.ROOM: PartState.DONE if room is not None and room.is_ready else PartState.MISSING,
        PartName.PAYMENT: PartState.COULD_BE if owed > 0 else PartState.DONE,
        PartName.KEYS: PartState.DONE if has_machine else PartState.MISSING,
    }
    return [Part(name, states[name]) for name in PartName]


def first_missing(found: Collection[Part]) -> PartName | None:
    """Where the sheet opens; None: everything is there."""
    return next((part.name for part in found if part.state is PartState.MISSING), None)


def expected_at(*, now: datetime, leaves_at: datetime | None, is_dirty: bool, cleaning_hours: int) -> datetime:
    """When the room will be ready: cleaned after whoever is inside has left (None: nobody is), at a full quarter."""
    begins = now if leaves_at is None else max(now, leaves_at)
    takes = timedelta(hours=cleaning_hours) if is_dirty or leaves_at is not None else _LAST_TOUCH
    return _at_quarter(begins + max(takes, _LAST_TOUCH))


def can_complete(*, housekeeping: HousekeepingStatus, is_out_of_order: bool, is_occupied: bool) -> bool:
    """Whether somebody who waits for the room has it now: it is clean, and the party before has checked out."""
    return is_clean(housekeeping) and not is_out_of_order and not is_occupied


def _at_quarter(at: datetime) -> datetime:
    floor = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return floor if floor == at else floor + _QUARTER
