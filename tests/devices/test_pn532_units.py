"""Units and whole cards through the driver of the PN532, on a simulated module without a port."""

from __future__ import annotations

import pytest

from pms.devices import errors
from pms.devices.card_content import DELIVERY_SECTOR_KEY, UnitState
from pms.devices.encoder import CardPresence, SectorKey
from pms.protocol.card_layout import DELIVERY_KEY, DELIVERY_TRAILER, Medium, sector_trailer
from pms.protocol.encoder_line import KeyKind
from pms.protocol.errors import MalformedError
from pms.simulators.cards import SimulatedCard
from tests.devices.plastic import EMPTY, OURS_1, OURS_2, unit
from tests.devices.pn532_desk import Desk, stop_clock

CLASSIC, NTAG213, NTAG215 = Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG215
ALL_MEDIA = [Medium.CLASSIC_1K, Medium.CLASSIC_4K, Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]
UID = bytes.fromhex("deadbeef")
LONG_UID = bytes.fromhex("04a1b2c3d4e5f6")
KEY_A, KEY_B = bytes.fromhex("a0a1a2a3a4a5"), bytes.fromhex("b0b1b2b3b4b5")
OUR_TRAILER = sector_trailer(KEY_A, KEY_B, 1)
CONTENT = unit("grant")


def never() -> bool:
    return False


@pytest.fixture
def clock(monkeypatch):
    return stop_clock(monkeypatch)


@pytest.fixture
def desk(clock):
    return Desk(clock, CLASSIC, UID)


def asked_of_the_card(desk):
    """What the card is asked from now on, as (command, row)."""
    heard, ask = [], desk.chip.field.ask

    def note(command):
        heard.append((command[0], command[1] if len(command) > 1 else None))
        return ask(command)

    desk.chip.field.ask = note
    return heard


# --- units


def test_a_unit_needs_the_kind_of_key_that_its_card_has(clock):
    for medium, key in ((CLASSIC, None), (NTAG213, DELIVERY_SECTOR_KEY)):
        desk = Desk(clock, medium)
        with pytest.raises(errors.WrongKey):
            desk.encoder.read_unit(desk.card.uid, 1, key)
        with pytest.raises(errors.WrongKey):
            desk.encoder.write_unit(desk.card.uid, 1, CONTENT, key)
        assert desk.chip.field.writes == 0


def test_after_a_wrong_key_the_right_one_still_reads(desk):
    with pytest.raises(errors.WrongKey):
        desk.encoder.read_unit(UID, 1, SectorKey(KeyKind.A, bytes(6)))
    assert desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY) == EMPTY


def test_a_key_that_opens_but_may_not_read_is_a_wrong_one(desk):
    # In delivery state key B can be read, and opens nothing.
    with pytest.raises(errors.WrongKey):
        desk.encoder.read_unit(UID, 1, SectorKey(KeyKind.B, DELIVERY_KEY))
    assert desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY) == EMPTY


def test_key_a_of_ours_reads_and_does_not_write(desk):
    desk.encoder.write_unit(UID, 1, CONTENT, DELIVERY_SECTOR_KEY, OUR_TRAILER)
    assert desk.encoder.read_unit(UID, 1, SectorKey(KeyKind.A, KEY_A)) == CONTENT
    with pytest.raises(errors.WriteFailed):
        desk.encoder.write_unit(UID, 1, EMPTY, SectorKey(KeyKind.A, KEY_A))
    assert desk.encoder.read_unit(UID, 1, SectorKey(KeyKind.B, KEY_B)) == CONTENT


def test_a_classic_with_a_uid_of_seven_bytes_is_seen_and_opened(clock):
    desk = Desk(clock, CLASSIC, LONG_UID)
    assert desk.encoder.wait_for_card(1, never) == CardPresence(LONG_UID, CLASSIC)
    desk.encoder.write_unit(LONG_UID, 1, CONTENT, DELIVERY_SECTOR_KEY, OUR_TRAILER)
    assert desk.encoder.read_unit(LONG_UID, 1, SectorKey(KeyKind.A, KEY_A)) == CONTENT


@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_without_a_card_and_with_another_one_nothing_is_done(clock, medium):
    desk = Desk(clock, medium)
    key = DELIVERY_SECTOR_KEY if medium is CLASSIC else None
    desk.chip.field.take()
    with pytest.raises(errors.NoCard):
        desk.encoder.read_unit(desk.card.uid, 1, key)
    other = SimulatedCard.blank(medium)
    desk.chip.field.put(other)
    before = other.to_json()
    with pytest.raises(errors.CardChanged):
        desk.encoder.write_unit(desk.card.uid, 1, CONTENT, key)
    assert other.to_json() == before


@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_a_card_swapped_between_two_commands_is_noticed(clock, medium):
    desk = Desk(clock, medium)
    key = DELIVERY_SECTOR_KEY if medium is CLASSIC else None
    desk.encoder.read_unit(desk.card.uid, 1, key)
    other = SimulatedCard.blank(medium)
    before = other.to_json()
    desk.chip.field.take()
    desk.chip.field.put(other)
    for act in (desk.encoder.read_unit, lambda uid, number, key: desk.encoder.write_unit(uid, number, CONTENT, key)):
        with pytest.raises(errors.CardChanged):
            act(desk.card.uid, 1, key)
    assert other.to_json() == before


def test_an_ntag_is_asked_for_its_uid_before_it_is_written(clock):
    desk = Desk(clock, NTAG213)
    uid = desk.encoder.wait_for_card(1, never).uid
    other = SimulatedCard.blank(NTAG213)
    # A reader that selects whatever comes, behind our back.
    desk.chip.field.take()
    desk.chip.field.put(other)
    desk.chip.field.select(1, b"")
    with pytest.raises(errors.CardChanged):
        desk.encoder.write_unit(uid, 1, CONTENT)
    assert other.read_units()[0] != CONTENT


def test_the_trailer_goes_last_after_the_data_were_read_back_and_is_tried(desk):
    heard = asked_of_the_card(desk)
    desk.encoder.write_unit(UID, 2, CONTENT, DELIVERY_SECTOR_KEY, OUR_TRAILER)
    read = [(0x30, 8), (0x30, 9), (0x30, 10)]
    assert heard == [
        (0x60, 8), (0xA0, 8), (0xA0, 9), (0xA0, 10), *read, (0xA0, 11), (0x61, 8), *read,
    ]  # fmt: skip
    # Listed once, then no more.
    assert desk.count(lambda: desk.encoder.read_unit(UID, 2, SectorKey(KeyKind.A, KEY_A))) == 4


def test_an_ntag_takes_one_look_twelve_pages_and_three_reads(clock):
    desk = Desk(clock, NTAG213)
    uid = desk.encoder.wait_for_card(1, never).uid
    heard = asked_of_the_card(desk)
    desk.encoder.write_unit(uid, 2, CONTENT)
    assert heard == [(0x30, 0), *((0xA2, page) for page in range(16, 28)), (0x30, 16), (0x30, 20), (0x30, 24)]


def test_the_delivery_trailer_is_tried_with_key_a(desk):
    desk.encoder.write_unit(UID, 1, CONTENT, DELIVERY_SECTOR_KEY, OUR_TRAILER)
    heard = asked_of_the_card(desk)
    desk.encoder.write_unit(UID, 1, EMPTY, SectorKey(KeyKind.B, KEY_B), DELIVERY_TRAILER)
    assert [command for command, _ in heard if command in (0x60, 0x61)] == [0x61, 0x60]
    assert desk.card.read_unit(1, KeyKind.A, DELIVERY_KEY) == EMPTY


@pytest.mark.parametrize("at", range(48, 72))
def test_a_trailer_with_one_wrong_access_bit_never_leaves_the_program(desk, at):
    trailer = bytearray(DELIVERY_TRAILER)
    trailer[at // 8] ^= 1 << at % 8
    before = desk.line.commands
    with pytest.raises(MalformedError):
        desk.encoder.write_unit(UID, 1, EMPTY, DELIVERY_SECTOR_KEY, bytes(trailer))
    assert desk.line.commands == before


def test_an_ntag_has_no_trailer(clock):
    desk = Desk(clock, NTAG213)
    with pytest.raises(errors.WriteFailed):
        desk.encoder.write_unit(desk.card.uid, 1, CONTENT, None, OUR_TRAILER)
    assert desk.chip.field.writes == 0


def test_a_unit_of_another_size_is_refused(desk):
    with pytest.raises(ValueError, match="48"):
        desk.encoder.write_unit(UID, 1, b"short", DELIVERY_SECTOR_KEY)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (b"\x01", errors.NoCard),
        (b"\x0b", errors.NoCard),
        (b"\x13", errors.WrongKey),
        (b"\x14", errors.WrongKey),
        (b"\x27", errors.NoCard),
        (b"\x2b", errors.NoCard),
        (b"\x2d", errors.LineFault),
        (b"\x0e", errors.LineFault),
        (b"", errors.LineFault),
    ],
)
def test_each_status_has_its_error(desk, status, error):
    desk.chip._commands[0x40] = lambda _: status
    with pytest.raises(error):
        desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY)


def test_a_list_that_makes_no_sense_is_a_fault_of_the_line(desk):
    desk.chip._commands[0x4A] = lambda _: bytes.fromhex("01010004080adeadbeef")
    with pytest.raises(errors.LineFault):
        desk.encoder.read_unit(UID, 1, DELIVERY_SECTOR_KEY)


# --- whole cards


@pytest.mark.parametrize("medium", ALL_MEDIA)
def test_a_card_is_made_read_renewed_and_erased(clock, medium):
    desk = Desk(clock, medium)
    content = desk.write({1: unit("101"), 3: unit("lobby")})
    assert desk.at_the_door()[:3] == [unit("101"), EMPTY, unit("lobby")]
    assert content == desk.read()
    desk.write({2: unit("202"), 3: unit("gym")}, main_slot=2, keys=OURS_2)
    assert desk.at_the_door(OURS_2)[:3] == [EMPTY, unit("202"), unit("gym")]
    assert desk.erase(OURS_2).is_empty
    if medium.is_classic:
        assert set(desk.read().states) == {UnitState.DELIVERY}
        assert all(desk.card.read_unit(number, KeyKind.A, DELIVERY_KEY) == EMPTY for number in range(1, 9))


def test_foreign_sectors_are_told_and_left_alone(desk):
    theirs = sector_trailer(b"their1", b"their2", 9)
    desk.encoder.write_unit(UID, 5, CONTENT, DELIVERY_SECTOR_KEY, theirs)
    desk.write({1: unit("101")})
    assert desk.read().states[4] is UnitState.FOREIGN_KEYS
    with pytest.raises(errors.WrongKey):
        desk.write({1: unit("101"), 5: unit("gym")})
    assert desk.card.read_unit(5, KeyKind.A, b"their1") == CONTENT


def test_our_keys_are_found_again_after_renewal(desk):
    desk.write({1: unit("101")}, keys=OURS_1)
    assert desk.read(OURS_2).versions[:2] == (1, 1)
