"""The simulated machine byte for byte over its pseudo-terminal. Every frame is a literal: no codec judges another."""

from __future__ import annotations

import errno
import os
import select
import time

import pytest

from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, SignalPattern
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import Act, Finger, Moment, SimulatedEncoder, WriteCut

HELLO = "aa550100010001011e14"
HELLO_ANSWER = "aa5501008100100001932211c49aeb6f8a075a432d323059b1"
WAIT = "aa55010102000200640ace"
WAIT_ACCEPTED = "aa55010182000101f2a1"
CARD = "aa550100e100060104ee1a153a"
ACKNOWLEDGE_0 = "aa550100f0000100"
UID = bytes.fromhex("ee1a153a")


def crc(data: bytes) -> int:
    """CRC-16/IBM-3740 bit by bit, from its definition."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
            value &= 0xFFFF
    return value


def whole(hex_without_crc: str) -> bytes:
    data = bytes.fromhex(hex_without_crc)
    return data + crc(data[2:]).to_bytes(2, "big")


class Wire:
    """The host's end of the line, with nothing of the product in it."""

    def __init__(self, path: str) -> None:
        self.end = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def send(self, data: bytes | str) -> None:
        os.write(self.end, bytes.fromhex(data) if isinstance(data, str) else data)

    def receive(self, size: int, seconds: float = 2.0) -> str:
        """Exactly `size` bytes, or fewer when the time is over."""
        data, until = b"", time.monotonic() + seconds
        while len(data) < size and select.select([self.end], [], [], max(0, until - time.monotonic()))[0]:
            data += os.read(self.end, size - len(data))
        return data.hex()

    def ask(self, frame: bytes | str, size: int) -> str:
        self.send(frame)
        return self.receive(size)

    def is_cut(self, seconds: float = 2.0) -> bool:
        """Whether the other end closes in time without another word: reading then gives nothing, or EIO."""
        if not select.select([self.end], [], [], seconds)[0]:
            return False
        try:
            return os.read(self.end, 100) == b""
        except OSError as fault:
            return fault.errno == errno.EIO

    def is_silent(self, seconds: float = 0.05) -> bool:
        return not select.select([self.end], [], [], seconds)[0]


@pytest.fixture
def machine():
    with SimulatedEncoder("932211c49aeb6f8a", seconds_per_write=0.0) as machine:
        yield machine


@pytest.fixture
def wire(machine):
    wire = Wire(machine.path)
    yield wire
    os.close(wire.end)


def test_the_checksum_of_this_file_is_the_published_one():
    assert crc(b"123456789") == 0x29B1
    assert whole("aa55010001000101").hex() == HELLO


def test_hello(wire):
    assert wire.ask(HELLO, 25) == HELLO_ANSWER


def test_hello_one_byte_at_a_time_and_after_noise(wire):
    wire.send("aaaa5500aa5502")
    for byte in bytes.fromhex(HELLO):
        wire.send(bytes((byte,)))
    assert wire.receive(25) == HELLO_ANSWER


def test_a_wrong_checksum_is_dropped_and_the_next_frame_answered(wire):
    wire.send("aa550100010001011f14")
    assert wire.is_silent()
    assert wire.ask(HELLO, 25) == HELLO_ANSWER


def test_a_partial_frame_is_dropped_after_100_ms_and_frees_what_it_hid(wire):
    # The false beginning asks for 255 bytes: the hello inside comes to light after the silence.
    begun = time.monotonic()
    assert wire.ask("aa5501000100ff" + HELLO, 25) == HELLO_ANSWER
    assert 0.1 <= time.monotonic() - begun < 1


def test_waiting_announces_the_card_that_lies_there(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    assert wire.ask(WAIT, 10) == WAIT_ACCEPTED
    assert wire.receive(15) == whole(CARD).hex()
    wire.send(whole(ACKNOWLEDGE_0))
    assert wire.is_silent(0.35)


@pytest.mark.parametrize(("medium", "kind"), [(Medium.NTAG213, "03"), (Medium.NTAG215, "04"), (Medium.NTAG216, "05")])
def test_waiting_announces_the_card_that_comes_later(machine, wire, medium, kind):
    assert wire.ask(WAIT, 10) == WAIT_ACCEPTED
    assert wire.is_silent()
    machine.put_card(SimulatedCard.blank(medium, bytes.fromhex("04b807c7151a4d")))
    assert wire.receive(18) == whole(f"aa550100e10009{kind}0704b807c7151a4d").hex()


def test_an_event_is_sent_four_times_300_ms_apart_and_then_no_more(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    begun = time.monotonic()
    wire.ask(WAIT, 10)
    for _ in range(4):
        assert wire.receive(15) == whole(CARD).hex()
    assert 0.9 <= time.monotonic() - begun < 3
    assert wire.is_silent(0.4)


def test_an_acknowledgement_of_another_event_does_not_count(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    wire.ask(WAIT, 10)
    assert wire.receive(15) == whole(CARD).hex()
    wire.send(whole("aa550109f0000100"))
    assert wire.receive(15) == whole(CARD).hex()


def test_the_removal_of_an_announced_card_is_told(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    wire.ask(WAIT, 10)
    wire.receive(15)
    wire.send(whole(ACKNOWLEDGE_0))
    machine.take_card()
    assert wire.receive(9) == whole("aa550101e20000").hex()


def test_a_card_that_nobody_asked_for_comes_and_goes_in_silence(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.CLASSIC_1K, UID))
    machine.take_card()
    assert wire.is_silent()


def test_a_wait_ends_by_time_out_and_by_cancel(wire):
    assert wire.ask(whole("aa5501010200020001"), 10) == WAIT_ACCEPTED
    assert wire.receive(10) == whole("aa550100e500010d").hex()
    wire.send(whole(ACKNOWLEDGE_0))
    assert wire.ask(whole("aa5501020200020064"), 10) == whole("aa55010282000101").hex()
    assert wire.ask(whole("aa550103060000"), 10) == whole("aa55010386000100").hex()
    assert wire.receive(10) == whole("aa550101e500010a").hex()


def test_a_cancel_of_nothing_is_done(wire):
    assert wire.ask(whole("aa550101060000"), 10) == whole("aa55010186000100").hex()
    assert wire.is_silent()


@pytest.mark.parametrize(
    "request_", ["aa5501020200020064", "aa550102100003010064", "aa55010203000d04ee1a153a0100000000000000"]
)
def test_while_it_waits_the_machine_is_busy(wire, request_):
    wire.ask(WAIT, 10)
    kind = f"{int(request_[8:10], 16) | 0x80:02x}"
    assert wire.ask(whole(request_), 10) == whole(f"aa550102{kind}000102").hex()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("aa550101070000", "aa55010187000103"),  # unknown type
        ("aa5501017f000100", "aa550101ff000103"),
        ("aa550101010000", "aa55010181000104"),  # hello without version
        ("aa55010102000164", "aa55010182000104"),  # half a time-out
        ("aa5501010500020000", "aa55010185000104"),  # two patterns
        ("aa55010105000109", "aa55010185000104"),  # a pattern that nobody knows
        ("aa55010103000c04ee1a153a01410000000000", "aa55010183000104"),  # a key of five bytes
        ("aa55010103000d04ee1a153a0100000000000000", "aa55010183000105"),  # no card
        ("aa55010111000400000010", "aa5501019100010c"),  # no template
    ],
)
def test_what_cannot_be_done_is_said(wire, request_, answer):
    assert wire.ask(whole(request_), 10) == whole(answer).hex()


def test_a_classic_sector_is_personalised_read_and_the_wrong_key_refused(machine, wire):
    card = SimulatedCard.blank(Medium.CLASSIC_1K, UID)
    machine.put_card(card)
    content = "8ecaa5ee3d50bc7899a3a5a24a829fe098be719386a3afa3871f387cd3b93df7ee2f5c9b06c77caad1b60d84be5c3922"
    trailer = "01e04edbf7a178778803c3ba9e22e2af"
    write = whole(f"aa55010304004e04ee1a153a0141ffffffffffff{content}01{trailer}")
    assert wire.ask(write, 58) == whole("aa55010384003100" + content).hex()
    read = "aa55010203000d04ee1a153a014101e04edbf7a12d76"
    assert wire.ask(read, 58) == whole("aa55010283003100" + content).hex()
    assert wire.ask(whole("aa55010503000d04ee1a153a0141ffffffffffff"), 10) == whole("aa55010583000107").hex()
    # Key A of our sectors does not write, key B does.
    by_a = whole(f"aa55010604003e04ee1a153a014101e04edbf7a1{'00' * 48}00")
    assert wire.ask(by_a, 10) == whole("aa55010684000108").hex()
    by_b = whole(f"aa55010704003e04ee1a153a0142c3ba9e22e2af{'00' * 48}00")
    assert wire.ask(by_b, 58) == whole("aa550107840031" + "00" * 49).hex()
    assert card.read_units(lambda uid, unit: bytes.fromhex("01e04edbf7a1"))[0] == bytes(48)


def test_the_vector_that_writes_an_ntag(machine, wire):
    card = SimulatedCard.blank(Medium.NTAG213, bytes.fromhex("04b807c7151a4d"))
    machine.put_card(card)
    content = "2c928488dd7fd1574342561aaa4fba79dcb471c44f9e7f02688f58e52fe7e616ec278f4404e23c7b174e2a24543f7d0c"
    frame = "aa5501040400410704b807c7151a4d0200000000000000" + content + "00f3a8"
    assert wire.ask(frame, 58) == whole("aa55010484003100" + content).hex()
    assert card.read_units()[1].hex() == content


def test_a_read_of_another_card_says_so(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.NTAG213))
    assert wire.ask(whole("aa55010303000d04ee1a153a0100000000000000"), 10) == whole("aa55010383000106").hex()


def test_the_same_request_again_is_answered_from_memory_and_done_once(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.NTAG213, bytes.fromhex("04b807c7151a4d")))
    write = whole(f"aa5501040400410704b807c7151a4d0200000000000000{'ab' * 48}00")
    first = wire.ask(write, 58)
    machine.take_card()
    assert wire.ask(write, 58) == first
    assert machine.writes == 1
    # With another number it is another request, and the card is gone.
    assert wire.ask(whole(f"aa5501050400410704b807c7151a4d0200000000000000{'ab' * 48}00"), 10)[14:16] == "05"


def test_hello_empties_the_memory(machine, wire):
    machine.put_card(SimulatedCard.blank(Medium.NTAG213, bytes.fromhex("04b807c7151a4d")))
    write = whole(f"aa5501040400410704b807c7151a4d0200000000000000{'ab' * 48}00")
    wire.ask(write, 58)
    wire.ask(HELLO, 25)
    wire.ask(write, 58)
    assert machine.writes == 2


def test_the_lamp(machine, wire):
    assert wire.ask(whole("aa55010105000102"), 10) == whole("aa55010185000100").hex()
    assert machine.signal is SignalPattern.GOOD


def test_a_finger_is_captured_event_by_event(machine, wire):
    assert wire.ask(whole("aa550101100003010064"), 10) == whole("aa55010190000101").hex()
    events = ["e30003010100", "e30003020150", "e30003030150", "e40005010005" + f"{crc(b'abcde'):04x}"]
    for seq, event in enumerate(events):
        frame = whole(f"aa55010{seq}{event}")
        assert wire.receive(len(frame)) == frame.hex()
        if seq == 0:
            machine.put_finger(Finger(b"abcde"))
        # The next event waits for the acknowledgement of this one.
        assert wire.is_silent(0.02)
        wire.send(whole(f"aa55010{seq}f0000100"))
    assert wire.ask(whole("aa55010211000400010003"), 13) == whole("aa55010291000400626364").hex()
    assert wire.ask(whole("aa55010311000400040002"), 10) == whole("aa55010391000104").hex()


def test_a_machine_sees_only_what_its_hardware_can():
    with SimulatedEncoder("0000000000000001", capabilities=Capability.NTAG) as machine:
        wire = Wire(machine.path)
        machine.put_card(SimulatedCard.blank(Medium.CLASSIC_1K))
        assert wire.ask(WAIT, 10) == WAIT_ACCEPTED
        assert wire.is_silent()
        machine.take_card()
        machine.put_card(SimulatedCard.blank(Medium.NTAG213))
        assert wire.receive(18)[8:10] == "e1"
        wire.send(whole(ACKNOWLEDGE_0))
        assert wire.ask(whole("aa550102100003010064"), 10) == whole("aa5501029000010b").hex()
        os.close(wire.end)


# --- faults


def test_answers_can_be_dropped_garbled_doubled_and_delayed(machine, wire):
    machine.faults.drop_answers = 1
    wire.send(HELLO)
    assert wire.is_silent()
    machine.faults.garble_answers = 1
    assert wire.ask(HELLO, 25) == HELLO_ANSWER[:-2] + "4e"
    machine.faults.double_answers = 1
    assert wire.ask(HELLO, 50) == HELLO_ANSWER * 2
    machine.faults.delay_answers = 0.1
    begun = time.monotonic()
    assert wire.ask(HELLO, 25) == HELLO_ANSWER
    assert time.monotonic() - begun >= 0.1
    machine.faults.delay_answers = 0.0
    machine.faults.noise = b"\xaa\x00"
    assert wire.ask(HELLO, 27) == "aa00" + HELLO_ANSWER


def test_a_torn_write_leaves_half_of_the_pages(machine, wire):
    card = SimulatedCard.blank(Medium.NTAG213, bytes.fromhex("04b807c7151a4d"))
    machine.put_card(card)
    machine.faults.cut = WriteCut(1, Moment.TORN, Act.TAKE)
    write = whole(f"aa5501040400410704b807c7151a4d0200000000000000{'ab' * 48}00")
    assert wire.ask(write, 10)[14:16] == "05"
    assert card.read_units()[1] == b"\xab" * 24 + bytes(24)
    assert machine.card is None


@pytest.mark.parametrize(("moment", "written"), [(Moment.BEFORE, 0), (Moment.TORN, 24), (Moment.AFTER, 48)])
def test_a_plug_can_be_pulled_before_in_and_after_a_write(machine, wire, moment, written):
    card = SimulatedCard.blank(Medium.NTAG213, bytes.fromhex("04b807c7151a4d"))
    machine.put_card(card)
    machine.faults.cut = WriteCut(1, moment, Act.UNPLUG)
    wire.send(whole(f"aa5501040400410704b807c7151a4d0200000000000000{'ab' * 48}00"))
    assert wire.is_cut()
    assert card.read_units()[1] == b"\xab" * written + bytes(48 - written)
    assert machine.card is card
    assert not machine.is_plugged_in


# --- the plug


def test_a_replugged_machine_is_behind_the_same_link_with_an_empty_memory(tmp_path):
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk") as machine:
        assert machine.path == str(tmp_path / "desk")
        wire = Wire(machine.path)
        assert wire.ask(WAIT, 10) == WAIT_ACCEPTED
        machine.unplug()
        machine.unplug()
        assert not (tmp_path / "desk").is_symlink()
        os.close(wire.end)
        machine.plug_in()
        machine.plug_in()
        wire = Wire(machine.path)
        # Not busy: the wait ended with the power.
        assert wire.ask(WAIT, 10) == WAIT_ACCEPTED
        os.close(wire.end)
    assert list(tmp_path.iterdir()) == []


def test_a_stale_link_of_a_killed_machine_is_replaced(tmp_path):
    (tmp_path / "desk").symlink_to("/dev/pts/no-longer-there")
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk") as machine:
        wire = Wire(machine.path)
        assert wire.ask(HELLO, 25) == HELLO_ANSWER
        os.close(wire.end)


def test_one_card_lies_there_at_a_time(machine):
    machine.put_card(SimulatedCard.blank(Medium.NTAG213))
    with pytest.raises(ValueError, match="lies there"):
        machine.put_card(SimulatedCard.blank(Medium.NTAG213))
    machine.take_card()
    with pytest.raises(ValueError, match="no card"):
        machine.take_card()


def test_a_closed_machine_stays_closed(machine):
    machine.close()
    machine.close()
    machine.plug_in()
    assert not machine.is_plugged_in
