"""The driver of the machine: scripts of literal frames first, then a simulated machine without a port."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from pms.devices import errors
from pms.devices import line as line_module
from pms.devices.drivers import machine as machine_module
from pms.devices.drivers.machine import LineMachine
from pms.devices.encoder import CardPresence, FingerStage, FingerTemplate, SectorKey
from pms.protocol.card_layout import DELIVERY_KEY, DELIVERY_TRAILER, Medium
from pms.protocol.encoder_line import Capability, KeyKind, SignalPattern, Status
from pms.protocol.errors import MalformedError
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder_parts import Finger, synthetic_template
from tests.devices.lines import DirectTransport, Exchange, FakeClock, ScriptedTransport

UID = bytes.fromhex("ee1a153a")
DELIVERY = SectorKey(KeyKind.A, DELIVERY_KEY)


def never() -> bool:
    return False


@pytest.fixture
def clock(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(line_module, "time", fake)
    monkeypatch.setattr(machine_module, "time", fake)
    return fake


@pytest.fixture
def scripted(clock, monkeypatch):
    """Make an encoder that plays exchanges, its first request being number `seq`."""

    def make(*script: Exchange, seq: int) -> tuple[LineMachine, ScriptedTransport]:
        monkeypatch.setattr(line_module, "randbelow", lambda _: seq)
        transport = ScriptedTransport(clock, *script)
        return LineMachine(transport), transport

    return make


@pytest.fixture
def line():
    return DirectTransport()


@pytest.fixture
def machine(line):
    return line.machine


@pytest.fixture
def encoder(line):
    return LineMachine(line)


# --- literal frames


def test_hello_tells_who_the_machine_is_and_ends_a_wait_left_behind(scripted):
    encoder, transport = scripted(
        Exchange("aa550100010001011e14", [(0, "aa5501008100100001932211c49aeb6f8a075a432d323059b1")]),
        Exchange("aa5501010600007f49", [(0, "aa550101860001002871")]),
        seq=0,
    )
    identity = encoder.hello()
    assert (identity.serial_number, identity.model, identity.firmware) == ("932211c49aeb6f8a", "ZC-20", "line 1")
    assert identity.capabilities == Capability.CLASSIC | Capability.NTAG | Capability.FINGERPRINT
    assert len(transport.sent) == 2


def test_waiting_gives_the_card_and_acknowledges_its_event(scripted):
    encoder, transport = scripted(
        Exchange("aa55010102000200640ace", [(0, "aa55010182000101f2a1"), (2.5, "aa550109e100060104ee1a153a21f2")]),
        Exchange("aa550109f00001004fb0"),
        seq=1,
    )
    assert encoder.wait_for_card(10, never) == CardPresence(UID, Medium.CLASSIC_1K)
    assert transport.script == []


def test_a_unit_is_read_with_key_a(scripted):
    answer = "aa55010283003100" + "01" * 48
    encoder, _ = scripted(
        Exchange("aa55010203000d04ee1a153a014101e04edbf7a12d76", [(0, answer + "f912")]),
        seq=2,
    )
    assert encoder.read_unit(UID, 1, SectorKey(KeyKind.A, bytes.fromhex("01e04edbf7a1"))) == bytes([1]) * 48


def test_a_unit_is_written_with_key_b_and_its_trailer(scripted):
    content = "8ecaa5ee3d50bc7899a3a5a24a829fe098be719386a3afa3871f387cd3b93df7ee2f5c9b06c77caad1b60d84be5c3922"
    encoder, transport = scripted(
        Exchange(
            "aa55010304004e04ee1a153a014201e04edbf7a1" + content + "0101e04edbf7a178778803c3ba9e22e2af6e14",
            [(0, "aa55010384003100" + content + "c7d5")],
        ),
        seq=3,
    )
    key = SectorKey(KeyKind.B, bytes.fromhex("01e04edbf7a1"))
    encoder.write_unit(UID, 1, bytes.fromhex(content), key, bytes.fromhex("01e04edbf7a178778803c3ba9e22e2af"))
    assert transport.script == []


def test_is_cancelled_is_asked_at_least_every_150_ms(scripted, clock):
    encoder, _ = scripted(Exchange("aa55010102000200640ace", [(0, "aa55010182000101f2a1")]), seq=1)
    asked = []
    with pytest.raises(errors.TimedOut):
        encoder.wait_for_card(10, lambda: bool(asked.append(clock.now)))
    assert max(later - earlier for earlier, later in pairwise(asked)) <= 0.15
    # The machine said nothing at all after it accepted: our own clock ends the wait.
    assert 1010 < clock.now < 1014


@pytest.mark.parametrize("status", [10, 13])
def test_the_last_word_on_an_earlier_wait_does_not_end_this_one(scripted, status):
    ended = {10: "aa550108e500010ae349", 13: "aa550108e500010d93ae"}[status]
    encoder, _ = scripted(
        Exchange("aa55010102000200640ace", [(0, "aa55010182000101f2a1" + ended)]),
        Exchange("aa550108f0000100e5e1", [(1, "aa550109e100060104ee1a153a21f2")]),
        Exchange("aa550109f00001004fb0"),
        seq=1,
    )
    assert encoder.wait_for_card(10, never).uid == UID


# --- hello


def test_another_version_of_the_line_is_refused():
    with pytest.raises(errors.Unsupported):
        LineMachine(DirectTransport(version=2)).hello()


def test_a_name_plate_that_makes_no_sense_is_a_fault_of_the_line(scripted):
    encoder, _ = scripted(Exchange("aa550100010001011e14", [(0, "aa5501008100020001bf6f")]), seq=0)
    with pytest.raises(errors.LineFault):
        encoder.hello()


def test_a_machine_that_waits_for_a_dead_program_serves_the_next_one(line, machine):
    dead = LineMachine(line)
    dead._ask(machine_module.WaitForCard(600), Status.ACCEPTED)
    encoder = LineMachine(line)
    encoder.hello()
    machine.well.put(SimulatedCard.blank(Medium.NTAG215))
    assert encoder.wait_for_card(1, never).medium is Medium.NTAG215


# --- waiting


@pytest.mark.parametrize(
    "medium", [Medium.CLASSIC_1K, Medium.CLASSIC_4K, Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]
)
def test_a_card_that_lies_there_is_seen_at_once(encoder, machine, medium):
    card = SimulatedCard.blank(medium)
    machine.well.put(card)
    assert encoder.wait_for_card(5, never) == CardPresence(card.uid, medium)


def test_a_card_that_comes_later_is_seen(encoder, machine):
    polls = []

    def put_at_the_second_question() -> bool:
        polls.append(1)
        if len(polls) == 2:
            machine.well.put(SimulatedCard.blank(Medium.NTAG213, bytes.fromhex("04b807c7151a4d")))
        return False

    assert encoder.wait_for_card(5, put_at_the_second_question).uid.hex() == "04b807c7151a4d"


def test_cancelling_leaves_the_machine_at_rest(encoder, machine):
    with pytest.raises(errors.Cancelled):
        encoder.wait_for_card(5, lambda: True)
    machine.well.put(SimulatedCard.blank(Medium.NTAG213))
    assert encoder.wait_for_card(1, never).medium is Medium.NTAG213


def test_a_question_that_fails_leaves_the_machine_at_rest(encoder, machine):
    def fail() -> bool:
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        encoder.wait_for_card(5, fail)
    assert machine._memory.running is None


def test_waiting_in_vain_is_a_time_out(encoder):
    begun = time.monotonic()
    with pytest.raises(errors.TimedOut) as caught:
        encoder.wait_for_card(0.2, never)
    assert caught.value.code == "timeout"
    assert 0.2 <= time.monotonic() - begun < 1


def test_a_wait_that_we_lost_track_of_is_ended_and_begun_again(encoder, machine):
    encoder._ask(machine_module.WaitForCard(600), Status.ACCEPTED)
    machine.well.take()
    with pytest.raises(errors.TimedOut):
        encoder.wait_for_card(0.1, never)


def test_an_unplugged_machine_ends_the_wait_with_gone(encoder, line):
    def pull() -> bool:
        line.unplug()
        return False

    with pytest.raises(errors.EncoderGone) as caught:
        encoder.wait_for_card(5, pull)
    assert caught.value.code == "gone"


def test_removal_is_noticed(encoder, machine):
    card = SimulatedCard.blank(Medium.NTAG213)
    machine.well.put(card)
    encoder.wait_for_card(1, never)
    assert not encoder.wait_until_removed(card.uid, 0.05, never)
    machine.well.take()
    assert encoder.wait_until_removed(card.uid, 5, never)
    machine.well.put(SimulatedCard.blank(Medium.NTAG213))
    assert encoder.wait_until_removed(card.uid, 5, never)


def test_waiting_for_removal_can_be_cancelled(encoder, machine):
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    machine.well.put(card)
    with pytest.raises(errors.Cancelled):
        encoder.wait_until_removed(card.uid, 5, lambda: True)


# --- units


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (Status.BUSY, errors.EncoderBusy, "busy"),
        (Status.UNKNOWN_TYPE, errors.Unsupported, "unsupported"),
        (Status.BAD_LENGTH, errors.LineFault, "protocol"),
        (Status.NO_CARD, errors.NoCard, "no_card"),
        (Status.OTHER_CARD, errors.CardChanged, "card_changed"),
        (Status.WRONG_KEY, errors.WrongKey, "wrong_key"),
        (Status.WRITE_FAILED, errors.WriteFailed, "write_failed"),
        (Status.READ_BACK_DIFFERS, errors.VerifyFailed, "verify_failed"),
        (Status.ACCEPTED, errors.LineFault, "protocol"),
    ],
)
def test_each_refusal_has_its_error(encoder, machine, status, error, code):
    machine.faults.refusals.append(status)
    with pytest.raises(error) as caught:
        encoder.read_unit(UID, 1)
    assert caught.value.code == code


def test_after_a_wrong_key_the_right_one_still_reads(encoder, machine):
    machine.well.put(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    with pytest.raises(errors.WrongKey):
        encoder.read_unit(UID, 1, SectorKey(KeyKind.A, bytes(6)))
    assert encoder.read_unit(UID, 1, DELIVERY) == bytes(48)


def test_another_card_is_not_written(encoder, machine):
    machine.well.put(SimulatedCard.blank(Medium.NTAG213))
    with pytest.raises(errors.CardChanged):
        encoder.write_unit(bytes.fromhex("04000000000000"), 1, bytes(48))
    assert machine.writes == 0


@pytest.mark.parametrize("at", range(48, 72))
def test_a_trailer_with_one_wrong_access_bit_never_leaves_the_program(encoder, machine, at):
    machine.well.put(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    trailer = bytearray(DELIVERY_TRAILER)
    trailer[at // 8] ^= 1 << at % 8
    with pytest.raises(MalformedError):
        encoder.write_unit(UID, 1, bytes(48), DELIVERY, bytes(trailer))
    assert machine.writes == 0


def test_a_machine_that_reads_back_other_bytes_is_not_believed(scripted):
    encoder, _ = scripted(
        Exchange(
            "aa5501040400410704b807c7151a4d0200000000000000"
            "2c928488dd7fd1574342561aaa4fba79dcb471c44f9e7f02688f58e52fe7e616ec278f4404e23c7b174e2a24543f7d0c00f3a8",
            [(0, "aa55010484003100" + "00" * 48 + "14f8")],
        ),
        seq=4,
    )
    content = "2c928488dd7fd1574342561aaa4fba79dcb471c44f9e7f02688f58e52fe7e616ec278f4404e23c7b174e2a24543f7d0c"
    with pytest.raises(errors.VerifyFailed):
        encoder.write_unit(bytes.fromhex("04b807c7151a4d"), 2, bytes.fromhex(content))


def test_a_unit_of_another_size_is_a_fault_of_the_line(scripted):
    encoder, _ = scripted(
        Exchange("aa55010203000d04ee1a153a014101e04edbf7a12d76", [(0, "aa550102830002000170ac")]),
        seq=2,
    )
    with pytest.raises(errors.LineFault):
        encoder.read_unit(UID, 1, SectorKey(KeyKind.A, bytes.fromhex("01e04edbf7a1")))


def test_the_lamp_shows_what_was_asked(encoder, machine):
    encoder.signal(SignalPattern.GOOD)
    assert machine.signal is SignalPattern.GOOD


def test_attending_takes_events_and_notices_a_pulled_plug(encoder, line, machine):
    machine.well.put(SimulatedCard.blank(Medium.NTAG213))
    encoder.wait_for_card(1, never)
    machine.well.take()
    encoder.attend(0.02)
    assert not machine._memory.events.waiting
    line.unplug()
    with pytest.raises(errors.EncoderGone):
        encoder.attend(0.02)
    encoder.close()


# --- fingers


@pytest.mark.parametrize("size", [1, 512, 1024, 1025, 4000])
def test_a_finger_gives_its_template_in_parts(encoder, machine, size):
    machine.finger = Finger(synthetic_template("Ada", size))
    steps = []
    encoder.hello()
    template = encoder.capture_finger(2, 5, never, lambda event: steps.append((event.stage, event.sample)))
    assert template == FingerTemplate("machine-1", "ZC-20", synthetic_template("Ada", size))
    put, got, lift = FingerStage.PUT, FingerStage.GOT, FingerStage.LIFT
    assert steps == [(put, 1), (got, 1), (lift, 1), (put, 2), (got, 2), (lift, 2)]


def test_a_poor_finger_is_said_to_be_poor(encoder, machine):
    machine.finger = Finger(synthetic_template("Ada"), quality=10)
    with pytest.raises(errors.PoorImage):
        encoder.capture_finger(1, 5, never)


def test_no_finger_is_a_time_out_and_a_cancelled_capture_is_cancelled(encoder):
    with pytest.raises(errors.TimedOut):
        encoder.capture_finger(1, 0.1, never)
    with pytest.raises(errors.Cancelled):
        encoder.capture_finger(1, 5, lambda: True)


def test_a_machine_without_a_finger_module_says_so():
    encoder = LineMachine(DirectTransport(capabilities=Capability.NTAG))
    with pytest.raises(errors.Unsupported):
        encoder.capture_finger(1, 5, never)


def test_a_damaged_template_is_refused(encoder, machine, monkeypatch):
    machine.finger = Finger(synthetic_template("Ada"))
    monkeypatch.setattr(machine_module, "crc16", lambda _: 0x1234)
    with pytest.raises(errors.VerifyFailed):
        encoder.capture_finger(1, 5, never)
