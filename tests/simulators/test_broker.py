"""A bad line and a broker in virtual time: what MQTT promises holds, and nothing more."""

from __future__ import annotations

from random import Random

import pytest

from pms.simulators.broker import Published, SimulatedBroker
from pms.simulators.lossy import LossyNetwork, Weather

STORM = Weather(delay=(0.05, 2.0), loss=0.3, duplicates=0.2, late=0.1, longest=30.0)
STATE = "house/gate/state"


def everything(_topic: str) -> bool:
    return True


def nothing(_topic: str) -> bool:
    return False


def broker(seed: int = 1, weather: Weather | None = None) -> SimulatedBroker:
    return SimulatedBroker(LossyNetwork(Random(seed), weather or Weather()))


def frame(number: int) -> Published:
    return Published("house/frames", b"%d" % number)


def said(what: bytes) -> Published:
    return Published(STATE, what, is_retained=True)


def payloads(made: SimulatedBroker, until: float, client: str = "server") -> list[bytes]:
    return [one.payload for one in made.step(until) if one.client == client]


def test_a_network_keeps_to_its_weather_and_the_same_seed_gives_the_same_day():
    def day(seed: int) -> list[tuple[float, int]]:
        network = LossyNetwork(Random(seed), Weather((1.0, 2.0), loss=0.2, duplicates=0.1, late=0.1, longest=30.0))
        for number in range(2000):
            network.send(float(number), "there", number)
        network.remind(5000.0, "there", -1)
        return [(one.at, one.message) for one in network.arrivals(5000.0)]

    arrived = day(7)
    assert arrived == day(7) != day(8)
    assert arrived.pop() == (5000.0, -1)
    numbers = [number for _, number in arrived]
    assert [at for at, _ in arrived] == sorted(at for at, _ in arrived)
    assert 0.15 < 1 - len(set(numbers)) / 2000 < 0.23
    assert len(numbers) > len(set(numbers))
    assert numbers != sorted(numbers)
    delays = [at - number for at, number in arrived]
    assert min(delays) >= 1.0
    assert 20.0 < max(delays) <= 30.0
    assert 0.05 < sum(delay > 2.0 for delay in delays) / len(delays) < 0.15


@pytest.mark.parametrize("seed", range(5))
def test_everything_comes_at_least_once_through_storm_broken_lines_and_a_broker_that_remembers(seed):
    made, random, at = broker(seed, STORM), Random(seed), 0.0
    got: set[bytes] = set()
    for number in range(200):
        if not made.is_connected("server"):
            made.connect("server", at, wants=everything, is_persistent=True)
        if not made.is_connected("gate"):
            made.connect("gate", at, wants=nothing)
        made.publish("gate", frame(number), at)
        match random.randrange(12):
            case 0:
                made.lose("gate", at, forgets=False)
            case 1:
                made.lose("server", at, forgets=True)
            case 2:
                made.kill()
                made.restart(remembers=True)
        at += random.uniform(0.1, 10)
        got |= set(payloads(made, at))
    made.connect("server", at, wants=everything, is_persistent=True)
    made.connect("gate", at, wants=nothing)
    got |= set(payloads(made, at + 2000))
    assert got == {b"%d" % number for number in range(200)}


def test_what_a_client_has_not_acknowledged_comes_again_with_its_next_connection():
    made = broker()
    server = {"wants": everything, "is_persistent": True, "acknowledges_itself": False}
    made.connect("server", 0, **server)
    made.connect("gate", 0, wants=nothing)
    made.publish("gate", frame(1), 0)
    made.publish("gate", frame(2), 0)
    one, two = sorted(made.step(2), key=lambda one: one.payload)
    made.acknowledge(one, 2)
    made.step(3)
    made.lose("server", 3, forgets=True)
    made.publish("gate", frame(3), 4)
    assert payloads(made, 100) == []
    made.connect("server", 100, **server)
    later = made.step(102)
    assert sorted(one.payload for one in later) == [two.payload, b"3"]
    for delivery in later:
        made.acknowledge(delivery, 102)
    assert payloads(made, 1000) == []


def test_a_broker_that_forgets_loses_what_waited_and_what_it_kept():
    made = broker()
    made.connect("server", 0, wants=everything, is_persistent=True)
    made.connect("gate", 0, wants=nothing)
    made.publish("gate", said(b"on"), 0)
    assert payloads(made, 1) == [b"on"]
    made.lose("server", 1, forgets=True)
    made.step(100)
    made.publish("gate", frame(1), 100)
    made.step(101)
    made.kill()
    assert not made.connect("server", 102, wants=everything)
    made.publish("gate", frame(2), 102)
    made.restart(remembers=False)
    made.connect("server", 103, wants=everything, is_persistent=True)
    made.connect("gate", 103, wants=nothing)
    # The gateway's own computer still holds what it could not get rid of.
    assert payloads(made, 1000) == [b"2"]


def test_a_session_that_is_not_kept_starts_empty():
    made = broker()
    made.connect("gate", 0, wants=everything)
    made.lose("gate", 0, forgets=False)
    made.connect("server", 0, wants=nothing)
    made.publish("server", frame(1), 1)
    made.step(200)
    made.connect("gate", 200, wants=everything)
    assert payloads(made, 400, "gate") == []


def test_the_last_will_comes_when_the_keep_alive_time_is_over_and_not_after_an_answer_in_time():
    made = broker()
    will = said(b"off")
    made.connect("server", 0, wants=everything)
    made.connect("gate", 0, wants=nothing, will=will)
    made.publish("gate", said(b"on"), 0)
    assert payloads(made, 1) == [b"on"]
    made.lose("gate", 10, forgets=True)
    assert payloads(made, 99) == []
    assert payloads(made, 102) == [b"off"]
    # Whoever comes back before that is missed first, and is there then.
    made.connect("gate", 200, wants=nothing, will=will)
    made.publish("gate", said(b"on"), 200)
    assert payloads(made, 201) == [b"on"]
    made.lose("gate", 201, forgets=True)
    made.connect("gate", 230, wants=nothing, will=will)
    assert payloads(made, 231) == [b"off"]
    made.publish("gate", said(b"on again"), 231)
    assert payloads(made, 1000) == [b"on again"]


@pytest.mark.parametrize("seed", range(20))
def test_states_keep_their_order_in_any_weather_and_late_comers_hear_the_last(seed):
    made = broker(seed, STORM)
    made.connect("server", 0, wants=everything)
    made.connect("gate", 0, wants=nothing)
    for number in range(10):
        made.publish("gate", said(b"%d" % number), number)
    heard = [int(payload) for payload in payloads(made, 2000)]
    assert heard == sorted(set(heard))
    assert heard[-1] == 9
    made.connect("late", 2000, wants=everything)
    (held,) = [one for one in made.step(4000) if one.client == "late"]
    assert (held.payload, held.was_retained) == (b"9", True)


def test_a_message_past_its_use_is_dropped_by_the_broker():
    made = broker()
    made.connect("server", 0, wants=everything, is_persistent=True)
    made.lose("server", 0, forgets=False)
    made.connect("gate", 0, wants=nothing)
    made.publish("gate", Published("house/frames", b"soon", drop_at=20), 1)
    made.publish("gate", frame(1), 1)
    made.step(50)
    made.connect("server", 50, wants=everything, is_persistent=True)
    assert payloads(made, 100) == [b"1"]
