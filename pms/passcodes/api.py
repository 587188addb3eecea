"""Passcodes for programs: the same functions that the pages call."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Blueprint
from flask_babel import gettext as _

from pms.accounts.asking import does_user_see
from pms.accounts.rules import AccountNotFound
from pms.core import clock
from pms.core.errors import NotFound
from pms.lock_commands import schemas as command_schemas
from pms.locks import queries as locks
from pms.passcodes import queries, rules, schemas, service, stored_api, stored_queries, words
from pms.passcodes.filters import Filters
from pms.passcodes.models import PasscodeKind
from pms.passcodes.stored_queries import StoredLine
from pms.web.login import actor
from pms.web.operations import Listed, operation
from pms.web.rights import can

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pms.passcodes.models import Passcode

blueprint = Blueprint("passcodes_api", __name__)

_TAG = "Password"
_LOCK = (locks.NoSuchLock, rules.LockHangsNowhere, rules.NoLock, rules.LockMoved, rules.LockBetweenKeys)
_EPOCH = (rules.LockTooFarBehind, rules.LockUsedUp)
_HOLDER = (rules.NobodyNamed, rules.StayEnded, NotFound)
_NEW = (*_LOCK, *_EPOCH, *_HOLDER, rules.SameCode, rules.NotAlive)
_START = (rules.StartIsPast, rules.StartTooFar)
_TIMES = (*_START, rules.NotExpressible, rules.EndsBeforeItBegins, rules.StartTaken)
_CYCLE = (rules.MonthTooFar, rules.MonthIsOver)


@blueprint.get("/passwords/findAllByUserId/<int:user_id>")
@operation(
    6,
    "keys:view",
    tag=_TAG,
    query=schemas.ListQuery,
    gives=schemas.OfflinePassword,
    is_list=True,
    refuses=(AccountNotFound, locks.NoSuchLock),
)
def find_all(user_id: int, query: schemas.ListQuery) -> Listed:
    """All passcodes that a user may see, computed or stored in a lock, newest first, without their digits.

    The doors of the house belong to everybody who works there, so these are all of them. A page goes on `before` its last id.
    """
    if not does_user_see(user_id, "keys:view"):
        return Listed([], total=0)
    now = clock.now()
    lock_id = _lock_of(query.lock_id) if query.lock_id is not None else None
    filters = Filters(show=query.show, lock_id=lock_id)
    page = queries.list_page(filters, now=now, before_id=query.before, size=query.limit)
    return Listed([schemas.write_any(line) for line in page.rows], total=queries.count(filters, now=now))


@blueprint.get("/passwords/<int:password_id>")
@operation(12, "keys:view", tag=_TAG, gives=schemas.OfflinePassword, refuses=(NotFound,))
def details(password_id: int) -> schemas.OfflinePassword:
    """One passcode; its digits for who may make passcodes. Each look at digits is in the audit trail."""
    now = clock.now()
    line = queries.find_any(password_id, now=now)
    if isinstance(line, StoredLine):
        return stored_api.details(line, now=now)
    if not (can("passcodes:make") and line.is_alive and queries.has_digits(line.passcode)):
        return schemas.write(line)
    return _write_shown(service.show_again(passcode_id=password_id, actor=actor(), now=now))


@blueprint.post("/passwords/offline/timeLimited")
@operation(
    7, "passcodes:make", tag=_TAG, body=schemas.TimeLimited, gives=schemas.OfflinePassword, refuses=(*_NEW, *_TIMES)
)
def make_time_limited(body: schemas.TimeLimited) -> schemas.OfflinePassword:
    """Make a passcode for hours, nights or days.

    A length that no passcode can say is refused, with the nearest two that one can in `offers`.
    """
    now = clock.now()
    chooser = service.timed(
        start=body.start_time or rules.full_hour(now),
        until=body.end_time,
        kinds=rules.kinds_for(body.unit, is_guest=body.stay_id is not None),
        now=now,
    )
    with _offering():
        return _make(body, chooser)


@blueprint.post("/passwords/offline/single")
@operation(
    8,
    "passcodes:make",
    tag=_TAG,
    body=schemas.SingleUse,
    gives=schemas.OfflinePassword,
    refuses=(*_NEW, *_START, rules.NotAFullHour, rules.SinglesUsedUp),
)
def make_single(body: schemas.SingleUse) -> schemas.OfflinePassword:
    """Make a passcode that opens once, within a day of its start."""
    return _make(body, service.single(start=body.start_time, now=clock.now()))


@blueprint.post("/passwords/offline/permanent")
@operation(
    9,
    "passcodes:make",
    tag=_TAG,
    body=schemas.Permanent,
    gives=schemas.OfflinePassword,
    refuses=(*_NEW, rules.SerialsUsedUp),
)
def make_permanent(body: schemas.Permanent) -> schemas.OfflinePassword:
    """Make a passcode that opens until it is revoked."""
    return _make(body, service.permanent(now=clock.now()))


@blueprint.post("/passwords/offline/clear")
@operation(
    10,
    "passcodes:make",
    tag=_TAG,
    body=schemas.ClearCode,
    gives=schemas.OfflinePassword,
    refuses=(*_LOCK, *_EPOCH, rules.NotAlive),
)
def make_clear(body: schemas.ClearCode) -> schemas.OfflinePassword:
    """Make the clear code of a door: typed there, it ends every passcode that was made before, and opens nothing."""
    return _write_shown(
        service.clear_door(
            lock_id=_lock_of(body.lock_id), request_id=_request_id(body.request_id), actor=actor(), now=clock.now()
        )
    )


@blueprint.post("/passwords/offline/cyclic")
@operation(11, "passcodes:make", tag=_TAG, body=schemas.Cyclic, gives=schemas.OfflinePassword, refuses=(*_NEW, *_CYCLE))
def make_cyclic(body: schemas.Cyclic) -> schemas.OfflinePassword:
    """Make a passcode for certain days of the week, some hours each, through the end of a month."""
    chooser = service.cyclic(
        pattern=schemas.PATTERNS[body.pattern],
        start_hour=body.start_hour,
        hours=body.hours,
        last_month=schemas.read_month(body.last_month),
        now=clock.now(),
    )
    return _make(body, chooser)


@blueprint.post("/passwords/delete")
@operation(
    13,
    "passcodes:make",
    tag=_TAG,
    body=schemas.Delete,
    gives=schemas.PasswordEnding,
    refuses=(
        NotFound,
        *_LOCK,
        *_EPOCH,
        rules.NotAlive,
        rules.NotThereYet,
        rules.ClearCodeStays,
        rules.StoredHasNoClearCode,
    ),
)
def delete(body: schemas.Delete) -> schemas.PasswordEnding:
    """End a passcode by what its kind allows.

    A permanent one is revoked by a command that is carried to the lock, whose answer proves it. Any other is noted as not wanted
    and opens on until its end, or until a later guest's code is used; a clear code, typed at the door, ends it sooner. One that the
    lock stores is taken out of it by a command, once its answer is here.
    """
    now = clock.now()
    stored = stored_queries.find_line(body.password_id, now=now)
    if stored is not None:
        return stored_api.delete(stored, body, now=now)
    ending = service.delete(
        passcode_id=body.password_id,
        with_clear_code=body.with_clear_code,
        request_id=_request_id(body.request_id),
        actor=actor(),
        now=now,
    )
    line = queries.line_of(ending.passcode, now)
    password, clear = schemas.write(line), _write_shown(ending.clear) if ending.clear is not None else None
    sentence, command = words.how_it_ends(line), None
    if ending.command is not None:
        # Handing the frame out is a transaction of its own, so it comes last.
        command = command_schemas.write(ending.command, serial_number=line.passcode.lock.serial_number)
    return schemas.PasswordEnding(password=password, words=sentence, clear_password=clear, command=command)


@blueprint.post("/passwords/add")
@operation(
    14,
    "passcodes:make",
    tag=_TAG,
    body=schemas.Add,
    gives=schemas.OfflinePassword,
    refuses=(*_LOCK, *_EPOCH, *_HOLDER, rules.NotOfThisLock),
)
def add(body: schemas.Add) -> schemas.OfflinePassword:
    """Keep the record of a passcode that was made elsewhere with this lock's key.

    The digits are read with the lock's key and refused where they mean nothing. One that is known already is answered as it is.
    """
    now = clock.now()
    passcode, _is_new = service.add(
        lock_id=_lock_of(body.lock_id),
        digits=body.password,
        holder=_holder(body),
        request_id=_request_id(body.request_id),
        actor=actor(),
        now=now,
    )
    return schemas.write(queries.get_line(passcode.id, now=now))


@blueprint.post("/passwords/update")
@operation(
    15,
    "passcodes:make",
    tag=_TAG,
    body=schemas.Update,
    gives=schemas.PasswordChange,
    refuses=(*_NEW, *_TIMES, *_CYCLE, rules.NothingToChange, *stored_api.CHANGING),
)
def update(body: schemas.Update) -> schemas.PasswordChange:
    """Change the name, the note or the times of a passcode.

    The times are in its digits, so other times are another passcode; the answer says until when the present one opens. One that the
    lock stores stays the same and is changed there, by a command.
    """
    now = clock.now()
    stored = stored_queries.find_line(body.password_id, now=now)
    if stored is not None:
        return stored_api.update(stored, body, now=now)
    with _offering():
        return _update(body, now)


def _update(body: schemas.Update, now: datetime) -> schemas.PasswordChange:
    passcode, new = service.update(
        passcode_id=body.password_id,
        name=body.password_name,
        note=body.note,
        times=_times(body),
        request_id=_request_id(body.request_id),
        actor=actor(),
        now=now,
    )
    line = queries.get_line(passcode.id, now=now)
    if new is None:
        return schemas.PasswordChange(
            password=schemas.write(line), words=words.of(line), replacement=None, command=None
        )
    return schemas.PasswordChange(
        password=schemas.write(line), words=words.how_it_ends(line), replacement=_write_shown(new), command=None
    )


def _times(body: schemas.Update) -> service.Times:
    return service.Times(
        start=body.start_time,
        until=body.end_time,
        pattern=schemas.PATTERNS[body.pattern] if body.pattern is not None else None,
        start_hour=body.start_hour,
        hours=body.hours,
        last_month=schemas.read_month(body.last_month) if body.last_month is not None else None,
    )


def _make(body: schemas.Making, choose: service.Chooser) -> schemas.OfflinePassword:
    shown = service.make(
        lock_id=_lock_of(body.lock_id),
        choose=choose,
        holder=_holder(body),
        request_id=_request_id(body.request_id),
        actor=actor(),
        now=clock.now(),
    )
    return _write_shown(shown)


def _holder(body: schemas.Making) -> service.Holder:
    return service.Holder(stay_id=body.stay_id, name=body.password_name, note=body.note)


def _lock_of(number: int) -> int:
    """Ours, where the lock may be called by the id that it was imported with. NoSuchLock."""
    return locks.find_by_wire_id(number).id


def _request_id(given: str | None) -> str:
    return given or str(uuid.uuid4())


def _write_shown(shown: service.ShownPasscode) -> schemas.OfflinePassword:
    now = clock.now()
    code = shown.passcode
    ended = (
        [words.whom(queries.line_of(other, now)) for other in _ended_by(code)]
        if code.kind is not PasscodeKind.CLEAR
        else []
    )
    return schemas.write(
        queries.line_of(code, now),
        digits=shown.digits,
        more=(words.ends_others(ended), _(words.HOW_TO_TYPE)),
    )


def _ended_by(code: Passcode) -> list[Passcode]:
    return queries.ended_by_first_use(
        lock=code.lock, kind=code.kind, epoch=code.epoch, start=code.valid_from, now=clock.now(), but_id=code.id
    )


@contextmanager
def _offering() -> Iterator[None]:
    """What can be made instead goes into the answer as values."""
    try:
        yield
    except rules.NotExpressible as error:
        offers = [schemas.write_offer(option) for option in error.options]
        raise rules.NotExpressible(options=error.options, offers=offers, **error.params) from error
