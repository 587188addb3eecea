"""Empties an outbox: threads that send what is due, one thing after another, and look again after a pause."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

from pms.core.db import db

_LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class OutboxSender(ABC):
    """Sends between `start` and `stop`, as often as these are called. Who takes what is settled in the database, so that threads,
    and those of a moment ago that still have something in hand, do not meet.
    """

    def __init__(self, name: str, *, threads: int = 1) -> None:
        self._name, self._count = name, threads
        self._threads: list[threading.Thread] = []
        # Of the present threads only: those that were told to end must not go on because others begin.
        self._stop = threading.Event()
        self._stop.set()

    @abstractmethod
    def send_one(self) -> bool:
        """Send one thing that is due; whether there was one."""

    def start(self) -> None:
        """Begin, also anew; nothing changes where it runs."""
        if not self._stop.is_set():
            return
        stop = self._stop = threading.Event()
        begun = [
            threading.Thread(target=self._run, args=(stop,), name=f"{self._name} {number}", daemon=True)
            for number in range(1, self._count + 1)
        ]
        self._threads = [*(thread for thread in self._threads if thread.is_alive()), *begun]
        for thread in begun:
            thread.start()

    def stop(self, *, wait: bool = True) -> None:
        """End after what is being sent. `wait`: come back then."""
        self._stop.set()
        if wait:
            for thread in self._threads:
                thread.join()

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                is_done = not self.send_one()
            except Exception:  # noqa: BLE001 - the database may be away for a moment; sending goes on
                _log.exception("the %s had to begin again", self._name)
                is_done = True
            finally:
                db.remove()
            if is_done:
                stop.wait(_LOOK_SECONDS)
