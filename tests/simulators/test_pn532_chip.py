"""The simulated PN532 against the data sheet: literal frames in, literal frames out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from pms.simulators.pn532_chip import Pn532Chip
from pms.simulators.pn532_frames import Ear, Sign, Sleep, spoken
from pms.simulators.pn532_words import crc_a

ACK = "0000ff00ff00"
ERROR = "0000ff01ff7f8100"
WAKE = "5555" + "00" * 14
NORMAL_MODE = "0000ff05fbd4140114010200"
NORMAL_MODE_DONE = ACK + "0000ff02fed5151600"
LIST_ONE = "0000ff04fcd44a0100e100"
NOBODY = "0000ff03fdd54b00e000"
CLASSIC = "0000ff0cf4d54b010100040804deadbeef9600"
NTAG = "0000ff0ff1d54b01010044000704a1b2c3d4e5f6ca00"
FEW_TRIES = "0000ff06fad43205ff0101f400"
OPEN_4 = "0000ff0ff1d440016004ffffffffffffdeadbeef5500"
READ_4 = "0000ff05fbd440013004b700"
OK, DENIED, REFUSED = "0000ff03fdd54100ea00", "0000ff03fdd54114d600", "0000ff03fdd54113d700"
WRONG_CONTEXT = "0000ff03fdd54127c300"


class Host:
    """Says frames and hears what comes back, as hex."""

    def __init__(self) -> None:
        self._heard = bytearray()
        self.chip = Pn532Chip(self._heard.extend)

    def say(self, frame: str) -> str:
        self.chip.receive(bytes.fromhex(frame), 0.0)
        return self.listen()

    def ask(self, *command: int) -> bytes:
        """The answer to a command, without its frame."""
        heard = bytes.fromhex(self.say(spoken_by_host(bytes(command))))
        assert heard[:6].hex() == ACK
        answer = heard[6:]
        return answer[7:-2] if answer[3] != 0xFF else answer[10:-2]

    def listen(self) -> str:
        self.chip.tick(0.0)
        heard = self._heard.hex()
        self._heard.clear()
        return heard


def spoken_by_host(body: bytes) -> str:
    """The chip's own frames, turned round: only here, where the answers are in question."""
    frame = bytearray(spoken(body[0], body[1:]))
    at = 8 if frame[3] == frame[4] == 0xFF else 5
    frame[at], frame[-2] = 0xD4, (frame[-2] + 1) & 0xFF
    return frame.hex()


@pytest.fixture
def asleep():
    return Host()


@pytest.fixture
def host(asleep):
    assert asleep.say(WAKE + NORMAL_MODE) == NORMAL_MODE_DONE
    return asleep


def put(host, medium):
    card = SimulatedCard.blank(medium, bytes.fromhex("deadbeef" if medium.is_classic else "04a1b2c3d4e5f6"))
    host.chip.field.put(card)
    return card


# --- frames


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ("0000ff02fed4022a00", ACK + "0000ff06fad50332010607e800"),
        (NORMAL_MODE, NORMAL_MODE_DONE),
        ("0000ff03fdd414011700", NORMAL_MODE_DONE),
        ("0000ff03fdd45200da00", ACK + "0000ff03fdd55300d800"),
        ("0000ff03fdd4109c8000", ACK + ERROR),
        ("0000ff02fed49a9200", ACK + ERROR),
        ("0000ff02fed5022900", ERROR),
        ("0000ff02fed4022b00", ""),
        ("0000ff02fdd4022a00", ""),
        (ACK, ""),
        ("", ""),
    ],
)
def test_frames_of_the_data_sheet_are_answered(host, frame, answer):
    assert host.say(frame) == answer


def test_a_line_test_of_263_bytes_comes_back_whole(host):
    test = bytes(at & 0xFF for at in range(262))
    assert host.ask(0x00, 0x00, *test) == b"\0" + test


def test_the_last_answer_is_said_again_when_asked_for(host):
    assert host.say("0000ff02fed4022a00") == ACK + "0000ff06fad50332010607e800"
    assert host.say("0000ffff0000") == "0000ff06fad50332010607e800"


@given(st.binary(max_size=80))
def test_after_any_noise_the_chip_hears_again(noise):
    ear = Ear()
    # At worst the noise has promised the longest of frames.
    heard = [ear.hear(byte) for byte in noise + bytes(280) + bytes.fromhex(ACK)]
    assert heard[-2:] == [Sign.ACK, None]


# --- sleep


def test_a_module_that_sleeps_loses_the_first_bytes(asleep):
    assert asleep.say("0000ff02fed4022a00") == ""


@pytest.mark.parametrize("waking", [WAKE, "00" * 10])
def test_the_waking_of_libnfc_and_of_nfcpy_is_enough(asleep, waking):
    assert asleep.say(waking + "0000ff02fed4022a00") == ACK + "0000ff06fad50332010607e800"


def test_cards_are_only_looked_for_in_the_normal_mode(asleep):
    assert asleep.say(WAKE + LIST_ONE) == ACK + ERROR


def test_power_down_sends_it_to_sleep_with_its_settings(host):
    host.say(FEW_TRIES)
    assert host.ask(0x16, 0x20) == b"\0"
    assert host.say(LIST_ONE) == ""
    assert host.say(WAKE + LIST_ONE) == ACK + NOBODY


def test_edges_wake_and_zeros_pass_the_time():
    asleep = Sleep()
    assert [asleep.swallow(byte) for byte in bytes.fromhex("5500000000ff")] == [True] * 5 + [False]


# --- cards


def test_a_factory_new_chip_waits_for_a_card_for_ever(host):
    assert host.say(LIST_ONE) == ACK
    assert host.listen() == ""
    put(host, Medium.CLASSIC_1K)
    assert host.listen() == CLASSIC


@pytest.mark.parametrize("end", [ACK, "0000ff02fed4022a00"])
def test_the_wait_ends_without_a_word_at_the_next_frame(host, end):
    host.say(LIST_ONE)
    host.say(end)
    put(host, Medium.CLASSIC_1K)
    assert host.listen() == ""


def test_with_few_tries_it_says_that_nobody_is_there_and_the_call_stays_in_the_fifo(host):
    host.say(FEW_TRIES)
    assert host.say(LIST_ONE) == ACK + NOBODY
    assert host.ask(0x06, 0x63, 0x39) == b"\x26"


def test_an_ntag_is_listed_as_in_the_data_sheet(host):
    put(host, Medium.NTAG213)
    assert host.say(LIST_ONE) == ACK + NTAG


@pytest.mark.parametrize(("uid", "is_found"), [("8804a1b2c3d4e5f6", 1), ("04a1b2c3d4e5f6", 1), ("8804a1b2c3d4e5f7", 0)])
def test_a_card_is_looked_for_by_its_uid(host, uid, is_found):
    host.say(FEW_TRIES)
    put(host, Medium.NTAG213)
    assert host.ask(0x4A, 1, 0, *bytes.fromhex(uid))[0] == is_found


def test_two_cards_are_two_targets(host):
    put(host, Medium.CLASSIC_1K)
    host.chip.field.neighbour = SimulatedCard.blank(Medium.NTAG213)
    assert host.ask(0x4A, 2, 0)[0] == 2
    assert host.ask(0x4A, 1, 0)[0] == 1


def test_other_kinds_of_card_are_not_there(host):
    host.say(FEW_TRIES)
    put(host, Medium.CLASSIC_1K)
    assert host.ask(0x4A, 1, 1, 0, 0xFF, 0xFF, 0, 0) == b"\0"


def test_a_classic_card_is_opened_and_read_as_in_the_data_sheet(host):
    put(host, Medium.CLASSIC_1K)
    assert host.say(READ_4) == ACK + WRONG_CONTEXT
    host.say(LIST_ONE)
    assert host.say(READ_4) == ACK + REFUSED
    host.say(LIST_ONE)
    assert host.say(OPEN_4) == ACK + OK
    assert host.say(READ_4) == ACK + "0000ff13edd54100" + "00" * 16 + "ea00"


def test_a_card_that_broke_off_an_authentication_is_silent_until_it_is_listed(host):
    put(host, Medium.CLASSIC_1K)
    host.say(LIST_ONE)
    assert host.ask(0x40, 1, 0x60, 4, *bytes(6), 0xDE, 0xAD, 0xBE, 0xEF) == b"\x14"
    assert host.say(OPEN_4) == ACK + WRONG_CONTEXT
    # The right key, with the UID of another card.
    host.say(LIST_ONE)
    assert host.ask(0x40, 1, 0x60, 4, *b"\xff" * 6, 0xDE, 0xAD, 0xBE, 0xEE) == b"\x14"


@pytest.mark.parametrize("end", [(0x52, 0), (0x44, 1), (0x32, 1, 0)])
def test_a_released_card_must_be_listed_again(host, end):
    put(host, Medium.CLASSIC_1K)
    host.say(LIST_ONE)
    host.ask(*end)
    assert host.say(OPEN_4) == ACK + WRONG_CONTEXT


def test_a_card_that_was_moved_must_be_listed_again(host):
    card = put(host, Medium.CLASSIC_1K)
    host.say(LIST_ONE)
    host.say(OPEN_4)
    host.chip.field.take()
    host.chip.field.put(card)
    assert host.say(READ_4) == ACK + WRONG_CONTEXT


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("60", "00" + "0004040201000f03"),
        ("3004", "00" + "0103a00c340300fe0000000000000000"),
        ("302b", "00" + "0000000000000000" + "04a1b29fc3d4e5f6"),
        ("302d", "02"),
        ("3a0405", "00" + "0103a00c340300fe"),
        ("3a0504", "02"),
        ("1bffffffff", "00" + "0000"),
        ("1b00000000", "02"),
        ("a20461626364", "02"),
        ("5000", "01"),
        ("7777", "02"),
    ],
)
def test_an_ntag_answers_through_the_chip(host, command, answer):
    put(host, Medium.NTAG213)
    host.say(LIST_ONE)
    assert host.ask(0x42, *bytes.fromhex(command)).hex() == answer


def test_four_bits_are_heard_once_nobody_checks_their_crc(host):
    card = put(host, Medium.NTAG213)
    host.say(LIST_ONE)
    host.ask(0x08, 0x63, 0x03, 0x00)
    assert host.ask(0x42, *bytes.fromhex("a20461626364")).hex() == "000a"
    assert card.read_units()[0][:4] == b"abcd"
    read = host.ask(0x42, 0x30, 0x04)
    assert read[1:17][:4] == b"abcd"
    assert read[17:] == crc_a(read[1:17])
    assert host.ask(0x42, 0x30, 0x2D).hex() == "0000"


def test_a_host_that_makes_its_own_crc_must_make_it_right(host):
    put(host, Medium.NTAG213)
    host.say(LIST_ONE)
    host.ask(0x08, 0x63, 0x02, 0x00)
    # CRC_A of HLTA is 57 CD in ISO 14443-3.
    assert crc_a(b"\x50\x00").hex() == "57cd"
    assert host.ask(0x42, 0x60, *crc_a(b"\x60"))[1:].hex() == "0004040201000f03"
    assert host.ask(0x42, 0x60, 0x00, 0x00).hex() == "01"


def test_the_chip_tells_its_state(host):
    assert host.ask(0x04).hex() == "00000000"
    put(host, Medium.CLASSIC_1K)
    host.say(LIST_ONE)
    assert host.ask(0x04).hex() == "0001010100000000"


def test_without_power_everything_is_forgotten(host):
    host.say(FEW_TRIES)
    host.chip.lose_power()
    assert host.say(WAKE + NORMAL_MODE) == NORMAL_MODE_DONE
    assert host.say(LIST_ONE) == ACK
    assert host.chip.is_waiting
