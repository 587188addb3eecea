"""Machines behind a network: raw TCP, and RFC 2217 as a serial server speaks it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest
import serial
import serial.rfc2217

from pms.devices.card_writer import write_card
from pms.devices.errors import EncoderGone
from pms.devices.port import Port, identify
from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import SimulatedEncoder
from pms.simulators.pn532 import SimulatedPn532
from pms.simulators.port import TcpWire
from tests.devices.plastic import EMPTY, OURS_1, unit


class SerialServer:
    """A box that offers a serial port by RFC 2217; pyserial's own server side does the talking."""

    def __init__(self, url: str) -> None:
        self._port = serial.serial_for_url(url, timeout=0.02)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}?ign_set_control"
        self._is_open = True
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError, AttributeError, TypeError):
            self._peer, _ = self._server.accept()
            manager = serial.rfc2217.PortManager(self._port, self)
            threading.Thread(target=self._upstream, args=(manager,), daemon=True).start()
            while data := self._peer.recv(1024):
                self._port.write(b"".join(manager.filter(data)))

    def _upstream(self, manager) -> None:
        # pyserial shows a port that is closed meanwhile in several ways.
        with suppress(OSError, AttributeError, TypeError):
            while self._is_open:
                if data := self._port.read(self._port.in_waiting or 1):
                    self._peer.sendall(b"".join(manager.escape(data)))

    def write(self, data: bytes) -> None:
        """For the manager: what it has to say itself."""
        self._peer.sendall(data)

    def close(self) -> None:
        self._is_open = False
        for end in (self._peer, self._server):
            end.close()
        self._port.close()


def make_a_card(port: Port) -> SimulatedCard:
    presence = port.encoder.wait_for_card(3, lambda: False)
    write_card(
        port.encoder,
        presence,
        OURS_1,
        {1: unit("101"), 3: unit("lobby")},
        main_slot=1,
        on_progress=lambda *_: None,
    )
    port.close()


@pytest.mark.parametrize(("make", "driver"), [(SimulatedEncoder, "machine"), (SimulatedPn532, "pn532")])
def test_a_card_is_made_over_raw_tcp(make, driver):
    device = make(wire=TcpWire("127.0.0.1", 0)) if driver == "pn532" else make("00" * 8, wire=TcpWire("127.0.0.1", 0))
    with device:
        card = SimulatedCard.blank(Medium.NTAG213)
        device.put_card(card)
        assert identify(device.path)[0].name == driver
        port = Port(device.path, driver)
        port.open()
        make_a_card(port)
        assert card.read_units() == [unit("101"), EMPTY, unit("lobby")]


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)")  # of pyserial itself
def test_a_card_is_made_through_a_serial_server():
    with SimulatedEncoder("00" * 8, wire=TcpWire("127.0.0.1", 0)) as device:
        card = SimulatedCard.blank(Medium.NTAG213)
        device.put_card(card)
        box = SerialServer(device.path)
        port = Port(box.url)
        port.open()
        make_a_card(port)
        assert card.read_units() == [unit("101"), EMPTY, unit("lobby")]
        box.close()


def test_a_machine_on_the_network_that_is_pulled_out_is_gone_and_found_again():
    with SimulatedEncoder("00" * 8, wire=TcpWire("127.0.0.1", 0)) as device:
        port = Port(device.path)
        port.open()
        device.unplug()
        with pytest.raises(EncoderGone):
            port.encoder.attend(2)
        port.lose()
        with pytest.raises(EncoderGone):
            port.open()
        device.plug_in()
        assert port.open().model == "ZC-20"
        port.close()
