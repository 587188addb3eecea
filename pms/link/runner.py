"""Keeps the line to the carriers: what comes goes into the inbox, what waits for a lock goes out.

With a broker of the house (PMS_MQTT_URL) every process that serves has a line, and they share the frames; the one that owns the ports
hears the states of carriers too. Without one, the owner runs the embedded broker and has the only line.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from pms.core import clock
from pms.core.db import db
from pms.gateways import processes
from pms.gateways import service as gateway_service
from pms.gateways.processes import LinkFault
from pms.link import acl, service
from pms.link.client import Line
from pms.link.inbox import Inbox, Silence
from pms.link.names import ProcessName
from pms.lock_commands import wishes
from pms.protocol.errors import MalformedError
from pms.protocol.topics import StateTopic, parse_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pms.config import BrokerAddress, Settings
    from pms.link.broker import EmbeddedBroker
    from pms.link.client import Heard
    from pms.link.rules import Message
    from pms.protocol.topics import CarrierName

LOOK_SECONDS = 0.2
BEAT_SECONDS = 5.0
# The broker sends what it retains at once; whoever is not among it by then is not there.
COLLECT_SECONDS = 2.0
_START_AGAIN_SECONDS = 10.0
_AT_ONCE = 50
_log = logging.getLogger(__name__)


class Runner:
    """A process's part of the line. `is_owner` says whether this process owns the ports now."""

    def __init__(self, settings: Settings, *, is_owner: Callable[[], bool]) -> None:
        self._settings, self._is_owner = settings, is_owner
        self._prefix = settings.topic_prefix
        self._name = ProcessName(settings.home, settings.topic_prefix)
        self._inbox = Inbox(prefix=self._prefix, send=self._send, stored=self.wake)
        self._line: Line | None = None
        self._broker: EmbeddedBroker | None = None
        self._states = _States(self._prefix, self._inbox)
        # What the line said last, and whether that is in the table yet. Before it has said anything there is nothing to tell.
        self._fault: LinkFault | None = None
        self._has_news = False
        self._next_beat: float | None = None
        self._next_start = 0.0
        self._stop, self._woken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="link runner", daemon=True)

    @property
    def address(self) -> BrokerAddress | None:
        """Of the broker that it talks to; None while it runs none."""
        return self._line.address if self._line is not None else None

    def start(self) -> None:
        """Begin; returns at once."""
        self._inbox.start()
        wishes.on_queued(self.wake)
        self._thread.start()

    def wake(self) -> None:
        """Something may be waiting for a lock: look now."""
        self._woken.set()

    def stop(self) -> None:
        """End, after what is being stored or sent; the table says so."""
        wishes.forget(self.wake)
        self._stop.set()
        self.wake()
        self._thread.join()
        self._inbox.stop()
        self._hang_up()
        self._name.release()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._keep_line()
                if self._line is not None:
                    self._states.look(self._line, wants_them=self._is_owner())
                    self._send_due()
                self._beat()
            except SQLAlchemyError as error:
                _log.warning("the line waits for the database: %s", type(error).__name__)
                self._stop.wait(1.0)
            except Exception:  # noqa: BLE001 - whatever it was, the next look may go well
                _log.exception("the line had to look again")
                self._stop.wait(1.0)
            finally:
                db.remove()
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()

    def _keep_line(self) -> None:
        external = self._settings.broker
        if external is not None:
            if self._line is None:
                self._call(external, is_shared=True)
        elif not self._is_owner():
            if self._line is not None:
                self._hang_up()
        elif self._line is None and clock.monotonic() >= self._next_start:
            self._run_broker()

    def _run_broker(self) -> None:
        # Only here, since most commands of the program never need it and it is slow to load.
        from pms.link.broker import EmbeddedBroker, NoBroker

        broker = EmbeddedBroker(port=self._settings.own_broker_port or 0, prefix=self._prefix)
        try:
            broker.start()
        except NoBroker as error:
            self._next_start = clock.monotonic() + _START_AGAIN_SECONDS
            if self._fault is not error.fault:
                _log.warning(
                    "port %s at 127.0.0.1 cannot be used for the broker: %s",
                    self._settings.own_broker_port,
                    error.fault.value,
                )
            self._changed(error.fault)
            return
        self._broker = broker
        self._call(broker.address, is_shared=False)

    def _call(self, address: BrokerAddress, *, is_shared: bool) -> None:
        self._line = Line(
            address, client_id=self._name.text, is_shared=is_shared, heard=self._hear, changed=self._changed
        )
        self._line.start(acl.frame_filters(self._prefix))

    def _hang_up(self) -> None:
        """End line and broker; what comes from now on is for the other processes, if there are any."""
        line, self._line = self._line, None
        broker, self._broker = self._broker, None
        has_others = False
        with suppress(SQLAlchemyError):
            has_others = processes.is_linked_without(self._name.text, clock.now())
        db.remove()
        if line is not None:
            line.stop(keeps_session=not has_others)
        if broker is not None:
            broker.stop()
        if self._next_beat is not None:
            self._fault, self._next_beat = LinkFault.STOPPED, None
            with suppress(SQLAlchemyError):
                self._note_link()
            db.remove()

    def _hear(self, heard: Heard) -> None:
        """In the line's thread."""
        self._states.hear(heard)
        self._inbox.put(heard)

    def _changed(self, fault: LinkFault | None) -> None:
        """In the line's thread."""
        self._fault, self._has_news = fault, True
        self.wake()

    def _send_due(self) -> None:
        line = self._line
        while line is not None and line.connection is not None and not self._stop.is_set():
            messages = service.due(now=clock.now(), limit=_AT_ONCE)
            db.remove()
            self._send(messages)
            if len(messages) < _AT_ONCE:
                return

    def _send(self, messages: Sequence[Message]) -> None:
        """What is not taken by the broker now is sent again when its time comes."""
        line = self._line
        for message in messages:
            if line is not None:
                line.publish(message.topic.text(self._prefix), message.payload, message.useful_for)

    def _beat(self) -> None:
        is_time = self._next_beat is not None and clock.monotonic() >= self._next_beat
        if self._has_news or is_time:
            self._has_news = False
            self._next_beat = clock.monotonic() + BEAT_SECONDS
            self._note_link()

    def _note_link(self) -> None:
        fault = self._fault
        gateway_service.note_link(
            name=self._name.text,
            is_connected=fault is None,
            fault=fault.value if fault is not None else "",
            now=clock.now(),
        )


class _States:
    """The owner's ear for the states of carriers: what the broker retains first, and who is not among it."""

    def __init__(self, prefix: str, inbox: Inbox) -> None:
        self._prefix, self._inbox = prefix, inbox
        self._heard_of: set[CarrierName] = set()
        self._connection: object | None = None
        self._is_listening = False
        self._until: float | None = None

    def hear(self, heard: Heard) -> None:
        """Note whose state comes; in the line's thread."""
        with suppress(MalformedError):
            topic = parse_topic(heard.topic, self._prefix)
            if isinstance(topic, StateTopic):
                self._heard_of.add(topic.carrier)

    def look(self, line: Line, *, wants_them: bool) -> None:
        """Listen on each new connection, as long as this process owns the ports."""
        connection = line.connection
        if connection is None:
            self._connection, self._is_listening, self._until = None, False, None
            return
        is_new, self._connection = connection is not self._connection, connection
        if wants_them and (is_new or not self._is_listening):
            self._heard_of = set()
            line.subscribe(acl.state_filters(self._prefix))
            self._until = clock.monotonic() + COLLECT_SECONDS
        elif not wants_them and (is_new or self._is_listening):
            # A session that goes on may hear them still, from when its process owned the ports.
            line.unsubscribe(acl.state_filters(self._prefix))
            self._until = None
        self._is_listening = wants_them
        if self._until is not None and clock.monotonic() >= self._until:
            self._until = None
            self._inbox.put(Silence(self._heard_of))
