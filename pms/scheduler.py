"""Jobs by the clock: one table, run by APScheduler in the process that owns the ports.

Nothing of a schedule is stored: at a start the table is what counts. A job that fails is logged and tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pms.accounts import jobs as accounts
from pms.audit import jobs as audit
from pms.core import clock
from pms.credentials import jobs as credentials
from pms.mail import jobs as mail
from pms.outage import jobs as outage
from pms.passcodes import jobs as passcodes
from pms.properties import queries as properties
from pms.slots import jobs as slots

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger
    from flask import Flask

_log = logging.getLogger("pms.scheduler")

# How long after a failure a job is tried again; then it waits for its next turn.
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Job:
    """`at` is an hour and minute of the house's nights, `every` a distance; one of them is set."""

    name: str
    run: Callable[[], None]
    at: tuple[int, int] | None = None
    every: timedelta | None = None


JOBS = (
    Job("purge log-ins", accounts.purge_log_ins, every=timedelta(hours=6)),
    Job("fingerprints past their date", credentials.expire, every=timedelta(hours=1)),
    Job("stored credentials past their date", slots.expire, every=timedelta(hours=1)),
    Job("forget old letters", mail.purge_letters, every=timedelta(hours=12)),
    Job("passcodes past their end", passcodes.reckon_ends, every=timedelta(hours=1)),
    # Often: each hour is to have one soon after its beginning, and after a start; the others of its turns find it there.
    Job("outage pack of the hour", outage.make_pack, every=timedelta(minutes=5)),
    Job("check the audit trail", audit.verify_chain, at=(3, 30)),
)

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
    scheduler = BackgroundScheduler(
        timezone=_zone(app),
        executors={"default": _Turns()},
        job_defaults={"coalesce": True, "misfire_grace_time": 3600, "max_instances": 1},
    )
    for job in JOBS:
        scheduler.add_job(run, _trigger(job, scheduler.timezone), args=[app, job, 0], id=job.name, name=job.name)
    scheduler.start()
    _running.append(scheduler)
    return scheduler


def stop() -> None:
    """End, after the job that is running.

    The scheduler's own wait would hold the lock that a job needs to say that it is to be tried again, and wait for ever.
    """
    while _running:
        scheduler = _running.pop()
        turns: _Turns = scheduler._executors["default"]  # noqa: SLF001 - there is no public way to ask
        scheduler.shutdown(wait=False)
        turns.threads.shutdown(wait=True)


def run(app: Flask, job: Job, failures: int = 0) -> None:
    """One turn of a job; the application's context ends its database session."""
    try:
        with app.app_context():
            job.run()
    except Exception:  # noqa: BLE001 - whatever went wrong, the scheduler lives on
        _log.exception("the job “%s” failed", job.name)
        _try_again(app, job, failures)
        return
    _forget_retry(job)


def _try_again(app: Flask, job: Job, failures: int) -> None:
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
        args=[app, job, failures + 1],
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


def _trigger(job: Job, zone: ZoneInfo) -> BaseTrigger:
    if job.at is not None:
        hour, minute = job.at
        return CronTrigger(hour=hour, minute=minute, timezone=zone)
    if job.every is None:
        raise ValueError(f"the job {job.name} says neither when nor how often")
    return IntervalTrigger(seconds=int(job.every.total_seconds()), timezone=zone)


def _zone(app: Flask) -> ZoneInfo:
    """Nights are the house's; before it is set up, Greenwich's."""
    with app.app_context():
        house = properties.find_property()
        return house.zone if house else ZoneInfo("UTC")
