"""amqtt's broker with the house's rules.

amqtt 0.12 trusts its clients more than a house can. Its plugins are asked too late or not at all: a log-in is judged after the
session of that client id was given away, a last will goes to any topic, whoever connects is sent what is retained for everybody's
subscriptions, a packet may have 256 MB, and a peer that has gone silent is waited for. So the steps in question are replaced here
instead. The client id that a peer names means nothing: its user is its session, and every session begins clean.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from amqtt.adapters import StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import AMQTTError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler

from pms.core.db import db
from pms.gateways import log_ins, passwords
from pms.link import acl
from pms.link.packets import Packets
from pms.protocol.errors import MalformedError
from pms.protocol.topics import MAX_STATE_BYTES, StateTopic, parse_topic

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from amqtt.session import Session

HOST = "127.0.0.1"
# The user of the server's own client.
SERVER = "server"
_GREETING_SECONDS = 10
_LONGEST_SILENCE = 180
_LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)
# They write what is in messages and who connects; what an operator should know is said here.
for _name in ("amqtt", "transitions"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class _Guests:
    """Who may come in, by the database; asked in threads, so that nobody waits for it but whom it concerns."""

    def __init__(self, secret: str, asking: ThreadPoolExecutor) -> None:
        self._secret, self._asking = secret, asking
        self._refused: set[str] = set()

    async def let_in(self, username: str, password: str) -> str | None:
        """The hash that lets this carrier in, "" for the server itself; None for whoever may not."""
        if username == SERVER:
            return "" if hmac.compare_digest(password.encode(), self._secret.encode()) else None
        carrier = acl.carrier_of(username)
        kept = (await self.hashes([username])).get(username) if carrier is not None else None
        if passwords.is_right(password, kept):
            self._refused.discard(username)
            return kept
        if carrier is not None and username not in self._refused and len(self._refused) < 1000:
            # Once: it will go on trying.
            self._refused.add(username)
            _log.warning("the broker refuses %s: not bound, or a wrong password", username)
        return None

    async def hashes(self, usernames: list[str]) -> dict[str, str]:
        """The hashes of those of them that may come in."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._asking, partial(_password_hashes, usernames))


def _password_hashes(usernames: list[str]) -> dict[str, str]:
    try:
        return log_ins.password_hashes(usernames)
    finally:
        db.remove()


class HouseBroker(Broker):  # type: ignore[misc]
    """amqtt's broker with the house's rules; see above why it is asked nothing by plugins."""

    def __init__(
        self, *, port: int, prefix: str, secret: str, loop: asyncio.AbstractEventLoop, asking: ThreadPoolExecutor
    ) -> None:
        self.port, self._prefix = port, prefix
        self._guests = _Guests(secret, asking)
        # By user: the hash that it came in with.
        self._came_with: dict[str, str] = {}
        self._watch: asyncio.Task[None] | None = None
        super().__init__(
            BrokerConfig(listeners={"default": ListenerConfig(bind=f"{HOST}:{port}")}, plugins={}), loop=loop
        )

    async def start(self) -> None:
        await super().start()
        self._watch = asyncio.create_task(self._watch_guests())

    async def close(self) -> None:
        """Everything of it ends."""
        if self._watch is not None:
            self._watch.cancel()
        await self.shutdown()

    async def _create_server_instance(self, listener_name: str, *_: Any) -> asyncio.Server:
        server = await asyncio.start_server(
            partial(self._welcome, listener_name=listener_name), HOST, self.port, reuse_address=True
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str) -> None:
        try:
            await self._client_connected(listener_name, Packets(reader), StreamWriterAdapter(writer))
        except asyncio.CancelledError:
            # The broker is being stopped.
            pass
        except Exception as error:  # noqa: BLE001 - whatever a peer sends, the others are served
            _log.info("a connection to the broker ended: %s", type(error).__name__)
        finally:
            writer.close()

    async def _initialize_client_session(
        self, reader: Packets, writer: StreamWriterAdapter, *_: Any
    ) -> tuple[BrokerProtocolHandler, Session]:
        """Hear the greeting, and judge it before anything of anybody is touched."""
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                handler, session = await _Handler.init_from_connect(reader, writer, self.plugins_manager)
        except TimeoutError as error:
            raise AMQTTError("no greeting") from error
        user = session.username or ""
        came_with = await self._guests.let_in(user, session.password or "")
        # Nobody looks at it any more.
        session.password = None
        if came_with is not None and not self._may_leave(user, session):
            came_with = None
        session.attributes["is_let_in"] = came_with is not None
        session.keep_alive = min(session.keep_alive * 3 // 2 or _LONGEST_SILENCE, _LONGEST_SILENCE)
        session.clean_session, session.parent = True, 0
        if came_with is None:
            session.client_id = f"refused {secrets.token_hex(8)}"
            return handler, session
        session.client_id = user
        await self._end_session(user)
        self._came_with[user] = came_with
        return handler, session

    def _may_leave(self, user: str, session: Session) -> bool:
        """Whether its last will is its own to write: that it is not there any more."""
        if not session.will_flag:
            return True
        carrier = acl.carrier_of(user)
        try:
            topic = parse_topic(session.will_topic or "", self._prefix)
        except MalformedError:
            return False
        is_own = isinstance(topic, StateTopic) and topic.carrier == carrier
        return is_own and len(session.will_message or b"") <= MAX_STATE_BYTES

    async def _end_session(self, user: str) -> None:
        """Whoever is here under this name goes, with its last will, before its successor comes."""
        session, handler = self._sessions.get(user, (None, None))
        if session is None or handler is None:
            return
        await self._throw_out(handler)
        for _ in range(100):
            if session.transitions.state != "connected":
                break
            await asyncio.sleep(0.02)
        await self._delete_session(user)

    @staticmethod
    async def _throw_out(handler: BrokerProtocolHandler) -> None:
        await handler.handle_connection_closed()
        with suppress(OSError, TimeoutError, AMQTTError):
            await handler.stop()

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return bool(session.attributes.get("is_let_in"))

    async def _handle_client_session(self, *details: Any) -> None:
        """A peer that was refused leaves nothing behind."""
        session = details[2]
        try:
            await super()._handle_client_session(*details)
        finally:
            if not session.attributes.get("is_let_in"):
                self._sessions.pop(session.client_id, None)

    async def _client_message_loop(self, client_session: Session, handler: BrokerProtocolHandler) -> None:
        """Whoever is sent away for what it sent leaves its last will, as everybody else."""
        await super()._client_message_loop(client_session, handler)
        if _is_here(client_session):
            gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            gone.set_result(None)
            await self._handle_disconnect(client_session, handler, gone)

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        if session.username == SERVER:
            return True
        carrier = acl.carrier_of(session.username or "")
        if carrier is None:
            return False
        may = acl.may_publish if action is Action.PUBLISH else acl.may_hear
        return may(carrier, topic, self._prefix)

    async def retain_message(
        self,
        source_session: Session | None,
        topic_name: str | None,
        data: bytes | bytearray | None,
        qos: int | None = None,
    ) -> None:
        """Only states are kept, so that there are no more than carriers."""
        with suppress(MalformedError):
            if (
                isinstance(parse_topic(topic_name or "", self._prefix), StateTopic)
                and len(data or b"") <= MAX_STATE_BYTES
            ):
                await super().retain_message(source_session, topic_name, data, qos)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """amqtt asks this of a new client for the subscriptions of all others too."""
        if any(holder is session for holder, _qos in self._subscriptions.get(subscription[0], ())):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _watch_guests(self) -> None:
        """Whoever was unbound, or given another password, is thrown out within seconds, whichever process did it."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            here = [user for user, (session, _) in self._sessions.items() if acl.carrier_of(user) and _is_here(session)]
            if not here:
                continue
            try:
                may = await self._guests.hashes(here)
            except Exception:  # noqa: BLE001 - the database may be away for a moment
                _log.warning("the broker could not look up who may be here")
                continue
            for user in here:
                if may.get(user) != self._came_with.get(user):
                    _log.warning("the broker throws %s out: not bound any more, or another password", user)
                    await self._throw_out(self._sessions[user][1])


def _is_here(session: Session) -> bool:
    return bool(session.transitions.state == "connected")


class _Handler(BrokerProtocolHandler):  # type: ignore[misc]
    """Ends the connection of a peer that has been silent for too long; its last will goes out."""

    def handle_read_timeout(self) -> None:
        self._end_reading()

    async def stop(self) -> None:
        """Cancelling alone may be lost while a packet comes in (asyncio.wait_for before Python 3.12), and be waited for in vain."""
        self._end_reading()
        await super().stop()

    def _end_reading(self) -> None:
        if self.reader is not None:
            self.reader.feed_eof()
