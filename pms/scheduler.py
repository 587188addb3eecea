"""Jobs by the clock: one table, run by APScheduler in the process that owns the ports.

The clock says when a turn is due; the rows of `pms.turns` say whether it was done. So a turn that was missed while no process
ran is caught up once at the start, one that a killed process left is done again, and two processes never do the same one. A job
that fails is logged and tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pms.access_records import jobs as access_records
from pms.accounts import jobs as accounts
from pms.alarms import jobs as alarms
from pms.audit import jobs as audit
from pms.backups import jobs as backups
from pms.core import clock
from pms.core.db import db
from pms.core.errors import DomainError
from pms.core.outcome import Outcome
from pms.credentials import jobs as credentials
from pms.lock_commands import jobs as lock_commands
from pms.mail import jobs as mail
from pms.outage import jobs as outage
from pms.passcodes import jobs as passcodes
from pms.properties import queries as properties
from pms.retention import jobs as retention
from pms.slots import jobs as slots
from pms.turns import jobs as turn_jobs
from pms.turns import service as turns
from pms.turns.rules import Schedule

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger
    from flask import Flask

    from pms.core.outcome import Outcome
    from pms.turns.service import Taken

_log = logging.getLogger("pms.scheduler")

# How long after a failure a turn is tried again; then the job waits for its next one.
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
# How long somebody who asks for a turn waits at most until it begins.
ASKED_EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Job:
    """A name, what to call, and when."""

    name: str
    run: Callable[[], Outcome | None]
    schedule: Schedule


def _every(**distance: int) -> Schedule:
    return Schedule(every=timedelta(**distance))


JOBS = (
    Job("purge log-ins", accounts.purge_log_ins, _every(hours=6)),
    Job("fingerprints past their date", credentials.expire, _every(hours=1)),
    Job("stored credentials past their date", slots.expire, _every(hours=1)),
    Job("commands past their time", lock_commands.expire, _every(minutes=1)),
    Job("forget old letters", mail.purge_letters, _every(hours=12)),
    Job("passcodes past their end", passcodes.reckon_ends, _every(hours=1)),
    Job("records of the doors", access_records.fetch, _every(minutes=10)),
    Job("clocks of the locks", lock_commands.set_clocks, _every(minutes=10)),
    Job("outage pack of the hour", outage.make_pack, _every(hours=1)),
    Job("watch batteries and ways to locks", alarms.watch, _every(minutes=2)),
    Job("forget old messages about alarms", alarms.forget_deliveries, _every(hours=12)),
    Job("backup of the night", backups.make, Schedule(at=(2, 30))),
    Job("guests past their time", retention.forget, Schedule(at=(3, 0))),
    Job("check the audit trail", audit.verify_chain, Schedule(at=(3, 30))),
    Job("check the door records", access_records.verify_records, Schedule(at=(3, 45))),
    Job("forget old turns of jobs", turn_jobs.purge, _every(hours=24)),
)
_ASKED = "turns that were asked for"

_running: list[BackgroundScheduler] = []
_THREADS = 10


class _Turns(BasePoolExecutor):  # type: ignore[misc]
    """Runs the turns of jobs in threads that can be waited for apart from the scheduler."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(_THREADS)
        super().__init__(self.threads)


def start(app: Flask) -> BackgroundScheduler:
    """Begin; called only by the process that owns the ports. A second call changes nothing."""
    if _running:
        return _running[0]
    zone = _zone(app)
    scheduler = BackgroundScheduler(
        timezone=zone,
        executors={"default": _Turns()},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    with app.app_context():
        missed = turns.announce(schedules={job.name: job.schedule for job in JOBS}, zone=zone, now=clock.now())
    for job in JOBS:
        # A missed turn comes at once, and once, however often it was missed.
        soon = {"next_run_time": clock.now() - clock.offset()} if job.name in missed else {}
        scheduler.add_job(run, _trigger(job.schedule, zone), args=[app, job], id=job.name, name=job.name, **soon)
    scheduler.add_job(run_asked, IntervalTrigger(seconds=ASKED_EVERY.seconds, timezone="UTC"), args=[app], id=_ASKED)
    scheduler.start()
    _running.append(scheduler)
    return scheduler


def stop(*, wait: bool = True) -> None:
    """Begin no turn any more. `wait`: come back after the jobs that are running.

    The scheduler's own wait would hold the lock that a job needs to say that it is to be tried again, and wait for ever.
    """
    while _running:
        scheduler = _running.pop()
        executor: _Turns = scheduler._executors["default"]  # noqa: SLF001 - there is no public way to ask
        scheduler.shutdown(wait=False)
        executor.threads.shutdown(wait=wait, cancel_futures=True)


def run(app: Flask, job: Job, failures: int = 0, due_at: datetime | None = None) -> None:
    """One turn of a job: the one that is due, or that of `due_at` once more. Nothing happens where it is done already."""
    try:
        with app.app_context():
            due = due_at or job.schedule.last_due(clock.now(), _house_zone())
            taken = turns.begin(job=job.name, due_at=due, now=clock.now())
            if taken is None or _did(job, taken):
                _forget_retry(job)
                return
    except Exception:  # noqa: BLE001 - the database may be away for a moment; the scheduler lives on
        _log.exception("a turn of the job “%s” could not be noted", job.name)
        return
    _try_again(app, job, failures, due)


def run_asked(app: Flask) -> None:
    """The turns that somebody asked for, one after another."""
    jobs = {job.name: job for job in JOBS}
    try:
        with app.app_context():
            while (taken := turns.begin_asked(now=clock.now())) is not None:
                if taken.job in jobs:
                    _did(jobs[taken.job], taken)
                else:
                    turns.end(taken=taken, fault="unknown", next_at=None, now=clock.now())
    except Exception:  # noqa: BLE001 - as above
        _log.exception("turns that were asked for could not be begun")


def _did(job: Job, taken: Taken) -> bool:
    """Whether the turn went well; noted either way. The caller's application context ends the database session."""
    fault, outcome = "", None
    try:
        outcome = job.run()
    except DomainError as refusal:
        # What the program itself refuses it can say in words: that the disk is full, that a tool is missing.
        _log.warning("the job “%s” was refused: %s", job.name, refusal.code)
        fault, outcome = refusal.code, Outcome(refusal.message, _plain(refusal.params))
        db.remove()
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the scheduler lives on
        _log.exception("the job “%s” failed", job.name)
        fault = type(error).__name__
        db.remove()
    now = clock.now()
    next_at = job.schedule.next_due(now, _house_zone())
    turns.end(taken=taken, fault=fault, outcome=outcome, next_at=next_at, now=now)
    return not fault


def _plain(params: dict[str, object]) -> dict[str, int | str]:
    return {name: value if isinstance(value, int) else str(value) for name, value in params.items()}


def _try_again(app: Flask, job: Job, failures: int, due_at: datetime) -> None:
    if failures >= len(RETRIES):
        _forget_retry(job)
        return
    if not _running:
        return
    distance = RETRIES[failures]
    _running[0].add_job(
        run,
        # Not a date: a job that has no next turn is removed by the scheduler's own thread, which fails while it is stopped.
        IntervalTrigger(
            seconds=int(distance.total_seconds()), start_date=clock.now() - clock.offset() + distance, timezone="UTC"
        ),
        args=[app, job, failures + 1, due_at],
        id=_retry_id(job),
        name=f"{job.name} (again)",
        replace_existing=True,
    )


def _forget_retry(job: Job) -> None:
    """It went well, or was tried often enough: it waits for its regular turn."""
    if not _running:
        return
    try:
        _running[0].remove_job(_retry_id(job))
    except JobLookupError:
        return


def _retry_id(job: Job) -> str:
    return f"{job.name} again"


def _trigger(schedule: Schedule, zone: ZoneInfo) -> BaseTrigger:
    if schedule.at is not None:
        hour, minute = schedule.at
        return CronTrigger(hour=hour, minute=minute, timezone=zone)
    if schedule.every is None:
        raise ValueError("a job says neither when nor how often")
    return IntervalTrigger(
        seconds=int(schedule.every.total_seconds()), start_date=datetime.fromtimestamp(0, UTC), timezone="UTC"
    )


def _zone(app: Flask) -> ZoneInfo:
    with app.app_context():
        return _house_zone()


def _house_zone() -> ZoneInfo:
    """Nights are the house's; before it is set up, Greenwich's."""
    house = properties.find_property()
    return house.zone if house else ZoneInfo("UTC")
