"""A desk whose machines are owned by the real owner of the ports; what a person would do there, and what one would see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pms.config import Settings
from pms.core import clock
from pms.core.db import db
from pms.devices import task
from pms.encoders import job_course
from pms.encoders import queries as encoders
from pms.encoders import service as encoder_service
from pms.encoders.models import EncoderJob, EncoderState, JobState
from pms.encoders.port_worker import PortOwner
from pms.keycards import progress, queries, service
from pms.keycards.models import KeyCard
from pms.keycards.rules import KeyState
from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import SimulatedEncoder
from tests.keycards.desk import DESK, machine_row, new_request

Found = TypeVar("Found")


def until(condition: Callable[[], Found], timeout: float = 15.0, *, every: float = 0.01) -> Found:
    """What `condition` gives as soon as it is true of anything; fails when it never is."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain"
        time.sleep(every)
    return found


def blank(medium: Medium = Medium.NTAG213) -> SimulatedCard:
    """A card from the box."""
    return SimulatedCard.blank(medium)


class Machine:
    """One card machine: the simulated device and its row."""

    def __init__(self, folder: Path, name: str, serial_number: str) -> None:
        self.device = self._make(folder / name.replace(" ", "-"), serial_number)
        self.id = machine_row(self.device.path, name)

    @staticmethod
    def _make(link: Path, serial_number: str) -> SimulatedEncoder:
        return SimulatedEncoder(serial_number, link=link, seconds_per_write=0.0)

    @property
    def state(self) -> EncoderState:
        """What the pages say of it."""
        db.remove()
        return encoders.get_encoder(self.id).state

    def clear(self) -> None:
        """Nothing lies on it."""
        if self.device.card is not None:
            self.device.take_card()

    def put(self, card: SimulatedCard) -> SimulatedCard:
        """Lay a card down in place of the one that lies there."""
        self.clear()
        self.device.put_card(card)
        return card


class Desk:
    """Machines, the owner of their ports, and a clerk."""

    _machine: type[Machine] = Machine

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._folder = folder
        self.settings = settings
        self.machines: list[Machine] = []
        self.add_machine("Front desk 1", "932211c49aeb6f8a")
        self.owner = PortOwner(settings)
        self._ending: threading.Thread | None = None

    @property
    def machine(self) -> Machine:
        """The first machine."""
        return self.machines[0]

    def add_machine(self, name: str, serial_number: str) -> Machine:
        """One more machine, plugged in."""
        self.machines.append(self._machine(self._folder, name, serial_number))
        return self.machines[-1]

    def open(self) -> Desk:
        """Start the owner of the ports if there is none yet, and wait until every machine is connected."""
        if not self.owner.is_owner:
            self.owner.start()
        self.wait_until_ready()
        return self

    def restart(self) -> None:
        """Another start of the program, once the one before has ended."""
        self.owner.stop()
        self.owner = PortOwner(self.settings)
        self.open()

    def wait_until_ready(self) -> None:
        """Until the pages say that every machine is connected."""
        until(lambda: all(machine.state is EncoderState.READY for machine in self.machines))

    def shut_down(self) -> None:
        """The program is told to end; returns at once."""
        self._ending = threading.Thread(target=self.owner.stop, name="shut-down")
        self._ending.start()

    def close(self) -> None:
        """Stop the owner, unplug everything; nothing of it may go on."""
        if self._ending is not None:
            self._ending.join()
        self.owner.stop()
        for machine in self.machines:
            machine.device.close()
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith(("port", "machine", "sim"))]
        assert not left, left

    # --- what a clerk does

    def ask(self, stay_id: int, copies: int = 1, *, machine: Machine | None = None, **options: Any) -> str:
        """Ask for cards as the dialog does; the id of the batch."""
        db.remove()
        return service.issue(
            stay_id=stay_id,
            copies=copies,
            encoder_id=(machine or self.machine).id,
            request_id=options.pop("request_id", new_request()),
            actor=DESK,
            now=clock.now(),
            **options,
        )

    def cancel(self, batch_id: str) -> None:
        """Press Cancel."""
        db.remove()
        encoder_service.cancel_batch(batch_id=batch_id, actor=DESK, now=clock.now())

    def again(self, batch_id: str, *, overwrite: bool = False) -> str:
        """Press the one button under what went wrong; the new batch."""
        db.remove()
        wrong = progress.find(batch_id, now=clock.now()).job
        return service.retry(
            job_id=wrong.id, request_id=new_request(), overwrite=overwrite, actor=DESK, now=clock.now()
        )

    def read(self, card: SimulatedCard, machine: Machine | None = None) -> dict[str, Any]:
        """Read a card; what the page is told."""
        db.remove()
        where = machine or self.machine
        batch_id = service.read(encoder_id=where.id, request_id=new_request(), actor=DESK, now=clock.now())
        where.put(card)
        result = self.wait_for(batch_id, JobState.DONE).result
        where.clear()
        return result or {}

    def make(self, stay_id: int, card: SimulatedCard, machine: Machine | None = None) -> SimulatedCard:
        """Make a card from the question to the end."""
        where = machine or self.machine
        where.put(card)
        self.wait_for(self.ask(stay_id, machine=where), JobState.DONE)
        where.clear()
        return card

    # --- what one sees

    def jobs(self, batch_id: str) -> list[EncoderJob]:
        """The jobs of a batch as they are now."""
        db.remove()
        return list(encoders.batch(batch_id))

    def wait_for(self, batch_id: str, state: JobState | None = None, position: int = 1) -> EncoderJob:
        """The job once it is in that state, or in whichever state it ends."""

        def reached() -> EncoderJob | None:
            job = self.jobs(batch_id)[position - 1]
            if state is not None and job.state.is_final and job.state is not state:
                raise AssertionError(f"the job ended {job.state.value} ({job.error_code}) instead of {state.value}")
            return job if (job.state is state if state else job.state.is_final) else None

        return until(reached)


def cards_of(stay_id: int) -> list[KeyCard]:
    """The key cards of a stay in our book, oldest first."""
    db.remove()
    return list(reversed(queries.cards_of_stay(stay_id)))


def book(stay_id: int) -> list[KeyState]:
    """What our book says of a stay's cards, oldest first."""
    return [line.state for line in queries.lines(cards_of(stay_id), now=clock.now())]


class Moments:
    """Does something at the very moment of a step, in the thread of the machine: no race decides what a test sees.

    `claimed`: the job waits now, the machine has not heard of it. `reading`: a card lies there, nothing of it is read.
    `writing`, `checking`: the state is stored, the step's first byte has not left.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._acts: dict[str, Callable[[], object]] = {}
        for moment, module, name in (
            ("claimed", job_course, "claim_next"),
            ("writing", job_course, "begin_writing"),
            ("checking", job_course, "begin_checking"),
        ):
            monkeypatch.setattr(module, name, self._after(moment, getattr(module, name)))
        monkeypatch.setattr(task, "read_units", self._before("reading", task.read_units))

    def at(self, moment: str, act: Callable[[], object]) -> None:
        """Do it the next time that the moment comes, once."""
        assert moment in ("claimed", "reading", "writing", "checking")
        self._acts[moment] = act

    @property
    def is_over(self) -> bool:
        """Whether everything that was to happen did."""
        return not self._acts

    def _after(self, moment: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def then_act(**values: Any) -> Any:
            result = step(**values)
            if moment != "claimed" or result is not None:
                self._acts.pop(moment, lambda: None)()
            return result

        return then_act

    def _before(self, moment: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def act_first(*values: Any) -> Any:
            self._acts.pop(moment, lambda: None)()
            return step(*values)

        return act_first
