"""A bar that was dropped: what would follow, and the move itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext

from pms.chart import telling
from pms.chart.rules import Drop
from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.frontdesk import queries as desk
from pms.frontdesk import service
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import rules as stay_rules
from pms.stays.models import StayState
from pms.web import errors, filters

if TYPE_CHECKING:
    from pms.core.actor import Actor
    from pms.rooms.models import Room
    from pms.stays.models import Stay, StayStep


@dataclass(frozen=True, slots=True)
class Price:
    """What a night costs as agreed, and what it costs in the type of the new room."""

    kept: str
    anew: str
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


class _OnlyTried(Exception):
    """Ends the transaction of a try, so that nothing of it is stored."""


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


def plan(stay: Stay, drop: Drop, *, actor: Actor, now: datetime) -> Plan:
    """What would follow from the drop, in words."""
    room = rooms.find_room(drop.room_id) if drop.room_id is not None else None
    is_other_room = drop.room_id != stay.room_id
    return Plan(
        title=_title(stay, room, is_other_room=is_other_room),
        button=_("Assign") if stay.room is None else _("Move") if is_other_room else _("Change the dates"),
        room=room,
        drop=drop,
        follows=[*_keys(stay, drop, now), *_cleaning(stay, room, drop), *_hours(stay)],
        price=_price(stay, room),
        refusal=_refusal(stay, drop, actor, now),
    )


def _title(stay: Stay, room: Room | None, *, is_other_room: bool) -> str:
    if not is_other_room:
        return str(_("Change the dates"))
    if room is None:
        return str(_("Take the room back"))
    return str(
        _("Move to room %(room)s", room=room.number) if stay.room else _("Assign room %(room)s", room=room.number)
    )


def _keys(stay: Stay, drop: Drop, now: datetime) -> list[tuple[str, str]]:
    cards = desk.live_cards(stay, now=now)
    if not cards:
        return []
    if drop.room_id != stay.room_id:
        text = ngettext(
            "%(num)d key card of room %(room)s is ended; make a new one for the guest.",
            "%(num)d key cards of room %(room)s are ended; make new ones for the guest.",
            len(cards),
            room=stay.room.number if stay.room else "–",
        )
    elif drop.departure_date > stay.departure_date:
        text = ngettext(
            "%(num)d key card must be made again before %(until)s.",
            "%(num)d key cards must be made again before %(until)s.",
            len(cards),
            until=filters.datetime_text(stay_rules.leaves_at(stay, properties.get_property())),
        )
    elif drop.departure_date < stay.departure_date:
        text = ngettext(
            "%(num)d card keeps opening until the old end. Make it again, or ask for it at check-out.",
            "%(num)d cards keep opening until the old end. Make them again, or ask for them at check-out.",
            len(cards),
        )
    else:
        return []
    return [("key", str(text))]


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
    currency = properties.get_property().currency
    return Price(
        telling.amount(stay.night_price, currency),
        telling.amount(room.room_type.night_price, currency),
        room.room_type.name,
    )


def _refusal(stay: Stay, drop: Drop, actor: Actor, now: datetime) -> str:
    """Why it would be refused: it is done and taken back, so that no second set of rules can say something else."""
    try:
        with transaction():
            move(stay_id=stay.id, drop=drop, request_id=str(uuid.uuid4()), actor=actor, now=now)
            raise _OnlyTried
    except _OnlyTried:
        return ""
    except DomainError as error:
        return errors.sentence(error)
