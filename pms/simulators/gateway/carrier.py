"""What a gateway and a module have in common: frames down to locks, answers and reports up, each until it is heard.

A carrier opens no frame. It tells requests from acknowledgements by their header, brings a request again until the lock has
answered it, and keeps a lock's report until the lock has been given the acknowledgement (docs/protocol.md, section 8).
Everything that it knows is lost with its power; what its locks know is not.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count

from pms.protocol.errors import MalformedError
from pms.protocol.frame import Direction, FrameHeader, peek_header
from pms.protocol.topics import CarrierName, CarrierState, FrameTopic, Way
from pms.simulators.lock import VirtualLock

from .radio import Radio

FIRMWARE = "2.1"
TRIES = 3
"""How often a frame is brought to a lock: a request until it is answered, anything until the lock has heard it. Then it is
the server's turn to send it again."""
TRY_AGAIN_AFTER = 2.0
LOST_AFTER = 1.0
"""Whoever's frame nobody took by radio says it again."""
FIRST_PAUSE = 12.0
LONGEST_PAUSE = 300.0
"""Between two sendings of a report that is not acknowledged: doubled each time, up to the longest."""


class SimulatedCarrier:
    """Under power and in touch with a broker, as far as it knows; whoever owns it carries messages to and from that broker.

    Whoever does something at a lock says so by `notice`; the owner calls `step` at `next_at` at the latest.
    """

    def __init__(self, name: CarrierName, locks: dict[str, VirtualLock], radio: Radio) -> None:
        """`locks` by serial number, 12 hex digits in capitals."""
        self.name = name
        self.locks = locks
        self.radio = radio
        self.is_powered = True
        self._hangs_until = 0.0
        self._numbers = count()
        self._to_do: list[tuple[float, int, Callable[[float], None]]] = []
        self._up: list[tuple[FrameTopic, bytes]] = []
        # Counter and frame of requests by lock that it has not answered.
        self._asked: dict[str, tuple[int, bytes]] = {}
        # Reports by lock that it was not given the acknowledgement of.
        self._held: dict[str, bytes] = {}
        # Which of the trains of sendings by lock is the present one.
        self._trains: dict[str, int] = {}

    def state(self) -> CarrierState:
        """What it says of itself when it has connected."""
        return CarrierState(is_online=True, firmware=FIRMWARE)

    # Towards the locks

    def receive(self, topic: FrameTopic, payload: bytes, at: float) -> None:
        """A message of the broker. What is for none of its locks is dropped, as is everything without power."""
        is_mine = topic.carrier == self.name and topic.way is Way.DOWN and topic.lock in self.locks
        header = _header(payload)
        if not self.is_powered or not is_mine or header is None:
            return
        if at < self._hangs_until:
            self._do(self._hangs_until, partial(self.receive, topic, payload))
            return
        if header.direction is Direction.REQUEST:
            self._asked[topic.lock] = (header.counter, payload)
            self._bring_request(topic.lock, payload, TRIES, at)
        else:
            self._bring_acknowledgement(topic.lock, payload, TRIES, at)

    def _bring_acknowledgement(self, lock: str, frame: bytes, tries: int, at: float) -> None:
        if not self._send_down(lock, frame, at) and tries > 1:
            self._do(at + self.radio.vary(LOST_AFTER), partial(self._bring_acknowledgement, lock, frame, tries - 1))

    def _bring_request(self, lock: str, request: bytes, tries: int, at: float) -> None:
        if lock not in self._asked or self._asked[lock][1] != request:
            return
        if not tries:
            del self._asked[lock]
            return
        self._send_down(lock, request, at)
        self._do(at + self.radio.vary(TRY_AGAIN_AFTER), partial(self._bring_request, lock, request, tries - 1))

    def _send_down(self, lock: str, frame: bytes, at: float) -> bool:
        """Whether the lock will hear it."""
        flight = self.radio.flight(lock, len(frame))
        if flight is not None:
            self._do(at + flight, partial(self._reach, lock, frame))
        return flight is not None

    def _reach(self, lock: str, frame: bytes, at: float) -> None:
        """The lock hears a frame, answers, and has perhaps something to report now."""
        if lock in self.radio.silent:
            return
        answer = self.locks[lock].receive(frame, int(at))
        self._heard(lock)
        if answer is not None:
            self._send_up(lock, answer, at)
        # An acknowledgement that comes twice must not let the next report go twice, or they would never be one again.
        report = self.locks[lock].pending_report(int(at))
        if lock in self._held and report != self._held[lock]:
            del self._held[lock]
            self._begin(lock, at)
        elif report is not None:
            self.notice(lock, at)

    def _heard(self, lock: str) -> None:
        """A frame has reached the lock."""

    # Towards the server

    def notice(self, lock: str, at: float) -> None:
        """Something happened at the lock: what it has to report goes at once, unless an earlier report is on its way."""
        if self.is_powered and lock in self.locks and lock not in self._trains:
            self._begin(lock, at)

    def refresh(self, at: float) -> None:
        """The broker is there again, or a lock is: whatever waits goes at once."""
        if self.is_powered:
            for lock in self.locks:
                self._begin(lock, at)

    def _begin(self, lock: str, at: float) -> None:
        number = self._trains[lock] = next(self._numbers)
        self._do(at, partial(self._carry_report, lock, number, FIRST_PAUSE))

    def _carry_report(self, lock: str, number: int, pause: float, at: float) -> None:
        """Once more the report that the lock has now; the one that is held where the lock cannot be asked."""
        if self._trains.get(lock) != number:
            return
        is_silent = lock in self.radio.silent
        report = self._held.get(lock) if is_silent else self.locks[lock].pending_report(int(at))
        if report is None:
            self._held.pop(lock, None)
            del self._trains[lock]
            return
        wait, longer = pause, min(2 * pause, LONGEST_PAUSE)
        if is_silent:
            self._up.append((FrameTopic(self.name, lock, Way.UP), report))
        elif not self._send_up(lock, report, at):
            wait, longer = LOST_AFTER, pause
        self._do(at + self.radio.vary(wait), partial(self._carry_report, lock, number, longer))

    def _send_up(self, lock: str, frame: bytes, at: float) -> bool:
        """Whether the carrier will hear it."""
        flight = self.radio.flight(lock, len(frame))
        if flight is not None:
            self._do(at + flight, partial(self._hear, lock, frame))
        return flight is not None

    def _hear(self, lock: str, frame: bytes, _at: float) -> None:
        header = _header(frame)
        if header is not None and header.direction is Direction.REPORT:
            self._held[lock] = frame
        elif header is not None and lock in self._asked and header.counter == self._asked[lock][0]:
            del self._asked[lock]
        self._up.append((FrameTopic(self.name, lock, Way.UP), frame))

    # Time

    def next_at(self) -> float | None:
        """When there is something to do next; None: not before somebody does something."""
        return self._to_do[0][0] if self._to_do else None

    def step(self, at: float) -> list[tuple[FrameTopic, bytes]]:
        """Do what is due until `at`; the messages for the broker."""
        while self._to_do and self._to_do[0][0] <= at:
            due, _, do = heapq.heappop(self._to_do)
            do(due)
        up, self._up = self._up, []
        return up

    def _do(self, at: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._to_do, (at, next(self._numbers), what))

    # What happens to it and to its locks

    def cut_power(self) -> None:
        """All that it knew and was about to do is gone. It says nothing of it: that is for its last will."""
        self.is_powered = False
        self._hangs_until = 0.0
        for memory in (self._to_do, self._up, self._asked, self._held, self._trains):
            memory.clear()

    def restore_power(self, at: float) -> None:
        """It starts, and asks its locks what they have to report."""
        self.is_powered = True
        self.refresh(at)

    def hang(self, until: float) -> None:
        """It is busy with itself until then: what comes for its locks is brought to them afterwards, however old it is by then."""
        self._hangs_until = until

    def set_in_range(self, lock: str, at: float, *, in_range: bool) -> None:
        """Whether carrier and lock hear each other. A lock with an empty battery is never heard."""
        if in_range and self.locks[lock].state.battery > 0:
            self.radio.silent.discard(lock)
            if self.is_powered:
                self._begin(lock, at)
        else:
            self.radio.silent.add(lock)

    def set_battery(self, lock: str, percent: int, at: float) -> None:
        """The battery sinks or is changed. At 0 the lock is dead; its clock has stopped when it lives again."""
        was_dead = self.locks[lock].state.battery == 0
        self.locks[lock].drain_battery(percent, int(at))
        if percent == 0:
            self.radio.silent.add(lock)
        elif was_dead:
            self.locks[lock].clock_lost = True
            self.set_in_range(lock, at, in_range=True)
        else:
            self.notice(lock, at)


def _header(frame: bytes) -> FrameHeader | None:
    try:
        return peek_header(frame)
    except MalformedError:
        return None
