"""Question and answer on the line, against scripts. The frames are literals: the codec judges nothing here."""

from __future__ import annotations

import pytest

from pms.devices import line as line_module
from pms.devices.errors import LineFault, NoAnswer
from pms.devices.line import Line
from pms.protocol.encoder_line import CardArrived, Hello, Signal, SignalPattern, Status, WaitForCard
from tests.devices.lines import Exchange, FakeClock, ScriptedTransport

HELLO = "aa550100010001011e14"
HELLO_ANSWER = "aa5501008100100001932211c49aeb6f8a075a432d323059b1"
WAIT = "aa55010102000200640ace"
WAIT_ACCEPTED = "aa55010182000101f2a1"
CARD = "aa550109e100060104ee1a153a21f2"
CARD_ACKNOWLEDGED = "aa550109f00001004fb0"
ARRIVED = CardArrived(kind=1, uid=bytes.fromhex("ee1a153a"))


@pytest.fixture
def clock(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(line_module, "time", fake)
    return fake


def line_of(clock, *script, first_seq=0):
    transport = ScriptedTransport(clock, *script)
    return Line(transport, first_seq=first_seq), transport


def test_a_request_gets_its_answer(clock):
    line, _ = line_of(clock, Exchange(HELLO, [(0, HELLO_ANSWER)]), Exchange(WAIT, [(0, WAIT_ACCEPTED)]))
    answer = line.request(Hello())
    assert answer.status is Status.DONE
    assert answer.body.hex() == "01932211c49aeb6f8a075a432d3230"
    assert line.request(WaitForCard(100)).status is Status.ACCEPTED


def test_an_answer_may_arrive_one_byte_at_a_time(clock):
    bytes_ = [HELLO_ANSWER[i : i + 2] for i in range(0, len(HELLO_ANSWER), 2)]
    line, transport = line_of(clock, Exchange(HELLO, [(0.01, byte) for byte in bytes_]))
    assert line.request(Hello()).status is Status.DONE
    assert len(transport.sent) == 1


@pytest.mark.parametrize("noise", ["00ff1355", "aa", "aa55", "aaaa55aa", "aa5502", "aa5501ffffffff", "ff" * 300])
def test_noise_before_an_answer_does_no_harm(clock, noise):
    line, _ = line_of(clock, Exchange(HELLO, [(0, noise + HELLO_ANSWER)]))
    assert line.request(Hello()).status is Status.DONE


def test_a_false_beginning_hides_the_answer_only_until_the_silence(clock):
    line, transport = line_of(clock, Exchange(HELLO, [(0, "aa5501000100ff" + HELLO_ANSWER)]))
    assert line.request(Hello()).status is Status.DONE
    assert 1000.09 < clock.now < 1000.16
    assert len(transport.sent) == 1


def test_an_answer_with_a_wrong_checksum_is_asked_for_again(clock):
    damaged = HELLO_ANSWER[:-1] + "2"
    line, transport = line_of(clock, Exchange(HELLO, [(0, damaged)]), Exchange(HELLO, [(0, HELLO_ANSWER)]))
    assert line.request(Hello()).status is Status.DONE
    assert [at for at, _ in transport.sent] == [0.0, 0.3]


def test_silence_is_asked_four_times_and_then_one_error(clock):
    line, transport = line_of(clock)
    with pytest.raises(NoAnswer) as caught:
        line.request(Hello())
    assert transport.sent == [(0.0, HELLO), (0.3, HELLO), (0.6, HELLO), (0.9, HELLO)]
    assert clock.now == pytest.approx(1001.2)
    assert caught.value.code == "silent"


def test_a_second_answer_that_comes_late_answers_nothing_else(clock):
    line, transport = line_of(
        clock,
        Exchange(HELLO, [(0, HELLO_ANSWER), (0, HELLO_ANSWER)]),
        Exchange(WAIT, [(0.1, WAIT_ACCEPTED)]),
    )
    line.request(Hello())
    assert line.request(WaitForCard(100)).status is Status.ACCEPTED
    assert len(transport.sent) == 2


def test_an_answer_of_the_right_type_with_another_number_is_not_ours(clock):
    hello_7 = "aa5501070100010179c0"
    line, transport = line_of(clock, Exchange(hello_7, [(0, HELLO_ANSWER)]), first_seq=7)
    with pytest.raises(NoAnswer):
        line.request(Hello())
    assert len(transport.sent) == 4


def test_an_event_before_the_answer_is_acknowledged_and_kept(clock):
    line, transport = line_of(
        clock,
        Exchange(WAIT, [(0, CARD)]),
        Exchange(CARD_ACKNOWLEDGED, [(0, WAIT_ACCEPTED)]),
        first_seq=1,
    )
    assert line.request(WaitForCard(100)).status is Status.ACCEPTED
    assert line.next_event(clock.now) == ARRIVED
    assert [sent for _, sent in transport.sent] == [WAIT, CARD_ACKNOWLEDGED]


def test_a_repeated_event_is_acknowledged_again_but_told_once(clock):
    line, transport = line_of(clock)
    transport.coming = [(1000.0, bytes.fromhex(CARD)), (1000.3, bytes.fromhex(CARD)), (1000.6, bytes.fromhex(CARD))]
    assert line.next_event(1005.0) == ARRIVED
    assert line.next_event(1001.0) is None
    assert [sent for _, sent in transport.sent] == [CARD_ACKNOWLEDGED] * 3


def test_the_same_event_long_after_is_news(clock):
    line, transport = line_of(clock)
    transport.coming = [(1000.0, bytes.fromhex(CARD)), (1003.0, bytes.fromhex(CARD))]
    assert line.next_event(1005.0) == ARRIVED
    assert line.next_event(1005.0) == ARRIVED


@pytest.mark.parametrize(
    "frame",
    [
        "aa550109e6000100738e",  # a type that nobody knows
        "aa550109e100060104ee1a153a21f3",  # a wrong checksum
        "aa550109e100050103ee1a151cda",  # a UID of three bytes
    ],
)
def test_what_is_no_event_is_neither_told_nor_acknowledged(clock, frame):
    line, transport = line_of(clock)
    transport.coming = [(1000.0, bytes.fromhex(frame))]
    assert line.next_event(1001.0) is None
    assert transport.sent == []


def test_events_that_nobody_asked_for_can_be_forgotten(clock):
    script = Exchange(WAIT, [(0, CARD)]), Exchange(CARD_ACKNOWLEDGED, [(0, WAIT_ACCEPTED)])
    line, _ = line_of(clock, *script, first_seq=1)
    line.request(WaitForCard(100))
    line.forget_events()
    assert line.next_event(clock.now) is None


def test_an_answer_without_a_known_status_is_a_fault_of_the_line(clock):
    line, _ = line_of(clock, Exchange("aa550101050001024ed7", [(0, "aa55010185000163ef68")]), first_seq=1)
    with pytest.raises(LineFault) as caught:
        line.request(Signal(SignalPattern.GOOD))
    assert caught.value.code == "protocol"


def test_numbers_go_round(clock):
    line, transport = line_of(clock, first_seq=255)
    for _ in range(2):
        with pytest.raises(NoAnswer):
            line.request(Hello())
    assert [sent[6:8] for _, sent in transport.sent] == ["ff"] * 4 + ["00"] * 4
    line.close()
    assert transport.is_closed
