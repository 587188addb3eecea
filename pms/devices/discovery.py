"""Which ports the computer has, so that nobody must know a path by heart."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

_BY_ID = Path("/dev/serial/by-id")


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A serial port: what to open, and what the system says is behind it."""

    url: str
    description: str


def find_ports() -> list[FoundPort]:
    """USB and built-in serial ports, by address. A name that stays the same when machines change sockets is preferred."""
    lasting = _lasting_names()
    found = [
        FoundPort(lasting.get(port.device, port.device), port.description if port.description != "n/a" else "")
        for port in list_ports.comports()
    ]
    return sorted(found, key=lambda port: port.url)


def _lasting_names() -> dict[str, str]:
    # The folder goes with the last machine that is pulled out, perhaps while it is being read.
    with suppress(OSError):
        return {str(link.resolve()): str(link) for link in sorted(_BY_ID.iterdir())}
    return {}
