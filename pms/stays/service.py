"""Every change of a stay: one function, one transaction, one step that can be undone, one audit line.

Each step takes the `version` that the clerk saw (None: whatever it is now) and the `request_id` of the form (the same one
again gives the same step).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.core.text import N_
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.stays import days, followers, nights, rules, steps
from pms.stays.arranging import agree_hours, check_in_ahead, fix_room, name_guest, rearrange, release_room
from pms.stays.booking import RoomWish, add_room, book_many
from pms.stays.models import Stay, StayStep, StepKind
from pms.stays.steps import RoomOccupied, RoomOutOfOrder

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pms.core.actor import Actor

__all__ = [
    "RoomOccupied",
    "RoomOutOfOrder",
    "RoomWish",
    "add_room",
    "agree_hours",
    "book_many",
    "check_in_ahead",
    "fix_room",
    "name_guest",
    "rearrange",
    "release_room",
]

_NOT_WAITING: dict[str, Any] = {"waiting_since": None, "room_expected_at": None}


class NothingToUndo(DomainError):
    """There is no step that can be taken back, or another one came after it."""

    code = "nothing_to_undo"
    message = N_("This step cannot be undone: something else was done since.")


class CapacityTooLow(DomainError):
    """More rooms of the type are promised than would be left."""

    code = "capacity_too_low"
    message = N_("On %(night)s all rooms of this type are promised; free one first.")


def book(
    *,
    guest_id: int,
    room_type_id: int,
    room_id: int | None = None,
    arrival_date: date,
    departure_date: date,
    adults: int = 1,
    children: int = 0,
    note: str = "",
    source: str = "desk",
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Stay:
    """Promise one room; see `book_many`."""
    wish = RoomWish(
        room_type_id=room_type_id,
        room_id=room_id,
        arrival_date=arrival_date,
        departure_date=departure_date,
        adults=adults,
        children=children,
    )
    return book_many(
        guest_id=guest_id, wishes=[wish], note=note, source=source, request_id=request_id, actor=actor, now=now
    )[0]


def change(
    *,
    stay_id: int,
    version: int | None = None,
    request_id: str | None = None,
    arrival_date: date,
    departure_date: date,
    room_type_id: int,
    adults: int,
    children: int,
    wishes: Collection[str] | None = None,
    note: str | None = None,
    night_price: int | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Change a stay that has not begun. Another room type gives the assigned room back, and has its own price unless one is
    agreed; wishes and note stay as they are where None is given.
    """
    rules.check_dates(arrival_date, departure_date)

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        if arrival_date != stay.arrival_date:
            rules.check_arrival(arrival_date, local_now)
        values: dict[str, Any] = {
            "arrival_date": arrival_date,
            "departure_date": departure_date,
            "adults": adults,
            "children": children,
        }
        if room_type_id != stay.room_type_id:
            values |= {"room_type_id": room_type_id, "room_id": None, **_NOT_WAITING}
            values["night_price"] = rooms.get_room_type(room_type_id).night_price
        if night_price is not None:
            values["night_price"] = night_price
        if wishes is not None:
            values["wishes"] = rules.clean_wishes(wishes)
        if note is not None:
            values["note"] = note.strip()
        if stay.is_day_use:
            values["is_day_use"] = False
        return values

    return steps.take(
        StepKind.CHANGED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def assign_room(
    *,
    stay_id: int,
    room_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Give an expected stay a room, or another one. RoomTaken, RoomOutOfOrder, SameRoom."""
    return _into_room(StepKind.ROOM_ASSIGNED, room_id, stay_id, version, request_id, actor, now)


def unassign_room(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """Take the room back; the type stays promised."""

    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        if stay.room_id is None:
            raise rules.NoRoom
        if stay.is_day_use:
            raise rules.DayUseNeedsRoom
        return {"room_id": None, **_NOT_WAITING}

    return steps.take(
        StepKind.ROOM_UNASSIGNED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def check_in(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest is here. NoRoom, TooEarly, TooLate, RoomOccupied, RoomOutOfOrder."""

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        rules.check_check_in(
            arrival=stay.arrival_date,
            departure=stay.departure_date,
            room_id=stay.room_id,
            local_now=local_now,
            day_use_until=stay.departure_hour if stay.is_day_use else None,
        )
        return {"checked_in_at": now, **_NOT_WAITING}

    return steps.take(
        StepKind.CHECKED_IN, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def move_room(
    *,
    stay_id: int,
    room_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Another room from tonight on; the nights slept stay where they were slept."""
    return _into_room(StepKind.MOVED, room_id, stay_id, version, request_id, actor, now)


def extend(
    *,
    stay_id: int,
    departure_date: date,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Leave later. RoomTaken names who comes after."""

    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        rules.check_extension(arrival=stay.arrival_date, departure=stay.departure_date, new=departure_date)
        # Another hour was agreed for the day that was to be the last one; who stays overnight has no day use any more.
        return {"departure_date": departure_date, "departure_hour": None, "is_day_use": False}

    return steps.take(
        StepKind.EXTENDED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def shorten(
    *,
    stay_id: int,
    departure_date: date,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Leave earlier, today at the earliest."""

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        rules.check_shortening(
            arrival=stay.arrival_date, departure=stay.departure_date, new=departure_date, today=local_now.date()
        )
        return {"departure_date": departure_date, "departure_hour": None}

    return steps.take(
        StepKind.SHORTENED, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def check_out(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest leaves; nights that remain are given back."""

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        departure = rules.departure_after_check_out(
            arrival=stay.arrival_date, departure=stay.departure_date, today=local_now.date()
        )
        return {"checked_out_at": now, "departure_date": departure}

    return steps.take(
        StepKind.CHECKED_OUT, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def cancel(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The booking is off; its nights are free."""
    return steps.take(
        StepKind.CANCELLED,
        lambda _stay, _local_now: dict(_NOT_WAITING),
        stay_id=stay_id,
        version=version,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def mark_no_show(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest did not come; the nights are free."""

    def decide(stay: Stay, local_now: datetime) -> dict[str, Any]:
        if local_now.date() < stay.arrival_date:
            raise rules.NotYetNoShow(arrival=stay.arrival_date)
        return dict(_NOT_WAITING)

    return steps.take(
        StepKind.NO_SHOW, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now
    )


def hold(*, stay_id: int) -> Stay:
    """The stay, which nobody else can change or make keys for until the transaction ends; NotFound."""
    with transaction() as session:
        return steps.load(session, stay_id)


def find_done(*, stay_id: int, request_id: str | None) -> StayStep | None:
    """Lock the stay until the transaction ends, and find the step that this form has made already.

    For acts that go beyond the stay, so that a double click does none of them twice; NotFound.
    """
    with transaction() as session:
        steps.load(session, stay_id)
        return steps.find_step(session, stay_id, request_id) if request_id else None


def undo_last(*, stay_id: int, step_id: int, actor: Actor, now: datetime) -> StayStep:
    """Take the last step back, with its nights; NothingToUndo where it is not the last one (any more).

    RoomTaken, TypeSoldOut, RoomOccupied where somebody else has the nights or the room now; TooLateToUndo after a day.
    """
    with transaction() as session:
        stay = steps.load(session, stay_id)
        step = session.scalars(
            sa.select(StayStep)
            .where(StayStep.stay_id == stay_id, StayStep.undone_at.is_(None))
            .order_by(StayStep.id.desc())
            .limit(1)
        ).one_or_none()
        if step is None or step.id != step_id or step.before is None:
            raise NothingToUndo
        rules.check_undo(kind=step.kind, at=step.at, now=now)
        was = rules.snapshot(stay)
        values = rules.restored(step.before)
        local_then = step.at.astimezone(properties.get_property().zone)
        since = rules.changes_since(state=values["state"], departure=values["departure_date"], local_now=local_then)
        steps.apply(session, stay, values, since)
        step.undone_at = now
        steps.record(session, stay, "stays.undone", before=was, actor=actor, now=now, extra={"step": step.kind.value})
        followers.changed(stay, before=was, actor=actor, now=now)
        return step


def set_capacity(*, room_type_id: int, from_date: date, now: datetime) -> None:  # noqa: ARG001 - all writes take `now`
    """Take over how many rooms of a type are in order, for nights from `from_date` on; `rooms.inventory` calls it.

    CapacityTooLow names the first night on which more are promised than would be left.
    """
    with transaction() as session:
        rooms.hold_types([room_type_id], to_change=True)
        session.flush()
        oversold = nights.set_capacity(session, room_type_id, from_date)
        if oversold is not None:
            raise CapacityTooLow(night=oversold)


def set_house_hours(*, now: datetime) -> None:
    """Take over the house's hours for stays that agreed on none of their own; HoursTaken names who is in the way.

    `properties.hours` calls it in the transaction that changes them.
    """
    with transaction() as session:
        house = properties.get_property()
        refused = days.set_house_hours(session, house, now.astimezone(house.zone).date())
        if refused is not None:
            raise refused


def _into_room(
    kind: StepKind,
    room_id: int,
    stay_id: int,
    version: int | None,
    request_id: str | None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    def decide(stay: Stay, _local_now: datetime) -> dict[str, Any]:
        if room_id == stay.room_id:
            raise rules.SameRoom
        return {"room_id": room_id}

    return steps.take(kind, decide, stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now)
