"""Bytes to and from a machine: USB and built-in serial ports, pseudo-terminals, TCP.

pyserial shows a vanished port in five different ways (SerialException, a bare OSError, termios.error, TypeError when
another thread closed the port in the middle of a call, PortNotOpenError). All of them become `EncoderGone` here, and
nothing above this file knows pyserial.
"""

from __future__ import annotations

import errno
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import serial

from .errors import EncoderGone, PortDenied, PortInUse

WRITE_TIMEOUT = 2.0
"""Seconds. The longest frame is 2,057 bytes, 0.2 s on the wire."""

_SLICE = 0.05
_NETWORK_SCHEMES = ("socket://", "rfc2217://")

# The last one: a pattern of `hwgrep://` that is none.
_FAULTS: tuple[type[Exception], ...] = (OSError, TypeError, ValueError, AttributeError, re.error)
if sys.platform != "win32":
    import termios

    _FAULTS = (*_FAULTS, termios.error)


# What the system's error numbers mean to a person; all others: the port is not there (any more).
_KINDS: dict[int | None, type[EncoderGone]] = {
    errno.EACCES: PortDenied,
    errno.EPERM: PortDenied,
    errno.EAGAIN: PortInUse,
    errno.EBUSY: PortInUse,
}


class Transport(Protocol):
    """A line to one machine, used by one thread. Every failure is `EncoderGone`."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def read(self, deadline: float) -> bytes:
        """What has arrived, at least one byte; b"" when `time.monotonic()` reaches `deadline` first."""

    def close(self) -> None:
        """Let go of the port; never fails, and may be called again."""


class SerialTransport:
    """A pyserial port with one error for "gone".

    The port's own time-out is set once: on some kinds of port changing it sends bytes.
    """

    def __init__(self, port: serial.SerialBase) -> None:
        self._port: Any = port

    def write(self, data: bytes) -> None:
        with _gone_on_fault("writing"):
            self._port.write(data)

    def read(self, deadline: float) -> bytes:
        with _gone_on_fault("reading"):
            while True:
                first: bytes = self._port.read(1)
                if first:
                    return first + self._read_waiting()
                if time.monotonic() >= deadline:
                    return b""

    def _read_waiting(self) -> bytes:
        waiting = int(self._port.in_waiting)
        return bytes(self._port.read(waiting)) if waiting else b""

    def close(self) -> None:
        with suppress(*_FAULTS):
            self._port.close()


def open_transport(url: str, baud_rate: int) -> SerialTransport:
    """Open a device path (also of a pseudo-terminal, or COM3), `socket://host:port`, `rfc2217://host:port[?options]` or
    `hwgrep://pattern` at `baud_rate`, 8N1, without flow control.

    A native port is locked against a second opening. `PortInUse` if another program holds it, `PortDenied` if the system
    does not let us, `EncoderGone` if there is no such port. Other schemes of pyserial are refused: one of them writes files.
    """
    if "://" in url and not url.startswith((*_NETWORK_SCHEMES, "hwgrep://")):
        raise EncoderGone(f"{url.partition('://')[0]}:// is not a kind of port")
    options: dict[str, Any] = {"baudrate": baud_rate, "timeout": _SLICE}
    if not url.startswith(_NETWORK_SCHEMES):
        # Over TCP pyserial ignores the one and refuses or ignores the other.
        options |= {"exclusive": True, "write_timeout": WRITE_TIMEOUT}
    with _gone_on_fault("opening"):
        return SerialTransport(serial.serial_for_url(url, **options))


@contextmanager
def _gone_on_fault(doing: str) -> Iterator[None]:
    try:
        yield
    except _FAULTS as fault:
        kind = _KINDS.get(getattr(fault, "errno", None), EncoderGone)
        raise kind(f"{doing} the port failed: {fault}") from fault
