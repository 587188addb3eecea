"""The owner of the server's ports: one thread a machine, one process for all of it; and who knows which ports there are."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from pms.core import clock
from pms.core.db import db
from pms.devices.discovery import find_ports
from pms.devices.errors import DeviceError
from pms.devices.port import Port, identify
from pms.devices.worker import MachineThread
from pms.encoders import desk_service, job_course, machine_states, queries
from pms.encoders.office import TableOffice
from pms.encoders.port_ownership import Ownership, ownership_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from pms.config import Settings
    from pms.devices.encoder import EncoderIdentity
    from pms.encoders.models import Encoder

_SUPERVISE_SECONDS = 0.3
_LOOK_EVERY = 2.0
_log = logging.getLogger(__name__)


class PortOwner:
    """Opens the ports of all machines in use, unless another process does; keeps trying to become the owner."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_owning: Callable[[], None] = lambda: None,
        on_losing: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_owning` is called in the owner's thread whenever this process becomes the owner, `on_losing` as soon as it notices
        that it is not any more, and when it stops. Neither may wait for anything.
        """
        self._ownership: Ownership = ownership_for(settings)
        self._on_owning, self._on_losing = on_owning, on_losing
        self._stop = threading.Event()
        self._owning = threading.Event()
        self._machines: dict[int, MachineThread] = {}
        self._questions = Questions()
        self._next_look = 0.0
        self._thread = threading.Thread(target=self._run, name="port owner", daemon=True)

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the ports."""
        return self._owning.is_set()

    def wait_until_owner(self, seconds: float) -> bool:
        """Whether this process became the owner within that time."""
        return self._owning.wait(seconds)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of every port. A card that is being written is finished first."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._ownership.acquire():
                    self._own()
            except Exception:  # noqa: BLE001 - the database may be away for a moment; the owner goes on trying
                _log.exception("the owner of the ports had to begin again")
            finally:
                if self._owning.is_set():
                    self._owning.clear()
                    self._on_losing()
                self._stop_machines()
                self._ownership.release()
                db.remove()
            self._stop.wait(1.0)

    def _own(self) -> None:
        job_course.settle_leftovers(now=clock.now())
        db.remove()
        self._owning.set()
        self._on_owning()
        while not self._stop.is_set() and self._ownership.is_held():
            self._supervise()
            self._stop.wait(_SUPERVISE_SECONDS)

    def _supervise(self) -> None:
        """Follow the table: machines added, moved to another port, unbound; and tell it which ports there are."""
        wanted = {machine.id: machine for machine in queries.machines_of_agent(None)}
        db.remove()
        for encoder_id, thread in list(self._machines.items()):
            if encoder_id not in wanted or not _serves(thread, wanted[encoder_id]) or not thread.is_alive():
                thread.ask_to_stop()
                if not thread.is_alive():
                    del self._machines[encoder_id]
        for encoder_id, machine in wanted.items():
            if encoder_id not in self._machines:
                port = Port(machine.url or "", machine.driver)
                self._machines[encoder_id] = MachineThread(port, TableOffice(encoder_id))
                self._machines[encoder_id].start()
        if clock.monotonic() >= self._next_look:
            self._next_look = clock.monotonic() + _LOOK_EVERY
            machine_states.note_ports(agent_id=None, ports=find_ports(), now=clock.now())
            desk_service.miss_absent(now=clock.now())
        self._questions.ask(machine_states.take_questions(agent_id=None))
        db.remove()

    def _stop_machines(self) -> None:
        for machine in self._machines.values():
            machine.ask_to_stop()
        for machine in self._machines.values():
            machine.join()
        self._machines.clear()


def _serves(thread: MachineThread, machine: Encoder) -> bool:
    """Whether a thread is at the port that the table says. The make may just have been found out."""
    return thread.port.url == machine.url and thread.port.driver in ("", machine.driver)


class Questions:
    """Says hello at ports where nobody knows who is there: seconds each, so beside everything else, one after another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._urls: list[str] = []
        self._is_asking = False

    def ask(self, urls: list[str]) -> None:
        """Ask there soon."""
        with self._lock:
            self._urls += urls
            if not self._urls or self._is_asking:
                return
            self._is_asking = True
        threading.Thread(target=self._run, name="who is there", daemon=True).start()

    def _next(self) -> str | None:
        with self._lock:
            self._is_asking = bool(self._urls)
            return self._urls.pop(0) if self._urls else None

    def _run(self) -> None:
        while (url := self._next()) is not None:
            try:
                self._ask_at(url)
            except Exception:  # noqa: BLE001 - the ports after this one are to be asked all the same
                _log.exception("asking who is at %s failed", url)
            finally:
                db.remove()

    def _ask_at(self, url: str) -> None:
        try:
            driver, identity = identify(url)
        except DeviceError as fault:
            self._note(url, None, None, fault.code)
        else:
            self._note(url, driver.name, identity, None)

    @staticmethod
    def _note(url: str, driver: str | None, identity: EncoderIdentity | None, code: str | None) -> None:
        machine_states.note_answer(
            agent_id=None, url=url, driver=driver, identity=identity, error_code=code, now=clock.now()
        )
