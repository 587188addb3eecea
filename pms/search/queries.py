"""Finds rooms, guests, bookings, cards and passcodes by what somebody types: few queries, each of an index, each with a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.guests import queries as guests
from pms.guests.models import Guest
from pms.keycards import queries as keycards
from pms.keycards.models import CardState, KeyCard
from pms.reservations.models import Reservation
from pms.rooms import rules as room_rules
from pms.rooms.models import Room
from pms.search import rules
from pms.search.rules import Kind, Typed
from pms.staffcards.models import StaffCard
from pms.stays import queries as stays
from pms.stays.models import Stay, StayState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, datetime

# So many of each kind stand under the field; so many on the page of one kind.
SHOWN = 5
MOST = 100
_PRESENT = (StayState.CONFIRMED, StayState.IN_HOUSE)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found, and the stay that matters for it now. Of `room`, `guest`, `reservation`, `card`, `staff_card`
    and `passcode` the one of the kind is there."""

    kind: Kind
    stay: Stay | None = None
    room: Room | None = None
    guest: Guest | None = None
    reservation: Reservation | None = None
    stays_booked: int = 0
    card: keycards.KeyLine | None = None
    staff_card: StaffCard | None = None
    # A `PasscodeLine` or a `StoredLine`.
    passcode: Any = None


@dataclass(frozen=True, slots=True)
class Section:
    """What was found of one kind: the best hits, how many there are in all, and whether even more fit."""

    kind: Kind
    hits: list[Hit]
    total: int
    has_more: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether its own page shows more."""
        return self.total > len(self.hits)


def find(typed: Typed, kinds: Collection[Kind], *, today: date, now: datetime, size: int = SHOWN) -> list[Section]:
    """The sections that have a hit, in the order of `Kind`. Passcodes are not among them: see `service.find_passcodes`."""
    finders: dict[Kind, Callable[[], Section]] = {
        Kind.ROOM: lambda: _rooms(typed, size),
        Kind.GUEST: lambda: _guests(typed, today, size),
        Kind.BOOKING: lambda: _bookings(typed, size),
        Kind.CARD: lambda: _cards(typed, now, size),
    }
    if not typed.text:
        return []
    found = [finders[kind]() for kind in finders if kind in kinds]
    return [section for section in found if section.hits]


def _rooms(typed: Typed, size: int) -> Section:
    """By the beginning of the number; the room that is called exactly so comes first. A house has few rooms."""
    query = (
        sa.select(Room).where(Room.number.istartswith(typed.room, autoescape=True)).options(joinedload(Room.room_type))
    )
    found = sorted(
        db.session.scalars(query.order_by(Room.number).limit(MOST + 1)),
        key=lambda room: room_rules.number_key(room.number),
    )
    present = _stays_of(Stay.room_id, [room.id for room in found[:size]]) if found else {}
    hits = [Hit(Kind.ROOM, room=room, stay=_first(present.get(room.id, []))) for room in found[:size]]
    return _section(Kind.ROOM, hits, found)


def _guests(typed: Typed, today: date, size: int) -> Section:
    """Who is in house before others, the rest as `guests.search_ids` has them."""
    ids = list(dict.fromkeys([*_in_house(typed.guest, size), *guests.search_ids(typed.guest, limit=MOST + 1)]))
    shown = ids[:size]
    rows = (
        {guest.id: guest for guest in db.session.scalars(sa.select(Guest).where(Guest.id.in_(shown)))} if shown else {}
    )
    current = _stays_of(Stay.guest_id, shown) if shown else {}
    hits = [
        Hit(Kind.GUEST, guest=rows[guest_id], stay=_first(current.get(guest_id, [])))
        for guest_id in shown
        if guest_id in rows
    ]
    return _section(Kind.GUEST, sorted(hits, key=lambda hit: rules.rank(hit.stay, today)), ids)


def _in_house(text: str, size: int) -> list[int]:
    query = sa.select(Stay.guest_id).where(Stay.state == StayState.IN_HOUSE, guests.is_found_by(Stay.guest_id, text))
    return list(db.session.scalars(query.limit(size)))


def _bookings(typed: Typed, size: int) -> Section:
    """By the beginning of the code, or by any part of a group's name; the newest first."""
    ids: list[int] = []
    if typed.code:
        # Codes are capital letters and digits: no collation puts anything behind Z.
        span = Reservation.code.between(typed.code, typed.code + "ZZZZZZ")
        ids += db.session.scalars(sa.select(Reservation.id).where(span).order_by(Reservation.code).limit(MOST + 1))
    if typed.group:
        named = sa.and_(Reservation.group_name != "", Reservation.group_name.icontains(typed.group, autoescape=True))
        query = sa.select(Reservation.id).where(sa.text("group_name <> ''"), named).order_by(Reservation.id.desc())
        ids += db.session.scalars(query.limit(MOST + 1))
    ids = list(dict.fromkeys(ids))
    shown = ids[:size]
    parties = _stays_of(Stay.reservation_id, shown, states=tuple(StayState)) if shown else {}
    hits = [
        Hit(Kind.BOOKING, reservation=stay.reservation, stay=stay, stays_booked=len(parties[reservation_id]))
        for reservation_id in shown
        if (stay := _first(parties.get(reservation_id, [])))
    ]
    return _section(Kind.BOOKING, hits, ids)


def _cards(typed: Typed, now: datetime, size: int) -> Section:
    """By the beginning of the number that the plastic carries; cards of guests, then of staff, the newest first."""
    if not typed.uid:
        return Section(Kind.CARD, [], 0)
    cards = _with_uid(KeyCard, typed.uid, KeyCard.state != CardState.VOID)
    staff = _with_uid(StaffCard, typed.uid)
    shown = keycards.cards_by_id(cards[:size])
    lines = keycards.lines([shown[card_id] for card_id in cards[:size]], now=now, with_stays=True)
    hits = [Hit(Kind.CARD, card=line, stay=line.stay) for line in lines]
    rows = db.session.scalars(sa.select(StaffCard).where(StaffCard.id.in_(staff[: size - len(hits)])))
    hits += [Hit(Kind.CARD, staff_card=row) for row in sorted(rows, key=lambda row: -row.id)]
    return _section(Kind.CARD, hits, [*cards, *staff])


def _with_uid(model: type[KeyCard] | type[StaffCard], uid: str, *where: sa.ColumnElement[bool]) -> list[int]:
    # Numbers are digits and small letters up to f: no collation puts anything behind z.
    query = sa.select(model.id).where(model.uid.between(uid, uid + "z"), *where)
    return list(db.session.scalars(query.order_by(model.id.desc()).limit(MOST + 1)))


def _stays_of(column: Any, values: Sequence[int], *, states: tuple[StayState, ...] = _PRESENT) -> dict[int, list[Stay]]:
    query = sa.select(Stay).where(column.in_(values), Stay.state.in_(states)).options(*stays.WITH_ALL)
    found: dict[int, list[Stay]] = {}
    for stay in db.session.scalars(query.order_by(Stay.arrival_date, Stay.id)):
        found.setdefault(getattr(stay, column.key), []).append(stay)
    return found


def _first(found: Sequence[Stay]) -> Stay | None:
    """Who is in house, else who is expected next, else the last of those that are over."""
    in_house = next((stay for stay in found if stay.state is StayState.IN_HOUSE), None)
    expected = next((stay for stay in found if stay.state is StayState.CONFIRMED), None)
    return in_house or expected or (found[-1] if found else None)


def _section(kind: Kind, hits: list[Hit], found: Sequence[Any]) -> Section:
    return Section(kind, hits, min(len(found), MOST), has_more=len(found) > MOST)
