"""Simulated cards against NXP's data sheets: keys, access conditions, dead sectors, read-only places."""

from __future__ import annotations

import json
from threading import Thread

import pytest

from pms.protocol.card_layout import DELIVERY_KEY, DELIVERY_TRAILER, EMPTY_UNIT, Medium
from pms.protocol.encoder_line import KeyKind
from pms.simulators.cards import CardRefused, KeyRefused, SimulatedCard

A, B, NONE = KeyKind.A, KeyKind.B, KeyKind.NONE
KEY_A, KEY_B = bytes.fromhex("a0a1a2a3a4a5"), bytes.fromhex("b0b1b2b3b4b5")
OUR_TRAILER = KEY_A + bytes.fromhex("78778801") + KEY_B
NO_KEY = bytes(6)
BLOCK = b"sixteen bytes..."
NTAGS = [Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]
CLASSICS = [Medium.CLASSIC_1K, Medium.CLASSIC_4K]


@pytest.fixture
def card():
    """A Classic whose sector 1 (blocks 4 to 7) has our trailer."""
    card = SimulatedCard.blank(Medium.CLASSIC_1K, bytes.fromhex("ee1a153a"))
    card.write_row(7, A, DELIVERY_KEY, OUR_TRAILER)
    return card


# --- Classic


def test_a_new_card_is_in_delivery_state():
    card = SimulatedCard.blank(Medium.CLASSIC_1K, bytes.fromhex("ee1a153a"))
    assert card.read_row(0, A, DELIVERY_KEY).hex() == "ee1a153adb0804000000000000000000"
    # Key A is never shown, key B is in delivery state.
    assert card.read_row(7, A, DELIVERY_KEY).hex() == "000000000000ff078069ffffffffffff"
    assert card.read_unit(8, A, DELIVERY_KEY) == EMPTY_UNIT


def test_a_key_b_that_can_be_read_opens_nothing():
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    for attempt in (lambda: card.read_row(4, B, DELIVERY_KEY), lambda: card.write_row(4, B, DELIVERY_KEY, BLOCK)):
        with pytest.raises(CardRefused):
            attempt()


@pytest.mark.parametrize(("kind", "key"), [(A, KEY_B), (A, DELIVERY_KEY), (B, KEY_A), (NONE, KEY_A), (A, b"")])
def test_a_wrong_key_opens_nothing(card, kind, key):
    with pytest.raises(KeyRefused):
        card.read_row(4, kind, key)
    with pytest.raises(KeyRefused):
        card.write_row(4, kind, key, BLOCK)


def test_under_our_conditions_a_reads_and_b_reads_and_writes(card):
    with pytest.raises(CardRefused):
        card.write_row(4, A, KEY_A, BLOCK)
    card.write_row(4, B, KEY_B, BLOCK)
    assert card.read_row(4, A, KEY_A) == card.read_row(4, B, KEY_B) == BLOCK


def test_under_our_conditions_only_b_writes_the_trailer_and_no_key_is_shown(card):
    with pytest.raises(CardRefused):
        card.write_row(7, A, KEY_A, DELIVERY_TRAILER)
    for kind, key in ((A, KEY_A), (B, KEY_B)):
        assert card.read_row(7, kind, key) == bytes(6) + bytes.fromhex("78778801") + bytes(6)
    card.write_row(7, B, KEY_B, DELIVERY_TRAILER)
    assert card.read_row(4, A, DELIVERY_KEY) == bytes(16)


@pytest.mark.parametrize("at", range(24))
def test_contradicting_access_bytes_end_the_sector_for_good(at):
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    trailer = bytearray(OUR_TRAILER)
    trailer[6 + at // 8] ^= 1 << at % 8
    card.write_row(7, A, DELIVERY_KEY, bytes(trailer))
    for kind, key in ((A, KEY_A), (B, KEY_B), (A, DELIVERY_KEY)):
        with pytest.raises(KeyRefused):
            card.read_row(4, kind, key)
        with pytest.raises(KeyRefused):
            card.write_row(7, kind, key, DELIVERY_TRAILER)
    # The sectors beside it live.
    assert card.read_unit(2, A, DELIVERY_KEY) == EMPTY_UNIT


@pytest.mark.parametrize(
    ("access", "readers", "writers"),
    [
        ("7f0788", "AB", "AB"),  # data 000
        ("0f078f", "AB", ""),  # data 010
        ("787788", "AB", "B"),  # data 100
        ("08778f", "AB", "B"),  # data 110
        ("7f00f8", "AB", ""),  # data 001
        ("0f00ff", "B", "B"),  # data 011
        ("7870f8", "B", ""),  # data 101
        ("0870ff", "", ""),  # data 111
    ],
)
def test_each_data_condition_is_that_of_the_data_sheet(access, readers, writers):
    # The three data blocks have the condition, the trailer has 011.
    c1, c2, c3 = condition_bits(access)
    assert (c1 >> 3, c2 >> 3, c3 >> 3) == (0, 1, 1)
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    card.write_row(7, A, DELIVERY_KEY, KEY_A + bytes.fromhex(access) + b"\x00" + KEY_B)
    for kind, key in ((A, KEY_A), (B, KEY_B)):
        assert may(lambda kind=kind, key=key: card.read_row(5, kind, key)) == (kind.name in readers)
        assert may(lambda kind=kind, key=key: card.write_row(5, kind, key, BLOCK)) == (kind.name in writers)


def test_a_trailer_condition_without_access_bits_changes_keys_only():
    # Trailer 000: key A writes both keys, nobody the access bits.
    access = access_bytes_of(data=0b000, trailer=0b000)
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    card.write_row(7, A, DELIVERY_KEY, KEY_A + access + b"\x05" + KEY_B)
    card.write_row(7, A, KEY_A, KEY_B + bytes.fromhex("787788") + b"\x06" + KEY_A)
    assert card.read_row(7, A, KEY_B) == bytes(6) + access + b"\x05" + KEY_A


def test_a_trailer_that_nobody_may_write_stays():
    access = access_bytes_of(data=0b000, trailer=0b111)
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    card.write_row(7, A, DELIVERY_KEY, KEY_A + access + b"\x00" + KEY_B)
    for kind, key in ((A, KEY_A), (B, KEY_B)):
        with pytest.raises(CardRefused):
            card.write_row(7, kind, key, DELIVERY_TRAILER)


def test_the_manufacturer_block_and_odd_sizes_are_refused(card):
    with pytest.raises(CardRefused):
        card.write_row(0, A, DELIVERY_KEY, BLOCK)
    with pytest.raises(CardRefused):
        card.write_row(4, B, KEY_B, b"short")
    with pytest.raises(CardRefused):
        card.read_row(64, A, DELIVERY_KEY)


def test_a_4k_card_has_big_sectors_with_one_trailer():
    card = SimulatedCard.blank(Medium.CLASSIC_4K)
    card.write_row(255, A, DELIVERY_KEY, OUR_TRAILER)
    with pytest.raises(KeyRefused):
        card.read_row(240, A, DELIVERY_KEY)
    card.write_row(254, B, KEY_B, BLOCK)
    assert card.read_row(254, A, KEY_A) == BLOCK
    assert card.read_row(239, A, DELIVERY_KEY)[6:9].hex() == "ff0780"


@pytest.mark.parametrize("medium", CLASSICS)
def test_a_lock_reads_the_sectors_that_its_key_opens(medium):
    card = SimulatedCard.blank(medium)
    card.write_row(7, A, DELIVERY_KEY, OUR_TRAILER)
    card.write_row(4, B, KEY_B, BLOCK)
    assert card.read_units(lambda uid, unit: KEY_A) == [BLOCK + bytes(32)] + [None] * 7
    assert card.read_units() == [None] * 8


# --- NTAG


@pytest.mark.parametrize(("medium", "count", "pages"), [(NTAGS[0], 3, 45), (NTAGS[1], 8, 135), (NTAGS[2], 8, 231)])
def test_an_ntag_has_its_pages_and_units(medium, count, pages):
    card = SimulatedCard.blank(medium, bytes.fromhex("04b807c7151a4d"))
    assert len(card.read_units()) == count
    assert card.read_row(0, NONE, NO_KEY).hex() == "04b80733"
    assert card.read_row(1, NONE, NO_KEY).hex() == "c7151a4d"
    card.read_row(pages - 1, NONE, NO_KEY)
    with pytest.raises(CardRefused):
        card.read_row(pages, NONE, NO_KEY)


@pytest.mark.parametrize(("medium", "last"), [(NTAGS[0], 39), (NTAGS[1], 129), (NTAGS[2], 225)])
def test_only_user_pages_of_an_ntag_are_written(medium, last):
    card = SimulatedCard.blank(medium)
    for page in (4, last):
        card.write_row(page, NONE, NO_KEY, b"abcd")
        assert card.read_row(page, NONE, NO_KEY) == b"abcd"
    for page in (0, 1, 2, 3, last + 1):
        with pytest.raises(CardRefused):
            card.write_row(page, NONE, NO_KEY, b"abcd")


def test_an_ntag_has_no_sector_keys():
    card = SimulatedCard.blank(Medium.NTAG213)
    with pytest.raises(KeyRefused):
        card.read_unit(1, A, DELIVERY_KEY)


def test_a_unit_beyond_the_medium_is_refused():
    card = SimulatedCard.blank(Medium.NTAG213)
    for unit in (0, 4):
        with pytest.raises(CardRefused):
            card.read_unit(unit, NONE, NO_KEY)


# --- as data


@pytest.mark.parametrize("medium", [*CLASSICS, *NTAGS])
def test_a_card_survives_json(medium):
    card = SimulatedCard.blank(medium)
    again = SimulatedCard.from_json(json.loads(json.dumps(card.to_json())))
    assert type(again) is type(card)
    assert again.to_json() == card.to_json()
    assert (again.uid, again.medium) == (card.uid, medium)


@pytest.mark.parametrize(
    "values",
    [
        {"uid": "ee1a153a", "medium": "CLASSIC_1K", "memory": "00"},
        {"uid": "ee1a153a", "medium": "DESFIRE", "memory": ""},
        {"uid": "zz", "medium": "NTAG213", "memory": "00"},
    ],
)
def test_what_is_no_card_is_refused(values):
    with pytest.raises(ValueError, match=r"memory|hex"):
        SimulatedCard.from_json(values)


def test_there_is_no_simulated_desfire():
    with pytest.raises(ValueError, match="DESFIRE"):
        SimulatedCard.blank(Medium.DESFIRE)


def test_new_cards_have_uids_of_their_own():
    assert len({SimulatedCard.blank(Medium.NTAG213).uid for _ in range(50)}) == 50
    assert len(SimulatedCard.blank(Medium.CLASSIC_1K).uid) == 4


def test_a_unit_is_never_seen_half_written_within_a_row():
    card = SimulatedCard.blank(Medium.NTAG215)
    seen = set()

    def write():
        for number in range(400):
            card.write_row(4, NONE, NO_KEY, bytes((number % 250,)) * 4)

    writer = Thread(target=write)
    writer.start()
    while writer.is_alive():
        seen.add(card.read_row(4, NONE, NO_KEY))
    writer.join()
    assert all(page in (b"\x03\x00\xfe\x00",) or len(set(page)) == 1 for page in seen)


def may(access) -> bool:
    try:
        access()
    except CardRefused:
        return False
    return True


def condition_bits(access: str) -> tuple[int, int, int]:
    """C1, C2, C3 of the four groups, after checking that the inverted copies agree."""
    six, seven, eight = bytes.fromhex(access)
    assert six & 0xF == 0xF - (seven >> 4)
    assert six >> 4 == 0xF - (eight & 0xF)
    assert seven & 0xF == 0xF - (eight >> 4)
    return seven >> 4, eight & 0xF, eight >> 4


def access_bytes_of(data: int, trailer: int) -> bytes:
    """Access bytes from the data sheet's table, written down apart from the product's code."""
    c1 = (data >> 2) * 7 | (trailer >> 2) << 3
    c2 = (data >> 1 & 1) * 7 | (trailer >> 1 & 1) << 3
    c3 = (data & 1) * 7 | (trailer & 1) << 3
    return bytes(((0xF - c2) << 4 | (0xF - c1), c1 << 4 | (0xF - c3), c3 << 4 | c2))
