"""The server's side of the line in virtual time: the real code of `pms.link.service` and of the scheduler's jobs, in a process that
can be killed.

What it knows is in the database; what a process holds in its memory (messages that came and are not stored, what it meant to
send) is here, and is thrown away when it is killed. It is killed between two statements of whatever it is doing, before
a commit, or after one and before what it was to send.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from pms.core import clock
from pms.core.db import db
from pms.gateways import service as gateways
from pms.gateways.models import Gateway, GatewayLock
from pms.link import service as link
from pms.link.rules import Message
from pms.lock_commands import wishes
from pms.lock_commands.models import CommandState, LockCommand
from pms.protocol.topics import CarrierName, CarrierState, FrameTopic, StateTopic, parse_topic
from pms.simulators.broker import Delivery, Published, SimulatedBroker

NAME = "server"
# Whoever is busy storing takes what came meanwhile at once.
GATHERS = (0.1, 2.5)
MOST_AT_ONCE = 200
COLLECTS = 2.0
LOOKS_AGAIN = 3.0


class Killed(BaseException):
    """The process ends here and now."""


class Blade:
    """Falls on whoever talks to the database, some statements or commits later."""

    def __init__(self) -> None:
        self._statements: int | None = None
        self._before_commit = False

    def hang(self, *, statements: int | None, before_commit: bool = False) -> None:
        """After so many statements, or before the next commit of something that was written."""
        self._statements, self._before_commit = statements, before_commit

    @contextmanager
    def over(self, engine: sa.Engine) -> Any:
        """Over everything that is done with this engine."""
        listeners = (("before_cursor_execute", self._fall), ("commit", self._fall_before_commit))
        for name, listener in listeners:
            event.listen(engine, name, listener)
        try:
            yield self
        finally:
            for name, listener in listeners:
                event.remove(engine, name, listener)

    def _fall(self, *_: object) -> None:
        if self._statements is None:
            return
        self._statements -= 1
        if self._statements <= 0:
            self._statements = None
            raise Killed

    def _fall_before_commit(self, _connection: object) -> None:
        if self._before_commit:
            self._before_commit = False
            raise Killed


class VirtualServer:
    """Up or killed. Whoever plays with it calls `hear` with what came, and `act` at `next_at`; what people do goes through `serve`."""

    def __init__(self, broker: SimulatedBroker, random: Random) -> None:
        self.broker = broker
        self.blade = Blade()
        self.dies_before_sending = False
        self.deaths: list[str] = []
        self.taken = 0
        self.batches = 0
        self.up_since: float | None = None
        self._random = random
        self._inbox: list[Delivery] = []
        self._take_at: float | None = None
        self._look_at: float | None = None
        self._silence_at: float | None = None
        self._start_at: float | None = 0.0
        self._reconnect_at: float | None = None
        self._heard_of: set[CarrierName] = set()
        self._woken = False
        wishes.on_queued(self._wake)

    @property
    def is_up(self) -> bool:
        """Whether the process runs."""
        return self._start_at is None

    def close(self) -> None:
        """No process calls it any more."""
        wishes.forget(self._wake)

    # Time

    def next_at(self) -> float | None:
        """When it does something next."""
        times = (self._take_at, self._look_at, self._silence_at, self._start_at, self._reconnect_at)
        return min((at for at in times if at is not None), default=None)

    def act(self, at: float) -> None:
        """What is due now."""
        if self._start_at is not None:
            if at >= self._start_at:
                self._start_at, self.up_since = None, at
                self._connect(at)
            return
        if _is_due(self._reconnect_at, at):
            self._connect(at)
        if _is_due(self._take_at, at):
            self._alive(at, lambda: self._take(at))
        if _is_due(self._silence_at, at):
            self._alive(at, lambda: self._note_silence(at))
        if _is_due(self._look_at, at):
            self._alive(at, lambda: self._send_due(at))

    def hear(self, delivery: Delivery, at: float) -> None:
        """Something came over the line."""
        if self.is_up:
            self._inbox.append(delivery)
            if self._take_at is None:
                self._take_at = at + self._random.uniform(*GATHERS)

    def serve(self, do: Callable[[datetime], Any], at: float) -> Any:
        """Somebody at the desk, or the clock, does something; None where the process is not there, or is killed meanwhile."""
        if not self.is_up:
            return None
        return self._alive(at, lambda: do(clock.now()))

    # Life and death

    def kill(self, at: float, why: str) -> None:
        """All that it had in its memory is gone."""
        self.deaths.append(why)
        self.blade.hang(statements=None)
        self.dies_before_sending = False
        db.remove()
        self._inbox.clear()
        self._heard_of.clear()
        self._take_at = self._look_at = self._silence_at = self._reconnect_at = self.up_since = None
        self.broker.lose(NAME, at, forgets=True)
        self._start_at = at + self._random.uniform(3, 120)

    def lose_broker(self, at: float) -> None:
        """The connection to the broker is gone; what came over it and is not stored is not acknowledged any more."""
        if self.is_up:
            self.broker.lose(NAME, at, forgets=True)
            self._inbox.clear()
            self._take_at = self._silence_at = None
            self._reconnect_at = at + self._random.uniform(1, 15)

    def _alive(self, at: float, do: Callable[[], Any]) -> Any:
        """Do something as the process does it: at this instant, and perhaps only in part."""
        clock.freeze(datetime.fromtimestamp(at, UTC))
        try:
            done = do()
        except Killed:
            db.session.rollback()
            self.kill(at, "in the middle")
            return None
        db.remove()
        if self._woken and self.is_up:
            self._woken = False
            self._look_at = min(self._look_at or at + 0.2, at + 0.2)
        return done

    def _wake(self) -> None:
        self._woken = True

    # The line

    def _connect(self, at: float) -> None:
        self._reconnect_at = None
        is_connected = self.broker.connect(
            NAME,
            at,
            wants=lambda topic: topic.endswith(("/up", "/state")),
            # A session of an external broker goes on for a while, one of the embedded broker never does.
            is_persistent=self._random.random() < 0.5,
            acknowledges_itself=False,
        )
        if not is_connected:
            self._reconnect_at = at + self._random.uniform(1, 15)
            return
        self._heard_of.clear()
        self._silence_at = at + COLLECTS
        self._look_at = at + 0.2

    def _take(self, at: float) -> None:
        batch, self._inbox = self._inbox[:MOST_AT_ONCE], self._inbox[MOST_AT_ONCE:]
        self._take_at = at + 0.01 if self._inbox else None
        now, frames = clock.now(), []
        for one in batch:
            topic = parse_topic(one.topic)
            if isinstance(topic, StateTopic):
                state = CarrierState.decode(one.payload)
                self._heard_of.add(topic.carrier)
                link.note_state(carrier=topic.carrier, state=state, now=now)
            elif isinstance(topic, FrameTopic):
                frames.append(Message(topic, one.payload))
        answers = link.take(messages=frames, now=now) if frames else []
        db.remove()
        self.batches += 1
        self.taken += len(frames)
        if self.dies_before_sending:
            self.kill(at, "before sending")
            return
        self._send(answers, at)
        for one in batch:
            self.broker.acknowledge(one, at)
        self._plan_look(at)

    def _note_silence(self, at: float) -> None:
        self._silence_at = None
        link.note_silence(but=frozenset(self._heard_of), now=clock.now())

    def _send_due(self, at: float) -> None:
        self._look_at = None
        if not self.broker.is_connected(NAME):
            return
        while True:
            messages = link.due(now=clock.now())
            db.remove()
            if messages and self.dies_before_sending:
                self.kill(at, "before sending")
                return
            self._send(messages, at)
            if len(messages) < 50:
                break
        self._plan_look(at)

    def _plan_look(self, at: float) -> None:
        """The real line looks all the time; here only when it will find something."""
        soonest = db.session.scalar(_SOONEST)
        db.remove()
        self._look_at = max(soonest.timestamp(), at + LOOKS_AGAIN) if soonest is not None else None

    def _send(self, messages: list[Message], at: float) -> None:
        """What cannot be sent now is sent again when its time comes, as it is in the real line."""
        if not self.broker.is_connected(NAME):
            return
        for message in messages:
            drop_at = at + message.useful_for.total_seconds() if message.useful_for is not None else None
            self.broker.publish(NAME, Published(message.topic.text(), message.payload, drop_at=drop_at), at)

    def beat(self) -> None:
        """What a process says every few seconds of its line; here only where somebody is about to look."""
        gateways.note_link(name=NAME, is_connected=self.broker.is_connected(NAME), now=clock.now())


def _is_due(when: float | None, at: float) -> bool:
    return when is not None and at >= when


# When a frame that was sent to a lock that can be reached is to be sent again.
_SOONEST = (
    sa.select(sa.func.min(LockCommand.next_send_at))
    .join(GatewayLock, GatewayLock.lock_id == LockCommand.lock_id)
    .join(Gateway, Gateway.id == GatewayLock.gateway_id)
    .where(LockCommand.state.in_((CommandState.MADE, CommandState.SENT)), Gateway.is_connected)
)
