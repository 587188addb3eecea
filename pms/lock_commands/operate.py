"""What the desk makes locks do at once, and which module they should take."""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.gateways import queries as gateway_queries
from pms.gateways import service as gateways
from pms.lock_commands import queries, rules, service
from pms.lock_commands.answers import Asker, register
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import AnswerStatus, AssociateModule, Operate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.gateways.queries import Way
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer

SUBJECT = "operate"
MODULE = "module"


def operate(
    *,
    lock_id: int,
    deed: Deed,
    has_phone: bool = True,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> LockCommand:
    """Tell a lock to do something, soon or not at all: the frame holds until when, and the lock keeps to it.

    Without a phone beside the lock (`has_phone`) it must be within reach now: OutOfReach, NeverReached.
    """
    with transaction() as session:
        lock = _ready(session, lock_id)
        earlier = queries.of_request(request_id) if request_id is not None else []
        if earlier:
            return earlier[0]
        way = gateway_queries.way_of(lock_id, now)
        if way is not None and not (way.is_online or has_phone):
            raise _refusal(way)
        until = now + rules.time_for(deed, is_online=way is not None and way.is_online)
        payload = Operate(
            rules.OPERATIONS[deed],
            int(until.timestamp()),
            clock=int(now.timestamp()) if deed is Deed.SET_CLOCK else None,
        )
        command = service.queue(
            lock_id=lock_id,
            payloads=[payload],
            subject_kind=SUBJECT,
            subject_id=list(Deed).index(deed),
            expires_at=until,
            is_urgent=True,
            request_id=request_id,
            actor=actor,
            now=now,
        )[0]
        door = locks.door_of_lock(lock_id)
        audit.record(
            actor=actor,
            action="commands.operated",
            subject=audit.Subject(
                kind="lock",
                id=lock_id,
                label=door.name if door else lock.name,
                lock_id=lock_id,
                room_id=door.room_id if door else None,
            ),
            now=now,
            after={"deed": deed.value},
        )
        return command


def _refusal(way: Way) -> rules.OutOfReach | rules.NeverReached:
    if way.offline_since is None:
        return rules.NeverReached(way=way.name)
    return rules.OutOfReach(way=way.name, since=way.offline_since)


def deed_of(command: LockCommand) -> Deed | None:
    """What the desk asked for with this command; None for any other command."""
    return list(Deed)[command.subject_id] if command.subject_kind == SUBJECT else None


def associate_module(
    *, lock_id: int, imei: str, request_id: str | None = None, actor: Actor, now: datetime
) -> LockCommand:
    """Tell a lock to take a 4G module. The lock says so itself when it has it (0601)."""
    imei = rules.check_imei(imei)
    with transaction() as session:
        _ready(session, lock_id)
        earlier = queries.of_request(request_id) if request_id is not None else []
        if earlier:
            return earlier[0]
        module = gateways.ask_module(lock_id=lock_id, imei=imei, actor=actor, now=now)
        return service.queue(
            lock_id=lock_id,
            payloads=[AssociateModule(imei)],
            subject_kind=MODULE,
            subject_id=module.id,
            # It may go through the module itself, which brings nothing else before the lock has taken it.
            is_urgent=True,
            request_id=request_id,
            actor=actor,
            now=now,
        )[0]


def install() -> None:
    """Hear what locks say to these (once, when the application is made)."""
    register(SUBJECT, Deeds())
    register(MODULE, Modules())


class Deeds(Asker):
    """The door's own record says what it did; there is no other book, but for its clock."""

    can_be_cancelled = True

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """What opens a door that somebody said to lock after that. If it was done already, the door is locked next."""
        return [
            earlier.id
            for earlier in commands
            if deed_of(earlier) in rules.OPENING
            and any(
                later.lock_id == earlier.lock_id and later.id > earlier.id and deed_of(later) in rules.LOCKING
                for later in commands
            )
        ]

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """A clock that was set is right."""
        if deed_of(command) is Deed.SET_CLOCK and answer.status is AnswerStatus.DONE:
            asked_at = command.sent_at or command.created_at
            lock_service.note_written(
                lock_id=command.lock_id, asked={"clock": True}, asked_at=asked_at, actor=actor, now=now
            )


class Modules(Asker):
    """A lock that takes a module reports it; one that does not is without it."""

    can_be_cancelled = True

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """The module is to go elsewhere, or nowhere."""
        asked = gateway_queries.asked_locks([command.subject_id for command in commands])
        return [command.id for command in commands if asked.get(command.subject_id) != command.lock_id]

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """Done is not yet there: the lock's report 0601 says when it is."""
        if answer.status is not AnswerStatus.DONE:
            self.cancelled(command, actor, now)

    def cancelled(self, command: LockCommand, actor: Actor, now: datetime) -> None:
        """The lock is not asked any more."""
        gateways.note_module_refused(module_id=command.subject_id, lock_id=command.lock_id, actor=actor, now=now)


def _ready(session: Session, lock_id: int) -> Lock:
    lock = session.get(Lock, lock_id, with_for_update=True)
    if lock is None:
        raise locks.NoSuchLock
    if lock.setup is not LockSetup.READY or lock.server_keys is None:
        raise rules.NotSetUpYet(name=lock.name)
    return lock
