"""Names, notes and other times: the times of a code are in its digits, so other times are another code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.passcodes import queries, rules
from pms.passcodes.models import Passcode, PasscodeKind
from pms.passcodes.service.common import Holder, ShownPasscode, written
from pms.passcodes.service.making import make
from pms.protocol.passcode import Cyclic

if TYPE_CHECKING:
    from pms.core.actor import Actor
    from pms.locks.models import Lock
    from pms.passcodes.rules import Choice


@dataclass(frozen=True, slots=True)
class Times:
    """What is to be other; None stays as it is."""

    start: datetime | None = None
    until: datetime | None = None
    pattern: int | None = None
    start_hour: int | None = None
    hours: int | None = None
    last_month: date | None = None

    @property
    def says_anything(self) -> bool:
        """Whether anything is to be other."""
        return self != Times()


def rename(*, passcode_id: int, name: str | None, note: str | None, actor: Actor, now: datetime) -> Passcode:
    """Another name or note; None leaves it. NobodyNamed."""
    with transaction() as session:
        passcode = queries.get_passcode(passcode_id)
        before = {"holder": passcode.holder_name, "note": passcode.note}
        if name is not None:
            has_stay = passcode.stay_id is not None or passcode.kind is PasscodeKind.CLEAR
            passcode.holder_name = rules.holder_name(name, has_stay=has_stay)
        if note is not None:
            passcode.note = rules.line(note)[: rules.MAX_NOTE]
        session.flush()
        after = {"holder": passcode.holder_name, "note": passcode.note}
        if before != after:
            written("passcodes.renamed", passcode, actor, now, dict(after))
        return passcode


def update(
    *,
    passcode_id: int,
    name: str | None,
    note: str | None,
    times: Times,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> tuple[Passcode, ShownPasscode | None]:
    """All that can be other in one go: the code, and the one that replaces it where its times are."""
    with transaction():
        passcode = rename(passcode_id=passcode_id, name=name, note=note, actor=actor, now=now)
        if not times.says_anything:
            return passcode, None
        return change_times(passcode_id=passcode_id, times=times, request_id=request_id, actor=actor, now=now)


def change_times(
    *, passcode_id: int, times: Times, request_id: str, actor: Actor, now: datetime
) -> tuple[Passcode, ShownPasscode]:
    """Make the code that replaces this one, for the same person and the same door; the old code, and the new one.

    The old one opens on, until its end or what else ends codes of its kind. NotAlive, NothingToChange, and what is refused for
    new codes.
    """
    with transaction() as session:
        old = queries.get_passcode(passcode_id)
        earlier = queries.find_by_request(request_id)
        if earlier is None:
            if not rules.is_alive(queries.life_of(old, now)):
                raise rules.NotAlive
            if old.kind not in (*rules.TIMED_KINDS, PasscodeKind.CYCLIC):
                raise rules.NothingToChange
        new = make(
            lock_id=old.lock_id,
            choose=lambda lock, _epoch: _choose(old, lock, times, now),
            holder=Holder(old.stay_id, old.holder_name, old.note),
            request_id=request_id,
            actor=actor,
            now=now,
            replaces=old,
        )
        old = queries.get_passcode(passcode_id)
        if old.ended_at is None:
            old.ended_at = now
            session.flush()
        return old, new


def _choose(old: Passcode, lock: Lock, times: Times, now: datetime) -> Choice:
    clockwork = queries.clockwork_of(lock)
    permission = queries.permission_of(old)
    if isinstance(permission, Cyclic):
        return rules.cyclic(
            pattern=permission.pattern if times.pattern is None else times.pattern,
            start_hour=permission.start_hour if times.start_hour is None else times.start_hour,
            hours=permission.length if times.hours is None else times.hours,
            last_month=times.last_month or date(permission.last_year, permission.last_month, 1),
            clockwork=clockwork,
            now=now,
        )
    kinds = (old.kind, *(kind for kind in rules.TIMED_KINDS if kind is not old.kind))
    return rules.timed(
        start=times.start or old.valid_from,
        until=times.until or old.valid_until or now,
        clockwork=clockwork,
        now=now,
        kinds=kinds,
        earliest=min(old.valid_from, rules.full_hour(now)),
    )
