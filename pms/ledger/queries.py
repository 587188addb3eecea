"""Reads of the ledger: a page of it, with the truth about each key, who was booked, and when a door saw a key last.

How many queries a page takes does not depend on how many lines it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.access_records import queries as records
from pms.access_records.models import AccessRecord
from pms.access_records.queries import RecordRow
from pms.accounts.models import Account
from pms.audit import queries as audit
from pms.core.db import db
from pms.guests.models import Guest
from pms.keycards import queries as keycards
from pms.keycards.queries import KeyLine
from pms.ledger import rules, sources
from pms.ledger.rules import Kind, Party, Place
from pms.ledger.sources import Filters
from pms.locks import queries as locks
from pms.locks import scope_queries
from pms.locks.models import Door
from pms.passcodes import queries as passcodes
from pms.passcodes.queries import PasscodeLine
from pms.properties import queries as properties
from pms.slots.models import Slot
from pms.staffcards import queries as staffcards
from pms.staffcards.queries import StaffLine
from pms.stays import rules as stay_rules
from pms.stays.models import RoomNight, Stay
from pms.web.paging import Page

PAGE = 50
# What paper and files take at a time.
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class SlotLine:
    """What a lock stores, with the name of whose it is."""

    slot: Slot
    holder: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger: what happened, and the thing that it happened to, as its own pages show it.

    `seen_at` is when a door noted the key last; `booked` of what a room's door noted, who had the room then.
    """

    place: Place
    card: KeyLine | None = None
    code: PasscodeLine | None = None
    slot: SlotLine | None = None
    staff: StaffLine | None = None
    record: RecordRow | None = None
    seen_at: datetime | None = None
    booked: Stay | None = None

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.place.at

    @property
    def kind(self) -> Kind:
        """What happened."""
        return self.place.kind


def list_page(filters: Filters, *, after: Place | None = None, size: int = PAGE, now: datetime) -> Page[Line]:
    """Lines from the newest to the oldest; those below the place `after`."""
    found = sources.places(filters, room=_room(filters.room_id), after=after, size=size + 1, now=now)
    kept, next_key = rules.merge(found, size)
    return Page(_lines(kept, now), next_key)


def stream(filters: Filters, *, most: int | None = None, now: datetime) -> Iterator[Line]:
    """All lines (at most `most`), a page at a time."""
    after, left = None, most
    while left is None or left > 0:
        page = list_page(filters, after=after, size=_CHUNK if left is None else min(_CHUNK, left), now=now)
        yield from page.rows
        after = rules.read_place(page.next_key or "")
        if after is None:
            return
        left = left - len(page.rows) if left is not None else None


# Whose acts make and end lines of the ledger.
_FEATURES = ("access.", "keycards.", "passcodes.", "slots.", "staffcards.")


def newest() -> int:
    """What a page that is read in the same snapshot remembers, to ask later whether there are new lines."""
    return audit.newest_number()


def has_grown(*, since: int) -> bool:
    """Whether something has happened to keys and doors since `newest` was this."""
    return any(audit.has_happened(feature, after=since) for feature in _FEATURES)


def count(filters: Filters, *, now: datetime) -> int:
    """How many lines there are in all."""
    return sources.count(filters, room=_room(filters.room_id), now=now)


def last_seen(column: Any, ids: Collection[int]) -> dict[int, datetime]:
    """When doors noted keys last; `column` of `AccessRecord` points to them."""
    query = sa.select(column, sa.func.max(AccessRecord.at)).where(column.in_(ids)).group_by(column)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _room(room_id: int | None) -> sources.Room | None:
    if room_id is None:
        return None
    door = locks.door_of_room(room_id)
    if door is None:
        return sources.Room(None)
    return sources.Room(door.id, [scope.id for scope in scope_queries.scopes_of_door(door)])


def _lines(places: list[Place], now: datetime) -> list[Line]:
    ids: dict[str, set[int]] = {"card": set(), "code": set(), "slot": set(), "staff": set(), "record": set()}
    for place in places:
        ids[_COLUMNS[place.kind]].add(place.id)
    things: dict[str, dict[int, Any]] = {
        "card": _cards(ids["card"], now),
        "code": passcodes.lines_by_id(ids["code"], now=now),
        "slot": _slots(ids["slot"]),
        "staff": _staff(ids["staff"], now),
        "record": records.rows_by_id(ids["record"]),
    }
    seen = {name: last_seen(column, ids[name]) for name, column in _SEEN.items()}
    booked = _booked([row.record for row in things["record"].values()])
    return [
        _line(Line(place, **{(name := _COLUMNS[place.kind]): things[name][place.id]}), seen, booked)
        for place in places
        if place.id in things[_COLUMNS[place.kind]]
    ]


def _line(line: Line, seen: dict[str, dict[int, datetime]], booked: dict[int, Stay]) -> Line:
    if line.kind is Kind.DOOR:
        return replace(line, booked=booked.get(line.place.id))
    return replace(line, seen_at=seen.get(_COLUMNS[line.kind], {}).get(line.place.id))


_COLUMNS = {
    Kind.CARD_MADE: "card",
    Kind.CARD_ENDED: "card",
    Kind.CODE_MADE: "code",
    Kind.CODE_ENDED: "code",
    Kind.SLOT_STORED: "slot",
    Kind.SLOT_REMOVED: "slot",
    Kind.STAFF_MADE: "staff",
    Kind.STAFF_ENDED: "staff",
    Kind.DOOR: "record",
}
_SEEN = {
    "card": AccessRecord.key_card_id,
    "code": AccessRecord.passcode_id,
    "staff": AccessRecord.staff_card_id,
}


def _cards(ids: Collection[int], now: datetime) -> dict[int, KeyLine]:
    found = keycards.lines(keycards.cards_by_id(ids).values(), now=now, with_stays=True)
    return {line.card.id: line for line in found}


def _staff(ids: Collection[int], now: datetime) -> dict[int, StaffLine]:
    return {line.card.id: line for line in staffcards.lines(staffcards.cards_by_id(ids).values(), now=now)}


def _slots(ids: Collection[int]) -> dict[int, SlotLine]:
    rows = db.session.execute(
        sa.select(Slot, Guest, Account.display_name)
        .outerjoin(Stay, Stay.id == Slot.stay_id)
        .outerjoin(Guest, Guest.id == sa.func.coalesce(Slot.guest_id, Stay.guest_id))
        .outerjoin(Account, Account.id == Slot.account_id)
        .where(Slot.id.in_(ids))
        .options(joinedload(Slot.door).joinedload(Door.room), joinedload(Slot.lock))
    )
    return {slot.id: SlotLine(slot, guest.name if guest else person or slot.name) for slot, guest, person in rows}


def _booked(found: Collection[AccessRecord]) -> dict[int, Stay]:
    """Who had the room, for each record of a room's door, by the record's id."""
    house = properties.get_property()
    nights: dict[int, tuple[int, date]] = {}
    for record in found:
        if record.door is not None and record.door.room_id is not None:
            nights[record.id] = (record.door.room_id, record.at.astimezone(house.zone).date())
    pairs = {(room_id, day - back) for room_id, day in nights.values() for back in (timedelta(0), timedelta(days=1))}
    stays: dict[tuple[int, date], Stay] = {}
    query = (
        sa.select(RoomNight.room_id, RoomNight.night, Stay)
        .join(Stay, Stay.id == RoomNight.stay_id)
        .where(sa.tuple_(RoomNight.room_id, RoomNight.night).in_(sorted(pairs)))
        .options(joinedload(Stay.guest))
    )
    for room_id, night, stay in db.session.execute(query):
        stays[room_id, night] = stay
    by_id = {stay.id: stay for stay in stays.values()}
    parties = {key: _party(stay, house) for key, stay in stays.items()}
    booked = {}
    for record in found:
        if record.id in nights:
            room_id, day = nights[record.id]
            stay_id = rules.party_at(
                record.at,
                last_night=parties.get((room_id, day - timedelta(days=1))),
                this_night=parties.get((room_id, day)),
            )
            if stay_id is not None:
                booked[record.id] = by_id[stay_id]
    return booked


def _party(stay: Stay, house: Any) -> Party:
    """From check-in (or the hour from which it may come) until check-out (or the hour at which it should leave)."""
    begins, ends = stay_rules.arrives_at(stay, house), stay_rules.leaves_at(stay, house)
    return Party(
        stay.id,
        begins_at=min(begins, stay.checked_in_at or begins),
        ends_at=stay.checked_out_at or ends,
    )
