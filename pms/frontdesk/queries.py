"""What the desk has to do today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from pms.encoders import queries as encoders
from pms.frontdesk import key_tasks
from pms.keycards import queries as keycards
from pms.rooms import queries as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import queries as stays
from pms.stays import rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.encoders.models import Encoder
    from pms.frontdesk.task_rules import Task
    from pms.keycards.queries import KeySummary
    from pms.rooms.models import Room
    from pms.stays.models import Stay, StepKind
    from pms.stays.queries import RoomOffer


@dataclass(frozen=True, slots=True)
class Row:
    """A stay with what is to be said about it at a glance."""

    stay: Stay
    keys: KeySummary | None
    # What is to do about its keys; see `key_tasks`.
    tasks: list[Task]
    is_overdue: bool
    is_leaving: bool
    is_room_ready: bool
    # They had waited for the room, and it was given to them when it was clean: they do not know it yet.
    was_waiting: bool = False

    @property
    def has_key_to_do(self) -> bool:
        """Whether somebody who is in house needs something done about a key."""
        return self.stay.state is StayState.IN_HOUSE and bool(self.tasks)


@dataclass(frozen=True, slots=True)
class UncleanRoom:
    """A dirty room, and who is expected in it today or lives there."""

    room: Room
    waits_for: Stay | None
    inside: Stay | None


@dataclass(frozen=True, slots=True)
class Today:
    """The day's lists; a stay can stand in more than one."""

    arriving: list[Row]
    leaving: list[Row]
    in_house: list[Row]
    key_to_do: list[Row]
    unclean: list[UncleanRoom]


def today(day: date, *, now: datetime) -> Today:
    """The lists of that day, overdue ones first; a fixed number of queries, however many guests there are."""
    present = stays.present_today(day)
    summaries = keycards.summary_for_stays([stay.id for stay in present], now=now)
    tasks = key_tasks.of_stays(present, now=now)
    inside = {stay.room_id for stay in present if stay.state is StayState.IN_HOUSE}
    rows = [
        Row(
            stay=stay,
            keys=summaries.get(stay.id),
            tasks=tasks[stay.id],
            is_overdue=rules.is_overdue(stay.state, stay.arrival_date, stay.departure_date, day),
            is_leaving=stay.state is StayState.IN_HOUSE and stay.departure_date <= day,
            is_room_ready=_is_room_ready(stay, inside),
        )
        for stay in present
    ]
    arriving = [row for row in rows if row.stay.state is StayState.CONFIRMED]
    in_house = [row for row in rows if row.stay.state is StayState.IN_HOUSE]
    return Today(
        arriving=sorted(arriving, key=lambda row: (row.stay.waiting_since is None, row.stay.arrival_date)),
        leaving=sorted((row for row in in_house if row.is_leaving), key=lambda row: row.stay.departure_date),
        in_house=in_house,
        key_to_do=_those_who_waited_first([row for row in in_house if row.has_key_to_do]),
        unclean=_unclean(present),
    )


def stay_for(stay_id: int, kind: StepKind) -> Stay:
    """The stay, for the dialog of a step; NotFound, or WrongState where the step is past, so that nobody fills it in vain."""
    stay = stays.get_stay(stay_id)
    rules.check_step(kind, stay.state)
    return stay


def check_in_rooms(stay: Stay, *, departure: date) -> Sequence[RoomOffer]:
    """Rooms that the party could get, best first; its own room stays the first choice while it is free."""
    offers = stays.free_rooms(
        room_type_id=stay.room_type_id,
        arrival=stay.arrival_date,
        departure=departure,
        except_stay_id=stay.id,
    )
    return sorted(offers, key=lambda offer: offer.room.id != stay.room_id)


def move_rooms(stay: Stay, *, tonight: date) -> Sequence[RoomOffer]:
    """Rooms that are free for the rest of the stay and have nobody inside."""
    offers = stays.free_rooms(
        room_type_id=stay.room.room_type_id if stay.room else stay.room_type_id,
        arrival=min(tonight, stay.departure_date),
        departure=max(stay.departure_date, tonight),
        except_stay_id=stay.id,
    )
    return [offer for offer in offers if offer.room.id != stay.room_id]


def machines(chosen_id: int | None) -> tuple[Sequence[Encoder], Encoder | None]:
    """The card machines in use, and the one that this desk means."""
    return encoders.list_for_cards(), encoders.desk_encoder(chosen_id)


def _is_room_ready(stay: Stay, inside: set[int | None]) -> bool:
    room = stay.room
    return room is not None and room.housekeeping is not HousekeepingStatus.DIRTY and room.id not in inside


def _those_who_waited_first(rows: list[Row]) -> list[Row]:
    waited = stays.checked_in_after_waiting([row.stay.id for row in rows])
    marked = [replace(row, was_waiting=row.stay.id in waited) for row in rows]
    return sorted(marked, key=lambda row: not row.was_waiting)


def _unclean(present: Sequence[Stay]) -> list[UncleanRoom]:
    waiting = {stay.room_id: stay for stay in present if stay.state is StayState.CONFIRMED}
    inside = {stay.room_id: stay for stay in present if stay.state is StayState.IN_HOUSE}
    dirty = [
        UncleanRoom(room, waiting.get(room.id), inside.get(room.id))
        for room in rooms.list_rooms()
        if room.housekeeping is HousekeepingStatus.DIRTY and not room.out_of_order
    ]
    return sorted(dirty, key=lambda unclean: unclean.waits_for is None)


def cards_to_make_again(stay: Stay, *, now: datetime) -> tuple[int, datetime | None]:
    """How many of the party's cards must be made again, and until when the first of them opens its door."""
    cards = keycards.to_make_again(stay, now=now)
    return len(cards), min((card.valid_until for card in cards), default=None)
