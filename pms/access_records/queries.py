"""Reads of what doors noted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.access_records import names, words
from pms.access_records.models import AccessRecord
from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.ids import read_id
from pms.core.text import N_
from pms.guests.models import Guest
from pms.lock_commands.models import LockCommand
from pms.locks.models import Door
from pms.passcodes.models import Passcode
from pms.protocol.record import RecordEvent
from pms.stays.models import Stay
from pms.web.paging import Page

PAGE = 50


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record with its door and the guest whose key it was, where one is known; `holder` is the name that the passcode is for,
    or what the lock stores; `clerk` is who told the lock to do it from here."""

    record: AccessRecord
    guest: Guest | None
    holder: str = ""
    clerk: str = ""

    @property
    def key(self) -> str:
        """From which the next rows follow: records are ordered by their time, not by their arrival."""
        return f"{int(self.record.at.timestamp() * 1_000_000)}-{self.record.id}"

    @property
    def kind(self) -> str:
        """opened, refused, alarm or other."""
        return words.kind_of(self.record.event)

    @property
    def is_unknown(self) -> bool:
        """Whether somebody held a key to the door of which this house knows nothing."""
        is_named = self.guest is not None or self.record.staff_card is not None or bool(self.holder)
        return self.record.method in words.KEYS and self.kind in ("opened", "refused") and not is_named


def list_page(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    lock_id: int | None = None,
    door_id: int | None = None,
    stay_id: int | None = None,
    text: str = "",
    kind: str = "",
    with_hidden: bool = False,
    after: str = "",
    before_id: int | None = None,
    size: int = PAGE,
) -> Page[RecordRow]:
    """Records from the newest to the oldest; `text` is a room's number or a guest's name, `after` a row's key, `before_id`
    the id of a row: what follows it is given."""
    conditions = _wanted(
        since=since,
        until=until,
        lock_id=lock_id,
        door_id=door_id,
        stay_id=stay_id,
        text=text,
        kind=kind,
        with_hidden=with_hidden,
    )
    conditions += [_after(after), _before(before_id)]
    query = (
        _rows()
        .where(*(condition for condition in conditions if condition is not None))
        .order_by(AccessRecord.at.desc(), AccessRecord.id.desc())
        .limit(size + 1)
    )
    rows = _read(query)
    if len(rows) <= size:
        return Page(rows, None)
    return Page(rows[:size], rows[size - 1].key)


# Nobody counts further than that.
MOST_NEW = 99


def newest_id() -> int:
    """The id of the newest record, 0 where there is none."""
    return db.session.scalar(sa.select(sa.func.max(AccessRecord.id))) or 0


def count_new(
    *,
    known: int,
    since: datetime | None = None,
    until: datetime | None = None,
    door_id: int | None = None,
    kind: str = "",
    text: str = "",
    with_hidden: bool = False,
) -> int:
    """How many records of a list came in after the one with the id `known`; at most `MOST_NEW`."""
    conditions = _wanted(
        since=since,
        until=until,
        door_id=door_id,
        kind=kind,
        text=text,
        with_hidden=with_hidden,
        lock_id=None,
        stay_id=None,
    )
    # Few are so new: from these the others are picked, not the other way round.
    new = sa.select(AccessRecord.id).where(AccessRecord.id > known).order_by(AccessRecord.id).limit(10 * MOST_NEW)
    found = (
        _joined(sa.select(AccessRecord.id))
        .where(AccessRecord.id.in_(new), *(one for one in conditions if one is not None))
        .limit(MOST_NEW)
    )
    return db.session.scalars(sa.select(sa.func.count()).select_from(found.subquery())).one()


def rows_by_id(ids: Collection[int]) -> dict[int, RecordRow]:
    """Rows as the list shows them, by the record's id."""
    return {row.record.id: row for row in _read(_rows().where(AccessRecord.id.in_(ids)))}


def _rows() -> Any:
    columns = (AccessRecord, Guest, Passcode.holder_name, names.slot_name(), LockCommand.actor_name)
    return (
        _joined(sa.select(*columns))
        .outerjoin(LockCommand, LockCommand.id == AccessRecord.command_id)
        .options(
            joinedload(AccessRecord.lock),
            joinedload(AccessRecord.door).joinedload(Door.room),
            joinedload(AccessRecord.staff_card),
        )
    )


def _joined(query: Any) -> Any:
    """With what the filters and the names are read from."""
    return (
        query.outerjoin(Door, Door.id == AccessRecord.door_id)
        .outerjoin(Stay, Stay.id == AccessRecord.stay_id)
        .outerjoin(Guest, Guest.id == Stay.guest_id)
        .outerjoin(Passcode, Passcode.id == AccessRecord.passcode_id)
    )


def _read(query: sa.Select[Any]) -> list[RecordRow]:
    rows = db.session.execute(query).all()
    return [RecordRow(row[0], row[1], row[2] or row[3] or "", row[4] or "") for row in rows]


def count(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    lock_id: int | None = None,
    kind: str = "",
) -> int:
    """How many records `list_page` would give in all."""
    conditions = _conditions(since, until, lock_id, kind, with_hidden=False)
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(AccessRecord)
        .where(*(condition for condition in conditions if condition is not None))
    ).one()


def _wanted(
    *,
    since: datetime | None,
    until: datetime | None,
    lock_id: int | None,
    door_id: int | None,
    stay_id: int | None,
    text: str,
    kind: str,
    with_hidden: bool,
) -> list[sa.ColumnElement[bool] | None]:
    return [
        *_conditions(since, until, lock_id, kind, with_hidden=with_hidden),
        AccessRecord.door_id == door_id if door_id is not None else None,
        AccessRecord.stay_id == stay_id if stay_id is not None else None,
        names.with_text(text),
    ]


def _conditions(
    since: datetime | None, until: datetime | None, lock_id: int | None, kind: str, *, with_hidden: bool
) -> list[sa.ColumnElement[bool] | None]:
    return [
        AccessRecord.at >= since if since else None,
        AccessRecord.at < until if until else None,
        AccessRecord.lock_id == lock_id if lock_id is not None else None,
        AccessRecord.hidden_at.is_(None) if not with_hidden else None,
        _of_kind(kind),
    ]


def find_record(record_id: int, *, is_to_change: bool = False) -> AccessRecord | None:
    """The record with its lock and door, or None; its row is held where it is to be changed."""
    query = (
        sa.select(AccessRecord)
        .where(AccessRecord.id == record_id)
        .options(joinedload(AccessRecord.lock), joinedload(AccessRecord.door).joinedload(Door.room))
    )
    if is_to_change:
        query = query.with_for_update(of=AccessRecord)
    return db.session.scalars(query).one_or_none()


class NoSuchRecord(NotFound):
    """The record does not exist."""

    code = "no_such_record"
    message = N_("There is no such door record.")


def get_record(record_id: int, *, is_to_change: bool = False) -> AccessRecord:
    """As `find_record`; NoSuchRecord where there is none."""
    record = find_record(record_id, is_to_change=is_to_change)
    if record is None:
        raise NoSuchRecord
    return record


def of_passcode(passcode_id: int) -> list[RecordRow]:
    """The newest records about a passcode."""
    query = sa.select(AccessRecord).where(AccessRecord.passcode_id == passcode_id)
    query = query.order_by(AccessRecord.at.desc(), AccessRecord.id.desc()).limit(PAGE)
    return [RecordRow(record, None) for record in db.session.scalars(query)]


def _of_kind(kind: str) -> sa.ColumnElement[bool] | None:
    if kind == "opened":
        return AccessRecord.event == RecordEvent.OPENED
    if kind == "refused":
        return AccessRecord.event == RecordEvent.REFUSED
    if kind == "alarm":
        return AccessRecord.event.in_(words.ALARM_EVENTS)
    if kind == "other":
        return AccessRecord.event.not_in([*words.ALARM_EVENTS, RecordEvent.OPENED, RecordEvent.REFUSED])
    if kind == "no_alarm":
        return AccessRecord.event.not_in(words.ALARM_EVENTS)
    return None


def _before(record_id: int | None) -> sa.ColumnElement[bool] | None:
    """After the row with this id, in the order of the list."""
    if record_id is None:
        return None
    at = sa.select(AccessRecord.at).where(AccessRecord.id == record_id).scalar_subquery()
    return sa.or_(AccessRecord.at < at, sa.and_(AccessRecord.at == at, AccessRecord.id < record_id))


def time_of_key(key: str) -> datetime | None:
    """The time of the row with this key; None where it is none."""
    micros = key.partition("-")[0]
    if not (micros.isascii() and micros.isdecimal() and len(micros) < 18):
        return None
    return datetime.fromtimestamp(int(micros) / 1_000_000, UTC)


def _after(key: str) -> sa.ColumnElement[bool] | None:
    at, last_id = time_of_key(key), read_id(key.partition("-")[2])
    if at is None or last_id is None:
        return None
    return sa.or_(AccessRecord.at < at, sa.and_(AccessRecord.at == at, AccessRecord.id < last_id))
