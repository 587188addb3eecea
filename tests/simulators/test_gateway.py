"""A simulated gateway between locks and a server that says yes to everything: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest

from pms.protocol import kdf
from pms.protocol.command import ACKNOWLEDGED, AssociateModule, Operate, Operation, decode_report
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.record import RecordMethod
from pms.protocol.topics import CarrierName, CarrierSort, FrameTopic, Way
from pms.simulators.gateway import Radio, SimulatedGateway, SimulatedModule
from pms.simulators.gateway.carrier import FIRST_PAUSE, LONGEST_PAUSE
from pms.simulators.lock import VirtualLock

from . import lock_world as world
from .lock_world import NOW

NAME = CarrierName(CarrierSort.GATEWAY, "5A0C4E1B2D90")
IMEI, SIM = "490154203237518", "460001234567899"


def locks(count: int) -> dict[str, VirtualLock]:
    made = {}
    for number in range(count):
        lock = world.bound_lock(sn=bytes((1, 0, 0, 0, 0, number)))
        made[lock.state.sn.hex().upper()] = lock
    return made


@dataclass
class Server:
    """Acknowledges each report after half a second, and asks what it is told to ask, until it is answered."""

    carrier: SimulatedGateway | SimulatedModule
    random: Random
    loss: float = 0.0
    reports: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    asked: dict[str, bytes] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    sent_at: list[float] = field(default_factory=list)
    at: float = float(NOW)

    def run(self, until: float, asks_every: float = 20.0) -> None:
        """Let time pass."""
        down: list[tuple[float, FrameTopic, bytes]] = []
        ask_at = self.at
        while True:
            times = [self.carrier.next_at(), *(due for due, _, _ in down), ask_at]
            at = min(time for time in times if time is not None)
            if at > until:
                break
            self.at = at
            if at >= ask_at:
                down += [(at, self.topic(lock), frame) for lock, frame in self.asked.items()]
                ask_at = at + asks_every
            for due, topic, frame in [one for one in down if one[0] <= at]:
                down.remove((due, topic, frame))
                self.carrier.receive(topic, frame, at)
            for topic, frame in self.carrier.step(at):
                back = self.take(topic, frame)
                if back is not None and self.random.random() >= self.loss:
                    down.append((at + 0.5, self.topic(topic.lock), back))
        self.at = until

    def take(self, topic: FrameTopic, frame: bytes) -> bytes | None:
        lock = self.carrier.locks[topic.lock]
        assert (topic.carrier, topic.way) == (self.carrier.name, Way.UP)
        head = peek_header(frame)
        if head.direction is Direction.ANSWER:
            self.answers[topic.lock] += 1
            self.asked.pop(topic.lock, None)
            return None
        self.sent_at.append(self.at)
        kept = self.reports.setdefault(topic.lock, [])
        if (head.counter, frame) not in kept:
            kept.append((head.counter, frame))
        answer = Frame(head.version, head.command, Direction.ACKNOWLEDGEMENT, head.counter, ACKNOWLEDGED)
        return seal_frame(kdf.command_key(lock.state.k_lock()), lock.state.sn, answer)

    def topic(self, lock: str) -> FrameTopic:
        return FrameTopic(self.carrier.name, lock, Way.DOWN)

    def records(self, lock: str) -> list[bytes]:
        """What reports of this lock told of it, in the order of their counters."""
        state = self.carrier.locks[lock].state
        key = kdf.command_key(state.k_lock())
        opened = [open_frame(key, state.sn, frame) for _, frame in sorted(self.reports.get(lock, []))]
        return [decode_report(each.command, each.plaintext, each.version).record.encode() for each in opened]


def unlock(lock: VirtualLock, at: float, *, seconds: int = 20) -> bytes:
    return world.request(lock, Operate(Operation.UNLOCK, int(at) + seconds))


@pytest.mark.parametrize("seed", range(8))
def test_every_record_comes_up_once_and_in_order_whatever_happens_to_radio_and_power(seed):
    random = Random(seed)
    radio = Radio(random, delay=(0.05, 20.0), loss=0.4)
    gateway = SimulatedGateway(NAME, locks(3), radio)
    server = Server(gateway, random, loss=0.3)
    commanded = Counter()
    for _ in range(100):
        lock = random.choice(list(gateway.locks))
        match random.randrange(8):
            case 0:
                gateway.cut_power()
            case 1:
                gateway.restore_power(server.at)
            case 2 | 3:
                gateway.set_in_range(lock, server.at, in_range=random.random() < 0.5)
            case 4 if lock not in server.asked:
                server.asked[lock] = unlock(gateway.locks[lock], server.at, seconds=7200)
                commanded[lock] += 1
            case _:
                gateway.locks[lock].use_inside_handle(int(server.at))
                gateway.notice(lock, server.at)
        server.run(server.at + random.uniform(0, 120))
    for lock in gateway.locks:
        gateway.set_in_range(lock, server.at, in_range=True)
    gateway.restore_power(server.at)
    server.run(server.at + 3600)
    assert sum(commanded.values()) >= 3
    for serial, lock in gateway.locks.items():
        assert lock.pending_report(int(server.at)) is None
        written = [record.raw for record in lock.state.records]
        assert server.records(serial) == written
        done = sum(record.value.method is RecordMethod.COMMAND for record in lock.state.records)
        assert done == commanded[serial]
    assert not server.asked


def test_a_request_is_brought_three_times_at_most_and_done_once(monkeypatch):
    gateway = SimulatedGateway(NAME, locks(1), Radio(Random(1)))
    ((serial, lock),) = gateway.locks.items()
    frame = unlock(lock, NOW)
    flown = []
    with monkeypatch.context() as nothing_arrives:
        nothing_arrives.setattr(Radio, "flight", lambda _radio, lock, _size: flown.append(lock))
        gateway.receive(FrameTopic(NAME, serial, Way.DOWN), frame, NOW)
        gateway.step(NOW + 60)
    assert flown == [serial] * 3
    assert gateway.next_at() is None

    # Only the answers get lost: the lock hears the request three times, and opens once.
    monkeypatch.setattr(Radio, "flight", lambda _radio, _lock, size: 0.1 if size == len(frame) else None)
    gateway.receive(FrameTopic(NAME, serial, Way.DOWN), frame, NOW)
    assert gateway.step(NOW + 10) == []
    assert [record.value.method for record in lock.state.records] == [RecordMethod.COMMAND]


def test_what_comes_too_late_by_radio_opens_nothing():
    gateway = SimulatedGateway(NAME, locks(1), Radio(Random(2), delay=(30, 31)))
    ((serial, lock),) = gateway.locks.items()
    gateway.receive(FrameTopic(NAME, serial, Way.DOWN), unlock(lock, NOW), NOW)
    (topic, _answer), *_ = gateway.step(NOW + 300)
    assert topic == FrameTopic(NAME, serial, Way.UP)
    assert lock.state.records == []


def test_a_gateway_that_hangs_brings_what_came_meanwhile_however_old_and_the_lock_refuses_it():
    ((serial, lock),) = (held := locks(1)).items()
    gateway = SimulatedGateway(NAME, held, Radio(Random(1)))
    gateway.hang(NOW + 40)
    gateway.receive(FrameTopic(NAME, serial, Way.DOWN), unlock(lock, NOW), NOW)
    assert (gateway.step(NOW + 39), gateway.next_at()) == ([], NOW + 40)
    counter = lock.state.last_counter
    gateway.step(NOW + 41)
    assert lock.state.last_counter > counter
    assert lock.state.records == []


def test_an_unanswered_report_is_repeated_with_longer_and_longer_pauses_and_held_where_the_lock_is_gone():
    gateway = SimulatedGateway(NAME, locks(1), Radio(Random(3)))
    ((serial, lock),) = gateway.locks.items()
    lock.use_inside_handle(NOW)
    gateway.notice(serial, NOW)
    sent = []
    while gateway.next_at() < NOW + 3000:
        at = gateway.next_at()
        sent += [(at, frame) for _, frame in gateway.step(at)]
        if len(sent) == 2:
            gateway.set_in_range(serial, at, in_range=False)
    assert {frame for _, frame in sent} == {lock.pending_report(NOW)}
    pauses = [after[0] - before[0] for before, after in pairwise(sent)]
    assert FIRST_PAUSE * 0.8 < pauses[0] < FIRST_PAUSE * 1.3
    assert all(before < after * 1.2 for before, after in pairwise(pauses))
    assert LONGEST_PAUSE * 0.8 < pauses[-1] < LONGEST_PAUSE * 1.2
    gateway.cut_power()
    gateway.restore_power(NOW + 4000)
    # The lock is out of reach, and what the gateway knew of it is forgotten.
    assert gateway.step(NOW + 5000) == []


def test_acknowledgements_that_come_twice_do_not_multiply_reports():
    gateway = SimulatedGateway(NAME, locks(1), Radio(Random(4)))
    ((serial, lock),) = gateway.locks.items()
    server = Server(gateway, Random(4))
    single = gateway.receive
    gateway.receive = lambda *values: [single(*values), single(*values)]  # type: ignore[method-assign]
    for _ in range(50):
        lock.use_inside_handle(NOW)
    gateway.notice(serial, NOW)
    server.run(NOW + 600)
    assert len(server.records(serial)) == 50
    assert len(server.sent_at) <= 60


def test_messages_for_others_and_rubbish_are_dropped():
    gateway = SimulatedGateway(NAME, locks(1), Radio(Random(5)))
    ((serial, lock),) = gateway.locks.items()
    frame, other = unlock(lock, NOW), CarrierName(CarrierSort.GATEWAY, "FFFFFFFFFFFF")
    for topic, payload in (
        (FrameTopic(other, serial, Way.DOWN), frame),
        (FrameTopic(NAME, serial, Way.UP), frame),
        (FrameTopic(NAME, "FFFFFFFFFFFF", Way.DOWN), frame),
        (FrameTopic(NAME, serial, Way.DOWN), frame[:-1]),
    ):
        gateway.receive(topic, payload, NOW)
    gateway.cut_power()
    gateway.receive(FrameTopic(NAME, serial, Way.DOWN), frame, NOW)
    assert gateway.next_at() is None
    assert lock.state.records == []


def test_a_dead_lock_is_silent_and_has_lost_its_clock_when_it_lives_again():
    gateway = SimulatedGateway(NAME, locks(1), Radio(Random(6)))
    ((serial, lock),) = gateway.locks.items()
    gateway.set_battery(serial, 9, NOW)
    assert len(gateway.step(NOW + 1)) == 1
    gateway.set_battery(serial, 0, NOW + 2)
    gateway.set_in_range(serial, NOW + 3, in_range=True)
    gateway.receive(FrameTopic(NAME, serial, Way.DOWN), unlock(lock, NOW), NOW + 3)
    gateway.step(NOW + 60)
    assert [record.value.method for record in lock.state.records] == [RecordMethod.NONE]
    gateway.set_battery(serial, 100, NOW + 60)
    assert lock.clock_lost
    assert len(gateway.step(NOW + 62)) == 1


def test_a_module_tells_the_number_of_its_sim_and_carries_its_own_locks_word_that_it_was_taken():
    name = CarrierName(CarrierSort.MODULE, IMEI)
    ((serial, lock),) = locks(1).items()
    module = SimulatedModule(name, serial, lock, SIM, Random(7))
    assert (module.state().is_online, module.state().sim) == (True, SIM)
    server = Server(module, Random(7))
    server.asked[serial] = world.request(lock, AssociateModule(IMEI))
    server.run(NOW + 30)
    ((_, frame),) = server.reports[serial]
    opened = open_frame(kdf.command_key(lock.state.k_lock()), lock.state.sn, frame)
    said = decode_report(opened.command, opened.plaintext, opened.version)
    assert (said.imei, said.imsi) == (IMEI, SIM)
    assert server.answers[serial] == 1
    assert lock.pending_report(NOW) is None
