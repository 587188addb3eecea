"""The whole way of a card through a PN532: driver, pyserial, pseudo-terminal, simulated module, simulated card."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from pms.devices import registry
from pms.devices.card_writer import erase_card, read_card, write_card
from pms.devices.errors import Cancelled, EncoderGone, NoAnswer, NoCard, WriteUncertain
from pms.devices.port import Port, identify
from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from pms.simulators.control import run_control
from pms.simulators.encoder import SimulatedEncoder
from pms.simulators.pn532 import BAUD_RATE, SimulatedPn532
from tests.devices.plastic import EMPTY, OURS_1, unit

ALL_MEDIA = [Medium.CLASSIC_1K, Medium.CLASSIC_4K, Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]
FIRST = {1: unit("101"), 3: unit("lobby")}
NEXT = {2: unit("202"), 3: unit("gym")}


def never() -> bool:
    return False


def silent(*_: object) -> None:
    pass


@pytest.fixture
def module(tmp_path):
    with SimulatedPn532(link=tmp_path / "desk") as module:
        yield module


@pytest.fixture
def port(module):
    port = Port(module.path, "pn532")
    port.open()
    yield port
    port.close()


def write(port, plan, main_slot):
    presence = port.encoder.wait_for_card(2, never)
    return presence, write_card(port.encoder, presence, OURS_1, plan, main_slot=main_slot, on_progress=silent)


@pytest.mark.parametrize("medium", ALL_MEDIA)
def test_a_card_is_made_read_and_erased(module, port, medium):
    card = SimulatedCard.blank(medium)
    module.put_card(card)
    presence, content = write(port, FIRST, 1)
    assert (presence.uid, presence.medium) == (card.uid, medium)
    assert read_card(port.encoder, presence, OURS_1) == content
    assert card.read_units(OURS_1.key_a)[:3] == [unit("101"), EMPTY, unit("lobby")]
    assert erase_card(port.encoder, presence, OURS_1, on_progress=silent).is_empty


def test_whoever_is_there_is_found_out(module):
    driver, identity = identify(module.path)
    assert (driver.name, identity.model, identity.firmware, identity.serial_number) == ("pn532", "PN532", "1.6", "")
    with SimulatedEncoder("932211c49aeb6f8a") as machine:
        assert identify(machine.path)[0].name == "machine"


def test_another_make_of_machine_does_not_keep_hello_waiting():
    with SimulatedEncoder("932211c49aeb6f8a") as machine:
        encoder = registry.get_driver("pn532").connect(machine.path)
        begun = time.monotonic()
        with pytest.raises(NoAnswer):
            encoder.hello()
        assert time.monotonic() - begun < 1.7
        encoder.close()


def test_a_cancelled_wait_ends_within_300_ms_and_leaves_the_module_at_rest(module, port):
    cancelled_at: list[float] = []
    threading.Timer(0.4, lambda: cancelled_at.append(time.monotonic())).start()
    with pytest.raises(Cancelled):
        port.encoder.wait_for_card(10, lambda: bool(cancelled_at))
    assert time.monotonic() - cancelled_at[0] < 0.3
    assert not module.is_waiting
    module.put_card(SimulatedCard.blank(Medium.NTAG215))
    assert port.encoder.wait_for_card(1, never).medium is Medium.NTAG215


@pytest.mark.parametrize("fault", ["unplug", "take", "nak"])
@pytest.mark.parametrize("number", [1, 5, 9])
@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG213])
def test_a_write_that_is_cut_off_ends_well_the_second_time(module, port, medium, number, fault):
    card = SimulatedCard.blank(medium)
    module.put_card(card)
    write(port, FIRST, 1)
    module.set_fault(f"{fault}={number}")
    with pytest.raises(WriteUncertain) as caught:
        write(port, NEXT, 2)
    assert caught.value.cause.code == {"unplug": "gone", "take": "no_card", "nak": "write_failed"}[fault]
    at_the_door = card.read_units(OURS_1.key_a)
    assert unit("101") == at_the_door[0] or unit("202") == at_the_door[1]

    module.set_fault("none")
    if fault == "unplug":
        port.lose()
        module.plug_in()
        port.open()
    elif fault == "take":
        module.put_card(card)
    write(port, NEXT, 2)
    assert card.read_units(OURS_1.key_a)[:3] == [EMPTY, unit("202"), unit("gym")]


def test_pulling_the_plug_while_waiting_is_gone(module, port):
    def pull() -> bool:
        module.unplug()
        return False

    with pytest.raises(EncoderGone):
        port.encoder.wait_for_card(5, pull)
    with pytest.raises(EncoderGone):
        port.encoder.attend(1)
    port.close()


def test_reading_without_a_card_says_so(module, port):
    module.put_card(SimulatedCard.blank(Medium.NTAG213))
    presence = port.encoder.wait_for_card(2, never)
    module.take_card()
    with pytest.raises(NoCard):
        read_card(port.encoder, presence, OURS_1)


def test_on_a_line_as_slow_as_a_real_one_a_card_takes_little_longer_than_its_bytes():
    with SimulatedPn532(baud_rate=BAUD_RATE) as module:
        port = Port(module.path, "pn532")
        port.open()
        module.put_card(SimulatedCard.blank(Medium.NTAG213))
        begun = time.monotonic()
        write(port, FIRST, 1)
        # 2,046 bytes both ways are 178 ms; the rest is ours, and the simulation's.
        assert 0.15 < time.monotonic() - begun < 1.0
        port.close()


HOST = """
import sys
from pms.devices.port import Port
port = Port(sys.argv[1], "pn532")
port.open()
port.encoder.wait_for_card(60, lambda: bool(print("waiting", flush=True)))
"""


def test_a_host_that_is_killed_leaves_a_port_that_the_next_one_can_use(module):
    with subprocess.Popen([sys.executable, "-c", HOST, module.path], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout
        assert host.stdout.readline() == "waiting\n"
        host.send_signal(signal.SIGKILL)
        host.wait(5)
    port = Port(module.path, "pn532")
    port.open()
    module.put_card(SimulatedCard.blank(Medium.NTAG215))
    assert port.encoder.wait_for_card(2, never).medium is Medium.NTAG215
    port.close()


def test_the_control_understands_its_words(tmp_path):
    said = []
    card = SimulatedCard.blank(Medium.CLASSIC_1K, bytes.fromhex("ee1a153a"))
    with SimulatedPn532(link=tmp_path / "desk") as module:
        faults = ["silence", "wrong-crc=2", "no-ack", "lost-answer", "late-ack", "unplug", "take=3", "nak=1", "tear=9"]
        lines = ["show", f"put {json.dumps(card.to_json())}", *(f"fault {fault}" for fault in faults), "take"]
        run_control(module, [*lines, "unplug", "plug", "fault none"], said.append)
        assert said[:2] == ["ok null", "ok ee1a153a"]
        assert said[2:11] == ["ok"] * 9
        assert json.loads(said[11].removeprefix("ok ")) == card.to_json()
        assert said[12:] == ["ok", f"ok {tmp_path / 'desk'}", "ok"]
        assert module.faults.write is None


@pytest.mark.parametrize(
    "line", ["", "take", "put paper", "fault", "fault nonsense", "fault take=x", "fault tear=4", "fly"]
)
def test_the_control_refuses_other_words(line):
    said = []
    with SimulatedPn532() as module:
        run_control(module, [line], said.append)
    assert len(said) == 1
    assert said[0].startswith("error ")
