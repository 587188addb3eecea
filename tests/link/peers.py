"""Whoever talks to a broker in tests: a carrier as it would be on the wall, in MQTT 3.1.1, which every gateway speaks."""

from __future__ import annotations

import queue
import ssl
import threading
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from pms.config import BrokerAddress

PATIENCE = 8.0


class Peer:
    """A client that waits for what it asked for. `verdict` is "" once it is connected, else why it is not."""

    def __init__(
        self,
        address: BrokerAddress,
        username: str,
        password: str,
        *,
        will: tuple[str, bytes] | None = None,
        client_id: str = "",
        is_lasting: bool = False,
    ) -> None:
        """`is_lasting`: the broker keeps what comes while it is away, as no carrier of ours asks for."""
        self.heard: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
        self.is_gone = threading.Event()
        self._answered = threading.Event()
        self._subscribed: queue.Queue[list[Any]] = queue.Queue()
        self.verdict = "no answer"
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or (username if is_lasting else ""),
            reconnect_on_failure=False,
            clean_session=not is_lasting,
        )
        client.username_pw_set(username, password)
        if address.is_tls:
            client.tls_set_context(ssl.create_default_context(cafile=address.ca_file))
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: (self.is_gone.set(), self._answered.set())
        client.on_message = lambda _client, _userdata, message: self.heard.put(message)
        client.on_subscribe = lambda _client, _userdata, _mid, reasons, _properties: self._subscribed.put(reasons)
        client.connect(address.host, address.port)
        client.loop_start()
        assert self._answered.wait(PATIENCE)

    def subscribe(self, *filters: str) -> bool:
        """Whether the broker takes all of the subscriptions."""
        self._client.subscribe([(text, 1) for text in filters])
        return not any(reason.is_failure for reason in self._subscribed.get(timeout=PATIENCE))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Say it, and wait until the broker has it, or has thrown us out."""
        said = self._client.publish(topic, payload, qos=1, retain=retain)
        while not (said.is_published() or self.is_gone.is_set()):
            said.wait_for_publish(0.1)

    def hear(self, seconds: float = PATIENCE) -> tuple[str, bytes] | None:
        """The next message, or None."""
        try:
            message = self.heard.get(timeout=seconds)
        except queue.Empty:
            return None
        return message.topic, bytes(message.payload)

    def topics(self) -> Sequence[str]:
        """Of everything that was heard and not taken yet."""
        return [message.topic for message in list(self.heard.queue)]

    def vanish(self) -> None:
        """The power fails: no good-bye."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(2)

    def leave(self) -> None:
        """Go, as it should be done."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.verdict = str(reason) if reason.is_failure else ""
        self._answered.set()
