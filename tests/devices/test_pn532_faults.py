"""The driver of the PN532 against a line, a module and cards that fail: every fault at every step of the work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pms.devices import errors
from pms.devices.card_content import DELIVERY_SECTOR_KEY
from pms.devices.encoder import SectorKey
from pms.protocol.card_layout import DELIVERY_KEY, DELIVERY_TRAILER, Medium, sector_trailer
from pms.protocol.encoder_line import KeyKind
from pms.simulators.cards import CardTorn, KeyRefused, SimulatedCard
from pms.simulators.pn532_faults import FOR_EVER, Faults, Moment, WriteAct, WriteFault
from tests.devices.plastic import EMPTY, OURS_1, OURS_2, unit
from tests.devices.pn532_desk import Desk, stop_clock

CLASSIC, NTAG213, NTAG215 = Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG215
UID = bytes.fromhex("deadbeef")
KEY_A, KEY_B = bytes.fromhex("a0a1a2a3a4a5"), bytes.fromhex("b0b1b2b3b4b5")
OUR_TRAILER = sector_trailer(KEY_A, KEY_B, 1)
OLD, NEW = unit("old"), unit("new")
EARLIER, LATER = {1: unit("101"), 3: unit("lobby")}, {2: unit("202"), 3: unit("gym")}


@pytest.fixture
def make(monkeypatch):
    """A desk on a clock that only waiting moves."""
    return lambda medium: Desk(stop_clock(monkeypatch), medium, UID if medium.is_classic else None)


def write_one(desk: Desk) -> None:
    """Give a unit that holds OLD in delivery state the content NEW, and our keys where there are any."""
    if desk.card.medium.is_classic:
        desk.encoder.write_unit(desk.card.uid, 1, NEW, DELIVERY_SECTOR_KEY, OUR_TRAILER)
    else:
        desk.encoder.write_unit(desk.card.uid, 1, NEW)


def held(desk: Desk) -> bytes | None:
    """What unit 1 holds, by the key that opens it."""
    if not desk.card.medium.is_classic:
        return desk.card.read_units()[0]
    for key in (KEY_A, DELIVERY_KEY):
        with suppress(KeyRefused):
            return desk.card.read_unit(1, KeyKind.A, key)
    return None


def prepared(make, medium) -> Desk:
    """A desk where `write_one` comes next."""
    desk = make(medium)
    begin = 64 if medium.is_classic else 16
    desk.card._memory[begin : begin + 48] = OLD
    return desk


def sizes(make, medium) -> tuple[int, int]:
    """How many commands, and how many writes of a row, `write_one` takes."""
    desk = prepared(make, medium)
    assert held(desk) == OLD
    commands = desk.count(lambda: write_one(desk))
    assert held(desk) == NEW
    return commands, desk.chip.field.writes


# --- faults that are overcome: the card holds the new content, and nothing was written twice

OVERCOME: dict[str, Callable[[Faults], None]] = {
    "a command is not heard": lambda faults: setattr(faults, "deaf_frames", 1),
    "two sendings are not heard": lambda faults: setattr(faults, "deaf_frames", 2),
    "an acknowledgement is lost": lambda faults: setattr(faults, "drop_acks", 1),
    "an answer is lost": lambda faults: setattr(faults, "drop_answers", 1),
    "an answer is damaged": lambda faults: setattr(faults, "garble_answers", 1),
    "two answers are lost": lambda faults: setattr(faults, "drop_answers", 2),
    "everything is late": lambda faults: setattr(faults, "delay", 0.35),
    "everything is a little late": lambda faults: setattr(faults, "delay", 0.12),
    "there is noise": lambda faults: setattr(faults, "noise", b"\x55\x00\xff\x00"),
    "there is noise like a long frame": lambda faults: setattr(faults, "noise", b"\x00\xff\x09\xf7"),
}


@pytest.mark.parametrize("fault", OVERCOME)
@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_a_fault_of_the_line_at_any_step_is_overcome(make, medium, fault):
    commands, writes = sizes(make, medium)
    for step in range(1, commands + 1):
        desk = prepared(make, medium)
        desk.at_command(step, lambda desk=desk: OVERCOME[fault](desk.chip.faults))
        write_one(desk)
        assert held(desk) == NEW, step
        if "late" not in fault and "damaged" not in fault:
            assert desk.chip.field.writes == writes, step


# --- faults that end the work


def unplug(desk: Desk) -> None:
    desk.line.unplug()


def take(desk: Desk) -> None:
    desk.chip.field.take()


def swap(desk: Desk) -> None:
    desk.chip.field.take()
    desk.other = SimulatedCard.blank(desk.card.medium)
    desk.before = desk.other.to_json()
    desk.chip.field.put(desk.other)


def silence(desk: Desk) -> None:
    desk.chip.faults.deaf_frames = FOR_EVER


def lose_answers(desk: Desk) -> None:
    desk.chip.faults.drop_answers = FOR_EVER


def garble_answers(desk: Desk) -> None:
    desk.chip.faults.garble_answers = FOR_EVER


ENDS = [
    (unplug, {"gone"}),
    (take, {"no_card"}),
    (swap, {"card_changed"}),
    (silence, {"silent"}),
    # The line cannot even be swept any more.
    (lose_answers, {"silent"}),
    (garble_answers, {"silent"}),
]


@pytest.mark.parametrize(("act", "codes"), ENDS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_what_ends_the_work_at_any_step_is_told_and_can_be_done_again(make, medium, act, codes):
    commands, _ = sizes(make, medium)
    for step in range(1, commands + 1):
        desk = prepared(make, medium)
        desk.at_command(step, lambda desk=desk: act(desk))
        with pytest.raises(errors.DeviceError) as caught:
            write_one(desk)
        assert caught.value.code in codes, step
        if act is swap:
            assert desk.other.to_json() == desk.before, step
        desk.restore()
        content = held(desk)
        assert content is not None, step
        assert all(byte in (old, new) for byte, old, new in zip(content, OLD, NEW, strict=True)), step
        # Either the earlier keys are there still, or the content is whole.
        if medium.is_classic and desk.card._memory[112:128] != DELIVERY_TRAILER:
            assert (content, bytes(desk.card._memory[112:128])) == (NEW, OUR_TRAILER), step
            desk.encoder.write_unit(UID, 1, NEW, SectorKey(KeyKind.B, KEY_B))
        else:
            write_one(desk)
        assert held(desk) == NEW, step


@pytest.mark.parametrize(("act", "codes"), ENDS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_reading_that_is_cut_off_says_why(make, medium, act, codes):
    key = DELIVERY_SECTOR_KEY if medium.is_classic else None
    for step in range(1, 5 if medium.is_classic else 4):
        desk = make(medium)
        desk.encoder.wait_for_card(1, lambda: False)
        desk.at_command(step, lambda desk=desk: act(desk))
        with pytest.raises(errors.DeviceError) as caught:
            desk.encoder.read_unit(desk.card.uid, 1, key)
        assert caught.value.code in codes, step
        desk.restore()
        assert len(desk.encoder.read_unit(desk.card.uid, 1, key)) == 48


CODES = {
    WriteAct.UNPLUG: "gone",
    WriteAct.TAKE: "no_card",
    WriteAct.NAK: "write_failed",
    WriteAct.LOSE: "write_failed",
}


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("act", list(WriteAct))
@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_a_write_that_goes_wrong_halfway_is_never_passed_over(make, medium, act, moment):
    _, writes = sizes(make, medium)
    for number in range(1, writes + 1):
        desk = prepared(make, medium)
        desk.chip.faults.write = WriteFault(number, act, moment)
        # A lost answer is overcome, unless half a trailer has ended the sector.
        is_end = medium.is_classic and (number, moment) == (writes, Moment.TORN)
        if act is WriteAct.LOSE and not is_end:
            write_one(desk)
            assert held(desk) == NEW, number
            continue
        with pytest.raises(errors.DeviceError) as caught:
            write_one(desk)
        assert caught.value.code == CODES[act], number


# --- torn cards


@pytest.mark.parametrize("at", range(65))
def test_wherever_a_card_is_torn_away_no_wrong_trailer_was_sent(make, at):
    desk = prepared(make, CLASSIC)
    sent = []
    write_row = desk.card.write_row

    def note(row, kind, key, content):
        sent.append((row, content))
        if row == 7:
            # Not before the data were written, and read back.
            assert desk.card.read_unit(1, KeyKind.A, DELIVERY_KEY) == NEW
        write_row(row, kind, key, content)

    desk.card.write_row = note
    desk.card.tear_after = at
    if at < 64:
        with pytest.raises(errors.NoCard):
            write_one(desk)
    else:
        write_one(desk)
    trailer = bytes(desk.card._memory[112:128])
    assert {content for row, content in sent if row == 7} <= {OUR_TRAILER}
    assert trailer == (OUR_TRAILER[: max(0, at - 48)] + DELIVERY_TRAILER[max(0, at - 48) :])
    assert bytes(desk.card._memory[64:112]) == NEW[: min(at, 48)] + OLD[min(at, 48) :]
    if at <= 48:
        desk.restore()
        write_one(desk)
        assert held(desk) == NEW


@pytest.mark.parametrize("at", range(49))
def test_a_torn_ntag_is_finished_by_the_same_again(make, at):
    desk = prepared(make, NTAG213)
    desk.card.tear_after = at
    if at < 48:
        with pytest.raises(errors.NoCard):
            write_one(desk)
        assert desk.card.read_units()[0] == NEW[:at] + OLD[at:]
        desk.restore()
    write_one(desk)
    assert held(desk) == NEW


def test_a_card_that_takes_bytes_and_forgets_them_is_found_out(make):
    for medium in (CLASSIC, NTAG213):
        desk = prepared(make, medium)
        desk.card._store = lambda at, content: None
        with pytest.raises(errors.VerifyFailed):
            write_one(desk)
        assert held(desk) == OLD


def test_a_trailer_that_is_not_kept_is_found_out(make):
    desk = prepared(make, CLASSIC)
    store = desk.card._store
    desk.card._store = lambda at, content: None if at == 112 else store(at, content)
    with pytest.raises(errors.VerifyFailed):
        write_one(desk)
    assert held(desk) == NEW


def test_a_card_that_never_answers_a_write_is_given_up(make):
    desk = prepared(make, CLASSIC)
    ask = desk.chip.field.ask

    def fall_silent(command):
        if command[0] == 0xA0:
            desk.chip.field.forget()
            return None
        return ask(command)

    desk.chip.field.ask = fall_silent
    with pytest.raises(errors.NoCard):
        write_one(desk)
    assert held(desk) == OLD


# --- whole cards


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    step=st.integers(1, 150),
    act=st.sampled_from([act for act, _ in ENDS]),
    medium=st.sampled_from([CLASSIC, NTAG213, NTAG215]),
    is_renewed=st.booleans(),
)
def test_the_earlier_grant_outlives_every_interruption_and_doing_it_again_is_safe(
    monkeypatch, step, act, medium, is_renewed
):
    desk = Desk(stop_clock(monkeypatch), medium)
    desk.write(EARLIER)
    keys = OURS_2 if is_renewed else OURS_1
    desk.at_command(step, lambda: act(desk))
    with suppress(errors.DeviceError):
        desk.write(LATER, main_slot=2, keys=keys)
    assert desk.at_the_door(OURS_1)[0] == unit("101") or desk.at_the_door(keys)[1] == unit("202")
    desk.restore()
    desk.write(LATER, main_slot=2, keys=keys)
    assert desk.at_the_door(keys)[:3] == [EMPTY, unit("202"), unit("gym")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    step=st.integers(1, 150), act=st.sampled_from([act for act, _ in ENDS]), medium=st.sampled_from([CLASSIC, NTAG215])
)
def test_an_interrupted_erasing_can_be_repeated(monkeypatch, step, act, medium):
    desk = Desk(stop_clock(monkeypatch), medium)
    desk.write(EARLIER)
    desk.at_command(step, lambda: act(desk))
    with suppress(errors.DeviceError):
        desk.erase()
    desk.restore()
    assert desk.erase().is_empty


def test_torn_is_what_the_simulated_card_says_when_half_a_block_is_written():
    card = SimulatedCard.blank(NTAG213)
    card.tear_after = 2
    with pytest.raises(CardTorn):
        card.write_row(4, KeyKind.NONE, b"", b"abcd")
    assert card.read_row(4, KeyKind.NONE, b"")[:2] == b"ab"
