"""Several processes, one of which has the scheduler: another one has it soon after the first is killed, or hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from pms.config import ROOT
from pms.core.db import db
from pms.turns.models import JobTurn, ScheduledJob, TurnState
from tests.flows.desk import until

# Loads the program once and makes workers of it, whose only job notes each second by whom it was done. How long an idle session may
# live is all that is shorter.
NURSERY = """
import json, os, signal, sys
from datetime import timedelta
from pathlib import Path
from pms import app, background, cli, scheduler
from pms.encoders import port_ownership
from pms.turns.rules import Schedule

port_ownership._SILENCE = 1500

def work(order):
    os.environ.update(order["environment"])
    notes = Path(order["notes"])
    def tick():
        with notes.open("a") as file:
            file.write(f"{os.getpid()}\\n")
    scheduler.JOBS = (scheduler.Job("tick", tick, Schedule(every=timedelta(seconds=1))),)
    cli.main(["worker"])

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    number = os.fork()
    if number == 0:
        sys.stdin.close()
        os.dup2(2, 1)
        work(json.loads(line))
    print(number, flush=True)
"""
MOST_SECONDS = 30
START_SECONDS = 60


@dataclass
class Worker:
    """A `pms worker` of its own."""

    pid: int

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        """As the system does."""
        self.send(signal.SIGTERM)
        until(lambda: not self.is_there(), MOST_SECONDS, every=0.1)

    def is_there(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture(scope="module")
def nursery():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PMS_")}
    command = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def start(nursery, tmp_path):
    """Starts a worker; all are gone in the end."""
    workers = []

    def begin(settings) -> Worker:
        environment = {
            "PMS_HOME": str(settings.home),
            "PMS_DATABASE_URL": settings.database_url,
            "PMS_MASTER_KEY": settings.master_key.hex(),
            "PMS_SECRET_KEY": settings.secret_key,
            "PMS_MQTT_PORT": "0",
        }
        nursery.stdin.write(json.dumps({"environment": environment, "notes": str(tmp_path / "notes")}) + "\n")
        nursery.stdin.flush()
        workers.append(Worker(int(nursery.stdout.readline())))
        return workers[-1]

    yield begin
    for worker in workers:
        if worker.is_there():
            worker.send(signal.SIGKILL)
            until(lambda worker=worker: not worker.is_there(), MOST_SECONDS)


def who_ticked(notes) -> list[int]:
    return [int(line) for line in notes.read_text().split()] if notes.exists() else []


def wait_until_active(worker, notes, seconds: float = MOST_SECONDS) -> None:
    """Until that worker does the turns, within so many seconds."""
    before = len(who_ticked(notes))
    until(lambda: worker.pid in who_ticked(notes)[before:], seconds, every=0.1)


def counted() -> tuple[int, int]:
    """(turns, how often they were begun)."""
    db.remove()
    row = db.session.execute(sa.select(sa.func.count(), sa.func.sum(JobTurn.tries)).where(JobTurn.job == "tick")).one()
    return row[0], row[1]


def test_another_process_has_the_scheduler_soon_after_its_owner_is_killed(app, house, start, tmp_path):
    settings, notes = app.config["SETTINGS"], tmp_path / "notes"
    db.remove()
    first = start(settings)
    wait_until_active(first, notes, START_SECONDS)
    second = start(settings)
    # It is there, and does nothing.
    ticked = len(who_ticked(notes))
    until(lambda: len(who_ticked(notes)) >= ticked + 4, MOST_SECONDS, every=0.1)
    assert second.is_there()
    assert set(who_ticked(notes)) == {first.pid}
    first.send(signal.SIGKILL)
    wait_until_active(second, notes)
    second.stop()
    # Nothing was done twice, but for the turn that the killed process had begun.
    turns, tries = counted()
    assert turns <= len(who_ticked(notes)) <= tries <= turns + 1
    states = set(db.session.scalars(sa.select(JobTurn.state)))
    assert states <= {TurnState.DONE, TurnState.INTERRUPTED}
    assert [job.name for job in db.session.scalars(sa.select(ScheduledJob))] == ["tick"]


def test_a_process_that_hangs_loses_the_scheduler_and_wakes_up_without_it(pg_app, start, tmp_path, installation):
    installation.build_house()
    settings, notes = pg_app.config["SETTINGS"], tmp_path / "notes"
    db.remove()
    first, second = start(settings), start(settings)
    until(lambda: who_ticked(notes), START_SECONDS, every=0.1)
    active, other = (first, second) if who_ticked(notes)[0] == first.pid else (second, first)
    active.send(signal.SIGSTOP)
    wait_until_active(other, notes)
    active.send(signal.SIGCONT)
    ticked = len(who_ticked(notes))
    until(lambda: len(who_ticked(notes)) >= ticked + 4, MOST_SECONDS, every=0.1)
    # In the instant of waking up it may still have taken a turn that nobody had done; then it had none any more.
    assert set(who_ticked(notes)[ticked + 2 :]) == {other.pid}
    # It is ready to have it back.
    other.send(signal.SIGKILL)
    wait_until_active(active, notes)
    active.stop()
    turns, tries = counted()
    assert turns <= len(who_ticked(notes)) <= tries <= turns + 2
