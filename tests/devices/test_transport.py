"""Ports: pseudo-terminals and TCP through pyserial, and the one error for all the ways in which they fail."""

from __future__ import annotations

import os
import socket
import termios
import time
import tty
from contextlib import suppress

import pytest
import serial

from pms.devices import transport as transport_module
from pms.devices.errors import EncoderGone, PortDenied, PortInUse
from pms.devices.transport import SerialTransport, open_transport


@pytest.fixture
def terminal():
    """Master, slave and path of a raw pseudo-terminal."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, slave, os.ttyname(slave)
    for end in (master, slave):
        with suppress(OSError):
            os.close(end)


def soon() -> float:
    return time.monotonic() + 2


def test_bytes_go_both_ways_over_a_terminal(terminal):
    master, _, path = terminal
    line = open_transport(path, 115200)
    line.write(b"\xaa\x55\x00\x11\x13\xff\r\n")
    assert os.read(master, 100) == b"\xaa\x55\x00\x11\x13\xff\r\n"
    os.write(master, bytes(range(256)))
    arrived = b""
    while len(arrived) < 256:
        arrived += line.read(soon())
    assert arrived == bytes(range(256))
    line.close()
    line.close()


def test_the_port_is_set_to_115200_8n1(terminal):
    _, slave, path = terminal
    line = open_transport(path, 115200)
    iflag, _, cflag, _, ispeed, ospeed, _ = termios.tcgetattr(slave)
    assert (ispeed, ospeed) == (termios.B115200, termios.B115200)
    assert cflag & termios.CSIZE == termios.CS8
    assert not cflag & (termios.PARENB | termios.CSTOPB | termios.CRTSCTS)
    assert not iflag & (termios.IXON | termios.IXOFF)
    line.close()


def test_reading_ends_at_the_deadline(terminal):
    line = open_transport(terminal[2], 115200)
    begun = time.monotonic()
    assert line.read(begun + 0.12) == b""
    assert 0.12 <= time.monotonic() - begun < 0.5
    line.close()


def test_a_port_is_opened_only_once(terminal):
    line = open_transport(terminal[2], 115200)
    with pytest.raises(PortInUse):
        open_transport(terminal[2], 115200)
    line.close()
    open_transport(terminal[2], 115200).close()


@pytest.mark.parametrize(
    "url",
    [
        "/dev/no-such-port",
        "/dev/null",
        "",
        "socket://127.0.0.1:1",
        "socket://nowhere",
        "rfc2217://127.0.0.1:1",
        "hwgrep://no such machine",
        "hwgrep://(",
        "spy:///dev/null?file=/tmp/never-written",
        "loop://",
        "nonsense://x",
    ],
)
def test_what_cannot_be_opened_is_gone(url):
    with pytest.raises(EncoderGone) as caught:
        open_transport(url, 115200)
    assert caught.value.code == "gone"


def test_a_port_that_the_system_withholds_is_denied(monkeypatch):
    def refuse(url, **options):
        raise serial.SerialException(13, "could not open port /dev/ttyUSB0: Permission denied")

    monkeypatch.setattr(transport_module.serial, "serial_for_url", refuse)
    with pytest.raises(PortDenied) as caught:
        open_transport("/dev/ttyUSB0", 115200)
    assert caught.value.code == "port_denied"


def test_a_terminal_that_vanishes_is_gone_for_reading_and_writing(terminal):
    master, slave, path = terminal
    line = open_transport(path, 115200)
    os.close(slave)
    os.close(master)
    with pytest.raises(EncoderGone):
        line.read(soon())
    with pytest.raises(EncoderGone):
        line.write(b"x")
    line.close()
    with pytest.raises(EncoderGone):
        line.write(b"x")


@pytest.mark.parametrize(
    "fault",
    [
        serial.SerialException("readiness to read but returned no data"),
        serial.SerialTimeoutException("Write timeout"),
        serial.PortNotOpenError(),
        OSError(5, "Input/output error"),
        termios.error(5, "Input/output error"),
        TypeError("an integer is required (got type NoneType)"),
    ],
)
@pytest.mark.parametrize("place", ["read", "in_waiting", "write"])
def test_every_way_to_fail_is_one_error(fault, place):
    class Port:
        def _fail(self, wanted):
            if place == wanted:
                raise fault

        def read(self, size):
            self._fail("read")
            return b"x" * size

        @property
        def in_waiting(self):
            self._fail("in_waiting")
            return 0

        def write(self, data):
            self._fail("write")

        def close(self):
            raise fault

    line = SerialTransport(Port())
    with pytest.raises(EncoderGone):
        line.write(b"x") if place == "write" else line.read(soon())
    line.close()


def test_tcp_carries_bytes_and_a_closed_peer_is_gone():
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = open_transport(f"socket://127.0.0.1:{server.getsockname()[1]}", 115200)
        peer, _ = server.accept()
        line.write(b"hello")
        assert peer.recv(100) == b"hello"
        peer.sendall(b"answer")
        arrived = b""
        while len(arrived) < 6:
            arrived += line.read(soon())
        assert arrived == b"answer"
        peer.close()
        with pytest.raises(EncoderGone):
            line.read(soon())
        line.close()


def test_a_machine_that_takes_nothing_any_more_is_gone(terminal, monkeypatch):
    monkeypatch.setattr(transport_module, "WRITE_TIMEOUT", 0.2)
    line = open_transport(terminal[2], 115200)
    with pytest.raises(EncoderGone, match="writing"):
        line.write(bytes(1_000_000))
    line.close()


@pytest.mark.parametrize(
    ("url", "is_native"), [("/dev/ttyUSB0", True), ("COM3", True), ("rfc2217://a:1", False), ("socket://a:1", False)]
)
def test_only_native_ports_are_locked_and_get_a_write_time_out(monkeypatch, url, is_native):
    seen = {}
    monkeypatch.setattr(transport_module.serial, "serial_for_url", lambda url, **options: seen.update(options))
    open_transport(url, 115200)
    # pyserial's RFC 2217 port refuses a write time-out.
    assert ("write_timeout" in seen, seen.get("exclusive", False)) == (is_native, is_native)
