"""A configured port: opened, lost, found again."""

from __future__ import annotations

import os
import tty

import pytest

from pms.devices import line as line_module
from pms.devices import port as port_module
from pms.devices.drivers.machine import LineMachine
from pms.devices.errors import EncoderGone, Unsupported
from pms.devices.port import Port
from pms.simulators.encoder import SimulatedEncoder
from tests.devices.lines import DirectTransport, FakeClock


@pytest.fixture
def clock(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(port_module, "time", fake)
    return fake


def test_an_open_port_knows_its_machine():
    with SimulatedEncoder("932211c49aeb6f8a") as machine:
        port = Port(machine.path)
        assert not port.is_open
        with pytest.raises(EncoderGone):
            _ = port.encoder
        assert port.open().serial_number == "932211c49aeb6f8a"
        assert port.is_open
        assert port.retry_in() == 0
        assert port.encoder.hello().model == "ZC-20"
        port.close()
        port.close()
        assert not port.is_open


def test_the_pauses_grow_from_1_to_5_seconds_and_start_again_after_success(clock):
    lines = []

    def open_line(url):
        if not lines:
            raise EncoderGone
        return lines.pop()

    port = Port("/dev/never", connect=open_line)
    assert port.retry_in() == 0
    for pause in (1, 2, 5, 5):
        with pytest.raises(EncoderGone):
            port.open()
        assert port.retry_in() == pause
        clock.now += pause
        assert port.retry_in() == 0
    lines.append(LineMachine(DirectTransport()))
    port.open()
    port.lose()
    assert not port.is_open
    assert port.retry_in() == 1


def test_a_machine_of_another_version_is_let_go(clock):
    port = Port("/dev/other", connect=lambda url: LineMachine(DirectTransport(version=9)))
    with pytest.raises(Unsupported):
        port.open()
    assert not port.is_open
    assert port.retry_in() == 1


def test_a_port_where_nobody_answers_is_let_go(monkeypatch):
    monkeypatch.setattr(line_module, "RESEND_AFTER", 0.02)
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        port = Port(os.ttyname(slave))
        with pytest.raises(EncoderGone):
            port.open()
        assert not port.is_open
        # The lock on the port went with it.
        with pytest.raises(EncoderGone, match="no answer"):
            Port(os.ttyname(slave)).open()
    finally:
        os.close(master)
        os.close(slave)


def test_a_replugged_machine_is_found_behind_the_same_name(tmp_path):
    with SimulatedEncoder("00000000000000a1", link=tmp_path / "desk-1") as machine:
        port = Port(machine.path)
        port.open()
        machine.unplug()
        with pytest.raises(EncoderGone):
            port.encoder.attend(1)
        port.lose()
        with pytest.raises(EncoderGone):
            port.open()
        machine.plug_in()
        assert port.open().serial_number == "00000000000000a1"
        port.close()


def test_two_programs_cannot_have_the_same_machine():
    with SimulatedEncoder("00000000000000a1") as machine:
        first, second = Port(machine.path), Port(machine.path)
        first.open()
        with pytest.raises(EncoderGone):
            second.open()
        first.close()
        second.open()
        second.close()
