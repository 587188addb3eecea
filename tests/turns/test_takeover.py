"""Several processes, one of which has the scheduler: another one has it soon after the first is killed, or hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import sqlalchemy as sa

from pms.config import ROOT
from pms.core.db import db
from pms.turns.models import JobTurn, ScheduledJob, TurnState
from tests.flows.desk import until

# A worker whose only job notes each second by whom it was done. How long an idle session may live is all that is shorter.
WORKER = """
import os, sys
from datetime import timedelta
from pathlib import Path
from pms import cli, scheduler
from pms.encoders import port_ownership
from pms.turns.rules import Schedule
port_ownership._SILENCE = 1500
notes = Path(sys.argv.pop())
def tick():
    with notes.open("a") as file:
        file.write(f"{os.getpid()}\\n")
scheduler.JOBS = (scheduler.Job("tick", tick, Schedule(every=timedelta(seconds=1))),)
cli.main(["worker"])
"""
MOST_SECONDS = 30


@contextmanager
def worker(settings, notes):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PMS_")},
        "PMS_HOME": str(settings.home),
        "PMS_DATABASE_URL": settings.database_url,
        "PMS_MASTER_KEY": settings.master_key.hex(),
        "PMS_SECRET_KEY": settings.secret_key,
    }
    command = [sys.executable, "-c", WORKER, str(notes)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def who_ticked(notes) -> list[int]:
    return [int(line) for line in notes.read_text().split()] if notes.exists() else []


def wait_until_active(process, notes) -> float:
    """Until that process does the turns; how many seconds it took."""
    began, before = time.monotonic(), len(who_ticked(notes))
    until(lambda: process.pid in who_ticked(notes)[before:], MOST_SECONDS, every=0.1)
    return time.monotonic() - began


def counted() -> tuple[int, int]:
    """(turns, how often they were begun)."""
    db.remove()
    row = db.session.execute(sa.select(sa.func.count(), sa.func.sum(JobTurn.tries)).where(JobTurn.job == "tick")).one()
    return row[0], row[1]


def test_another_process_has_the_scheduler_soon_after_its_owner_is_killed(app, house, tmp_path):
    settings, notes = app.config["SETTINGS"], tmp_path / "notes"
    db.remove()
    with worker(settings, notes) as first:
        wait_until_active(first, notes)
        with worker(settings, notes) as second:
            # It is there, and does nothing.
            ticked = len(who_ticked(notes))
            until(lambda: len(who_ticked(notes)) >= ticked + 4, MOST_SECONDS, every=0.1)
            assert set(who_ticked(notes)) == {first.pid}
            first.kill()
            assert wait_until_active(second, notes) < MOST_SECONDS
            second.terminate()
            assert second.wait(20) == 0
    # Nothing was done twice, but for the turn that the killed process had begun.
    turns, tries = counted()
    assert turns <= len(who_ticked(notes)) <= tries <= turns + 1
    states = set(db.session.scalars(sa.select(JobTurn.state)))
    assert states <= {TurnState.DONE, TurnState.INTERRUPTED}
    assert [job.name for job in db.session.scalars(sa.select(ScheduledJob))] == ["tick"]


def test_a_process_that_hangs_loses_the_scheduler_and_wakes_up_without_it(pg_app, tmp_path, installation):
    installation.build_house()
    settings, notes = pg_app.config["SETTINGS"], tmp_path / "notes"
    db.remove()
    with worker(settings, notes) as first, worker(settings, notes) as second:
        until(lambda: who_ticked(notes), MOST_SECONDS, every=0.1)
        active, other = (first, second) if who_ticked(notes)[0] == first.pid else (second, first)
        active.send_signal(signal.SIGSTOP)
        assert wait_until_active(other, notes) < MOST_SECONDS
        active.send_signal(signal.SIGCONT)
        ticked = len(who_ticked(notes))
        until(lambda: len(who_ticked(notes)) >= ticked + 4, MOST_SECONDS, every=0.1)
        # In the instant of waking up it may still have taken a turn that nobody had done; then it had none any more.
        assert set(who_ticked(notes)[ticked + 2 :]) == {other.pid}
        # It is ready to have it back.
        other.kill()
        assert wait_until_active(active, notes) < MOST_SECONDS
        active.terminate()
        assert active.wait(20) == 0
    turns, tries = counted()
    assert turns <= len(who_ticked(notes)) <= tries <= turns + 2
