"""Reads of what doors noted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.access_records import words
from pms.access_records.models import AccessRecord
from pms.core.db import db
from pms.core.ids import read_id
from pms.core.text import search_words
from pms.guests.models import Guest, GuestWord
from pms.locks.models import Door, Lock
from pms.protocol.record import RecordEvent
from pms.rooms.models import Room
from pms.staffcards.models import StaffCard
from pms.stays.models import Stay
from pms.web.paging import Page

PAGE = 50


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record with its door and the guest whose key it was, where one is known."""

    record: AccessRecord
    guest: Guest | None

    @property
    def key(self) -> str:
        """From which the next rows follow: records are ordered by their time, not by their arrival."""
        return f"{int(self.record.at.timestamp() * 1_000_000)}-{self.record.id}"

    @property
    def kind(self) -> str:
        """opened, refused, alarm or other."""
        return words.kind_of(self.record.event)


def list_page(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    door_id: int | None = None,
    room_id: int | None = None,
    stay_id: int | None = None,
    text: str = "",
    kind: str = "",
    after: str = "",
    size: int = PAGE,
) -> Page[RecordRow]:
    """Records from the newest to the oldest; `text` is a room's number or a guest's name, `after` a row's key."""
    query = (
        sa.select(AccessRecord, Guest)
        .outerjoin(Door, Door.id == AccessRecord.door_id)
        .outerjoin(Stay, Stay.id == AccessRecord.stay_id)
        .outerjoin(Guest, Guest.id == Stay.guest_id)
        .options(
            joinedload(AccessRecord.lock),
            joinedload(AccessRecord.door).joinedload(Door.room),
            joinedload(AccessRecord.staff_card),
        )
        .order_by(AccessRecord.at.desc(), AccessRecord.id.desc())
        .limit(size + 1)
    )
    conditions = [
        AccessRecord.at >= since if since else None,
        AccessRecord.at < until if until else None,
        AccessRecord.door_id == door_id if door_id is not None else None,
        Door.room_id == room_id if room_id is not None else None,
        AccessRecord.stay_id == stay_id if stay_id is not None else None,
        _of_kind(kind),
        _with_text(text),
        _after(after),
    ]
    query = query.where(*(condition for condition in conditions if condition is not None))
    rows = [RecordRow(row[0], row[1]) for row in db.session.execute(query).all()]
    if len(rows) <= size:
        return Page(rows, None)
    return Page(rows[:size], rows[size - 1].key)


def of_passcode(passcode_id: int) -> list[RecordRow]:
    """The newest records about a passcode."""
    query = sa.select(AccessRecord).where(AccessRecord.passcode_id == passcode_id)
    query = query.order_by(AccessRecord.at.desc(), AccessRecord.id.desc()).limit(PAGE)
    return [RecordRow(record, None) for record in db.session.scalars(query)]


def count_alarms(since: datetime) -> int:
    """How many alarms doors raised since then."""
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(AccessRecord)
        .where(AccessRecord.at >= since, AccessRecord.event.in_(words.ALARM_EVENTS))
    ).one()


def _of_kind(kind: str) -> sa.ColumnElement[bool] | None:
    if kind == "opened":
        return AccessRecord.event == RecordEvent.OPENED
    if kind == "refused":
        return AccessRecord.event == RecordEvent.REFUSED
    if kind == "alarm":
        return AccessRecord.event.in_(words.ALARM_EVENTS)
    if kind == "other":
        return AccessRecord.event.not_in([*words.ALARM_EVENTS, RecordEvent.OPENED, RecordEvent.REFUSED])
    return None


def _with_text(text: str) -> sa.ColumnElement[bool] | None:
    """The number of the room or the name of the door; the holder of a staff card; or every word the beginning of a name of
    the guest."""
    text = text.strip()
    if not text:
        return None
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    held = sa.select(StaffCard.id).where(StaffCard.holder_name.ilike(f"%{pattern}", escape="\\"))
    found: list[sa.ColumnElement[bool]] = [Door.name.ilike(pattern, escape="\\"), AccessRecord.staff_card_id.in_(held)]
    for column in (Room.number, Lock.name):
        owner = Door.room_id if column.class_ is Room else AccessRecord.lock_id
        found.append(owner.in_(sa.select(column.class_.id).where(column.ilike(pattern, escape="\\"))))
    typed = search_words(text)
    if typed:
        found.append(
            sa.and_(
                *(
                    Stay.guest_id.in_(
                        sa.select(GuestWord.guest_id).where(
                            GuestWord.word >= word, GuestWord.word < word + "\U0010ffff"
                        )
                    )
                    for word in typed
                )
            )
        )
    return sa.or_(*found)


def _after(key: str) -> sa.ColumnElement[bool] | None:
    micros, _, record_id = key.partition("-")
    last_id = read_id(record_id)
    if last_id is None or not (micros.isdecimal() and len(micros) < 18):
        return None
    at = datetime.fromtimestamp(int(micros) / 1_000_000, UTC)
    return sa.or_(AccessRecord.at < at, sa.and_(AccessRecord.at == at, AccessRecord.id < last_id))
