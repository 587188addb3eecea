"""The whole way of a card: driver, pyserial, pseudo-terminal, simulated machine, simulated card; and its faults."""

from __future__ import annotations

import pytest

from pms.devices import line as line_module
from pms.devices.card_content import DELIVERY_SECTOR_KEY
from pms.devices.card_writer import erase_card, read_card, write_card
from pms.devices.errors import EncoderGone, NoCard, WriteUncertain
from pms.devices.port import Port
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Status, WaitForCard
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import Act, Moment, SimulatedEncoder, WriteCut
from tests.devices.plastic import EMPTY, OURS_1, unit

CLASSIC, NTAG213, NTAG215 = Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG215
FIRST = {1: unit("101"), 3: unit("lobby")}
NEXT = {2: unit("202"), 3: unit("gym")}


@pytest.fixture
def machine(tmp_path):
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk", seconds_per_write=0.002) as machine:
        yield machine


@pytest.fixture
def port(machine):
    port = Port(machine.path)
    port.open()
    yield port
    port.close()


def never() -> bool:
    return False


def silent(*_: object) -> None:
    pass


def write(port, plan, main_slot):
    """Wait for the card and make it; the presence and the content."""
    presence = port.encoder.wait_for_card(2, never)
    content = write_card(port.encoder, presence, OURS_1, plan, main_slot=main_slot, on_progress=silent)
    return presence, content


def lay_down_new_card(machine, medium):
    card = SimulatedCard.blank(medium)
    machine.put_card(card)
    return card


@pytest.mark.parametrize("medium", [CLASSIC, NTAG213, NTAG215])
def test_a_card_is_written_read_and_erased(machine, port, medium):
    card = lay_down_new_card(machine, medium)
    presence, content = write(port, FIRST, 1)
    assert presence.uid == card.uid
    assert read_card(port.encoder, presence, OURS_1) == content
    assert card.read_units(OURS_1.key_a)[:3] == [unit("101"), EMPTY, unit("lobby")]
    assert erase_card(port.encoder, presence, OURS_1, on_progress=silent).is_empty


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_answers": 3},
        {"garble_answers": 2},
        {"double_answers": 20},
        {"deaf_frames": 2},
        {"noise": b"\xaa\x55\x01\x00"},
        {"noise": b"\xaa"},
        {"drop_events": 2},
    ],
    ids=str,
)
def test_faults_of_the_line_are_overcome(machine, port, monkeypatch, fault):
    # The same rule with shorter pauses: the test need not wait for real ones.
    monkeypatch.setattr(line_module, "RESEND_AFTER", 0.15)
    monkeypatch.setattr("pms.simulators.encoder_parts.RESEND_AFTER", 0.15)
    card = lay_down_new_card(machine, NTAG213)
    for name, value in fault.items():
        setattr(machine.faults, name, value)
    write(port, FIRST, 1)
    assert card.read_units() == [unit("101"), EMPTY, unit("lobby")]
    # Whatever was asked twice was done once.
    assert machine.writes == 2


def test_late_answers_are_waited_for_and_the_work_is_done_once(machine, port):
    card = lay_down_new_card(machine, CLASSIC)
    presence = port.encoder.wait_for_card(2, never)
    machine.faults.delay_answers = 0.35
    port.encoder.write_unit(presence.uid, 1, unit("x"), DELIVERY_SECTOR_KEY)
    machine.faults.delay_answers = 0.0
    assert port.encoder.read_unit(presence.uid, 1, DELIVERY_SECTOR_KEY) == unit("x")
    assert machine.writes == 1
    assert card.read_units(OURS_1.key_a)[0] is None


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("medium", [CLASSIC, NTAG213])
def test_a_write_that_is_cut_off_anywhere_ends_well_the_second_time(machine, port, medium, number, moment, act):
    card = lay_down_new_card(machine, medium)
    write(port, FIRST, 1)
    machine.faults.cut = WriteCut(number, moment, act)
    with pytest.raises(WriteUncertain) as caught:
        write(port, NEXT, 2)
    assert caught.value.cause.code == ("gone" if act is Act.UNPLUG else "no_card")
    at_the_door = card.read_units(OURS_1.key_a)
    assert unit("101") == at_the_door[0] or unit("202") == at_the_door[1]

    if act is Act.UNPLUG:
        port.lose()
        machine.plug_in()
        port.open()
    else:
        machine.put_card(card)
    write(port, NEXT, 2)
    assert card.read_units(OURS_1.key_a)[:3] == [EMPTY, unit("202"), unit("gym")]


def test_a_card_taken_while_a_block_is_written_is_noticed(machine, port):
    card = lay_down_new_card(machine, NTAG213)
    presence = port.encoder.wait_for_card(2, never)

    def take(phase, done, total):
        if (phase, done) == ("writing", 1):
            assert machine.take_card() is card

    with pytest.raises(WriteUncertain) as caught:
        write_card(port.encoder, presence, OURS_1, FIRST, main_slot=1, on_progress=take)
    assert caught.value.cause.code == "no_card"
    assert card.read_units()[0] == unit("101")
    # The removal is told, and the machine goes on with the next card.
    port.encoder.attend(0.01)
    other = lay_down_new_card(machine, NTAG215)
    assert write(port, FIRST, 1)[0].uid == other.uid


def test_a_card_swapped_in_the_middle_is_not_written(machine, port):
    lay_down_new_card(machine, NTAG213)
    other = SimulatedCard.blank(NTAG213)
    before = other.to_json()
    presence = port.encoder.wait_for_card(2, never)

    def swap(phase, done, total):
        if (phase, done) == ("writing", 1):
            machine.take_card()
            machine.put_card(other)

    with pytest.raises(WriteUncertain) as caught:
        write_card(port.encoder, presence, OURS_1, FIRST, main_slot=1, on_progress=swap)
    assert caught.value.cause.code == "card_changed"
    assert other.to_json() == before


def test_pulling_the_plug_while_waiting_is_gone(machine, port):
    def pull() -> bool:
        machine.unplug()
        return False

    with pytest.raises(EncoderGone):
        port.encoder.wait_for_card(5, pull)


def test_a_program_that_died_while_waiting_leaves_a_machine_that_works(machine, port):
    port.encoder._ask(WaitForCard(600), Status.ACCEPTED)
    # Killed: nothing is said to the machine, the system closes the port.
    port.close()
    port.open()
    lay_down_new_card(machine, NTAG213)
    assert write(port, FIRST, 1)[0].medium is NTAG213


def test_reading_without_a_card_says_so(machine, port):
    lay_down_new_card(machine, NTAG213)
    presence = port.encoder.wait_for_card(2, never)
    machine.take_card()
    with pytest.raises(NoCard):
        read_card(port.encoder, presence, OURS_1)
