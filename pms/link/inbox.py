"""What comes over the line goes into the database in batches: one thread, which acknowledges nothing before it is stored.

While one batch is being stored the next gathers, so that a frame that comes alone is taken at once and a thousand cost little each.
"""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError

from pms.core import clock
from pms.core.db import db
from pms.link import service
from pms.link.rules import Message
from pms.protocol.errors import MalformedError
from pms.protocol.topics import CarrierState, FrameTopic, Way, parse_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pms.link.client import Heard
    from pms.protocol.topics import CarrierName

MOST_AT_ONCE = 200
# More than any broker sends before it is acknowledged; beyond that, what comes is dropped, and comes again.
_MOST_WAITING = 5000
_TRIES = 3
# The database may be away for a while, as when it is started again.
_WAIT_SECONDS = 1.0
_MOST_WAITS = 120
_AWAY = (OperationalError, InterfaceError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Silence:
    """Whoever was not heard of since its state was asked for is not there; `heard_of` goes on filling until it is looked at."""

    heard_of: set[CarrierName]


@dataclass(slots=True)
class _Batch:
    """What is taken at once, and what it says."""

    heard: list[Heard] = field(default_factory=list)
    frames: list[Message] = field(default_factory=list)
    # The last word of each carrier counts.
    states: dict[CarrierName, CarrierState] = field(default_factory=dict)


class Inbox:
    """Takes what is put in until it is stopped. `send` publishes what goes back at once; `stored` is called after each batch."""

    def __init__(self, *, prefix: str, send: Callable[[Sequence[Message]], None], stored: Callable[[], None]) -> None:
        self._prefix, self._send, self._stored = prefix, send, stored
        self._waiting: queue.Queue[Heard | Silence | None] = queue.Queue(_MOST_WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link inbox", daemon=True)

    def put(self, item: Heard | Silence) -> None:
        """To be taken in its turn; returns at once."""
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            _log.warning("more comes over the line than can be stored")

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the batch that is being stored. What waits is not acknowledged, and comes again."""
        self._stop.set()
        # Wakes it where nothing comes; where the queue is full it needs no waking.
        if not self._waiting.full():
            self._waiting.put_nowait(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            items = [self._waiting.get()]
            while len(items) < MOST_AT_ONCE and not isinstance(items[-1], Silence):
                try:
                    items.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            try:
                self._take(items)
            except Exception as error:  # noqa: BLE001 - whatever came, what comes next is taken
                _log.error("a batch was not stored: %s", type(error).__name__)
            finally:
                db.remove()

    def _take(self, items: Sequence[Heard | Silence | None]) -> None:
        batch = self._read([item for item in items if item is not None and not isinstance(item, Silence)])
        if batch.heard and not self._took(batch):
            for heard in batch.heard:
                self._take_alone(heard)
        if isinstance(items[-1], Silence) and not self._stop.is_set():
            service.note_silence(but=frozenset(items[-1].heard_of), now=clock.now())
        if items[-1] is not None:
            self._stored()

    def _read(self, heard: Sequence[Heard]) -> _Batch:
        """What the messages say; what says nothing is acknowledged, so that it does not come for ever."""
        batch = _Batch()
        for one in heard:
            try:
                topic = parse_topic(one.topic, self._prefix)
                if not isinstance(topic, FrameTopic):
                    # Nothing retained any more: the carrier was taken out of the broker's memory.
                    state = CarrierState.decode(one.payload) if one.payload else CarrierState(is_online=False)
                    batch.states[topic.carrier] = state
                elif topic.way is Way.UP:
                    batch.frames.append(Message(topic, one.payload))
            except MalformedError as error:
                _log.warning("a message that cannot be read, at %.200r: %s", one.topic, error)
                one.acknowledge()
                continue
            batch.heard.append(one)
        return batch

    def _took(self, batch: _Batch) -> bool:
        """Whether all of it is stored. Waits for a database that is away."""
        for wait in range(_MOST_WAITS):
            try:
                self._store(batch)
            except _AWAY as error:
                db.remove()
                if wait == 0:
                    _log.warning("what comes over the line waits for the database: %s", type(error).__name__)
                if self._stop.wait(_WAIT_SECONDS):
                    return True
            except Exception as error:  # noqa: BLE001 - one of them is at fault; each is tried alone
                db.remove()
                if len(batch.heard) > 1:
                    _log.warning("a batch of %d is tried one by one: %s", len(batch.heard), type(error).__name__)
                return False
            else:
                return True
        return False

    def _take_alone(self, heard: Heard) -> None:
        """Three times; then it is given up, so that it cannot stop the others. Its content is not logged."""
        batch = self._read([heard])
        for _ in range(_TRIES):
            if self._stop.is_set() or self._stored_alone(batch):
                return
        _log.error("a message was given up, at %s", heard.topic)
        heard.acknowledge()

    def _stored_alone(self, batch: _Batch) -> bool:
        try:
            self._store(batch)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("a message could not be stored, at %s: %s", batch.heard[0].topic, type(error).__name__)
            db.remove()
            return False
        return True

    def _store(self, batch: _Batch) -> None:
        now = clock.now()
        for carrier, state in batch.states.items():
            service.note_state(carrier=carrier, state=state, now=now)
        answers = service.take(messages=batch.frames, now=now) if batch.frames else []
        db.remove()
        self._send(answers)
        for heard in batch.heard:
            heard.acknowledge()
