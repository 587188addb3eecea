"""The rooms of one booking that arrive together: which room each gets, what keeps it from being checked in, its keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.encoders import queries as encoders
from pms.frontdesk import room_facts
from pms.keycards import queries as keycards
from pms.properties import queries as properties
from pms.rooms.models import HousekeepingStatus
from pms.stays import queries as stays
from pms.stays import rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.encoders.models import EncoderJob
    from pms.frontdesk.proposals import Proposal
    from pms.frontdesk.room_facts import Free
    from pms.keycards.queries import KeySummary
    from pms.reservations.models import Reservation
    from pms.stays.models import Stay

# Which rooms may be given out, from the strictest on.
ACCEPTED: dict[str, tuple[str, frozenset[HousekeepingStatus]]] = {
    "inspected": (N_("Inspected rooms only"), frozenset({HousekeepingStatus.INSPECTED})),
    "clean": (
        N_("Clean and inspected rooms"),
        frozenset({HousekeepingStatus.INSPECTED, HousekeepingStatus.CLEAN}),
    ),
    "any": (N_("Also rooms that are not clean yet"), frozenset(HousekeepingStatus)),
}


class RoomNotReady(DomainError):
    """The room that was promised is not in a state in which rooms are given out now."""

    code = "room_not_ready"
    field = "room_id"
    message = N_("Room %(room)s is not ready.")


class NoReadyRoom(DomainError):
    """No free room of the type is in such a state."""

    code = "no_ready_room"
    field = "room_id"
    message = N_("No free room of the type %(type)s is ready.")


@dataclass(frozen=True, slots=True)
class Member:
    """One room of the group as it is now."""

    stay: Stay
    # The room that it would get; None where it has or gets none.
    proposal: Proposal | None
    # What keeps it from being checked in.
    obstacle: DomainError | None
    keys: KeySummary | None
    # A machine still has to make its cards.
    is_under_way: bool

    @property
    def is_expected(self) -> bool:
        """Whether it still is to be checked in."""
        return self.stay.state is StayState.CONFIRMED

    @property
    def room_number(self) -> str | None:
        """The room that it has or would get."""
        if self.stay.room is not None:
            return self.stay.room.number
        return self.proposal.facts.number if self.proposal else None

    @property
    def needs_keys(self) -> bool:
        """Whether it is in house without a card that opens its door."""
        return needs_keys(self.stay, self.keys, is_under_way=self.is_under_way)


@dataclass(frozen=True, slots=True)
class Group:
    """All rooms of a booking that arrive today, those with an obstacle first; and the stack of cards that was made last."""

    reservation: Reservation
    members: Sequence[Member]
    jobs: Sequence[EncoderJob]

    @property
    def name(self) -> str:
        """What the group is called."""
        return self.reservation.group_name or self.reservation.code

    @property
    def failed(self) -> list[Member]:
        """Those who cannot be checked in now."""
        return [member for member in self.members if member.is_expected and member.obstacle]

    @property
    def ready(self) -> list[Member]:
        """Those who can."""
        return [member for member in self.members if member.is_expected and not member.obstacle]

    @property
    def in_house(self) -> list[Member]:
        """Those who are here."""
        return [member for member in self.members if not member.is_expected]

    @property
    def without_keys(self) -> list[Member]:
        """Those who are here, have no card, and get none just now."""
        return [member for member in self.members if member.needs_keys]

    @property
    def is_under_way(self) -> bool:
        """Whether the machine still has cards of the stack to make."""
        return any(not job.state.is_final for job in self.jobs)

    @property
    def batch_id(self) -> str | None:
        """Where the stack is shown."""
        return self.jobs[0].batch_id if self.jobs else None


def needs_keys(stay: Stay, keys: KeySummary | None, *, is_under_way: bool) -> bool:
    """Whether a room is in house without a card that opens its door, and no machine has one to make."""
    return stay.state is StayState.IN_HOUSE and (keys is None or not keys.live) and not is_under_way


def find(reservation_id: int, *, accepted: Collection[HousekeepingStatus], now: datetime) -> Group:
    """The group as it is now; NotFound where nobody of it is expected or here."""
    present = arriving(reservation_id, now=now)
    summaries = keycards.summary_for_stays([stay.id for stay in present], now=now)
    under_way = encoders.stays_with_open_jobs([stay.id for stay in present])
    members: list[Member] = []
    # Rooms that are promised to one of the group are no other one's choice.
    given = {stay.room_id for stay in present if stay.room_id is not None}
    group, free = stays.of_reservation(reservation_id), _free(present)
    for stay in present:
        proposal, obstacle = None, None
        if stay.state is StayState.CONFIRMED:
            found = room_facts.proposals_of(stay, free[stay.id], group, but=given)
            proposal, obstacle = _chosen(stay, found, accepted, now)
        if proposal is not None and obstacle is None:
            given.add(proposal.facts.room_id)
        members.append(Member(stay, proposal, obstacle, summaries.get(stay.id), stay.id in under_way))
    batch_id = encoders.last_batch_of_stays([stay.id for stay in present])
    jobs = encoders.batch(batch_id) if batch_id else []
    members.sort(key=lambda member: (not member.is_expected, member.obstacle is None))
    return Group(stays.get_reservation(reservation_id), members, jobs)


def arriving(reservation_id: int, *, now: datetime) -> list[Stay]:
    """The stays of a booking that should have come by today or are here."""
    today = now.astimezone(properties.get_property().zone).date()
    return [
        stay
        for stay in stays.of_reservation(reservation_id)
        if stay.state is StayState.IN_HOUSE or (stay.state is StayState.CONFIRMED and stay.arrival_date <= today)
    ]


def choose(
    stay: Stay, *, accepted: Collection[HousekeepingStatus], now: datetime
) -> tuple[Proposal | None, DomainError | None]:
    """The room for one of the group, and what keeps it from being checked in there.

    A room that was promised stays the room; else the best one of the booked type that is in an accepted state.
    """
    return _chosen(stay, room_facts.propose(stay), accepted, now)


def _free(present: Sequence[Stay]) -> dict[int, Free]:
    """What is free for each of those who are expected: looked up once for all who come and go alike."""
    alike: dict[tuple[object, ...], list[Stay]] = {}
    for stay in present:
        if stay.state is StayState.CONFIRMED:
            span = (stay.arrival_date, stay.departure_date, stay.arrival_hour, stay.departure_hour)
            alike.setdefault(span, []).append(stay)
    found: dict[int, Free] = {}
    for parties in alike.values():
        found |= dict.fromkeys([party.id for party in parties], room_facts.free_for(parties))
    return found


def _chosen(
    stay: Stay, proposals: Sequence[Proposal], accepted: Collection[HousekeepingStatus], now: datetime
) -> tuple[Proposal | None, DomainError | None]:
    own = next((found for found in proposals if found.facts.is_own), None)
    usable = [found for found in proposals if found.facts.is_vacant and found.facts.housekeeping in accepted]
    if stay.room is not None:
        chosen = own
        if own not in usable:
            return own, RoomNotReady(room=stay.room.number)
    else:
        chosen = next((found for found in usable if not found.facts.type_distance), None)
        if chosen is None:
            return None, NoReadyRoom(type=stay.room_type.name)
    try:
        rules.check_check_in(
            arrival=stay.arrival_date,
            departure=stay.departure_date,
            room_id=chosen.facts.room_id if chosen else None,
            local_now=now.astimezone(properties.get_property().zone),
            day_use_until=stay.departure_hour if stay.is_day_use else None,
        )
    except DomainError as error:
        return chosen, error
    return chosen, None
