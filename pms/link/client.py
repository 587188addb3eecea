"""The server's line to a broker: one paho client a connection, made anew with pauses as long as it is wanted.

An external broker is spoken to in MQTT 5: the session lives on for a minute, so that what comes while this process starts again is
not lost, and every frame says how long it is of use. The embedded one knows MQTT 3.1.1 only, and forgets whoever leaves.

Nothing is acknowledged by itself: whoever hears a message says when it is stored (`Heard.acknowledge`). A client is thrown away
with its connection, so that no frame leaves long after it was meant to, and no acknowledgement meets another message.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from pms.gateways.processes import LinkFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from pms.config import BrokerAddress

_KEEP_ALIVE = 20
_CONNECT_SECONDS = 5.0
# A process that comes back within this time finds what came meanwhile. One that does not keeps its share of the frames from the
# others for no longer.
SESSION_SECONDS = 60
_PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0)
_SHARED = "$share/latchkey/"
_BAD_LOG_IN = {"Bad user name or password", "Not authorized", "Bad authentication method", "Banned"}
_log = logging.getLogger(__name__)
_paho = _log.getChild("paho")
# That connections end is said here, in fewer words.
_paho.addFilter(lambda record: str(record.msg).startswith("Caught exception"))


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came, and has not been acknowledged yet."""

    topic: str
    payload: bytes
    _client: mqtt.Client
    _mid: int
    _qos: int

    def acknowledge(self) -> None:
        """It is stored: the broker may forget it. Nothing happens where its connection has ended."""
        if self._qos:
            self._client.ack(self._mid, self._qos)


class Line:
    """A connection that is wanted until `stop`. `heard` is called in its thread with every message, and must return at once;
    `changed` with the fault when it is there (None) and when it is not, only when that is news.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        is_shared: bool,
        heard: Callable[[Heard], None],
        changed: Callable[[LinkFault | None], None],
    ) -> None:
        """`is_shared`: the broker speaks MQTT 5, and several processes of the server share the frames."""
        self.address = address
        self._client_id = client_id
        self._is_shared = is_shared
        self._heard, self._changed = heard, changed
        self._filters: list[str] = []
        self._stop = threading.Event()
        self._keeps_session = True
        self._client: mqtt.Client | None = None
        self._lock = threading.Lock()
        # What was said last; nothing yet.
        self._said: tuple[LinkFault | None, ...] = ()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    @property
    def connection(self) -> object | None:
        """What stands for the present connection, to be told from an earlier one; None while there is none."""
        return self._client

    def start(self, filters: Sequence[str]) -> None:
        """Begin; frames of these topics are heard from now on."""
        self._filters = [(_SHARED if self._is_shared else "") + text for text in filters]
        self._thread.start()

    def stop(self, *, keeps_session: bool = True) -> None:
        """End. `keeps_session` False: what comes from now on is for the other processes, at once."""
        self._keeps_session = keeps_session
        self._stop.set()
        if (client := self._client) is not None:
            self._say_good_bye(client)
        if self._thread.is_alive():
            self._thread.join(_CONNECT_SECONDS + 2)

    def subscribe(self, filters: Sequence[str]) -> None:
        """Hear these topics too, beginning with what the broker holds of them, until the connection ends."""
        if (client := self._client) is not None:
            client.subscribe([(text, 1) for text in filters])

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Hear these no more."""
        if (client := self._client) is not None:
            client.unsubscribe(list(filters))

    def publish(self, topic: str, payload: bytes, useful_for: timedelta | None) -> bool:
        """Hand a frame to the broker, once; False where that cannot be, and it is to be sent again some time."""
        client, properties = self._client, None
        if client is None:
            return False
        if self._is_shared and useful_for is not None:
            # Whole seconds, rounded down: what opens a door must not come late. 0 would mean that it never ends.
            seconds = int(useful_for.total_seconds())
            if seconds < 1:
                return False
            properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=seconds)
        return client.publish(topic, payload, qos=1, properties=properties).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _run(self) -> None:
        tries = 0
        while not self._stop.is_set():
            had_connection = False
            client = self._make_client()
            ended = _end_of(client)
            try:
                self._connect(client)
                # In a thread of its own, which other threads wake when they have something to send.
                client.loop_start()
                ended.wait()
                client.loop_stop()
            except ssl.SSLError:
                self._note(LinkFault.CERTIFICATE)
            except (OSError, ValueError):
                self._note(LinkFault.UNREACHABLE)
            except Exception:  # noqa: BLE001 - whatever it was, the next connection may go well
                _log.exception("the line to the broker had to begin again")
                self._note(LinkFault.UNREACHABLE)
            finally:
                with self._lock:
                    had_connection, self._client = self._client is client, None
            if had_connection and not self._stop.is_set():
                self._note(LinkFault.UNREACHABLE)
            tries = 0 if had_connection else tries + 1
            self._stop.wait(_PAUSES[min(tries, len(_PAUSES) - 1)])

    def _connect(self, client: mqtt.Client) -> None:
        properties = None
        if self._is_shared:
            properties = _properties(PacketTypes.CONNECT, SessionExpiryInterval=SESSION_SECONDS)
            client.connect(self.address.host, self.address.port, _KEEP_ALIVE, clean_start=False, properties=properties)
        else:
            client.connect(self.address.host, self.address.port, _KEEP_ALIVE)

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_shared else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._is_shared else True,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.username_pw_set(self.address.username, self.address.password)
        client.connect_timeout = _CONNECT_SECONDS
        # A fault in one of our own answers must not end the thread that nobody waits for.
        client.suppress_exceptions = True
        client.enable_logger(_paho)
        if self.address.is_tls:
            client.tls_set_context(ssl.create_default_context(cafile=self.address.ca_file))
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._note(LinkFault.LOG_IN if str(reason) in _BAD_LOG_IN else LinkFault.REFUSED)
            return
        with self._lock:
            self._client = client
        client.subscribe([(text, 1) for text in self._filters])
        if self._stop.is_set():
            self._say_good_bye(client)

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: list[Any], _properties: Properties | None
    ) -> None:
        """Frames are heard only now."""
        self._note(LinkFault.REFUSED if any(reason.is_failure for reason in reasons) else None)

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._heard(Heard(message.topic, bytes(message.payload), client, message.mid, message.qos))

    def _say_good_bye(self, client: mqtt.Client) -> None:
        properties = None
        if self._is_shared and not self._keeps_session:
            properties = _properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0)
        with contextlib.suppress(OSError, ValueError):
            client.disconnect(properties=properties)

    def _note(self, fault: LinkFault | None) -> None:
        if self._said == (fault,):
            return
        self._said = (fault,)
        if fault is None:
            _log.info("connected to the broker at %s", self.address.url)
        else:
            _log.warning("no line to the broker at %s: %s", self.address.url, fault.value)
        self._changed(fault)


def _end_of(client: mqtt.Client) -> threading.Event:
    """What is set when its connection ends."""
    ended = threading.Event()
    client.on_disconnect = lambda *_: ended.set()
    return ended


def _properties(packet: int, **values: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
