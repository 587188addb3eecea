"""What one act at the desk means for stays, keys, passcodes and rooms: one transaction each.

Every function can be called twice with the same `request_id` (a double click, a lost answer): the second call changes
nothing and gives the same outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.text import N_
from pms.credentials import service as credentials
from pms.encoders import queries as encoders
from pms.guests import service as guests
from pms.guests.service import GuestFields
from pms.keycards import queries as keycard_queries
from pms.keycards import service as keycards
from pms.keycards.models import EndReason
from pms.passcodes import service as passcodes
from pms.rooms import service as rooms
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.guests.models import Guest
    from pms.stays.models import Stay, StayStep


class MachineMissing(DomainError):
    """Cards were asked for, and nobody said which machine makes them."""

    code = "machine_missing"
    status = 422
    field = "encoder_id"
    message = N_("Choose the card machine, or check in without a card now.")


class CardMadeSince(DomainError):
    """A card that exists in the guest's hand cannot be taken back by a button."""

    code = "card_made_since"
    message = N_(
        "A key card was made for this stay since then, and a button cannot take it out of the guest’s hand. "
        "Go back by another step instead (check out, or move again): it ends the card too."
    )


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The stay, and the batch of card jobs to watch (None: no card now)."""

    stay_id: int
    batch_id: str | None


class _SameForm(Exception):
    """The form was posted before; what this call did so far must be rolled back."""

    def __init__(self, stay_id: int) -> None:
        super().__init__(stay_id)
        self.stay_id = stay_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a party wants: from when to when, in which type or room, how many."""

    room_type_id: int
    room_id: int | None
    arrival_date: date
    departure_date: date
    adults: int = 1
    children: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """An identity document as it is typed at check-in; an empty number changes nothing."""

    kind: str
    number: str


def book(
    *, guest: int | GuestFields, wish: Wish, source: str = "desk", request_id: str, actor: Actor, now: datetime
) -> Stay:
    """Promise a room to a known guest (the id) or to a new one (the fields), whose row is made with it."""
    try:
        return _book(guest, wish, source, request_id, actor, now)
    except _SameForm as same:
        return stay_queries.get_stay(same.stay_id)


def walk_in(
    *,
    guest: int | GuestFields,
    wish: Wish,
    cards: int,
    encoder_id: int | None,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> CheckedIn:
    """Book and check in at once. All refusals of both; nothing is stored then, not even the guest."""
    try:
        with transaction():
            stay = _book(guest, wish, "walk_in", request_id, actor, now)
            return check_in(
                stay_id=stay.id,
                room_id=wish.room_id,
                cards=cards,
                encoder_id=encoder_id,
                request_id=request_id,
                actor=actor,
                now=now,
            )
    except _SameForm as same:
        return _as_before(same.stay_id, request_id)


def check_in(
    *,
    stay_id: int,
    room_id: int | None = None,
    departure_date: date | None = None,
    document: Document | None = None,
    version: int | None = None,
    cards: int,
    encoder_id: int | None,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> CheckedIn:
    """Check in, and ask the machine for `cards` cards (0: none now).

    What the dialog changed on the way (the guest's document, the departure, the room) is part of it: all or nothing.
    """
    if cards and encoder_id is None:
        raise MachineMissing
    with transaction():
        if stays.find_done(stay_id=stay_id, request_id=request_id):
            return _as_before(stay_id, request_id)
        stay = stay_queries.get_stay(stay_id)
        if version is not None and stay.version != version:
            raise ChangedMeanwhile
        if document is not None and document.number:
            _note_document(stay.guest, document, actor, now)
        if departure_date is not None and departure_date != stay.departure_date:
            other_departure = stays.extend if departure_date > stay.departure_date else stays.shorten
            other_departure(stay_id=stay_id, departure_date=departure_date, actor=actor, now=now)
        if room_id is not None and room_id != stay.room_id:
            assign_room(stay_id=stay_id, room_id=room_id, actor=actor, now=now)
        stays.check_in(stay_id=stay_id, request_id=request_id, actor=actor, now=now)
        if not cards or encoder_id is None:
            return CheckedIn(stay_id, None)
        batch_id = keycards.issue(
            stay_id=stay_id, copies=cards, encoder_id=encoder_id, request_id=request_id, actor=actor, now=now
        )
        return CheckedIn(stay_id, batch_id)


def assign_room(
    *,
    stay_id: int,
    room_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Give an expected stay a room; cards that were made ahead for another one are ended."""
    return _with_keys(
        EndReason.MOVED,
        lambda: stays.assign_room(
            stay_id=stay_id, room_id=room_id, version=version, request_id=request_id, actor=actor, now=now
        ),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def unassign_room(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """Take the room back; cards that were made ahead are ended."""
    return _with_keys(
        EndReason.MOVED,
        lambda: stays.unassign_room(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def change(
    *,
    stay_id: int,
    wish: Wish,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Other dates, type or party of a stay that has not begun; another type gives the room back, and ends its cards."""

    def act() -> StayStep:
        return stays.change(
            stay_id=stay_id,
            version=version,
            request_id=request_id,
            arrival_date=wish.arrival_date,
            departure_date=wish.departure_date,
            room_type_id=wish.room_type_id,
            adults=wish.adults,
            children=wish.children,
            actor=actor,
            now=now,
        )

    with transaction():
        if stays.hold(stay_id=stay_id).room_type_id == wish.room_type_id:
            return act()
        return _with_keys(EndReason.MOVED, act, stay_id=stay_id, request_id=request_id, actor=actor, now=now)


def move_room(
    *,
    stay_id: int,
    room_id: int,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Another room from tonight on: the keys of the old one are ended, and it must be cleaned."""
    return _with_keys(
        EndReason.MOVED,
        lambda: stays.move_room(
            stay_id=stay_id, room_id=room_id, version=version, request_id=request_id, actor=actor, now=now
        ),
        stay_id=stay_id,
        request_id=request_id,
        leaves_room=True,
        actor=actor,
        now=now,
    )


def check_out(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest leaves: nights given back, keys ended, the room to be cleaned."""
    return _with_keys(
        EndReason.CHECKED_OUT,
        lambda: stays.check_out(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        leaves_room=True,
        actor=actor,
        now=now,
    )


def cancel(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The booking is off, and with it cards that were made ahead."""
    return _with_keys(
        EndReason.CANCELLED,
        lambda: stays.cancel(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def no_show(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest did not come; cards that were made ahead are ended."""
    return _with_keys(
        EndReason.CANCELLED,
        lambda: stays.mark_no_show(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def extend(
    *,
    stay_id: int,
    departure_date: date,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Leave later. Cards on paper cannot hear of it: `keycards.queries` tells which must be made again."""

    def act() -> StayStep:
        return stays.extend(
            stay_id=stay_id, departure_date=departure_date, version=version, request_id=request_id, actor=actor, now=now
        )

    return _followed(act, stay_id, now)


def shorten(
    *,
    stay_id: int,
    departure_date: date,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Leave earlier. The cards in the guest's hand still work until the old end; the pages say so."""

    def act() -> StayStep:
        return stays.shorten(
            stay_id=stay_id, departure_date=departure_date, version=version, request_id=request_id, actor=actor, now=now
        )

    return _followed(act, stay_id, now)


def rearrange(
    *,
    stay_id: int,
    room_id: int | None,
    arrival_date: date,
    departure_date: date,
    night_price: int | None = None,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Room and dates in one step; keys of a room that is left are ended, and what was slept in must be cleaned."""

    def act() -> StayStep:
        return stays.rearrange(
            stay_id=stay_id,
            room_id=room_id,
            arrival_date=arrival_date,
            departure_date=departure_date,
            night_price=night_price,
            version=version,
            request_id=request_id,
            actor=actor,
            now=now,
        )

    with transaction():
        stay = stays.hold(stay_id=stay_id)
        if stay.room_id is None or stay.room_id == room_id:
            return _followed(act, stay_id, now)
        return _with_keys(
            EndReason.MOVED,
            act,
            stay_id=stay_id,
            request_id=request_id,
            leaves_room=stay.state is StayState.IN_HOUSE,
            actor=actor,
            now=now,
        )


def agree_hours(
    *,
    stay_id: int,
    arrival_hour: int | None,
    departure_hour: int | None,
    version: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Come earlier or leave later than usual; keys follow as after an extension."""

    def act() -> StayStep:
        return stays.agree_hours(
            stay_id=stay_id,
            arrival_hour=arrival_hour,
            departure_hour=departure_hour,
            version=version,
            request_id=request_id,
            actor=actor,
            now=now,
        )

    return _followed(act, stay_id, now)


def undo(*, stay_id: int, step_id: int, actor: Actor, now: datetime) -> StayStep:
    """Take the last step back, and with it the end of keys that it brought. CardMadeSince, and `stays.undo_last`'s."""
    with transaction():
        stays.hold(stay_id=stay_id)
        step = stay_queries.get_step(stay_id, step_id)
        if step.undone_at is not None:
            return step
        if keycard_queries.made_since(stay_id, step.at):
            raise CardMadeSince
        room_id = stay_queries.get_stay(stay_id).room_id
        stays.undo_last(stay_id=stay_id, step_id=step_id, actor=actor, now=now)
        credentials.follow_stay(stay_id=stay_id, old_room_id=room_id, now=now)
        keycards.reinstate(step_id=step_id, actor=actor, now=now)
        passcodes.reinstate(step_id=step_id, actor=actor, now=now)
        return step


def _book(guest: int | GuestFields, wish: Wish, source: str, request_id: str, actor: Actor, now: datetime) -> Stay:
    with transaction():
        earlier = stay_queries.find_by_request(request_id)
        if earlier is not None:
            raise _SameForm(earlier.id)
        guest_id = guest if isinstance(guest, int) else guests.create_guest(fields=guest, actor=actor, now=now).id
        stay = stays.book(
            guest_id=guest_id,
            room_type_id=wish.room_type_id,
            room_id=wish.room_id,
            arrival_date=wish.arrival_date,
            departure_date=wish.departure_date,
            adults=wish.adults,
            children=wish.children,
            note=wish.note,
            source=source,
            request_id=request_id,
            actor=actor,
            now=now,
        )
        if stay.guest_id != guest_id:
            # The same form won the race while this one entered the guest: that guest must not stay behind.
            raise _SameForm(stay.id)
        return stay


def _note_document(guest: Guest, document: Document, actor: Actor, now: datetime) -> None:
    fields = GuestFields(
        family_name=guest.family_name,
        given_name=guest.given_name,
        phone=guest.phone,
        email=guest.email,
        nationality=guest.nationality,
        birth_date=guest.birth_date,
        document_kind=document.kind,
        document_number=document.number,
        note=guest.note,
    )
    guests.change_guest(guest_id=guest.id, version=guest.version, fields=fields, actor=actor, now=now)


def _as_before(stay_id: int, request_id: str) -> CheckedIn:
    return CheckedIn(stay_id, request_id if encoders.batch(request_id) else None)


def _followed(act: Callable[[], StayStep], stay_id: int, now: datetime) -> StayStep:
    """Do a step after which the party keeps its room and its keys, some of them until another hour."""
    with transaction():
        step = act()
        credentials.follow_stay(stay_id=stay_id, old_room_id=None, now=now)
        return step


def _with_keys(
    reason: EndReason,
    act: Callable[[], StayStep],
    *,
    stay_id: int,
    request_id: str | None,
    leaves_room: bool = False,
    actor: Actor,
    now: datetime,
) -> StayStep:
    """Do a step that ends the keys of the room that the stay has now."""
    with transaction():
        done = stays.find_done(stay_id=stay_id, request_id=request_id)
        if done is not None:
            return done
        room_id = stay_queries.get_stay(stay_id).room_id
        step = act()
        keycards.end_for_stay(stay_id=stay_id, step_id=step.id, reason=reason, actor=actor, now=now)
        passcodes.end_for_stay(stay_id=stay_id, step_id=step.id, actor=actor, now=now)
        if reason is EndReason.MOVED:
            credentials.follow_stay(stay_id=stay_id, old_room_id=room_id, now=now)
        else:
            credentials.end_for_stay(stay_id=stay_id, actor=actor, now=now)
        if leaves_room and room_id is not None:
            rooms.mark_dirty(room_id=room_id, actor=actor, now=now)
        return step
