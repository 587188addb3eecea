"""The wire of a simulated device: a pseudo-terminal as like a USB port as can be, or a TCP port.

Unplugging closes both ends of the terminal; plugging in makes a new one, and the symbolic link, if one was asked for, then
names that. What the device does with the bytes is its `Machine`'s: no port and no thread of its own.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread, current_thread
from time import monotonic
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

if sys.platform != "win32":
    import tty

_READ_SIZE = 4096
_ORDER_TIMEOUT = 10.0
_BITS_A_BYTE = 10
"""On the wire: start bit, 8 data bits, stop bit."""

Send = Callable[[bytes], None]


class PulledOut(Exception):
    """A fault pulled the plug in the middle of a command."""


class Machine(Protocol):
    """The inside of a device; every method is called by one thread. Times are `time.monotonic()`."""

    def receive(self, data: bytes, at: float) -> None:
        """Take bytes from the line. `PulledOut` if a fault ended it there."""

    def tick(self, at: float) -> None:
        """Do what is due."""

    def due(self) -> float | None:
        """When `tick` has something to do by the clock alone."""

    def lose_power(self) -> None:
        """Forget everything but what lies on the device."""


class Wire(ABC):
    """Where a host connects. `source` is what to wait for, None while nobody could send anything."""

    source: int | None

    @property
    @abstractmethod
    def url(self) -> str:
        """What the host opens."""

    @abstractmethod
    def plug_in(self) -> None:
        """Become reachable."""

    @abstractmethod
    def unplug(self) -> None:
        """Vanish; the host's port fails."""

    @abstractmethod
    def read(self) -> bytes:
        """What has arrived; b"" if nothing has after all."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send; nobody may be there to read it."""


class TerminalWire(Wire):
    """A pseudo-terminal; `link` is a path that stays the same whenever the device is replugged."""

    def __init__(self, link: Path | None) -> None:
        self.source = None
        self._link = link
        self._path = ""
        self._slave = -1

    @property
    def url(self) -> str:
        return str(self._link) if self._link is not None else self._path

    def plug_in(self) -> None:
        if self.source is not None:
            return
        # An earlier, killed, device may have left its link; anything else is somebody's.
        if self._link is not None and self._link.exists() and not self._link.is_symlink():
            raise FileExistsError(errno.EEXIST, "there is a file, and no link", str(self._link))
        master, self._slave = os.openpty()
        # A fresh terminal echoes; and with nobody at its other end reading would fail, so that end stays open here.
        tty.setraw(self._slave)
        os.set_blocking(master, False)
        self._path = os.ttyname(self._slave)
        if self._link is not None:
            fresh = self._link.with_name(f".{self._link.name}.{token_hex(4)}")
            fresh.symlink_to(self._path)
            fresh.replace(self._link)
        self.source = master

    def unplug(self) -> None:
        if self.source is None:
            return
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        master, self.source = self.source, None
        os.close(self._slave)
        os.close(master)

    def read(self) -> bytes:
        # An order of the same round may have replaced the terminal: then there is nothing yet.
        with suppress(OSError):
            return os.read(self.source if self.source is not None else -1, _READ_SIZE)
        return b""

    def write(self, data: bytes) -> None:
        # Nobody reads: the bytes are lost, as on a wire.
        with suppress(OSError):
            os.write(self.source if self.source is not None else -1, data)


class TcpWire(Wire):
    """A TCP port for one host at a time; a later one waits until the one before has hung up."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._server: socket.socket | None = None
        self._peer: socket.socket | None = None

    @property
    def source(self) -> int | None:  # type: ignore[override]
        return None if self._server is None else (self._peer or self._server).fileno()

    @property
    def url(self) -> str:
        return f"socket://{self._address[0]}:{self._address[1]}"

    def plug_in(self) -> None:
        if self._server is None:
            self._server = socket.create_server(self._address)
            # Port 0 is whichever is free; after a replugging it stays that one.
            self._address = self._server.getsockname()[:2]

    def unplug(self) -> None:
        for end in (self._peer, self._server):
            if end is not None:
                end.close()
        self._peer = self._server = None

    def read(self) -> bytes:
        if self._server is None:
            return b""
        if self._peer is None:
            self._peer, _ = self._server.accept()
            self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        with suppress(OSError):
            if data := self._peer.recv(_READ_SIZE):
                return data
        self._peer.close()
        self._peer = None
        return b""

    def write(self, data: bytes) -> None:
        with suppress(OSError):
            if self._peer is not None:
                self._peer.sendall(data)


M = TypeVar("M", bound=Machine)


class SimulatedPort(Generic[M]):
    """A device that is plugged in and running until `close`; also a context manager. All methods from any thread."""

    def __init__(self, make: Callable[[Send], M], wire: Wire, *, baud_rate: int | None = None) -> None:
        """`make` builds the inside, given the function by which it sends.

        With `baud_rate` every frame takes its time on the line, both ways; without it bytes arrive at once.
        """
        self._machine = make(self._send)
        self._wire = wire
        self._byte_time = _BITS_A_BYTE / baud_rate if baud_rate else 0.0
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._leaving: deque[tuple[float, bytes]] = deque()
        self._in_free_at = self._out_free_at = 0.0
        self._is_closed = False
        self._orders: deque[tuple[Callable[[], None], Event]] = deque()
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_out, False)
        self._wire.plug_in()
        self._thread = Thread(target=self._run, name=f"simulated {type(self).__name__} {wire.url}", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """What to open: a path, or a URL for a device on the network."""
        return self._wire.url

    @property
    def is_plugged_in(self) -> bool:
        """Whether the path can be opened."""
        return self._wire.source is not None

    def unplug(self) -> None:
        """Pull the device out: its port vanishes and it forgets what it was doing. What lies on it stays there."""
        self._order(self._disconnect)

    def plug_in(self) -> None:
        """Plug it in again, which makes a new port."""
        self._order(self._wire.plug_in)

    def close(self) -> None:
        """Pull it out for good."""
        if not self._is_closed:
            self._is_closed = True
            self._wake()
            self._thread.join()
            os.close(self._wake_in)
            os.close(self._wake_out)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the device's thread

    def _run(self) -> None:
        while not self._is_closed:
            with suppress(PulledOut):
                self._round()
                continue
            self._disconnect()
        self._disconnect()

    def _round(self) -> None:
        source = self._wire.source
        sources = [self._wake_in] if source is None else [self._wake_in, source]
        due = None if source is None else self._due()
        ready, _, _ = select.select(sources, [], [], None if due is None else max(0.0, due - monotonic()))
        if self._wake_in in ready:
            os.read(self._wake_in, _READ_SIZE)
            self._carry_out()
        if self.is_plugged_in:
            if source in ready and (data := self._wire.read()):
                self._take(data)
            self._move(monotonic())
            self._machine.tick(monotonic())

    def _due(self) -> float | None:
        times = [queue[0][0] for queue in (self._arriving, self._leaving) if queue]
        due = self._machine.due()
        return min([*times, *([] if due is None else [due])], default=None)

    def _take(self, data: bytes) -> None:
        if not self._byte_time:
            self._machine.receive(data, monotonic())
            return
        self._in_free_at = max(monotonic(), self._in_free_at) + len(data) * self._byte_time
        self._arriving.append((self._in_free_at, data))

    def _send(self, data: bytes) -> None:
        if not self._byte_time:
            self._wire.write(data)
            return
        self._out_free_at = max(monotonic(), self._out_free_at) + len(data) * self._byte_time
        self._leaving.append((self._out_free_at, data))

    def _move(self, at: float) -> None:
        """Let bytes through whose time on the line is over."""
        while self._arriving and self._arriving[0][0] <= at:
            self._machine.receive(self._arriving.popleft()[1], at)
        while self._leaving and self._leaving[0][0] <= at:
            self._wire.write(self._leaving.popleft()[1])

    def _disconnect(self) -> None:
        if self.is_plugged_in:
            # The state first: whoever notices the hang-up must already find the device without power.
            self._machine.lose_power()
            self._arriving.clear()
            self._leaving.clear()
            self._wire.unplug()

    def _order(self, act: Callable[[], None]) -> None:
        """Have `act` done by the device's thread, and wait until it is."""
        if self._is_closed:
            return
        if current_thread() is self._thread:
            act()
            return
        done = Event()
        self._orders.append((act, done))
        self._wake()
        if not done.wait(_ORDER_TIMEOUT):
            raise TimeoutError("the simulated device does not respond")

    def _carry_out(self) -> None:
        while self._orders:
            act, done = self._orders.popleft()
            act()
            done.set()

    def _wake(self) -> None:
        # A full pipe wakes just as well.
        with suppress(BlockingIOError):
            os.write(self._wake_out, b"\0")
