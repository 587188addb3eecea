"""What a pack says, read in a fixed number of queries however large the house is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from pms.core import intervals
from pms.folios import queries as folios
from pms.keycards import queries as keycards
from pms.passcodes import queries as passcodes
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.stays import rules as stay_rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from pms.folios.queries import Balance
    from pms.keycards.queries import KeyLine
    from pms.passcodes.models import Passcode
    from pms.properties.models import Property
    from pms.rooms.models import Room
    from pms.stays.models import RoomClosure, Stay


@dataclass(frozen=True, slots=True)
class Party:
    """A stay with its hours, its balance and its keys."""

    stay: Stay
    arrives_at: datetime
    leaves_at: datetime
    owed: int
    keys: Sequence[KeyLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RoomLine:
    """A room: who is inside, who comes, why it is closed, and the last key that was made for its door."""

    room: Room
    inside: Stay | None
    coming: Stay | None
    closure: RoomClosure | None
    last_key: KeyLine | None


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that a pack says openly, and the codes that it seals."""

    house: Property
    made_at: datetime
    today: date
    arriving: Sequence[Party]
    in_house: Sequence[Party]
    leaving: Sequence[Party]
    rooms: Sequence[RoomLine]
    codes: Sequence[Passcode]


def collect(*, now: datetime) -> Contents:
    """The house as it is now: who is here, who comes and who goes until the end of tomorrow, and every room."""
    house = properties.get_property()
    today = now.astimezone(house.zone).date()
    tomorrow = today + intervals.ONE_DAY
    present = stays.present_today(tomorrow)
    ids = [stay.id for stay in present]
    balances, keys = folios.balances(ids), keycards.live_of_stays(ids, now=now)
    parties = [_party(stay, house, balances, keys.get(stay.id, ())) for stay in present]
    in_house = [party for party in parties if party.stay.state is StayState.IN_HOUSE]
    arriving = [party for party in parties if party.stay.state is StayState.CONFIRMED]
    return Contents(
        house=house,
        made_at=now,
        today=today,
        arriving=sorted(arriving, key=lambda party: party.arrives_at),
        in_house=in_house,
        leaving=sorted((p for p in in_house if p.stay.departure_date <= tomorrow), key=lambda party: party.leaves_at),
        rooms=_rooms(present, today, now),
        codes=passcodes.living_of_stays(ids, now=now),
    )


def _party(stay: Stay, house: Property, balances: Mapping[int, Balance], keys: Sequence[KeyLine]) -> Party:
    return Party(
        stay=stay,
        arrives_at=stay_rules.arrives_at(stay, house),
        leaves_at=stay_rules.leaves_at(stay, house),
        owed=balances[stay.id].amount,
        keys=keys,
    )


def _rooms(present: Sequence[Stay], today: date, now: datetime) -> list[RoomLine]:
    inside = {stay.room_id: stay for stay in present if stay.state is StayState.IN_HOUSE}
    expected = [stay for stay in present if stay.state is StayState.CONFIRMED]
    coming = {stay.room_id: stay for stay in sorted(expected, key=lambda stay: stay.arrival_date, reverse=True)}
    closures = stays.closures_on(today)
    last = keycards.newest_of_rooms(now=now)
    return [
        RoomLine(
            room=room,
            inside=inside.get(room.id),
            coming=coming.get(room.id),
            closure=closures.get(room.id),
            last_key=last.get(room.id),
        )
        for room in rooms.list_rooms()
    ]
