"""Shifts: when somebody works, by name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.weeks import clock_time
from pms.staffcards import queries, rules
from pms.staffcards.models import Shift

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.core.weeks import Window


def create_shift(*, name: str, window: Window, actor: Actor, now: datetime) -> Shift:
    """A new shift; BadShiftName, ShiftNameTaken."""
    name = rules.clean_shift_name(name)
    with transaction() as session:
        shift = Shift(name=name, weekdays=window.weekdays, start_minute=window.start, end_minute=window.end)
        with _unique_name(session, name):
            session.add(shift)
        _record(shift, "staffcards.shift_created", actor, now, None, _fields(shift))
        return shift


def change_shift(*, shift_id: int, name: str, window: Window, actor: Actor, now: datetime) -> Shift:
    """Cards that exist keep what is on them. BadShiftName, ShiftNameTaken, NotFound."""
    name = rules.clean_shift_name(name)
    with transaction() as session:
        shift = queries.get_shift(shift_id)
        before = _fields(shift)
        with _unique_name(session, name):
            shift.name = name
            shift.weekdays, shift.start_minute, shift.end_minute = window.weekdays, window.start, window.end
        after = _fields(shift)
        changed = [key for key, value in after.items() if before[key] != value]
        if changed:
            old, new = {key: before[key] for key in changed}, {key: after[key] for key in changed}
            _record(shift, "staffcards.shift_changed", actor, now, old, new)
        return shift


def delete_shift(*, shift_id: int, actor: Actor, now: datetime) -> None:
    """Cards have their own copy, so nothing refers to it."""
    with transaction() as session:
        shift = queries.get_shift(shift_id)
        _record(shift, "staffcards.shift_deleted", actor, now, _fields(shift), None)
        session.delete(shift)


def _fields(shift: Shift) -> dict[str, object]:
    return {
        "name": shift.name,
        "weekdays": shift.weekdays,
        "start": clock_time(shift.start_minute),
        "end": clock_time(shift.end_minute),
    }


@contextmanager
def _unique_name(session: Session, name: str) -> Iterator[None]:
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise rules.ShiftNameTaken(name=name) from error


def _record(
    shift: Shift,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    subject = audit.Subject(kind="shift", id=shift.id, label=shift.name)
    audit.record(actor=actor, action=action, subject=subject, now=now, before=before, after=after)
