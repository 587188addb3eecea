"""Making and erasing guest cards on a simulated machine without a port; what a lock would read judges the result."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pms.devices import errors
from pms.devices.card_writer import CardContent, UnitState, erase_card, read_card, write_card
from pms.devices.drivers.machine import LineMachine
from pms.devices.encoder import CardPresence
from pms.protocol.card_layout import DELIVERY_KEY, DELIVERY_TRAILER, EMPTY_UNIT, Medium, sector_trailer
from pms.protocol.encoder_line import KeyKind, Status
from pms.simulators.cards import ClassicCard, SimulatedCard
from pms.simulators.encoder_faults import Act, Moment, WriteCut
from tests.devices.lines import DirectTransport
from tests.devices.plastic import EMPTY, OURS_1, OURS_2, THEIRS, unit

CLASSIC, NTAG213, NTAG215 = Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG215
ALL_MEDIA = [Medium.CLASSIC_1K, Medium.CLASSIC_4K, Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]
OURS, DELIVERY, FOREIGN = UnitState.OURS, UnitState.DELIVERY, UnitState.FOREIGN_KEYS


class Desk:
    """A machine with one card on it."""

    def __init__(self, medium: Medium) -> None:
        self.line = DirectTransport()
        self.machine = self.line.machine
        self.encoder = LineMachine(self.line)
        self.card = SimulatedCard.blank(medium)
        self.machine.well.put(self.card)
        self.presence = CardPresence(self.card.uid, medium)
        self.progress: list[tuple[str, int, int]] = []

    def write(self, units, *, main_slot=1, keys=OURS_1) -> CardContent:
        return write_card(self.encoder, self.presence, keys, units, main_slot=main_slot, on_progress=self._note)

    def read(self, keys=OURS_1) -> CardContent:
        return read_card(self.encoder, self.presence, keys)

    def erase(self, keys=OURS_1) -> CardContent:
        return erase_card(self.encoder, self.presence, keys, on_progress=self._note)

    def at_the_door(self, keys=OURS_1) -> list[bytes | None]:
        return self.card.read_units(keys.key_a)

    def restore(self) -> None:
        """Plug in again and put the same card back."""
        self.machine.faults.cut = None
        if not self.line.is_plugged_in:
            self.line.plug_in()
        if self.machine.well.card is None:
            self.machine.well.put(self.card)

    def _note(self, phase: str, done: int, total: int) -> None:
        self.progress.append((phase, done, total))


# --- writing


@pytest.mark.parametrize("medium", ALL_MEDIA)
def test_a_new_card_gets_its_grants(medium):
    desk = Desk(medium)
    content = desk.write({1: unit("101"), 3: unit("lobby")})
    assert desk.at_the_door()[:3] == [unit("101"), EMPTY, unit("lobby")]
    assert content.units[:3] == (unit("101"), EMPTY, unit("lobby"))
    assert content.states[:3] == (OURS, OURS, OURS)
    assert content == desk.read()


def test_only_the_sectors_that_are_needed_are_personalised():
    desk = Desk(CLASSIC)
    content = desk.write({1: unit("101")})
    assert content.states == (OURS, OURS) + (DELIVERY,) * 6
    assert content.versions == (1, 1, None, None, None, None, None, None)
    assert desk.machine.writes == 2


@pytest.mark.parametrize("medium", [CLASSIC, NTAG215])
def test_all_eight_units_can_be_used(medium):
    desk = Desk(medium)
    plan = {2: unit("main"), **{number: unit(str(number)) for number in range(3, 9)}}
    desk.write(plan, main_slot=2)
    assert desk.at_the_door() == [EMPTY, *(plan[number] for number in range(2, 9))]


def test_a_gap_in_the_plan_becomes_zero():
    desk = Desk(CLASSIC)
    desk.write({1: unit("101"), 5: unit("gym")})
    assert desk.at_the_door()[:6] == [unit("101"), EMPTY, EMPTY, EMPTY, unit("gym"), None]


@pytest.mark.parametrize("medium", [CLASSIC, NTAG215])
def test_what_the_earlier_guest_had_beyond_the_plan_is_zeroed(medium):
    desk = Desk(medium)
    desk.write({1: unit("101"), 3: unit("lobby"), 4: unit("gym"), 5: unit("spa")})
    desk.write({2: unit("202"), 3: unit("lobby")}, main_slot=2)
    assert desk.at_the_door()[:5] == [EMPTY, unit("202"), unit("lobby"), EMPTY, EMPTY]


@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_writing_the_same_again_writes_nothing_but_checks_all(medium):
    desk = Desk(medium)
    first = desk.write({1: unit("101"), 3: unit("lobby")})
    before = desk.machine.writes
    desk.progress.clear()
    assert desk.write({1: unit("101"), 3: unit("lobby")}) == first
    assert desk.machine.writes == before
    assert desk.progress[0] == ("writing", 0, 0)
    assert desk.progress[-1] == ("checking", len(first.units), len(first.units))


def test_the_new_grant_is_read_back_before_the_earlier_one_goes():
    desk = Desk(CLASSIC)
    desk.write({1: unit("101"), 3: unit("lobby")})
    order = []
    write_row = desk.card.write_row

    def note(row, kind, key, content):
        order.append(row // 4)
        write_row(row, kind, key, content)

    desk.card.write_row = note
    desk.write({2: unit("202"), 3: unit("gym")}, main_slot=2)
    assert order == [2] * 3 + [3] * 3 + [1] * 3


def test_a_card_of_an_older_key_version_gets_the_present_keys():
    desk = Desk(CLASSIC)
    desk.write({1: unit("101"), 3: unit("lobby")}, keys=OURS_1)
    assert desk.read(OURS_2).versions[:4] == (1, 1, 1, None)
    content = desk.write({2: unit("202"), 3: unit("lobby")}, main_slot=2, keys=OURS_2)
    assert content.versions[:4] == (2, 2, 2, None)
    assert desk.at_the_door(OURS_2)[:3] == [EMPTY, unit("202"), unit("lobby")]
    assert desk.at_the_door(OURS_1) == [None] * 8


def test_progress_comes_before_the_first_byte_and_then_step_by_step():
    desk = Desk(NTAG213)
    writes = []

    def note(phase, done, total):
        writes.append((phase, done, total, desk.machine.writes))

    write_card(desk.encoder, desk.presence, OURS_1, {1: unit("101")}, main_slot=1, on_progress=note)
    assert writes == [
        ("writing", 0, 1, 0),
        ("writing", 1, 1, 1),
        ("checking", 0, 3, 1),
        ("checking", 1, 3, 1),
        ("checking", 2, 3, 1),
        ("checking", 3, 3, 1),
    ]


@pytest.mark.parametrize("act", [Desk.erase, lambda desk: desk.write({2: unit("202")}, main_slot=2)])
@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_if_the_first_progress_raises_nothing_was_written(medium, act):
    desk = Desk(medium)
    desk.write({1: unit("101")})
    before, writes = desk.card.to_json(), desk.machine.writes

    def refuse(phase, done, total):
        raise errors.Cancelled

    desk._note = refuse
    with pytest.raises(errors.Cancelled):
        act(desk)
    assert desk.card.to_json() == before
    assert desk.machine.writes == writes


# --- refusals before the first byte


def test_a_plan_that_does_not_fit_is_refused():
    desk = Desk(NTAG213)
    with pytest.raises(errors.CardTooSmall) as caught:
        desk.write({1: unit("101"), 4: unit("gym")})
    assert caught.value.code == "card_too_small"
    assert desk.progress == []
    assert desk.machine.writes == 0


def test_a_medium_of_two_units_is_refused(monkeypatch):
    monkeypatch.setattr("pms.devices.card_writer.unit_count", lambda medium: 2)
    desk = Desk(NTAG213)
    with pytest.raises(errors.CardTooSmall):
        desk.write({1: unit("101")})
    assert desk.machine.writes == 0


@pytest.mark.parametrize(
    ("units", "main_slot"),
    [
        ({}, 1),
        ({2: unit("x")}, 1),
        ({1: unit("x"), 2: unit("y")}, 1),
        ({3: unit("x")}, 3),
        ({0: unit("x"), 1: unit("y")}, 1),
        ({1: unit("x"), 9: unit("y")}, 1),
        ({1: b"short"}, 1),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(units, main_slot):
    desk = Desk(CLASSIC)
    with pytest.raises(ValueError, match="unit"):
        desk.write(units, main_slot=main_slot)
    assert desk.machine.writes == 0


@pytest.mark.parametrize("sector", [1, 2, 3])
def test_a_needed_sector_under_other_keys_is_refused_before_the_first_byte(sector):
    desk = Desk(CLASSIC)
    lock_sector(desk.card, sector)
    before = desk.card.to_json()
    with pytest.raises(errors.WrongKey) as caught:
        desk.write({1: unit("101"), 3: unit("lobby")})
    assert caught.value.code == "wrong_key"
    assert desk.card.to_json() == before
    assert desk.progress == []


def test_other_peoples_sectors_beyond_the_plan_stay_as_they_are():
    desk = Desk(CLASSIC)
    lock_sector(desk.card, 6)
    content = desk.write({1: unit("101")})
    assert content.states == (OURS, OURS, DELIVERY, DELIVERY, DELIVERY, FOREIGN, DELIVERY, DELIVERY)
    assert desk.card.read_units(THEIRS.key_a)[5] == EMPTY


def test_a_card_that_is_gone_before_the_first_byte_is_no_uncertainty():
    desk = Desk(CLASSIC)
    desk.machine.well.take()
    with pytest.raises(errors.NoCard):
        desk.write({1: unit("101")})
    desk.machine.well.put(SimulatedCard.blank(CLASSIC))
    with pytest.raises(errors.CardChanged):
        desk.write({1: unit("101")})


# --- reading


def test_reading_tells_ours_delivery_and_foreign_apart():
    desk = Desk(CLASSIC)
    desk.write({1: unit("101")})
    lock_sector(desk.card, 4)
    content = desk.read()
    assert content.states == (OURS, OURS, DELIVERY, FOREIGN, DELIVERY, DELIVERY, DELIVERY, DELIVERY)
    assert content.units == (unit("101"), EMPTY) + (None,) * 6
    assert not content.is_empty
    assert not content.is_foreign


def test_the_card_of_another_hotel_is_foreign():
    desk = Desk(CLASSIC)
    desk.write({1: unit("theirs")}, keys=THEIRS)
    content = desk.read()
    assert content.is_foreign
    assert not content.is_empty
    assert content.units[:2] == (None, None)


@pytest.mark.parametrize("medium", ALL_MEDIA)
def test_a_factory_new_card_is_empty(medium):
    content = Desk(medium).read()
    assert content.is_empty
    assert content.states[0] is DELIVERY
    assert not content.is_foreign


def test_contents_and_keys_are_not_shown_by_accident():
    desk = Desk(CLASSIC)
    content = desk.write({1: unit("secretgrant")})
    assert "secretgrant" not in repr(content)
    assert "key" not in repr(OURS_1)


# --- erasing


@pytest.mark.parametrize("medium", ALL_MEDIA)
def test_an_erased_card_is_empty_and_can_be_used_again(medium):
    desk = Desk(medium)
    desk.write({1: unit("101"), 3: unit("lobby")})
    content = desk.erase()
    assert content.is_empty
    if medium.is_classic:
        assert desk.at_the_door() == [None] * 8
        assert all(desk.card.read_unit(number, KeyKind.A, DELIVERY_KEY) == EMPTY for number in range(1, 9))
        assert set(content.states) == {DELIVERY}
    else:
        assert set(desk.at_the_door()) == {EMPTY}
    desk.write({2: unit("202")}, main_slot=2)
    assert desk.at_the_door()[:2] == [EMPTY, unit("202")]


def test_a_new_card_has_nothing_to_erase():
    desk = Desk(NTAG213)
    before = desk.card.to_json()
    assert desk.erase().is_empty
    assert desk.card.to_json() == before


def test_the_card_of_another_hotel_is_not_erased():
    desk = Desk(CLASSIC)
    for number in range(1, 9):
        lock_sector(desk.card, number)
    with pytest.raises(errors.WrongKey):
        desk.erase()
    assert desk.machine.writes == 0


def test_erasing_leaves_other_peoples_sectors_alone():
    desk = Desk(CLASSIC)
    desk.write({1: unit("101")})
    lock_sector(desk.card, 4)
    assert desk.erase().states == (DELIVERY, DELIVERY, DELIVERY, FOREIGN, DELIVERY, DELIVERY, DELIVERY, DELIVERY)


# --- faults of the card and the machine


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (Status.WRITE_FAILED, "write_failed"),
        (Status.READ_BACK_DIFFERS, "verify_failed"),
        (Status.WRONG_KEY, "wrong_key"),
        (Status.NO_CARD, "no_card"),
    ],
)
@pytest.mark.parametrize("act", [Desk.erase, lambda desk: desk.write({2: unit("202")}, main_slot=2)])
def test_a_refused_write_is_uncertain_and_says_why(status, cause, act):
    desk = Desk(CLASSIC)
    desk.write({1: unit("101")})

    def spoil(phase, done, total):
        if (phase, done) == ("writing", 0):
            desk.machine.faults.refusals.append(status)

    desk._note = spoil
    with pytest.raises(errors.WriteUncertain) as caught:
        act(desk)
    assert (caught.value.code, caught.value.cause.code) == ("write_uncertain", cause)
    assert desk.at_the_door()[0] == unit("101")


@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_card_that_forgets_is_found_out_by_the_check(medium, number):
    desk = Desk(medium)

    def forget(phase, done, total):
        if (phase, done) == ("checking", 0):
            place = desk.card.unit_rows(number).start * desk.card.row_size
            desk.card._memory[place] ^= 1

    desk._note = forget
    with pytest.raises(errors.WriteUncertain) as caught:
        desk.write({1: unit("101"), 3: unit("lobby")})
    assert caught.value.cause.code == "verify_failed"
    desk._note = lambda *_: None
    desk.write({1: unit("101"), 3: unit("lobby")})


def test_a_main_grant_that_key_a_does_not_read_costs_the_earlier_one_nothing():
    desk = Desk(CLASSIC)
    desk.write({1: unit("101")})
    write_unit = desk.encoder.write_unit

    def write_then_spoil(uid, number, content, key, trailer):
        write_unit(uid, number, content, key, trailer)
        desk.card._memory[number * 64 + 48] ^= 1

    desk.encoder.write_unit = write_then_spoil
    with pytest.raises(errors.WriteUncertain) as caught:
        desk.write({2: unit("202")}, main_slot=2)
    assert caught.value.cause.code == "wrong_key"
    assert desk.at_the_door()[0] == unit("101")


def test_an_erased_card_that_is_not_empty_is_found_out():
    desk = Desk(NTAG213)
    desk.write({1: unit("101")})

    def spoil(phase, done, total):
        if (phase, done) == ("checking", 0):
            desk.card._memory[16] = 1

    desk._note = spoil
    with pytest.raises(errors.WriteUncertain) as caught:
        desk.erase()
    assert caught.value.cause.code == "verify_failed"


cuts = st.builds(
    WriteCut,
    write=st.integers(1, 7),
    moment=st.sampled_from(Moment),
    act=st.sampled_from(Act),
    rows=st.none() | st.integers(0, 13),
)


@settings(max_examples=250, deadline=None)
@given(
    cut=cuts,
    medium=st.sampled_from([CLASSIC, NTAG213, NTAG215]),
    slot=st.sampled_from([1, 2]),
    is_renewed=st.booleans(),
)
def test_the_earlier_grant_outlives_every_torn_write_and_doing_it_again_is_safe(cut, medium, slot, is_renewed):
    desk = Desk(medium)
    other = 3 - slot
    desk.write({other: unit("earlier"), 3: unit("lobby")}, main_slot=other, keys=OURS_1)
    # With new keys each sector's trailer is torn as well.
    keys = OURS_2 if is_renewed else OURS_1
    plan = {slot: unit("new"), 3: unit("gym")}
    desk.machine.faults.cut = cut
    try:
        desk.write(plan, main_slot=slot, keys=keys)
    except errors.WriteUncertain:
        door_1, door_2 = desk.at_the_door(OURS_1), desk.at_the_door(keys)
        assert door_1[other - 1] == unit("earlier") or door_2[slot - 1] == unit("new")
    desk.restore()
    desk.write(plan, main_slot=slot, keys=keys)
    expected = {slot: unit("new"), other: EMPTY, 3: unit("gym")}
    assert desk.at_the_door(keys)[:3] == [expected[number] for number in (1, 2, 3)]


@settings(max_examples=120, deadline=None)
@given(cut=cuts, medium=st.sampled_from([CLASSIC, NTAG213, NTAG215]))
def test_a_torn_first_personalisation_can_be_finished_or_erased(cut, medium):
    for finish in (True, False):
        desk = Desk(medium)
        desk.machine.faults.cut = WriteCut(cut.write, cut.moment, cut.act, cut.rows)
        plan = {1: unit("101"), 3: unit("lobby"), **({} if medium is NTAG213 else {4: unit("gym")})}
        with suppress(errors.WriteUncertain):
            desk.write(plan)
        desk.restore()
        if finish:
            desk.write(plan)
            assert desk.at_the_door()[:3] == [unit("101"), EMPTY, unit("lobby")]
        else:
            assert desk.erase().is_empty


@settings(max_examples=120, deadline=None)
@given(cut=cuts, medium=st.sampled_from([CLASSIC, NTAG213, NTAG215]))
def test_a_torn_erasing_can_be_repeated(cut, medium):
    desk = Desk(medium)
    desk.write({1: unit("101"), 3: unit("lobby")})
    desk.machine.faults.cut = cut
    with suppress(errors.WriteUncertain):
        desk.erase()
    desk.restore()
    assert desk.erase().is_empty


def test_the_sector_0_of_a_classic_card_is_never_touched():
    desk = Desk(CLASSIC)
    before = bytes(desk.card._memory[:64])
    desk.write({1: unit("101"), **{number: unit(str(number)) for number in range(3, 9)}})
    desk.erase()
    assert bytes(desk.card._memory[:64]) == before
    assert bytes(desk.card._memory[9 * 64 : 10 * 64]) == bytes(48) + DELIVERY_TRAILER


def lock_sector(card: SimulatedCard, number: int) -> None:
    """Give a sector in delivery state the keys of another hotel."""
    assert isinstance(card, ClassicCard)
    trailer = sector_trailer(THEIRS.key_a(card.uid, number), THEIRS.key_b(card.uid, number), 1)
    card.write_row(number * 4 + 3, KeyKind.A, DELIVERY_KEY, trailer)
    assert card.read_units(THEIRS.key_a)[number - 1] == EMPTY_UNIT
