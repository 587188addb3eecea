"""What every step of a stay has in common: locks, nights, the step that can be undone, the audit line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from pms.audit import service as audit
from pms.core import money
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile, DomainError, NotFound
from pms.core.text import N_
from pms.guests.models import Guest
from pms.properties import queries as properties
from pms.rooms.models import Room, RoomType
from pms.stays import followers, nights, rules
from pms.stays.models import Stay, StayState, StayStep, StepKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


class RoomOutOfOrder(DomainError):
    """Nobody is put into a room that is out of order."""

    code = "room_out_of_order"
    field = "room_id"
    message = N_("Room %(room)s is out of order: %(reason)s")


class RoomOccupied(DomainError):
    """The party before has not been checked out."""

    code = "room_occupied"
    field = "room_id"
    message = N_("%(guest)s is still checked in to room %(room)s. Check them out first, or choose another room.")


def take(
    kind: StepKind,
    decide: Callable[[Stay, datetime], dict[str, Any]],
    *,
    stay_id: int,
    version: int | None,
    request_id: str | None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Do one step in one transaction; `decide(stay, local now)` gives the attributes that change, or refuses.

    The same `request_id` again gives the step that was made then. ChangedMeanwhile where `version` is not the present one.
    """
    with transaction() as session:
        stay = load(session, stay_id)
        if request_id and (earlier := find_step(session, stay_id, request_id)):
            return earlier
        if version is not None and stay.version != version:
            raise ChangedMeanwhile
        local_now = now.astimezone(properties.get_property().zone)
        state = rules.check_step(kind, stay.state)
        before = rules.snapshot(stay)
        since = rules.changes_since(state=stay.state, departure=stay.departure_date, local_now=local_now)
        apply(session, stay, {**decide(stay, local_now), "state": state}, since)
        return note(session, stay, kind, before=before, request_id=request_id, actor=actor, now=now)


def load(session: Session, stay_id: int) -> Stay:
    """The stay, locked, and as it is now, whatever was read before; NotFound.

    The lock keeps the id only. On PostgreSQL foreign keys of rows that point to the stay are looked up with a lock that a
    plain FOR UPDATE keeps waiting: two clerks have waited for each other in a circle by that.
    """
    stay = session.scalars(
        sa.select(Stay)
        .where(Stay.id == stay_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if stay is None:
        raise NotFound
    return stay


def apply(session: Session, stay: Stay, values: dict[str, Any], since: date) -> None:
    """Change the stay and its nights from `since` on. RoomOutOfOrder, RoomOccupied, RoomTaken, TypeSoldOut."""
    old_room, old_state = stay.room_id, stay.state
    new_room = values.get("room_id", old_room)
    if stay.is_fixed and new_room != old_room and values.get("is_fixed", True):
        raise rules.StayIsFixed(reason=stay.fixed_reason)
    rooms = [room_id for room_id in (old_room, new_room) if room_id is not None]
    nights.lock(session, type_ids={stay.room_type_id, values.get("room_type_id", stay.room_type_id)}, room_ids=rooms)
    new_state = values.get("state", old_state)
    if new_room is not None and rules.takes_room(old_state, new_state, is_other_room=new_room != old_room):
        check_in_order(session, new_room)
    before = nights.held(session, stay, since)
    try:
        # The changes belong inside: opening a savepoint flushes whatever is pending before it.
        with session.begin_nested():
            for name, value in values.items():
                setattr(stay, name, value)
            session.flush()
    except IntegrityError as error:
        raise _occupied(session, new_room) from error
    nights.move(session, stay, before, nights.wanted(session, stay, since))


def check_in_order(session: Session, room_id: int) -> None:
    """RoomOutOfOrder; NotFound for a room that does not exist."""
    room = session.get(Room, room_id, populate_existing=True)
    if room is None:
        raise NotFound
    if room.out_of_order:
        raise RoomOutOfOrder(room=room.number, reason=room.out_of_order_reason)


def note(
    session: Session,
    stay: Stay,
    kind: StepKind,
    *,
    before: dict[str, Any] | None,
    request_id: str | None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Keep what was done, for undo and for the trail."""
    step = StayStep(
        stay_id=stay.id, kind=kind, at=now, actor_name=actor.name, before=before, request_id=request_id, undone_at=None
    )
    session.add(step)
    session.flush()
    record(session, stay, f"stays.{kind.value}", before=before, actor=actor, now=now)
    followers.changed(stay, before=before, actor=actor, now=now)
    return step


def record(
    session: Session,
    stay: Stay,
    action: str,
    *,
    before: dict[str, Any] | None,
    actor: Actor,
    now: datetime,
    extra: dict[str, Any] | None = None,
) -> None:
    """One audit line with the fields that changed; rooms and types by the words that people know them by."""
    after = rules.snapshot(stay)
    changed = [
        name
        for name, value in after.items()
        # The entry names the guest; who it was before is told where that is another one.
        if (name != "guest_id" if before is None else before.get(name, value) != value)
    ]
    loaded = session.scalars(
        sa.select(Stay)
        .where(Stay.id == stay.id)
        .options(joinedload(Stay.guest), joinedload(Stay.reservation), joinedload(Stay.room))
        .execution_options(populate_existing=True)
    ).one()
    place = loaded.room.number if loaded.room else loaded.reservation.code
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="stay",
            id=stay.id,
            label=f"{loaded.guest.name}, {place}",
            stay_id=stay.id,
            guest_id=stay.guest_id,
            room_id=stay.room_id or (before or {}).get("room_id"),
        ),
        now=now,
        before=None if before is None else _in_words(session, {name: before.get(name) for name in changed}),
        after={**(extra or {}), **_in_words(session, {name: after[name] for name in changed})},
    )


def _in_words(session: Session, values: dict[str, Any]) -> dict[str, Any]:
    words = {name: value for name, value in values.items() if name not in ("room_id", "room_type_id", "guest_id")}
    if values.get("night_price"):
        currency = properties.get_property().currency
        words["night_price"] = f"{money.plain(values['night_price'], currency)} {currency}"
    if "room_id" in values:
        room = session.get(Room, values["room_id"]) if values["room_id"] else None
        words["room"] = room.number if room else None
    if "room_type_id" in values:
        words["room_type"] = session.get_one(RoomType, values["room_type_id"]).name
    if values.get("guest_id"):
        words["guest"] = session.get_one(Guest, values["guest_id"]).name
    return words


def find_step(session: Session, stay_id: int, request_id: str) -> StayStep | None:
    """The step that this form has made already."""
    return session.scalars(
        sa.select(StayStep).where(StayStep.stay_id == stay_id, StayStep.request_id == request_id)
    ).one_or_none()


def _occupied(session: Session, room_id: int | None) -> DomainError:
    other = session.scalars(
        sa.select(Stay)
        .where(Stay.room_id == room_id, Stay.state == StayState.IN_HOUSE)
        .options(joinedload(Stay.guest), joinedload(Stay.room))
    ).first()
    if other is None or other.room is None:
        return ChangedMeanwhile()
    return RoomOccupied(guest=other.guest.name, room=other.room.number)
