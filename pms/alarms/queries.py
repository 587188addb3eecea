"""Reads of alarms: what is open, the history, and what is said of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.alarms import rules
from pms.alarms.models import CURRENT, OPEN, Alarm, AlarmKind, Severity
from pms.core.db import db
from pms.core.ids import read_id
from pms.locks.models import Door
from pms.rooms.models import Room
from pms.web.paging import Page, cut

PAGE = 50
# A screen that renews itself asks for as many rows as it has; nobody has scrolled further than that.
MOST = 500


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm with what it is about."""

    alarm: Alarm

    @property
    def key(self) -> str:
        """The row's place in a list."""
        return f"{round(self.alarm.raised_at.timestamp() * 1_000_000)}-{self.alarm.id}"

    @property
    def room(self) -> Room | None:
        """The room that the door is of."""
        return self.alarm.door.room if self.alarm.door is not None else None

    @property
    def place(self) -> str:
        """The door, or the lock that hangs nowhere, or the gateway; empty for the house."""
        alarm = self.alarm
        if alarm.door is not None:
            return alarm.door.name
        if alarm.lock is not None:
            return alarm.lock.name
        return alarm.gateway.name if alarm.gateway is not None else ""

    @property
    def acknowledged_by(self) -> str:
        """The name of whoever looked, or nothing."""
        who = self.alarm.acknowledged_by
        return who.display_name if who is not None else ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows. `state` is open, closed or anything (empty)."""

    state: str = ""
    kind: AlarmKind | None = None
    door_id: int | None = None
    with_discreet: bool = False

    def conditions(self) -> list[sa.ColumnElement[bool] | sa.TextClause]:
        """As the database takes them."""
        found: list[sa.ColumnElement[bool] | sa.TextClause] = [] if self.with_discreet else [_is_shown()]
        if self.state == "open":
            found.append(OPEN)
        elif self.state == "closed":
            found.append(sa.not_(sa.and_(Alarm.settled_at.is_(None), Alarm.acknowledged_at.is_(None))))
        if self.kind is not None:
            found.append(Alarm.kind == self.kind)
        if self.door_id is not None:
            found.append(Alarm.door_id == self.door_id)
        return found


def list_page(filters: Filters, *, after: str = "", size: int = PAGE) -> Page[AlarmRow]:
    """Alarms, the newest first, a page at a time."""
    query = _rows().where(*filters.conditions()).order_by(Alarm.raised_at.desc(), Alarm.id.desc())
    place = _read_key(after)
    if place is not None:
        query = query.where(sa.tuple_(Alarm.raised_at, Alarm.id) < sa.tuple_(*map(sa.literal, place)))
    size = min(size, MOST)
    return cut([AlarmRow(alarm) for alarm in db.session.scalars(query.limit(size + 1))], size, "key")


def stream(filters: Filters) -> Iterator[AlarmRow]:
    """All of them, page after page, for a file."""
    after: str | None = ""
    while after is not None:
        page = list_page(filters, after=after, size=MOST)
        yield from page.rows
        after = page.next_key
        db.session.expunge_all()


def count_open(*, with_discreet: bool = False) -> int:
    """How many wait for somebody."""
    return db.session.scalars(
        sa.select(sa.func.count()).select_from(Alarm).where(*Filters("open", with_discreet=with_discreet).conditions())
    ).one()


@dataclass(frozen=True, slots=True)
class Mark:
    """What the top bar says: how many are open, and which urgent one was noticed last."""

    count: int
    newest_urgent: AlarmRow | None


def mark() -> Mark:
    """For every page, in one query where nothing is urgent; what is discreet is left out for everybody."""
    is_urgent = sa.case((Alarm.severity == Severity.URGENT, Alarm.id))
    count, newest = db.session.execute(
        sa.select(sa.func.count(), sa.func.max(is_urgent)).select_from(Alarm).where(*Filters("open").conditions())
    ).one()
    return Mark(count, with_place(newest) if newest is not None else None)


def open_by_room() -> dict[int, list[AlarmKind]]:
    """What is open at the doors of rooms and more than a weak battery, by room; for the board."""
    rows = db.session.execute(
        sa.select(Door.room_id, Alarm.kind)
        .join(Door, Door.id == Alarm.door_id)
        .where(*Filters("open").conditions(), Alarm.severity != Severity.QUIET, Door.room_id.is_not(None))
        .order_by(Alarm.raised_at)
    )
    found: dict[int, list[AlarmKind]] = {}
    for room_id, kind in rows:
        found.setdefault(room_id or 0, []).append(kind)
    return found


def open_of_lock(lock_id: int) -> list[AlarmRow]:
    """What is open at a lock and at the door on which it hangs, without what is discreet."""
    door = sa.select(Door.id).where(Door.lock_id == lock_id).scalar_subquery()
    query = _rows().where(*Filters("open").conditions(), sa.or_(Alarm.lock_id == lock_id, Alarm.door_id == door))
    return [AlarmRow(alarm) for alarm in db.session.scalars(query.order_by(Alarm.raised_at.desc()).limit(PAGE))]


def get_row(alarm_id: int, *, with_discreet: bool) -> AlarmRow:
    """The alarm with its place; NoSuchAlarm."""
    query = _rows().where(Alarm.id == alarm_id, *Filters(with_discreet=with_discreet).conditions())
    alarm = db.session.scalars(query).one_or_none()
    if alarm is None:
        raise rules.NoSuchAlarm
    return AlarmRow(alarm)


def with_place(alarm_id: int) -> AlarmRow:
    """The alarm that is known to be there, with its place, whoever asks."""
    return AlarmRow(
        db.session.scalars(_rows().where(Alarm.id == alarm_id).execution_options(populate_existing=True)).one()
    )


def with_places(alarm_ids: Collection[int]) -> dict[int, AlarmRow]:
    """Several of them, by id."""
    rows = db.session.scalars(_rows().where(Alarm.id.in_(alarm_ids)).execution_options(populate_existing=True))
    return {alarm.id: AlarmRow(alarm) for alarm in rows}


def get_alarm(alarm_id: int, *, with_discreet: bool, is_to_change: bool = False) -> Alarm:
    """The alarm, its row held where it is to be changed; NoSuchAlarm."""
    query = sa.select(Alarm).where(Alarm.id == alarm_id, *Filters(with_discreet=with_discreet).conditions())
    alarm = db.session.scalars(query.with_for_update() if is_to_change else query).one_or_none()
    if alarm is None:
        raise rules.NoSuchAlarm
    return alarm


def current(kind: AlarmKind, thing: str) -> Alarm | None:
    """The alarm of this kind and thing that lasts now, its row held; None where there is none."""
    return db.session.scalars(
        sa.select(Alarm).where(Alarm.kind == kind, Alarm.thing == thing, CURRENT).with_for_update()
    ).one_or_none()


def current_of(kinds: Collection[AlarmKind], things: Collection[str] | None = None) -> Sequence[Alarm]:
    """The alarms of these kinds (about these things) that last now, their rows held in the order of their ids."""
    query = sa.select(Alarm).where(Alarm.kind.in_(kinds), CURRENT).order_by(Alarm.id).with_for_update()
    if things is not None:
        query = query.where(Alarm.thing.in_(things))
    return db.session.scalars(query).all()


def list_current(kind: AlarmKind) -> Sequence[Alarm]:
    """As above, of one kind, to look at only."""
    return db.session.scalars(sa.select(Alarm).where(Alarm.kind == kind, CURRENT).order_by(Alarm.id)).all()


def last_seen(kind: AlarmKind, things: Collection[str]) -> dict[str, datetime]:
    """When each of these things was last the reason of such an alarm, whatever became of it."""
    rows = db.session.execute(
        sa.select(Alarm.thing, sa.func.max(Alarm.last_seen_at))
        .where(Alarm.kind == kind, Alarm.thing.in_(things))
        .group_by(Alarm.thing)
    )
    return {row[0]: row[1] for row in rows}


def last_settled(kind: AlarmKind) -> dict[int | None, datetime]:
    """By gateway (None: the house): when the last alarm of this kind was over."""
    rows = db.session.execute(
        sa.select(Alarm.gateway_id, sa.func.max(Alarm.settled_at))
        .where(Alarm.kind == kind, Alarm.lock_id.is_(None), Alarm.settled_at.is_not(None))
        .group_by(Alarm.gateway_id)
    )
    return {gateway_id: at for gateway_id, at in rows if at is not None}


def _rows() -> sa.Select[Alarm]:
    return sa.select(Alarm).options(
        joinedload(Alarm.lock),
        joinedload(Alarm.door).joinedload(Door.room),
        joinedload(Alarm.gateway),
        joinedload(Alarm.acknowledged_by),
    )


def _is_shown() -> sa.ColumnElement[bool]:
    return Alarm.kind.not_in(rules.DISCREET)


def _read_key(key: str) -> tuple[datetime, int] | None:
    micros, _dash, number = key.partition("-")
    last_id = read_id(number)
    if not (micros.isascii() and micros.isdecimal() and len(micros) < 18) or last_id is None:
        return None
    return datetime.fromtimestamp(int(micros) / 1_000_000, UTC), last_id
