"""The driver of the PN532: scripts of literal frames first, then a simulated module without a port."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pms.devices import errors
from pms.devices.card_content import DELIVERY_SECTOR_KEY
from pms.devices.drivers.pn532 import DRIVER, Pn532
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, SignalPattern
from pms.simulators.cards import SimulatedCard
from pms.simulators.pn532_field import Nibble
from tests.devices.lines import Exchange, ScriptedTransport
from tests.devices.plastic import EMPTY
from tests.devices.pn532_desk import Desk, DirectChip, stop_clock

CLASSIC, NTAG213, NTAG215 = Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG215
ALL_MEDIA = [Medium.CLASSIC_1K, Medium.CLASSIC_4K, Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]
UID = bytes.fromhex("deadbeef")
LONG_UID = bytes.fromhex("04a1b2c3d4e5f6")

ACK = "0000ff00ff00"
GREETING = [
    Exchange("5555" + "00" * 14 + "0000ff05fbd41401140102" + "00", [(0, ACK + "0000ff02fed5151600")]),
    Exchange("0000ff02fed4022a00", [(0, ACK + "0000ff06fad50332010607e800")]),
    Exchange("0000ff03fdd412041600", [(0, ACK + "0000ff02fed5131800")]),
    Exchange("0000ff06fad43202000b0ae300", [(0, ACK + "0000ff02fed533f800")]),
    Exchange("0000ff06fad43205ff0102f300", [(0, ACK + "0000ff02fed533f800")]),
]


def never() -> bool:
    return False


@pytest.fixture
def clock(monkeypatch):
    return stop_clock(monkeypatch)


@pytest.fixture
def desk(clock):
    return Desk(clock, CLASSIC, UID)


@pytest.fixture
def bare(clock):
    """A module with nothing on it."""
    desk = Desk(clock, CLASSIC)
    desk.chip.field.take()
    return desk


def scripted(clock, *script):
    transport = ScriptedTransport(clock, *script)
    return Pn532(transport), transport


# --- literal frames


def test_hello_wakes_the_module_and_tells_what_it_is(clock):
    encoder, transport = scripted(clock, *GREETING)
    identity = encoder.hello()
    assert (identity.serial_number, identity.model, identity.firmware) == ("", "PN532", "1.6")
    assert identity.capabilities == Capability.CLASSIC | Capability.NTAG
    assert transport.script == []


def test_a_card_is_listed_a_sector_opened_and_its_blocks_read_as_in_the_data_sheet(clock):
    block = "0000ff13edd54100{}00"
    encoder, transport = scripted(
        clock,
        Exchange("0000ff04fcd44a0100e100", [(0, ACK), (0.02, "0000ff0cf4d54b010100040804deadbeef9600")]),
        Exchange("0000ff0ff1d440016004ffffffffffffdeadbeef5500", [(0, ACK), (0.004, "0000ff03fdd54100ea00")]),
        Exchange("0000ff05fbd440013004b700", [(0, ACK + block.format("00112233445566778899aabbccddeefff2"))]),
        Exchange("0000ff05fbd440013005b600", [(0, ACK + block.format("00" * 16 + "ea"))]),
        Exchange("0000ff05fbd440013006b500", [(0, ACK + block.format("00" * 16 + "ea"))]),
    )
    content = encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY)
    assert content == bytes.fromhex("00112233445566778899aabbccddeeff") + bytes(32)
    assert transport.script == []


def test_a_relative_of_the_chip_is_refused(clock):
    encoder, _ = scripted(clock, GREETING[0], Exchange("0000ff02fed4022a00", [(0, ACK + "0000ff06fad50333010607e700")]))
    with pytest.raises(errors.Unsupported):
        encoder.hello()


@pytest.mark.parametrize(
    "chatter",
    ["", "aa5501008100100001932211c49aeb6f8a075a432d323059b1", "ef01ffffffff07000300000a", "00" * 40, "ff" * 40],
)
def test_where_nobody_speaks_as_a_pn532_does_hello_soon_gives_up(clock, chatter):
    encoder, transport = scripted(clock)
    transport.coming = [(clock.now + at, bytes.fromhex(chatter)) for at in (0, 0.2, 0.9)] if chatter else []
    with pytest.raises(errors.NoAnswer):
        encoder.hello()
    assert clock.now - 1000 <= 1.5
    encoder.close()
    assert transport.is_closed
    assert clock.now - 1000 <= 1.5


def test_an_echo_of_ourselves_is_nobody(clock):
    class Echo(ScriptedTransport):
        def write(self, data):
            self.coming.append((self.clock.now, data))

    with pytest.raises(errors.NoAnswer):
        Pn532(Echo(clock)).hello()


def test_the_first_answer_may_take_a_second(clock):
    def hurry_up_after_the_second_sending(number):
        if number == 3:
            transport.chip.faults.delay = 0

    transport = DirectChip(clock)
    transport.chip.faults.delay = 1.0
    transport.on_command = hurry_up_after_the_second_sending
    assert Pn532(transport).hello().model == "PN532"


def test_on_a_slow_line_commands_are_soon_sent_once_only(desk):
    # As across a network; the first ones cannot know.
    desk.chip.faults.delay = 0.25
    desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY)
    assert desk.count(lambda: desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY)) == 4


# --- hello


def test_a_module_that_still_waits_for_a_dead_program_serves_the_next_one(bare):
    # Asked for one card, with tries for ever: so a killed program may leave it.
    bare.encoder._line.request(0x32, b"\x05\xff\x01\xff")
    with pytest.raises(errors.LineFault):
        bare.encoder._line.request(0x4A, b"\x01\x00", seconds=0.1)
    bare.line.write(bytes.fromhex("0000ff04fcd44a0100e100"))
    assert bare.chip.is_waiting
    encoder = Pn532(bare.line)
    encoder.hello()
    assert not bare.chip.is_waiting
    bare.chip.field.put(SimulatedCard.blank(NTAG215))
    assert encoder.wait_for_card(1, never).medium is NTAG215


def test_half_a_command_of_a_dead_program_does_no_harm(clock):
    desk = Desk(clock, NTAG213)
    desk.line.write(bytes.fromhex("0000ff15ebd44001a004"))
    encoder = Pn532(desk.line)
    assert encoder.hello().model == "PN532"
    assert encoder.wait_for_card(1, never).uid == desk.card.uid


def test_hello_may_be_said_again_at_any_time(desk):
    assert desk.encoder.hello() == desk.encoder.hello()
    assert desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY) == EMPTY


def test_the_driver_has_its_name():
    assert (DRIVER.name, DRIVER.title, DRIVER.probe_order) == ("pn532", "PN532 module", 2)


# --- waiting


@pytest.mark.parametrize("medium", ALL_MEDIA)
def test_a_card_that_lies_there_is_seen_at_once(clock, medium):
    desk = Desk(clock, medium)
    begun = clock.now
    assert desk.encoder.wait_for_card(5, never) == desk.presence
    assert clock.now == begun


@pytest.mark.parametrize("medium", [NTAG213, NTAG215, Medium.NTAG216])
def test_an_ntag_that_does_not_know_get_version_is_told_by_its_container(clock, medium):
    desk = Desk(clock, medium)
    ask = desk.chip.field.ask

    def refuse(command):
        if command[0] == 0x60:
            desk.chip.field.forget()
            return Nibble.NAK_ARGUMENT
        return ask(command)

    desk.chip.field.ask = refuse
    assert desk.encoder.wait_for_card(1, never) == desk.presence


def test_a_card_that_comes_later_is_seen(bare):
    polls = []

    def put_at_the_third_question() -> bool:
        polls.append(1)
        if len(polls) == 3:
            bare.chip.field.put(SimulatedCard.blank(NTAG213, LONG_UID))
        return False

    assert bare.encoder.wait_for_card(5, put_at_the_third_question).uid == LONG_UID


def test_is_cancelled_is_asked_at_least_every_150_ms(bare, clock):
    asked = []
    with pytest.raises(errors.TimedOut):
        bare.encoder.wait_for_card(10, lambda: bool(asked.append(clock.now)))
    assert max(later - earlier for earlier, later in pairwise(asked)) <= 0.15
    assert 10 <= clock.now - asked[0] < 10.5


@pytest.mark.parametrize("fault", ["deaf_frames", "drop_answers", "drop_acks"])
def test_also_on_a_bad_line_is_cancelled_is_asked_often(bare, clock, fault):
    setattr(bare.chip.faults, fault, 10**9)
    asked = []

    def cancel_after_two_seconds() -> bool:
        asked.append(clock.now)
        return clock.now - asked[0] > 2

    with pytest.raises((errors.Cancelled, errors.NoAnswer, errors.LineFault)):
        bare.encoder.wait_for_card(10, cancel_after_two_seconds)
    assert max(later - earlier for earlier, later in pairwise(asked)) <= 0.15


def test_cancelling_leaves_the_module_at_rest(bare):
    with pytest.raises(errors.Cancelled):
        bare.encoder.wait_for_card(5, lambda: True)
    bare.chip.field.put(SimulatedCard.blank(NTAG213))
    assert bare.encoder.wait_for_card(1, never).medium is NTAG213


def test_a_question_that_fails_leaves_the_module_at_rest(bare):
    def fail() -> bool:
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        bare.encoder.wait_for_card(5, fail)
    assert not bare.chip.is_waiting


def test_the_module_is_never_left_waiting_by_itself(bare):
    with pytest.raises(errors.TimedOut):
        bare.encoder.wait_for_card(1, lambda: bool(bare.chip.is_waiting))


def test_two_cards_are_refused(desk):
    desk.chip.field.neighbour = SimulatedCard.blank(NTAG213)
    with pytest.raises(errors.CardChanged):
        desk.encoder.wait_for_card(1, never)
    desk.chip.field.neighbour = None
    assert desk.encoder.wait_for_card(1, never).uid == UID


def test_an_unplugged_module_ends_the_wait_with_gone(bare):
    def pull() -> bool:
        bare.line.unplug()
        return False

    with pytest.raises(errors.EncoderGone) as caught:
        bare.encoder.wait_for_card(5, pull)
    assert caught.value.code == "gone"


def test_removal_is_noticed(desk, clock):
    assert desk.encoder.wait_for_card(1, never).uid == UID
    assert not desk.encoder.wait_until_removed(UID, 0.5, never)
    desk.chip.field.take()
    assert desk.encoder.wait_until_removed(UID, 5, never)
    desk.chip.field.put(SimulatedCard.blank(NTAG213))
    assert desk.encoder.wait_until_removed(UID, 5, never)


def test_waiting_for_removal_can_be_cancelled_and_asks_often(desk, clock):
    with pytest.raises(errors.Cancelled):
        desk.encoder.wait_until_removed(UID, 5, lambda: True)
    asked = []
    assert not desk.encoder.wait_until_removed(UID, 2, lambda: bool(asked.append(clock.now)))
    assert max(later - earlier for earlier, later in pairwise(asked)) <= 0.15


def test_a_card_that_is_missed_once_is_not_gone(desk):
    select, missed = desk.chip.field.select, []

    def miss_once(most, uid):
        if not missed:
            missed.append(1)
            return []
        return select(most, uid)

    desk.chip.field.select = miss_once
    assert not desk.encoder.wait_until_removed(UID, 0.05, never)


def test_cards_that_we_cannot_use_are_not_there(bare):
    # A DESFire.
    bare.chip._commands[0x4A] = lambda _: bytes.fromhex("01010344200704010203040506")
    with pytest.raises(errors.TimedOut):
        bare.encoder.wait_for_card(0.3, never)


# --- the rest


def test_there_is_neither_lamp_nor_fingerprint_module(desk):
    with pytest.raises(errors.Unsupported):
        desk.encoder.signal(SignalPattern.GOOD)
    with pytest.raises(errors.Unsupported):
        desk.encoder.capture_finger(3, 10, never)


def test_closing_switches_the_field_off(desk):
    desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY)
    desk.encoder.close()
    assert not desk.chip._memory.is_field_on
    desk.line.unplug()
    desk.encoder.close()


def test_nobody_to_do_anything_for_is_no_reason_to_miss_the_plug(bare):
    bare.encoder.attend(1)
    bare.line.unplug()
    with pytest.raises(errors.EncoderGone):
        bare.encoder.attend(1)
