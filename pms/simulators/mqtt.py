"""A simulated gateway or 4G module at a real broker, over paho: its clock runs, its locks have doors that can be tried."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pms.protocol.errors import MalformedError
from pms.protocol.topics import DEFAULT_PREFIX, CarrierState, FrameTopic, StateTopic, Way, parse_topic

from .gateway import SimulatedCarrier
from .lock import Answer, VirtualLock

KEEP_ALIVE = 30
LONGEST_WITHOUT_TRY = 4
WORDS = (
    "power off|on | loss SHARE | delay SECONDS [SECONDS] | range LOCK in|out | battery LOCK PERCENT | "
    "open LOCK | code LOCK DIGITS | bring LOCK FRAME | show"
)


@dataclass(frozen=True, slots=True)
class Account:
    """Where a carrier logs in, and with what. Without TLS the password is readable on the way."""

    host: str
    port: int
    user: str
    password: str
    has_tls: bool = False
    prefix: str = DEFAULT_PREFIX


class OnlineCarrier:
    """Under power until `close`; also a context manager. All methods from any thread.

    `now` gives the time in Unix seconds. `guard` is held whenever a lock is touched. `keep` stores the locks; it is called with
    the guard held before anything leaves that a lock has said, since a lock forgets none of that.
    """

    def __init__(
        self,
        carrier: SimulatedCarrier,
        account: Account,
        *,
        now: Callable[[], float],
        guard: threading.RLock | None = None,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        self.carrier = carrier
        self._account = account
        self._now = now
        self._keep = keep
        self._changed = threading.Condition(guard or threading.RLock())
        self._is_closed = False
        self._client: paho.Client | None = None
        self._refusal = ""
        self._pace = threading.Thread(target=self._run, name=f"carrier {carrier.name.id}", daemon=True)
        self._pace.start()
        if carrier.is_powered:
            self.plug_in()

    def __enter__(self) -> OnlineCarrier:
        return self

    def __exit__(self, *_fault: object) -> None:
        self.close()

    @property
    def path(self) -> str:
        """Where it logs in."""
        scheme = "mqtts" if self._account.has_tls else "mqtt"
        return f"{scheme}://{self._account.user}@{self._account.host}:{self._account.port}"

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection to the broker."""
        client = self._client
        return client is not None and client.is_connected()

    def close(self) -> None:
        """Say goodbye to the broker and stop."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        client = self._client
        if client is not None and client.is_connected():
            client.publish(*self._state(CarrierState(is_online=False)), retain=True).wait_for_publish(1)
        self._drop()
        self._pace.join()

    # What happens to it

    def plug_in(self) -> None:
        """The network is there: connect, and again whenever the connection breaks."""
        with self._changed:
            if self._client is not None or not self.carrier.is_powered:
                return
            client = self._client = self._make_client()
        client.loop_start()

    def unplug(self) -> None:
        """The network is gone. The broker hears no goodbye, so it publishes the last will."""
        self._drop()

    def set_power(self, *, is_on: bool) -> None:
        """Cut its power, or give it back. What it knew is lost; its locks work on."""
        with self._changed:
            if is_on == self.carrier.is_powered:
                return
            if is_on:
                self.carrier.restore_power(self._now())
                self._changed.notify_all()
            else:
                self.carrier.cut_power()
        if is_on:
            self.plug_in()
        else:
            self._drop()

    def use(self, lock: str, what: Callable[[VirtualLock, int], Any]) -> Any:
        """Do something at the door; what the lock notes of it is carried at once. ValueError where its battery is empty."""
        with self._changed:
            if not self.carrier.locks[lock].state.battery:
                raise ValueError("the lock's battery is empty")
            done = what(self.carrier.locks[lock], int(self._now()))
            self.notice(lock)
            return done

    def notice(self, lock: str) -> None:
        """Something was done at the lock, perhaps by somebody else."""
        self._change(lambda at: self.carrier.notice(lock, at))

    def refresh(self) -> None:
        """Whatever waits goes now."""
        self._change(self.carrier.refresh)

    def obey(self, words: list[str], rest: str) -> str:  # noqa: ARG002 - of the interface
        """One of `WORDS`; LOCK is a serial number."""
        match words:
            case ["power", "off" | "on" as to]:
                self.set_power(is_on=to == "on")
                return ""
            case ["loss", share]:
                self.carrier.radio.loss = _share(share)
                return ""
            case ["delay", *seconds] if 1 <= len(seconds) <= 2:
                self.carrier.radio.delay = _span(seconds[0], seconds[-1])
                return ""
            case ["show"]:
                return json.dumps(self._shown())
            case [what, lock, *values]:
                return self._at_lock(what, lock.upper(), values)
            case _:
                raise ValueError(WORDS)

    # Inside

    def _at_lock(self, what: str, serial: str, values: list[str]) -> str:
        if serial not in self.carrier.locks:
            raise ValueError(f"no such command, or no such lock: {WORDS}")
        match what, values:
            case "range", ["in" | "out" as to]:
                self._change(lambda at: self.carrier.set_in_range(serial, at, in_range=to == "in"))
            case "battery", [percent] if percent.isdecimal() and int(percent) <= 100:
                self._change(lambda at: self.carrier.set_battery(serial, int(percent), at))
            case "open", []:
                self.use(serial, VirtualLock.use_inside_handle)
            case "code", [digits]:
                answer: Answer = self.use(serial, lambda lock, at: lock.type_code(digits, at))
                return answer.result.name.lower()
            case "bring", [frame]:
                return bytes.hex(self.use(serial, lambda lock, at: lock.receive(bytes.fromhex(frame), at)) or b"")
            case _:
                raise ValueError(WORDS)
        return ""

    def _change(self, what: Callable[[float], None]) -> None:
        with self._changed:
            what(self._now())
            self._keep()
            self._changed.notify_all()

    def _shown(self) -> dict[str, Any]:
        radio = self.carrier.radio
        return {
            "power": self.carrier.is_powered,
            "connected": self.is_connected,
            "refusal": self._refusal,
            "locks": [
                {
                    "lockSn": serial,
                    "mac": lock.state.mac.hex(":").upper(),
                    "lockKeys": lock.state.lock_keys.hex().upper(),
                    "isBound": lock.state.is_bound,
                    "battery": lock.state.battery,
                    "inRange": serial not in radio.silent,
                    "records": lock.state.newest_sequence,
                }
                for serial, lock in self.carrier.locks.items()
            ],
        }

    def _run(self) -> None:
        """The carrier's own pace: whatever it has to do is done when it is due."""
        while True:
            with self._changed:
                if self._is_closed:
                    return
                messages = self.carrier.step(self._now())
                if messages:
                    self._keep()
                client = self._client
            # What cannot leave now is not kept: a report comes again, and a request that was not answered, too.
            if client is not None and client.is_connected():
                for topic, frame in messages:
                    client.publish(topic.text(self._account.prefix), frame, qos=1)
            with self._changed:
                due = self.carrier.next_at()
                if not self._is_closed:
                    self._changed.wait(max(0.0, due - self._now()) if due is not None else None)

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.carrier.name.id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.username_pw_set(self._account.user, self._account.password)
        if self._account.has_tls:
            client.tls_set()
        client.will_set(*self._state(CarrierState(is_online=False)), retain=True)
        client.reconnect_delay_set(1, LONGEST_WITHOUT_TRY)
        client.on_connect, client.on_message = self._connected, self._arrived
        client.connect_async(self._account.host, self._account.port, KEEP_ALIVE)
        return client

    def _state(self, state: CarrierState) -> tuple[str, bytes, int]:
        """Topic, payload and quality of service."""
        return StateTopic(self.carrier.name).text(self._account.prefix), state.encode(), 1

    def _connected(
        self, client: paho.Client, _data: Any, _flags: paho.ConnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        self._refusal = str(reason) if reason.is_failure else ""
        if reason.is_failure:
            return
        name = self.carrier.name
        client.subscribe(f"{self._account.prefix}/{name.sort}/{name.id}/+/{Way.DOWN}", qos=1)
        client.publish(*self._state(self.carrier.state()), retain=True)
        with self._changed:
            self.carrier.refresh(self._now())
            self._changed.notify_all()

    def _arrived(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = parse_topic(message.topic, self._account.prefix)
        except MalformedError:
            return
        if isinstance(topic, FrameTopic):
            with self._changed:
                self.carrier.receive(topic, bytes(message.payload), self._now())
                self._changed.notify_all()

    def _drop(self) -> None:
        """Break the connection without a goodbye."""
        with self._changed:
            client, self._client = self._client, None
        if client is None:
            return
        line = client.socket()
        if line is not None:
            # paho alone would say goodbye first; now its goodbye only ends its tries to come back.
            with suppress(OSError):
                cast("socket.socket", line).shutdown(socket.SHUT_RDWR)
        client.disconnect()
        client.loop_stop()


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError("a share is a number from 0 to 1")
    return share


def _span(least: str, most: str) -> tuple[float, float]:
    span = float(least), float(most)
    if not 0 <= span[0] <= span[1]:
        raise ValueError("a delay is a number of seconds, or the least and the most")
    return span
