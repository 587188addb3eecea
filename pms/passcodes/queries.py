"""Reads of passcodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.sealing import vault
from pms.guests.models import Guest
from pms.locks.models import Door, Lock
from pms.passcodes import rules, stored_queries
from pms.passcodes.filters import SHOWN, Filters
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeStart, PasscodeState
from pms.passcodes.rules import Clockwork, Life
from pms.passcodes.stored_queries import StoredLine
from pms.protocol.passcode import Permission, decode_permission
from pms.stays import queries as stays
from pms.stays.models import Stay, StayState
from pms.web.paging import Page, cut

_LOADED = (
    joinedload(Passcode.door).joinedload(Door.lock),
    joinedload(Passcode.door).joinedload(Door.room),
    joinedload(Passcode.lock),
    joinedload(Passcode.stay).joinedload(Stay.guest),
)
_SAID_DEAD = (PasscodeState.REVOKED, PasscodeState.USED)
PAGE = 50
# Two doors may take the same digits; a dozen doors would be somebody's birthday, stored by hand.
_MOST_ALIKE = 10


@dataclass(frozen=True, slots=True)
class PasscodeLine:
    """A code as a list shows it, without its digits."""

    passcode: Passcode
    life: Life

    is_stored = False

    @property
    def id(self) -> int:
        """By this the list is paged."""
        return self.passcode.id

    @property
    def is_alive(self) -> bool:
        """Whether the door may still take it."""
        return rules.is_alive(self.life)

    @property
    def opens_until(self) -> datetime | None:
        """The last instant at which the door would take it; None: until it is revoked."""
        return None if self.passcode.valid_until is None else self.passcode.valid_until + rules.GRACE

    @property
    def holder(self) -> str:
        """Whom it is for."""
        return holder_of(self.passcode)

    @property
    def permission(self) -> Permission:
        """What its digits stand for."""
        return permission_of(self.passcode)


def get_passcode(passcode_id: int) -> Passcode:
    """The code with door, lock and guest; NotFound."""
    passcode = db.session.scalars(sa.select(Passcode).where(Passcode.id == passcode_id).options(*_LOADED)).one_or_none()
    if passcode is None:
        raise NotFound
    return passcode


def get_line(passcode_id: int, *, now: datetime) -> PasscodeLine:
    """The code as a list shows it; NotFound."""
    return line_of(get_passcode(passcode_id), now)


def lines_by_id(ids: Collection[int], *, now: datetime) -> dict[int, PasscodeLine]:
    """Codes as a list shows them, by id."""
    found = db.session.scalars(sa.select(Passcode).where(Passcode.id.in_(ids)).options(*_LOADED))
    return {passcode.id: line_of(passcode, now) for passcode in found}


def line_of(passcode: Passcode, now: datetime) -> PasscodeLine:
    """The code with the truth about it."""
    return PasscodeLine(passcode, life_of(passcode, now))


def index_of(digits: str) -> str:
    """The keyed hash under which a computed code's digits are kept."""
    return vault().blind(digits, "passcode")


def with_digits(digits: str, *, now: datetime) -> list[PasscodeLine | StoredLine]:
    """Living codes that are typed so, the newest first: computed, and stored in locks."""
    if not digits.isascii() or not digits.isdecimal():
        return []
    query = sa.select(Passcode).where(Passcode.digits_index == index_of(digits)).options(*_LOADED)
    query = query.order_by(Passcode.id.desc()).limit(_MOST_ALIKE)
    lines: list[PasscodeLine | StoredLine] = [line_of(row, now) for row in db.session.scalars(query) if has_digits(row)]
    lines += stored_queries.with_digits(digits, now=now, limit=_MOST_ALIKE)
    return sorted((line for line in lines if line.is_alive), key=lambda line: line.id, reverse=True)


def holder_of(passcode: Passcode) -> str:
    """The name that it was made for, else the guest's."""
    if passcode.holder_name or passcode.stay is None:
        return passcode.holder_name
    return passcode.stay.guest.name


def has_digits(passcode: Passcode) -> bool:
    """Whether its digits can be computed, and mean something: the lock hangs where it did, under the same keys.

    What was used once means nothing, and under later keys the same permission could be somebody else's code.
    """
    is_over = passcode.state in (PasscodeState.REVOKED, PasscodeState.USED)
    return passcode.door.lock_id == passcode.lock_id and not is_over


def permission_of(passcode: Passcode) -> Permission:
    """What the digits stand for."""
    return decode_permission(passcode.permission, int(passcode.valid_from.timestamp()))


def clockwork_of(lock: Lock) -> Clockwork:
    """How the lock reckons time."""
    return Clockwork(lock.utc_offset_quarters, lock.check_out_hour)


def find_any(password_id: int, *, now: datetime) -> PasscodeLine | StoredLine:
    """The code with this id, computed or stored in a lock; NotFound."""
    return stored_queries.find_line(password_id, now=now) or get_line(password_id, now=now)


def list_page(
    filters: Filters, *, now: datetime, before_id: int | None = None, size: int = PAGE
) -> Page[PasscodeLine | StoredLine]:
    """Codes from the newest to the oldest, a page at a time: those that are computed, and those that locks store."""
    lines: list[PasscodeLine | StoredLine] = [*_newest(filters, now, before_id, size + 1)]
    lines += stored_queries.newest(filters, now=now, before_id=before_id, size=size + 1)
    lines.sort(key=lambda line: line.id, reverse=True)
    return cut(lines[: size + 1], size, "id")


def count(filters: Filters, *, now: datetime) -> int:
    """How many codes match, of both sorts."""
    stored = stored_queries.count(filters, now=now)
    if not filters.takes_computed:
        return stored
    query = sa.select(sa.func.count()).select_from(Passcode).where(*_conditions(filters, now))
    return db.session.scalars(query).one() + stored


def count_shown(filters: Filters, *, now: datetime) -> dict[str, int]:
    """How many codes each of SHOWN has."""
    return {show: count(replace(filters, show=show), now=now) for show in SHOWN}


def following(passcode_id: int) -> Sequence[Passcode]:
    """The codes that were made to replace one, newest first."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.replaces_id == passcode_id).order_by(Passcode.id.desc())
    ).all()


def find_by_request(request_id: str) -> Passcode | None:
    """The code that a form has made already, or None."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.request_id == request_id).options(*_LOADED)
    ).one_or_none()


def passcodes_of_stay(stay_id: int) -> Sequence[Passcode]:
    """Every code of a stay, newest first."""
    return db.session.scalars(
        sa.select(Passcode).where(Passcode.stay_id == stay_id).options(*_LOADED).order_by(Passcode.id.desc())
    ).all()


def alive_of_stays(stay_ids: Collection[int], *, now: datetime) -> list[PasscodeLine]:
    """Codes of many stays that their doors may still take, clear codes apart; oldest first."""
    codes = db.session.scalars(
        sa.select(Passcode)
        .where(Passcode.stay_id.in_(stay_ids), Passcode.kind != PasscodeKind.CLEAR, alive(now))
        .options(*_LOADED)
        .order_by(Passcode.id)
    )
    return [line_of(code, now) for code in codes]


def lines_of_stay(stay_id: int, *, now: datetime) -> list[PasscodeLine]:
    """The codes of a stay as the page lists them, newest first."""
    return [line_of(passcode, now) for passcode in passcodes_of_stay(stay_id)]


def living_of_stays(stay_ids: Collection[int], *, now: datetime) -> list[Passcode]:
    """The codes of these stays that they still count on, and whose digits mean something to the lock."""
    if not stay_ids:
        return []
    codes = db.session.scalars(
        sa.select(Passcode)
        .where(Passcode.stay_id.in_(stay_ids), Passcode.ended_at.is_(None), alive(now))
        .options(*_LOADED)
        .order_by(Passcode.id)
    )
    return [code for code in codes if has_digits(code)]


def life_of(passcode: Passcode, now: datetime) -> Life:
    """What can honestly be said about a code now."""
    return rules.life(
        state=passcode.state,
        is_ended=passcode.ended_at is not None,
        valid_from=passcode.valid_from,
        valid_until=passcode.valid_until,
        now=now,
    )


def find_digits(lock: Lock, epoch: int, permission: int) -> Passcode | None:
    """The code with these very digits that was given out already, or None."""
    return db.session.scalars(
        sa.select(Passcode)
        .where(
            Passcode.lock_id == lock.id,
            Passcode.life == lock.life,
            Passcode.epoch == epoch,
            Passcode.permission == permission,
            sa.or_(Passcode.kind == PasscodeKind.PERMANENT, Passcode.state != PasscodeState.REVOKED),
        )
        .options(*_LOADED)
    ).first()


def permissions_given(
    lock: Lock, epoch: int, kind: PasscodeKind, start: datetime | None = None
) -> set[tuple[int, int]]:
    """(life, number) of every permission of a kind that was ever given out at a lock in an epoch, in all its lives."""
    query = sa.select(Passcode.life, Passcode.permission).where(
        Passcode.lock_id == lock.id, Passcode.epoch == epoch, Passcode.kind == kind
    )
    if start is not None:
        query = query.where(Passcode.valid_from == start)
    return {(life, number) for life, number in db.session.execute(query)}


def being_revoked(passcode_ids: Collection[int]) -> set[int]:
    """Those of them that a lock is to be told to refuse."""
    return set(
        db.session.scalars(
            sa.select(Passcode.id).where(Passcode.id.in_(passcode_ids), Passcode.state == PasscodeState.REVOKING)
        )
    )


def codes_of_lock(lock_id: int, *conditions: sa.ColumnElement[bool]) -> Sequence[Passcode]:
    """Codes of a lock that the lock is not known to have ended."""
    return db.session.scalars(
        sa.select(Passcode)
        .where(Passcode.lock_id == lock_id, Passcode.state != PasscodeState.REVOKED, *conditions)
        .options(*_LOADED)
    ).all()


def alive_at(lock_id: int, *, now: datetime) -> list[Passcode]:
    """Codes that the lock may still take, without clear codes."""
    return list(codes_of_lock(lock_id, Passcode.kind != PasscodeKind.CLEAR, alive(now)))


def ended_by_clear(lock_id: int, epoch: int, *, now: datetime) -> list[Passcode]:
    """Living codes that end once the clear code of an epoch is typed."""
    return [code for code in alive_at(lock_id, now=now) if code.epoch <= epoch]


def ended_by_first_use(
    *, lock: Lock, kind: PasscodeKind, epoch: int, start: datetime, now: datetime, but_id: int | None = None
) -> list[Passcode]:
    """Living codes that end once a new one has opened the door."""
    return [
        code
        for code in alive_at(lock.id, now=now)
        if code.id != but_id
        and (
            code.epoch < epoch
            or (
                code.epoch == epoch
                and rules.is_ended_by(old_kind=code.kind, old_start=code.valid_from, new_kind=kind, new_start=start)
            )
        )
    ]


def start_of_party(lock: Lock, epoch: int, stay_id: int) -> PasscodeStart | None:
    """The start that a stay got at a lock in an epoch, the latest if there are several."""
    return db.session.scalars(
        sa.select(PasscodeStart)
        .where(
            PasscodeStart.lock_id == lock.id,
            PasscodeStart.life == lock.life,
            PasscodeStart.epoch == epoch,
            PasscodeStart.stay_id == stay_id,
        )
        .order_by(PasscodeStart.starts_at.desc())
        .limit(1)
    ).first()


def is_buried(lock: Lock, epoch: int, start: datetime) -> bool:
    """Whether the lock has refused a guest's code with this start as superseded: no code with it opens any more."""
    return bool(
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Passcode)
            .where(
                Passcode.lock_id == lock.id,
                Passcode.life == lock.life,
                Passcode.epoch == epoch,
                Passcode.valid_from == start,
                Passcode.kind.in_(rules.GUEST_KINDS),
                Passcode.state == PasscodeState.REVOKED,
            )
        )
    )


def starts_of_others(
    lock: Lock, epoch: int, *, stay_id: int | None, party_id: int | None, room_id: int | None
) -> list[rules.Start]:
    """The starts of other parties at a lock in an epoch; `is_gone` where the party cancelled, moved to another room, or where
    nobody has use for its codes any more."""
    wanted = sa.exists().where(
        sa.or_(Passcode.id == PasscodeStart.passcode_id, Passcode.party_id == PasscodeStart.passcode_id),
        Passcode.ended_at.is_(None),
        Passcode.state.not_in(_SAID_DEAD),
    )
    of_days = sa.exists().where(
        Passcode.lock_id == PasscodeStart.lock_id,
        Passcode.life == PasscodeStart.life,
        Passcode.epoch == PasscodeStart.epoch,
        Passcode.valid_from == PasscodeStart.starts_at,
        Passcode.kind == PasscodeKind.DAYS,
    )
    rows = db.session.execute(
        sa.select(PasscodeStart, Stay.state, Stay.room_id, wanted, of_days)
        .outerjoin(Stay, Stay.id == PasscodeStart.stay_id)
        .where(PasscodeStart.lock_id == lock.id, PasscodeStart.life == lock.life, PasscodeStart.epoch == epoch)
    )
    gone = (StayState.CANCELLED, StayState.NO_SHOW)
    found = []
    for start, state, other_room, is_wanted, is_days in rows:
        is_own = start.stay_id == stay_id if start.stay_id is not None else start.passcode_id == party_id
        if not is_own:
            is_gone = state in gone or other_room != room_id if start.stay_id is not None else not is_wanted
            found.append(rules.Start(start.starts_at, is_gone, is_days))
    return found


def _newest(filters: Filters, now: datetime, before_id: int | None, size: int) -> list[PasscodeLine]:
    if not filters.takes_computed:
        return []
    query = sa.select(Passcode).where(*_conditions(filters, now)).options(*_LOADED)
    if before_id is not None:
        query = query.where(Passcode.id < before_id)
    return [line_of(code, now) for code in db.session.scalars(query.order_by(Passcode.id.desc()).limit(size))]


def _conditions(filters: Filters, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    is_alive = alive(now)
    if filters.show in ("alive", "ended"):
        found.append(is_alive if filters.show == "alive" else sa.not_(is_alive))
    if filters.kind is not None:
        found.append(Passcode.kind == filters.kind)
    if filters.lock_id is not None:
        found.append(Passcode.lock_id == filters.lock_id)
    if filters.door_id is not None:
        found.append(Passcode.door_id == filters.door_id)
    if filters.text.strip():
        found.append(_with_text(filters.text.strip()))
    return found


def alive(now: datetime) -> sa.ColumnElement[bool]:
    """As `rules.is_alive` says it of one code."""
    return sa.and_(
        Passcode.state.not_in(_SAID_DEAD),
        sa.or_(Passcode.valid_until.is_(None), Passcode.valid_until >= now - rules.GRACE),
    )


def _with_text(text: str) -> sa.ColumnElement[bool]:
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    guest_ids = [hit.guest.id for hit in stays.search(text, limit=50)]
    return sa.or_(
        Passcode.door_id.in_(sa.select(Door.id).where(Door.name.ilike(f"{pattern}%", escape="\\"))),
        Passcode.holder_name.ilike(f"%{pattern}%", escape="\\"),
        Passcode.stay_id.in_(sa.select(Stay.id).join(Guest, Guest.id == Stay.guest_id).where(Guest.id.in_(guest_ids))),
    )
