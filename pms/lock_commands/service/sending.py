"""Frames are made when they are handed out, and handed out again until the lock has answered.

Between queueing and sending the lock may have been set up anew, under other keys, and what was asked for may not be wanted
any more. The same frame is handed out again and again; the lock does it once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from pms.core.db import transaction
from pms.gateways import queries as gateways
from pms.lock_commands import answers, queries, rules, wishes
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.service.queueing import end
from pms.locks import lock_keys
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import Command, Operate, WriteSettings, decode_request
from pms.protocol.frame import Direction, Frame, seal_frame
from pms.protocol.session import next_server_counter

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from pms.gateways.queries import BrokerWays
    from pms.protocol.topics import CarrierName


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame that goes to a lock now, through whom; after `useful_for` it may be lost, for it is sent again or is void."""

    serial_number: str
    carrier: CarrierName
    frame: bytes
    useful_for: timedelta


def claim(*, lock_ids: Collection[int] | None = None, limit: int = 50, now: datetime) -> list[Outgoing]:
    """What goes out now to these locks, or to any, through carriers on the broker: at most one frame a lock.

    Each is claimed by moving its next time on, so that of several processes one sends it. The number of queries is the same
    however many locks there are.
    """
    with transaction() as session:
        found = queries.hold_due(limit, now) if lock_ids is None else queries.hold_ready(lock_ids)
        if not found:
            return []
        held = {lock.id: lock for lock in found}
        ways = gateways.ways_over_broker(held.keys())
        chosen: list[tuple[LockCommand, CarrierName]] = []
        for command in _wanted(session, held.keys(), now).values():
            carrier = _carrier_for(command, ways.get(command.lock_id))
            if carrier is not None and rules.is_due(command.next_send_at, now):
                chosen.append((command, carrier))
        _hand_out(session, held, [command for command, _carrier in chosen], now)
        return [
            Outgoing(
                held[command.lock_id].serial_number,
                carrier,
                command.frame or b"",
                rules.useful_for(command.expires_at, now),
            )
            for command, carrier in chosen
        ]


def _carrier_for(command: LockCommand, ways: BrokerWays | None) -> CarrierName | None:
    """A module that the lock was asked to take brings it that question, and nothing else."""
    if ways is None:
        return None
    return ways.own or (ways.asked if command.command == Command.ASSOCIATE_MODULE else None)


def make_due(*, lock_ids: Collection[int], now: datetime) -> None:
    """These locks can be reached again: what was sent and not answered is sent at once. Joins the caller's transaction.

    What a lock was too busy for keeps its pause.
    """
    with transaction() as session:
        # In the order in which all that deals with several locks holds them.
        held = queries.hold_locks(lock_ids)
        session.execute(
            sa.update(LockCommand)
            .where(LockCommand.lock_id.in_(held), queries.IS_SENT, LockCommand.next_send_at > now)
            .values(next_send_at=None, sends=0)
        )
        wishes.tell()


def send_soon(*, lock_ids: Collection[int], now: datetime) -> None:
    """These locks were heard of by themselves: what was sent to them and not answered does not wait out a long pause.

    Joins the caller's transaction, which holds the locks.
    """
    soon = now + rules.SHORTEST_PAUSE
    with transaction() as session:
        session.execute(
            sa.update(LockCommand)
            .where(LockCommand.lock_id.in_(lock_ids), queries.IS_SENT, LockCommand.next_send_at > soon)
            .values(next_send_at=soon, sends=0)
        )


def next_frame(*, serial_number: str, is_remote: bool = False, now: datetime) -> bytes | None:
    """The frame that a carrier at the lock should bring to it; None if there is nothing, or the lock is not set up."""
    command = next_command(serial_number=serial_number, is_remote=is_remote, now=now)
    return command.frame if command is not None else None


def next_command(*, serial_number: str, is_remote: bool = False, now: datetime) -> LockCommand | None:
    """The command whose frame a carrier at the lock should bring to it: the same one until it is answered or expired.

    A setup goes before everything else, and never through a gateway or module (`is_remote`). These are not given what the lock
    was too busy for a moment ago; somebody who stands there is.
    """
    with transaction() as session:
        lock = queries.hold_lock(serial_number)
        if lock is not None and lock.setup is LockSetup.PENDING and not is_remote:
            return _setup_of(lock, now)
        if lock is None or lock.setup is not LockSetup.READY or lock.server_keys is None:
            return None
        command = _wanted(session, [lock.id], now).get(lock.id)
        is_paused = command is not None and command.state is CommandState.MADE
        if command is None or (is_remote and is_paused and not rules.is_due(command.next_send_at, now)):
            return None
        _hand_out(session, {lock.id: lock}, [command], now)
        return command


def _setup_of(lock: Lock, now: datetime) -> LockCommand | None:
    command = queries.find_open(lock.id, Command.INITIALISE)
    if command is not None and command.state is CommandState.MADE:
        command.state, command.sent_at = CommandState.SENT, now
    return command


def _wanted(session: Session, lock_ids: Collection[int], now: datetime) -> dict[int, LockCommand]:
    """By lock, the command that is on its way or comes next; what is late or not wanted any more is ended on the way there.

    The locks are held. A few commands of each are looked at in a turn, so that long queues are not read for nothing.
    """
    found: dict[int, LockCommand] = {}
    left = set(lock_ids)
    while left:
        in_line = queries.in_line(left)
        unwanted = _unwanted(in_line, now)
        gone: set[int] = set()
        for command in in_line:
            if command.lock_id in found or command.state not in queries.OPEN:
                continue
            if command.expires_at is not None and command.expires_at <= now:
                end(command, CommandState.EXPIRED, now)
                answers.asker_of(command.subject_kind).expired(command, now)
            elif command.id in unwanted:
                end(command, CommandState.DROPPED, now)
                answers.asker_of(command.subject_kind).dropped(command, now)
            else:
                found[command.lock_id] = command
                continue
            gone.add(command.lock_id)
        session.flush()
        left = gone - found.keys()
    return found


def _unwanted(commands: Sequence[LockCommand], now: datetime) -> set[int]:
    return {
        command_id for kind, some in _by_asker(commands) for command_id in answers.asker_of(kind).unwanted(some, now)
    }


def _by_asker(commands: Sequence[LockCommand]) -> list[tuple[str, list[LockCommand]]]:
    kinds: defaultdict[str, list[LockCommand]] = defaultdict(list)
    for command in commands:
        kinds[command.subject_kind].append(command)
    return sorted(kinds.items())


def _hand_out(session: Session, held: dict[int, Lock], commands: Sequence[LockCommand], now: datetime) -> None:
    """The frames leave: made where they were not yet, and not due again before their pause."""
    fresh = [command for command in commands if command.state is CommandState.MADE]
    for command in fresh:
        command.state = CommandState.SENT
    session.flush()
    for kind, some in _by_asker(fresh):
        answers.asker_of(kind).sent(some, now)
    unsealed = [command for command in commands if command.frame is None]
    for command in unsealed:
        _seal(held[command.lock_id], command, now)
    session.flush()
    # One statement for all of them, however many there are.
    if unsealed:
        counters = [{"of_lock": command.lock_id, "counter": command.counter} for command in unsealed]
        session.connection().execute(_SET_COUNTER, counters)
    if commands:
        session.execute(
            sa.update(LockCommand),
            [
                {
                    "id": command.id,
                    "sends": command.sends + 1,
                    "next_send_at": now + rules.pause(command.sends + 1, command.id),
                }
                for command in commands
            ],
        )


# Past the row's version: nobody who edits a lock is told that it changed meanwhile because it was told something.
_LOCKS = cast("sa.Table", Lock.__table__)
_SET_COUNTER = (
    sa.update(_LOCKS).where(_LOCKS.c.id == sa.bindparam("of_lock")).values(server_counter=sa.bindparam("counter"))
)


def _seal(lock: Lock, command: LockCommand, now: datetime) -> None:
    counter = next_server_counter(lock.server_counter, int(now.timestamp() * 1000))
    set_committed_value(lock, "server_counter", counter)
    command.counter, command.life, command.sent_at = counter, lock.life, now
    _set_time(lock, command, now)
    command.frame = seal_frame(
        lock_keys.command_key_of(lock),
        lock_keys.serial_of(lock),
        Frame(lock.protocol_version, command.command, Direction.REQUEST, command.counter, command.plaintext or b""),
    )


def _set_time(lock: Lock, command: LockCommand, now: datetime) -> None:
    """A command that sets the clock sets it to the time at which it goes out, not to that at which it was asked for."""
    if command.command not in (Command.WRITE_SETTINGS, Command.OPERATE):
        return
    payload = decode_request(command.command, command.plaintext or b"", lock.protocol_version)
    if isinstance(payload, WriteSettings | Operate) and payload.clock is not None:
        command.plaintext = replace(payload, clock=int(now.timestamp())).encode(lock.protocol_version)
