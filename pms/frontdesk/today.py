"""The day at the desk: which lists there are, what stands in each, and how many.

A list is a condition on stays. The counts of all of them are one statement; of one list the rows are read, a page at a time, in
the order of what has waited longest. The number of queries depends neither on the house nor on the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.alarms import queries as alarm_queries
from pms.alarms.queries import Filters
from pms.core.db import db
from pms.core.ids import read_id
from pms.core.text import N_
from pms.folios import queries as folios
from pms.keycards import queries as keycards
from pms.properties import queries as properties
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import queries as stays
from pms.stays import rules as stay_rules
from pms.stays.models import Stay, StayState
from pms.web.paging import Page, cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from pms.alarms.queries import AlarmRow
    from pms.folios.queries import Balance
    from pms.frontdesk.key_tasks import KeyTask
    from pms.frontdesk.task_rules import Task
    from pms.keycards.queries import KeySummary

PAGE = 50
# A screen that renews itself asks for as many rows as it has; nobody has scrolled further than that.
MOST = 500


class Line(StrEnum):
    """The lists of the day, in the order of the tabs."""

    TODO = "todo"
    OVERDUE = "overdue"
    ARRIVING = "arriving"
    WAITING = "waiting"
    UNREADY = "unready"
    LEAVING = "leaving"
    UNPAID = "unpaid"
    IN_HOUSE = "in_house"
    KEYS = "keys"
    ALARMS = "alarms"


LINE_WORDS: dict[Line, str] = {
    Line.TODO: N_("To do"),
    Line.OVERDUE: N_("Overdue"),
    Line.ARRIVING: N_("Arriving"),
    Line.WAITING: N_("Waiting guests"),
    Line.UNREADY: N_("Not ready"),
    Line.LEAVING: N_("Leaving"),
    Line.UNPAID: N_("Unpaid"),
    Line.IN_HOUSE: N_("In house"),
    Line.KEYS: N_("Keys to do"),
    Line.ALARMS: N_("Alarms"),
}

# What is said where a list is empty.
NOTHING_WORDS: dict[Line, str] = {
    Line.TODO: N_("Nobody arrives or leaves any more today."),
    Line.OVERDUE: N_("Nobody is overdue."),
    Line.ARRIVING: N_("Everybody who was expected is here."),
    Line.WAITING: N_("Nobody waits for a room."),
    Line.UNREADY: N_("Every room that somebody arrives in is ready."),
    Line.LEAVING: N_("Nobody else leaves today."),
    Line.UNPAID: N_("Everybody who leaves today has paid."),
    Line.IN_HOUSE: N_("Nobody is checked in."),
    Line.KEYS: N_("Every guest in house has a good key."),
    Line.ALARMS: N_("No alarm is open."),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, the date on the house's wall, and the night that a guest who comes now sleeps first."""

    now: datetime
    day: date
    tonight: date


@dataclass(frozen=True, slots=True)
class Row:
    """A stay with what is to be said about it at a glance."""

    stay: Stay
    keys: KeySummary | None
    # What is to do about its keys; see `key_tasks`.
    tasks: list[Task]
    balance: Balance | None
    is_overdue: bool
    is_early: bool
    is_late: bool
    # Who is still in the room that this party waits for.
    inside: Stay | None
    # They had waited for the room, and it was given to them when it was clean: they do not know it yet.
    was_waiting: bool
    # In the order of the list; from here the next page goes on.
    key: str

    @property
    def is_room_ready(self) -> bool:
        """Whether the party could be let in now."""
        room = self.stay.room
        return (
            room is not None
            and room.housekeeping is not HousekeepingStatus.DIRTY
            and not room.out_of_order
            and self.inside is None
        )

    @property
    def can_be_cleaned(self) -> bool:
        """Whether all that is missing is somebody to say that the room is clean."""
        room = self.stay.room
        return (
            room is not None
            and room.housekeeping is HousekeepingStatus.DIRTY
            and not room.out_of_order
            and self.inside is None
        )


def count(moment: Moment, tasks: Sequence[KeyTask], lines: Collection[Line]) -> dict[Line, int]:
    """How many stand in each list; `tasks` is what there is to do about keys."""
    of_stays = [line for line in lines if line not in (Line.KEYS, Line.ALARMS)]
    sums = [sa.func.coalesce(sa.func.sum(sa.case((_holds(line, moment), 1), else_=0)), 0) for line in of_stays]
    query = sa.select(*sums).select_from(Stay).outerjoin(Room, Room.id == Stay.room_id).where(_is_of_the_day(moment))
    found = dict(zip(of_stays, db.session.execute(query).one(), strict=True))
    found[Line.KEYS] = len(tasks)
    if Line.ALARMS in lines:
        found[Line.ALARMS] = alarm_queries.count_open()
    return {line: int(found[line]) for line in lines}


def rows(line: Line, moment: Moment, tasks: Sequence[KeyTask], *, after: str = "", size: int = PAGE) -> Page[Row]:
    """A page of a list of stays, what has waited longest first."""
    house = properties.get_property()
    is_expected = Stay.state == StayState.CONFIRMED
    hour = sa.case(
        (is_expected, sa.func.coalesce(Stay.arrival_hour, house.check_in_hour)),
        else_=sa.func.coalesce(Stay.departure_hour, house.check_out_hour),
    )
    rank = sa.case((_holds(Line.OVERDUE, moment), 0), (Stay.waiting_since.is_not(None), 1), (is_expected, 2), else_=3)
    number = sa.func.coalesce(Room.number, "")
    # In house nobody is late but by the day: whoever is looked for is looked for by the room.
    order: tuple[Any, ...] = (number, Stay.id) if line is Line.IN_HOUSE else (rank, hour, number, Stay.id)
    query = (
        sa.select(Stay, rank, hour, number)
        .outerjoin(Room, Room.id == Stay.room_id)
        .where(_is_of_the_day(moment), _holds(line, moment))
        .options(*stays.WITH_ALL)
        .order_by(*order)
        .limit(min(size, MOST) + 1)
    )
    place = _read_key(after)
    if place is not None:
        query = query.where(sa.tuple_(*order) > sa.tuple_(*map(sa.literal, place[-len(order) :])))
    found = db.session.execute(query).all()
    return cut(_rows(found, moment, tasks), min(size, MOST), "key")


def key_rows(moment: Moment, tasks: Sequence[KeyTask], *, after: str = "", size: int = PAGE) -> Page[Row]:
    """A page of what is to do about keys, the most urgent first: a row a thing."""
    start = read_id(after) or 0
    shown = tasks[start : start + min(size, MOST)]
    found = [(one.stay, 0, 0, "") for one in shown]
    rows_of = _rows(found, moment, shown)
    made = [replace(row, tasks=[one.task]) for row, one in zip(rows_of, shown, strict=True)]
    return Page(made, str(start + len(shown)) if start + len(shown) < len(tasks) else None)


def alarms(*, after: str = "", size: int = PAGE) -> Page[AlarmRow]:
    """A page of the open alarms, the newest first; what is discreet never stands on the desk's page."""
    return alarm_queries.list_page(Filters("open"), after=after, size=size)


def _is_of_the_day(moment: Moment) -> sa.ColumnElement[bool]:
    """Who is in house, and who should have come by the end of the day: all lists are parts of these."""
    return sa.or_(
        Stay.state == StayState.IN_HOUSE,
        sa.and_(Stay.state == StayState.CONFIRMED, Stay.arrival_date <= moment.day),
    )


def _holds(line: Line, moment: Moment) -> sa.ColumnElement[bool]:
    """Which of the day's stays stand in the list."""
    is_expected, is_here = Stay.state == StayState.CONFIRMED, Stay.state == StayState.IN_HOUSE
    is_waiting = Stay.waiting_since.is_not(None)
    # Until the morning, who was expected last night is still tonight's guest.
    is_due = sa.and_(is_expected, sa.not_(is_waiting), Stay.arrival_date >= moment.tonight)
    has_not_come = sa.and_(is_expected, sa.not_(is_waiting), Stay.arrival_date < moment.tonight)
    has_not_gone = sa.and_(is_here, Stay.departure_date < moment.day)
    leaves = sa.and_(is_here, Stay.departure_date == moment.day)
    return {
        Line.TODO: sa.or_(is_expected, has_not_gone, leaves),
        Line.OVERDUE: sa.or_(has_not_come, has_not_gone),
        Line.ARRIVING: is_due,
        Line.WAITING: sa.and_(is_expected, is_waiting),
        Line.UNREADY: sa.and_(is_expected, Stay.room_id.is_not(None), _room_is_not_ready()),
        Line.LEAVING: leaves,
        Line.IN_HOUSE: is_here,
        Line.UNPAID: folios.leaves_unpaid(moment.day),
    }[line]


def _room_is_not_ready() -> sa.ColumnElement[bool]:
    other = sa.orm.aliased(Stay)
    is_occupied = sa.exists().where(other.room_id == Stay.room_id, other.state == StayState.IN_HOUSE).correlate(Stay)
    return sa.or_(Room.housekeeping == HousekeepingStatus.DIRTY, Room.out_of_order, is_occupied)


def _rows(found: Sequence[Any], moment: Moment, tasks: Sequence[KeyTask]) -> list[Row]:
    house = properties.get_property()
    shown = [row[0] for row in found]
    summaries = keycards.summary_for_stays([stay.id for stay in shown], now=moment.now)
    balances = folios.balances([stay.id for stay in shown])
    tasks_of: dict[int, list[Task]] = {}
    for one in tasks:
        tasks_of.setdefault(one.stay.id, []).append(one.task)
    waited = stays.checked_in_after_waiting([stay.id for stay in shown if stay.id in tasks_of])
    inside = _inside([stay.room_id for stay in shown if stay.state is StayState.CONFIRMED and stay.room_id])
    return [
        Row(
            stay=stay,
            keys=summaries.get(stay.id),
            tasks=tasks_of.get(stay.id, []),
            balance=balances.get(stay.id),
            is_overdue=stay_rules.is_overdue(
                stay.state,
                stay.arrival_date,
                stay.departure_date,
                today=moment.day,
                tonight=moment.tonight,
                is_waiting=stay.waiting_since is not None,
            ),
            is_early=stay_rules.is_early(stay, house),
            is_late=stay_rules.is_late(stay, house),
            inside=inside.get(stay.room_id) if stay.state is StayState.CONFIRMED else None,
            was_waiting=stay.id in waited,
            key=f"{rank}.{hour}.{stay.id}.{number}",
        )
        for stay, rank, hour, number in found
    ]


def _inside(room_ids: Collection[int]) -> dict[int, Stay]:
    query = sa.select(Stay).where(Stay.room_id.in_(room_ids), Stay.state == StayState.IN_HOUSE)
    return {stay.room_id or 0: stay for stay in db.session.scalars(query.options(*stays.WITH_ALL))}


def _read_key(key: str) -> tuple[int, int, str, int] | None:
    """The place of a row in its list, or None where the text is none."""
    rank, hour, stay_id, number = (*key.split(".", 3), "", "", "", "")[:4]
    if not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in (rank, hour, stay_id)):
        return None
    return int(rank), int(hour), number, int(stay_id)
