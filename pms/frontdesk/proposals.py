"""Which room suits a party best, and why: decided on plain values, said in words that a clerk can repeat to the guest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.text import N_
from pms.rooms.models import HousekeepingStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# A room that is free for longer than that is not said to be free until a day.
_WORTH_SAYING = timedelta(days=30)
# What is left of a gap beyond a week is as good as endless.
_LONG_GAP = 7


class LockState(StrEnum):
    """Whether keys for the room's door can be made, and will go on working."""

    GOOD = "good"
    LOW = "low"
    NOT_SET_UP = "not_set_up"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFacts:
    """What counts for or against a room that is free for the nights in question."""

    room_id: int
    number: str
    room_type: str
    type_distance: int  # how far it stands from the booked type in the house's order; 0: the booked one
    housekeeping: HousekeepingStatus
    is_vacant: bool
    is_own: bool = False
    features: Collection[str] = ()
    free_since: date | None = None
    free_until: date | None = None
    is_near_group: bool = False
    lock: LockState = LockState.GOOD

    @property
    def is_ready(self) -> bool:
        """Whether a guest could be let in now."""
        return self.is_vacant and self.housekeeping is not HousekeepingStatus.DIRTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the party booked and wishes for."""

    booked_type: str
    arrival: date
    departure: date
    wishes: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a sentence with what is filled in, and how much it counts for (or, below zero, against) the room."""

    text: str
    weight: int
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A room with all that speaks for and against it."""

    facts: RoomFacts
    reasons: list[Reason]

    @property
    def weight(self) -> int:
        """How well it suits, all in all."""
        return sum(reason.weight for reason in self.reasons)

    @property
    def is_ready(self) -> bool:
        """Whether the guest could go there now."""
        return self.facts.is_ready

    @property
    def is_good(self) -> bool:
        """Whether it is ready and nothing but trifles speaks against it."""
        return self.is_ready and all(reason.weight > -100 for reason in self.reasons)


def propose(rooms: Iterable[RoomFacts], wanted: Wanted) -> list[Proposal]:
    """The rooms, best first: what was promised, what is ready, what was wished, what keeps long gaps for long stays."""
    found = [Proposal(room, list(_reasons(room, wanted))) for room in rooms]
    return sorted(found, key=lambda proposal: (-proposal.weight, len(proposal.facts.number), proposal.facts.number))


def _reasons(room: RoomFacts, wanted: Wanted) -> Iterable[Reason]:
    if room.is_own:
        yield Reason(N_("promised to this booking"), 2000)
    yield _type(room, wanted)
    yield _state(room)
    yield from _wishes(room, wanted)
    if room.is_near_group:
        yield Reason(N_("on a floor of the group"), 12)
    yield from _lock(room)
    yield from _gap(room, wanted)


def _type(room: RoomFacts, wanted: Wanted) -> Reason:
    if not room.type_distance:
        return Reason(N_("%(type)s as booked"), 400, {"type": room.room_type})
    return Reason(
        N_("%(type)s instead of %(booked)s"),
        -5 * room.type_distance,
        {"type": room.room_type, "booked": wanted.booked_type},
    )


def _state(room: RoomFacts) -> Reason:
    if not room.is_vacant:
        return Reason(N_("still occupied"), -250)
    if room.housekeeping is HousekeepingStatus.DIRTY:
        return Reason(N_("not clean yet"), -200)
    if room.housekeeping is HousekeepingStatus.INSPECTED:
        return Reason(N_("inspected"), 10)
    return Reason(N_("clean"), 0)


def _wishes(room: RoomFacts, wanted: Wanted) -> Iterable[Reason]:
    met = [wish for wish in wanted.wishes if wish in room.features]
    missed = [wish for wish in wanted.wishes if wish not in room.features]
    if met:
        yield Reason(N_("as wished: %(wishes)s"), 30 * len(met), {"wishes": met})
    if missed:
        yield Reason(N_("not as wished: %(wishes)s"), -20 * len(missed), {"wishes": missed})


def _lock(room: RoomFacts) -> Iterable[Reason]:
    if room.lock is LockState.LOW:
        yield Reason(N_("the battery of its lock is low"), -40)
    elif room.lock is LockState.NOT_SET_UP:
        yield Reason(N_("its lock is not set up, so no key can be made"), -120)
    elif room.lock is LockState.MISSING:
        yield Reason(N_("it has no lock, so no key can be made"), -120)


def _gap(room: RoomFacts, wanted: Wanted) -> Iterable[Reason]:
    """A short stay in a long gap costs: what is left of it on either side is hard to sell."""
    left = _days(room.free_since, wanted.arrival) + _days(wanted.departure, room.free_until)
    if not left:
        yield Reason(N_("fills a gap between two stays"), 0)
    elif room.free_until is None or room.free_until - wanted.departure > _WORTH_SAYING:
        yield Reason(N_("free for weeks after"), -left)
    elif room.free_until == wanted.departure:
        yield Reason(N_("taken again on the day of departure"), -left)
    else:
        yield Reason(N_("free until %(day)s"), -left, {"day": room.free_until})


def _days(first: date | None, end: date | None) -> int:
    if first is None or end is None:
        return _LONG_GAP
    return min((end - first).days, _LONG_GAP)
