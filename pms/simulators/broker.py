"""An MQTT broker and its clients in virtual time, over a `LossyNetwork`.

QoS 1 as MQTT promises it: whoever sends keeps a message and sends it again until the other has acknowledged it, so it comes at
least once while the connection lasts. With the connection goes what was under way; what a client has not got rid of it
sends over the next one, and so does the broker to a client with a persistent session. Retained messages keep their order
for each topic, as a broker promises. All others may overtake each other, which a real line would seldom let them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from .lossy import LossyNetwork

BROKER = "broker"
RESEND_AFTER = 6.0
LONGEST_RESEND = 60.0


@dataclass(frozen=True, slots=True)
class Published:
    """A message; `drop_at` is when the broker may forget it."""

    topic: str
    payload: bytes
    is_retained: bool = False
    drop_at: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What has come to a client; `number` is for `acknowledge`. `was_retained`: the broker held it before the client came."""

    client: str
    topic: str
    payload: bytes
    was_retained: bool
    number: int
    at: float


# What one end has to bring to the other, by number, in order; with it whether the broker held it before the client came.
_Outbox = dict[int, tuple[Published, bool]]


@dataclass(slots=True)
class _Client:
    """What the client's own computer knows."""

    number: int = 0  # of its connection; 0: none
    acknowledges_itself: bool = True
    outbox: _Outbox = field(default_factory=dict)
    newest_retained: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Session:
    """What the broker knows of a client."""

    wants: Callable[[str], bool]
    is_persistent: bool
    number: int = 0  # of the connection that the broker believes in; 0: none
    will: Published | None = None
    outbox: _Outbox = field(default_factory=dict)
    newest_retained: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Packet:
    """Over one connection, one way; without a message it acknowledges that number."""

    client: str
    connection: int
    is_up: bool
    number: int
    message: Published | None = None
    was_retained: bool = False


@dataclass(frozen=True, slots=True)
class _Resend:
    """A sender's alarm clock: whether its message was acknowledged."""

    client: str
    connection: int
    is_up: bool
    number: int
    pause: float


@dataclass(frozen=True, slots=True)
class _Lapse:
    """The broker has heard nothing of a client for one and a half times its keep-alive time."""

    client: str
    connection: int


class SimulatedBroker:
    """The broker and the ends of its clients. All times are Unix seconds."""

    def __init__(self, network: LossyNetwork, *, keep_alive: float = 60.0) -> None:
        self.network = network
        self.keep_alive = keep_alive
        self.is_up = True
        self._numbers = count(1)
        self._clients: dict[str, _Client] = {}
        self._sessions: dict[str, _Session] = {}
        self._retained: dict[str, Published] = {}
        self._delivered: list[Delivery] = []

    # What clients do

    def connect(
        self,
        client: str,
        at: float,
        *,
        wants: Callable[[str], bool],
        will: Published | None = None,
        is_persistent: bool = False,
        acknowledges_itself: bool = True,
    ) -> bool:
        """Connect and subscribe to the topics that `wants` says; False where the broker is not there.

        `acknowledges_itself` is false for a client that acknowledges what it has stored, by `acknowledge`.
        """
        if not self.is_up:
            return False
        session = self._sessions.get(client)
        if session is not None and session.number:
            # The earlier connection was never closed.
            self._end(client, session, at)
            session = self._sessions.get(client)
        if session is None or not is_persistent:
            session = self._sessions[client] = _Session(wants, is_persistent)
        number = next(self._numbers)
        session.wants, session.will, session.number = wants, will, number
        session.newest_retained.clear()
        end = self._clients.setdefault(client, _Client())
        end.number, end.acknowledges_itself = number, acknowledges_itself
        end.newest_retained.clear()
        for topic, message in self._retained.items():
            if wants(topic):
                session.outbox[next(self._numbers)] = (message, True)
        for is_up, outbox in ((True, end.outbox), (False, session.outbox)):
            for one in list(outbox):
                self._send(client, number, one, RESEND_AFTER, at, is_up=is_up)
        return True

    def is_connected(self, client: str) -> bool:
        """Whether the client believes that it is."""
        return client in self._clients and self._clients[client].number != 0

    def publish(self, client: str, message: Published, at: float) -> None:
        """What waits for a connection goes with the next one."""
        end = self._clients.setdefault(client, _Client())
        number = next(self._numbers)
        end.outbox[number] = (message, False)
        if end.number:
            self._send(client, end.number, number, RESEND_AFTER, at, is_up=True)

    def acknowledge(self, delivery: Delivery, at: float) -> None:
        """The client has stored what was delivered."""
        end = self._clients[delivery.client]
        if end.number:
            self.network.send(at, BROKER, _Packet(delivery.client, end.number, True, delivery.number))

    def lose(self, client: str, at: float, *, forgets: bool) -> None:
        """The connection breaks, or (`forgets`) the client ends without a word. The broker finds out later."""
        end = self._clients.setdefault(client, _Client())
        if end.number:
            self.network.remind(at + 1.5 * self.keep_alive, BROKER, _Lapse(client, end.number))
        end.number = 0
        if forgets:
            end.outbox.clear()

    # What happens to the broker

    def kill(self) -> None:
        """It is gone, and with it all connections, without a last will."""
        self.is_up = False
        for session in self._sessions.values():
            session.number, session.will = 0, None
        for end in self._clients.values():
            end.number = 0

    def restart(self, *, remembers: bool) -> None:
        """It is there again; retained messages and persistent sessions only where it `remembers`."""
        self.is_up = True
        self._sessions = {name: one for name, one in self._sessions.items() if remembers and one.is_persistent}
        if not remembers:
            self._retained.clear()

    # Time

    def next_at(self) -> float | None:
        """When something happens next."""
        return self.network.next_at()

    def step(self, at: float) -> list[Delivery]:
        """What has come to clients until then, in order."""
        for arrival in self.network.arrivals(at):
            match arrival.message:
                case _Packet() as packet:
                    self._arrive(packet, arrival.at)
                case _Resend() as resend:
                    self._send(
                        resend.client, resend.connection, resend.number, resend.pause, arrival.at, is_up=resend.is_up
                    )
                case _Lapse(client, connection):
                    session = self._sessions.get(client)
                    if session is not None and session.number == connection:
                        self._end(client, session, arrival.at)
        delivered, self._delivered = self._delivered, []
        return delivered

    # Inside

    def _end(self, client: str, session: _Session, at: float) -> None:
        """The broker closes a connection that was not closed by the client: the will is published."""
        will, session.will, session.number = session.will, None, 0
        if not session.is_persistent:
            del self._sessions[client]
        if will is not None:
            self._spread(will, at)

    def _outbox(self, client: str, *, is_up: bool) -> _Outbox | None:
        if is_up:
            return self._clients[client].outbox
        session = self._sessions.get(client)
        return session.outbox if session is not None else None

    def _holds(self, client: str, connection: int, *, is_up: bool) -> bool:
        """Whether that end still believes in the connection."""
        if is_up:
            return self._clients[client].number == connection
        session = self._sessions.get(client)
        return session is not None and session.number == connection

    def _send(self, client: str, connection: int, number: int, pause: float, at: float, *, is_up: bool) -> None:
        """Send a message of an end's outbox (once more), and look again after a while."""
        outbox = self._outbox(client, is_up=is_up)
        if outbox is None or number not in outbox or not self._holds(client, connection, is_up=is_up):
            return
        message, was_retained = outbox[number]
        if message.drop_at is not None and at > message.drop_at and not is_up:
            del outbox[number]
            return
        destination = BROKER if is_up else client
        self.network.send(
            at, destination, _Packet(client, connection, is_up, number, message, was_retained=was_retained)
        )
        again = _Resend(client, connection, is_up, number, min(2 * pause, LONGEST_RESEND))
        self.network.remind(at + pause, destination, again)

    def _arrive(self, packet: _Packet, at: float) -> None:
        """A packet has come to the other end; what belongs to an earlier connection is lost."""
        if not self._holds(packet.client, packet.connection, is_up=not packet.is_up):
            return
        if packet.message is None:
            outbox = self._outbox(packet.client, is_up=not packet.is_up)
            if outbox is not None:
                outbox.pop(packet.number, None)
        elif packet.is_up:
            self._take_in(packet, packet.message, at)
        else:
            self._hand_over(packet, packet.message, at)

    def _take_in(self, packet: _Packet, message: Published, at: float) -> None:
        session = self._sessions[packet.client]
        self.network.send(at, packet.client, _Packet(packet.client, packet.connection, False, packet.number))
        if _is_news(session.newest_retained, packet, message):
            self._spread(message, at)

    def _spread(self, message: Published, at: float) -> None:
        """To whoever wants it; kept for later comers where it is to be retained."""
        if message.is_retained:
            self._retained[message.topic] = message
        for client, session in self._sessions.items():
            if session.wants(message.topic):
                number = next(self._numbers)
                session.outbox[number] = (message, False)
                if session.number:
                    self._send(client, session.number, number, RESEND_AFTER, at, is_up=False)

    def _hand_over(self, packet: _Packet, message: Published, at: float) -> None:
        end = self._clients[packet.client]
        if end.acknowledges_itself:
            self.network.send(at, BROKER, _Packet(packet.client, packet.connection, True, packet.number))
        if _is_news(end.newest_retained, packet, message):
            self._delivered.append(
                Delivery(packet.client, message.topic, message.payload, packet.was_retained, packet.number, at)
            )
        elif not end.acknowledges_itself:
            self.network.send(at, BROKER, _Packet(packet.client, packet.connection, True, packet.number))


def _is_news(newest: dict[str, int], packet: _Packet, message: Published) -> bool:
    """Whether a message is to be taken: of retained ones, none that is older than, or the same as, the last of its topic."""
    if not message.is_retained:
        return True
    if packet.number <= newest.get(message.topic, 0):
        return False
    newest[message.topic] = packet.number
    return True
