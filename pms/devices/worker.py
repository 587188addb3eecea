"""The owner of one machine: a thread that connects, takes the machine's tasks one after another, and reconnects.

Where tasks come from and where states go is its `Office`: the server's tables, or the server over an agent's line.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Protocol

from .encoder import EncoderIdentity
from .errors import DeviceError, EncoderGone
from .port import Port
from .task import Course, Task, TaskRun

POLL_SECONDS = 0.15
_HELLO_EVERY = 10.0
_log = logging.getLogger(__name__)


class Office(Protocol):
    """What a machine's owner needs of the world. Calls return with nothing held open."""

    def connected(self, driver: str, identity: EncoderIdentity) -> None:
        """The machine answers, and is of this make; tasks of before are settled."""

    def disconnected(self, code: str, text: str) -> None:
        """It does not, and why; told again and again while it is so. Tasks that wait too long for it fail."""

    def next_task(self) -> tuple[Task, Course] | None:
        """What to do next, taken so that nobody else does it."""

    def leave(self) -> None:
        """The thread ends."""


class MachineThread(threading.Thread):
    """Owns one machine."""

    def __init__(self, port: Port, office: Office) -> None:
        super().__init__(name=f"machine {port.url}", daemon=True)
        self.port = port
        self._office = office
        self._stop_wish = threading.Event()
        self._next_hello = 0.0

    def ask_to_stop(self) -> None:
        """End when the present card is done."""
        self._stop_wish.set()

    def run(self) -> None:
        """Rounds until asked to stop; whatever goes wrong in one, the next one begins with the truth about it."""
        while not self._stop_wish.is_set():
            try:
                self._round()
            except Exception:  # noqa: BLE001 - a thread that dies would leave the machine to nobody
                _log.exception("a round of the machine at %s failed", self.port.url)
                self.port.close()
                self._stop_wish.wait(1.0)
        self.port.close()
        with suppress(Exception):
            self._office.leave()

    def _round(self) -> None:
        if not self.port.is_open and not self._connect():
            self._stop_wish.wait(min(POLL_SECONDS, max(0.02, self.port.retry_in())))
            return
        try:
            if (found := self._office.next_task()) is None:
                self._attend()
            else:
                TaskRun(self.port.encoder, *found, self._stop_wish).run()
        except EncoderGone as gone:
            self.port.lose()
            self._office.disconnected(gone.code, str(gone))

    def _connect(self) -> bool:
        if self.port.retry_in() > 0:
            self._office.disconnected("", "")
            return False
        try:
            identity = self.port.open()
        except DeviceError as fault:
            self._office.disconnected(fault.code, str(fault))
            return False
        self._office.connected(self.port.driver, identity)
        self._next_hello = time.monotonic() + _HELLO_EVERY
        return True

    def _attend(self) -> None:
        self.port.encoder.attend(POLL_SECONDS)
        if time.monotonic() >= self._next_hello:
            # A machine behind a network can vanish without a word.
            self.port.encoder.hello()
            self._next_hello = time.monotonic() + _HELLO_EVERY
