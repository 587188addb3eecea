"""A bar that was dropped: what is asked before the move, and the move itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.chart.rules import Drop
from pms.frontdesk import service
from pms.frontdesk.consequences import Change, ChangeKind
from pms.rooms import queries as rooms

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
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
    """What the dialog asks before anything is done."""

    title: str
    button: str
    room: Room | None
    drop: Drop
    # Only where the new room is of another type with another price: then one question is asked.
    price: Price | None = None


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


def plan(stay: Stay, drop: Drop) -> Plan:
    """What is asked."""
    room = rooms.find_room(drop.room_id) if drop.room_id is not None else None
    is_other_room = drop.room_id != stay.room_id
    return Plan(
        title=_title(stay, room, is_other_room=is_other_room),
        button=_("Assign") if stay.room is None else _("Move") if is_other_room else _("Change the dates"),
        room=room,
        drop=drop,
        price=_price(stay, room),
    )


def change(plan: Plan) -> Change:
    """The drop as the act that is looked at before it is done."""
    return Change(
        kind=ChangeKind.REARRANGE,
        room_id=plan.drop.room_id,
        arrival_date=plan.drop.arrival_date,
        departure_date=plan.drop.departure_date,
        night_price=plan.price.anew if plan.price and plan.drop.recalculates else None,
    )


def _title(stay: Stay, room: Room | None, *, is_other_room: bool) -> str:
    if not is_other_room:
        return str(_("Change the dates"))
    if room is None:
        return str(_("Take the room back"))
    return str(
        _("Move to room %(room)s", room=room.number) if stay.room else _("Assign room %(room)s", room=room.number)
    )


def _price(stay: Stay, room: Room | None) -> Price | None:
    now_in = stay.room.room_type if stay.room else stay.room_type
    if room is None or room.room_type_id == now_in.id or room.room_type.night_price == stay.night_price:
        return None
    return Price(stay.night_price, room.room_type.night_price, room.room_type.name)
