"""A bar that was dropped: what would follow, and the move itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.chart.rules import Drop
from pms.frontdesk import consequence_words, consequences, service
from pms.frontdesk.consequences import Change, ChangeKind
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import rules as stay_rules
from pms.stays.models import StayState
from pms.web import errors

if TYPE_CHECKING:
    from pms.core.actor import Actor
    from pms.frontdesk.consequences import Consequences
    from pms.rooms.models import Room
    from pms.stays.models import Stay, StayStep


@dataclass(frozen=True, slots=True)
class Price:
    """What a night costs as agreed, and what it costs in the type of the new room; minor units."""

    kept: int
    anew: int
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the dialog says before anything is done: what changes, what follows (icon, sentence), and what forbids it."""

    title: str
    button: str
    room: Room | None
    drop: Drop
    follows: list[tuple[str, str]] = field(default_factory=list)
    # Only where the new room is of another type with another price: then one question is asked.
    price: Price | None = None
    refusal: str = ""


def move(*, stay_id: int, drop: Drop, request_id: str, actor: Actor, now: datetime) -> StayStep:
    """One step of the stay: its room and its dates as they were dropped, and what a night costs from now on."""
    room = rooms.find_room(drop.room_id) if drop.room_id is not None else None
    return service.rearrange(
        stay_id=stay_id,
        room_id=drop.room_id,
        arrival_date=drop.arrival_date,
        departure_date=drop.departure_date,
        night_price=room.room_type.night_price if room is not None and drop.recalculates else None,
        version=drop.version,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def plan(stay: Stay, drop: Drop, *, now: datetime) -> Plan:
    """What would follow from the drop, in words."""
    found = consequences.preview(stay_id=stay.id, change=_change(drop), now=now)
    room = rooms.find_room(drop.room_id) if drop.room_id is not None else None
    is_other_room = drop.room_id != stay.room_id
    return Plan(
        title=_title(stay, room, is_other_room=is_other_room),
        button=_("Assign") if stay.room is None else _("Move") if is_other_room else _("Change the dates"),
        room=room,
        drop=drop,
        follows=[*_keys(found), *_cleaning(stay, room, drop), *_hours(stay)],
        price=_price(stay, room),
        refusal=errors.sentence(found.refusal) if found.refusal is not None else "",
    )


def _change(drop: Drop) -> Change:
    return Change(
        kind=ChangeKind.REARRANGE,
        room_id=drop.room_id,
        arrival_date=drop.arrival_date,
        departure_date=drop.departure_date,
        version=drop.version,
    )


def _title(stay: Stay, room: Room | None, *, is_other_room: bool) -> str:
    if not is_other_room:
        return str(_("Change the dates"))
    if room is None:
        return str(_("Take the room back"))
    return str(
        _("Move to room %(room)s", room=room.number) if stay.room else _("Assign room %(room)s", room=room.number)
    )


def _keys(found: Consequences) -> list[tuple[str, str]]:
    """What becomes of each key, by the same words as in the dialogs of the desk."""
    return [
        (
            consequence_words.SORT_ICONS[one.key.sort],
            f"{consequence_words.name(one.key)} {consequence_words.sentence(one)}",
        )
        for one in found.keys
    ]


def _cleaning(stay: Stay, room: Room | None, drop: Drop) -> list[tuple[str, str]]:
    found = []
    if stay.state is StayState.IN_HOUSE and stay.room is not None and drop.room_id != stay.room_id:
        found.append(("cleaning", str(_("Room %(room)s is marked dirty.", room=stay.room.number))))
    if room is not None and drop.room_id != stay.room_id and room.housekeeping is HousekeepingStatus.DIRTY:
        found.append(("warn", str(_("Room %(room)s is dirty.", room=room.number))))
    return found


def _hours(stay: Stay) -> list[tuple[str, str]]:
    if stay.arrival_hour is None and stay.departure_hour is None:
        return []
    house = properties.get_property()
    text = _(
        "Agreed hours: from %(arrival)s:00, until %(departure)s:00.",
        arrival=stay_rules.arrival_hour(stay, house),
        departure=stay_rules.departure_hour(stay, house),
    )
    return [("clock", str(text))]


def _price(stay: Stay, room: Room | None) -> Price | None:
    now_in = stay.room.room_type if stay.room else stay.room_type
    if room is None or room.room_type_id == now_in.id or room.room_type.night_price == stay.night_price:
        return None
    return Price(stay.night_price, room.room_type.night_price, room.room_type.name)
