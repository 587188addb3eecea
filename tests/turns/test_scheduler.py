"""The scheduler: every job of the table runs, a failing one is tried again, and stopping leaves nothing behind."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from pms import scheduler
from pms.accounts import jobs, log_in, throttle
from pms.accounts.models import Account, LoginThrottle, StaffSession
from pms.accounts.rules import Limit
from pms.audit.models import AuditEntry
from pms.backups.rules import NoTool
from pms.core import clock
from pms.core.db import db, transaction
from pms.core.errors import DomainError
from pms.core.outcome import Outcome
from pms.turns import queries, service
from pms.turns.models import JobTurn, ScheduledJob, TurnState
from pms.turns.rules import NoSuchJob, Schedule
from pms.turns.words import JOB_WORDS, rhythm
from tests.factories import PASSWORD
from tests.races import race


@pytest.fixture
def running(app, house):
    yield scheduler.start(app)
    scheduler.stop()


def test_every_job_of_the_table_is_scheduled_with_the_same_rules(running):
    found = {job.id: job for job in running.get_jobs()}
    assert set(found) == {"turns that were asked for", *(job.name for job in scheduler.JOBS)}
    for job in found.values():
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)


def test_every_job_says_in_words_what_it_is_for():
    assert {job.name for job in scheduler.JOBS} == set(JOB_WORDS)


def test_nights_are_the_houses(running):
    job = running.get_job("check the audit trail")
    before = datetime(2026, 6, 12, 12, 0, tzinfo=ZoneInfo("UTC"))
    assert job.trigger.get_next_fire_time(None, before) == datetime(
        2026, 6, 13, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")
    )


def test_starting_twice_runs_nothing_twice(app, running):
    assert scheduler.start(app) is running
    assert len(running.get_jobs()) == len(scheduler.JOBS) + 1


def test_after_the_stop_no_thread_is_left(app, house):
    before = set(threading.enumerate())
    scheduler.start(app)
    scheduler.stop()
    scheduler.stop()
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("job", scheduler.JOBS, ids=lambda job: job.name)
def test_every_job_runs_to_its_end(app, running, job, caplog):
    scheduler.run(app, job)
    assert "failed" not in caplog.text


def test_a_failing_job_is_logged_and_tried_again_three_times_then_waits_for_its_turn(app, running, caplog):
    def fail() -> None:
        raise OSError("the disk is full")

    clock.freeze(None)
    job = scheduler.Job("a failing job", fail, Schedule(every=timedelta(hours=1)))
    for failures, distance in enumerate(scheduler.RETRIES):
        scheduler.run(app, job, failures)
        again = running.get_job("a failing job again")
        assert again.args[2] == failures + 1
        assert distance - timedelta(seconds=30) < again.next_run_time - clock.now() <= distance
        # A job without a next turn is removed by the scheduler's own thread, which fails when it is being stopped.
        assert again.trigger.get_next_fire_time(again.next_run_time, again.next_run_time) is not None
    scheduler.run(app, job, len(scheduler.RETRIES))
    assert running.get_job("a failing job again") is None
    assert caplog.text.count("OSError: the disk is full") == 4
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_a_repetition_is_forgotten_when_the_regular_turn_went_well(app, running):
    clock.freeze(None)
    healthy = threading.Event()

    def sometimes() -> None:
        if not healthy.is_set():
            raise OSError

    job = scheduler.Job("sometimes", sometimes, Schedule(every=timedelta(hours=1)))
    scheduler.run(app, job)
    assert running.get_job("sometimes again")
    healthy.set()
    scheduler.run(app, job)
    assert running.get_job("sometimes again") is None


def test_stopping_waits_for_a_job_that_fails_meanwhile_and_wants_to_be_tried_again(app, house):
    """Stopping must not hold what the failing job needs."""
    running = scheduler.start(app)
    begun, go_on = threading.Event(), threading.Event()
    ended = []

    def fail_slowly() -> None:
        begun.set()
        assert go_on.wait(20)
        ended.append(threading.current_thread())
        raise OSError

    # It has seen that the scheduler runs before it is stopped.
    turn = partial(scheduler._try_again, app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "_try_again", lambda _app, *rest: (running.get_jobs(), turn(*rest)))
        job = scheduler.Job("fails slowly", fail_slowly, Schedule(every=timedelta(hours=1)))
        running.add_job(scheduler.run, "interval", hours=1, args=[app, job], next_run_time=datetime.now(UTC))
        assert begun.wait(20)
        stopping = threading.Thread(target=scheduler.stop)
        stopping.start()
        while running.running:
            stopping.join(0.01)
        go_on.set()
        stopping.join(20)
    assert not stopping.is_alive()
    assert len(ended) == 1


def test_the_scheduler_itself_calls_a_job_in_its_own_thread(app, running):
    done = threading.Event()
    threads = []

    def note() -> None:
        threads.append(threading.current_thread())
        assert db.session.scalar(sa.text("SELECT 1")) == 1
        done.set()

    job = scheduler.Job("note", note, Schedule(every=timedelta(hours=1)))
    running.add_job(scheduler.run, "interval", hours=1, args=[app, job], next_run_time=datetime.now(UTC))
    assert done.wait(20)
    assert threads[0] is not threading.current_thread()


def test_old_log_ins_and_counters_are_purged(any_app, any_house, now):
    clock.freeze(now - timedelta(days=91))
    log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=clock.now())
    throttle.charge([Limit("at:x@y", 5)], now=clock.now())
    clock.freeze(now)
    log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    jobs.purge_log_ins()
    assert [row.created_at for row in db.session.scalars(sa.select(StaffSession))] == [now]
    assert db.session.scalars(sa.select(LoginThrottle)).all() == []


def test_the_nightly_check_of_the_trail_is_in_the_trail(app, house, running):
    scheduler.run(app, next(job for job in scheduler.JOBS if job.name == "check the audit trail"))
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.action, entry.actor_kind, entry.after) == ("audit.verified", "job", {"entries": 0})


def test_a_job_without_a_time_is_refused(app):
    with pytest.raises(ValueError, match="neither"):
        scheduler._trigger(Schedule(), ZoneInfo("UTC"))
    with pytest.raises(ValueError, match="neither"):
        Schedule().last_due(clock.now(), ZoneInfo("UTC"))


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "now", "last", "following"),
    [
        (Schedule(every=timedelta(hours=1)), (12, 10, 5, 30), (12, 10, 0, 0), (12, 11, 0, 0)),
        (Schedule(every=timedelta(hours=1)), (12, 10, 0, 0), (12, 10, 0, 0), (12, 11, 0, 0)),
        (Schedule(at=(3, 30)), (12, 1, 29, 59), (11, 1, 30, 0), (12, 1, 30, 0)),
        (Schedule(at=(3, 30)), (12, 1, 30, 0), (12, 1, 30, 0), (13, 1, 30, 0)),
    ],
)
def test_every_process_finds_the_same_turn(schedule, now, last, following):
    at, last_at, next_at = (datetime(2026, 6, d, h, m, s, tzinfo=UTC) for d, h, m, s in (now, last, following))
    assert (schedule.last_due(at, BERLIN), schedule.next_due(at, BERLIN)) == (last_at, next_at)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)])
def test_a_night_on_which_clocks_change_has_one_turn(day):
    schedule = Schedule(at=(2, 30))
    due = {schedule.last_due(day + timedelta(minutes=10 * i), BERLIN) for i in range(-6 * 12, 6 * 12)}
    assert len(due) == 1 + (min(due).astimezone(BERLIN).date() < day.date())


class Counter:
    """Counts turns; `once` is set at the first."""

    def __init__(self) -> None:
        self.count, self.once = 0, threading.Event()

    def add(self) -> None:
        self.count += 1
        self.once.set()


def _turns(job: str) -> list[tuple[TurnState, int, str]]:
    db.remove()
    query = sa.select(JobTurn).where(JobTurn.job == job).order_by(JobTurn.id)
    return [(turn.state, turn.tries, turn.fault) for turn in db.session.scalars(query)]


def test_a_turn_is_done_once_whoever_notices_that_it_is_due(any_app, any_house):
    done = []
    job = scheduler.Job("count", lambda: done.append(1), Schedule(every=timedelta(hours=1)))
    outcomes = race(4, lambda _: scheduler.run(any_app, job))
    assert outcomes == [None] * 4
    assert len(done) == 1
    assert _turns("count") == [(TurnState.DONE, 1, "")]


def test_a_turn_that_failed_says_what_kind_of_fault_and_nothing_that_was_secret(app, house):
    def fail() -> None:
        raise OSError("password 1234")

    job = scheduler.Job("fails", fail, Schedule(every=timedelta(hours=1)))
    scheduler.run(app, job)
    assert _turns("fails") == [(TurnState.FAILED, 1, "OSError")]
    scheduler.run(app, scheduler.Job("fails", lambda: None, job.schedule))
    assert _turns("fails") == [(TurnState.DONE, 2, "")]


def test_what_the_program_refuses_is_said_in_words_and_forgotten_once_it_went_well(client, app, house, running):
    def refuse() -> None:
        raise NoTool(tool="pg_dump")

    client.log_in("manager")
    name = "backup of the night"
    job = scheduler.Job(name, refuse, Schedule(at=(2, 30)))
    scheduler.run(app, job)
    words = "pg_dump"
    for page in ("/property/jobs/", f"/property/jobs/{name}"):
        assert words in client.get(page).text
        assert "log says more" not in client.get(page).text
    scheduler.run(app, scheduler.Job(name, lambda: None, job.schedule))
    assert words not in client.get(f"/property/jobs/{name}").text


def test_every_refusal_fits_into_the_book_of_turns():
    def below(kind: type[DomainError]) -> set[type[DomainError]]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    assert max(len(kind.message) for kind in below(DomainError)) <= JobTurn.__table__.c.result.type.length


def test_how_often_a_job_runs_is_said_as_people_say_it(client):
    jobs = {
        3600: "Every hour",
        7200: "Every 2 hours",
        60: "Every minute",
        600: "Every 10 minutes",
        5: "Every 5 seconds",
    }
    with client.app.test_request_context():
        assert {seconds: rhythm(ScheduledJob(every_seconds=seconds)) for seconds in jobs} == jobs
        assert rhythm(ScheduledJob(at_hour=2, at_minute=5)) == "Daily at 02:05"


def test_what_was_missed_while_nobody_ran_is_done_once(app, house, now, monkeypatch):
    done = Counter()
    job = scheduler.Job("nightly", done.add, Schedule(at=(3, 30)))
    monkeypatch.setattr(scheduler, "JOBS", (job,))
    scheduler.start(app)
    scheduler.stop()
    assert done.count == 0
    clock.freeze(now + timedelta(days=5))
    scheduler.start(app)
    assert done.once.wait(20)
    scheduler.stop()
    scheduler.start(app)
    scheduler.stop()
    assert done.count == 1


def test_what_a_killed_process_left_is_done_again_by_the_next(app, house, now, monkeypatch):
    done = Counter()
    job = scheduler.Job("nightly", done.add, Schedule(at=(3, 30)))
    monkeypatch.setattr(scheduler, "JOBS", (job,))
    service.begin(job="nightly", due_at=job.schedule.last_due(now, BERLIN), now=now)
    scheduler.start(app)
    assert done.once.wait(20)
    scheduler.stop()
    assert done.count == 1
    assert _turns("nightly") == [(TurnState.DONE, 2, "")]


def test_somebody_asks_for_a_turn_on_the_page_and_sees_how_it_went(client, app, house, running):
    client.log_in("manager")
    name = "check the audit trail"
    assert "Not yet" in client.get("/property/jobs/").text
    for _ in range(2):
        client.post(f"/property/jobs/{name}/run")
    assert "Begins soon" in client.get("/property/jobs/").text
    scheduler.run_asked(app)
    assert "Done" in client.get("/property/jobs/").text
    assert "Manager" in client.get(f"/property/jobs/{name}").text
    assert _turns(name) == [(TurnState.DONE, 1, "")]
    actions = list(db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.subject_kind == "scheduled_job")))
    assert actions == ["turns.asked"]
    client.post("/property/jobs/paint the house/run", status=404)
    client.get("/property/jobs/paint the house", status=404)
    with pytest.raises(NoSuchJob):
        service.ask(job="paint the house", actor=scheduler.audit.JOB, now=clock.now())


def test_a_process_that_was_away_says_nothing_about_a_turn_that_another_took_over(any_app, any_house, now):
    due = Schedule(every=timedelta(hours=1)).last_due(now, BERLIN)
    ours = service.begin(job="slow", due_at=due, now=now)
    service.announce(schedules={"slow": Schedule(every=timedelta(hours=1))}, zone=BERLIN, now=now)
    service.end(taken=ours, next_at=None, now=now)
    assert _turns("slow") == [(TurnState.INTERRUPTED, 1, "")]
    theirs = service.begin(job="slow", due_at=due, now=now)
    service.end(taken=ours, fault="OSError", next_at=None, now=now)
    assert _turns("slow") == [(TurnState.RUNNING, 2, "")]
    service.end(taken=theirs, next_at=None, now=now)
    service.end(taken=ours, fault="OSError", next_at=None, now=now)
    assert _turns("slow") == [(TurnState.DONE, 2, "")]
    assert service.begin(job="slow", due_at=due, now=now) is None


def test_what_came_of_a_turn_is_said_in_the_readers_language(client, app, house):
    said = "Locks asked: %(asked)s. Out of reach: %(away)s. For the next turn: %(left)s."
    outcome = Outcome(said, {"asked": 12, "away": 2, "left": 0})
    job = scheduler.Job("check the audit trail", lambda: outcome, Schedule(every=timedelta(hours=1)))
    service.announce(schedules={job.name: job.schedule}, zone=BERLIN, now=clock.now())
    scheduler.run(app, job)
    client.log_in("manager")
    for page in ("/property/jobs/", f"/property/jobs/{job.name}"):
        assert "Locks asked: 12. Out of reach: 2. For the next turn: 0." in client.get(page).text
    with transaction() as session:
        session.execute(sa.update(Account).values(language="zh"))
    assert "已询问门锁：12" in client.get("/property/jobs/").text


def test_turns_of_long_ago_are_forgotten(any_app, any_house, now):
    for days in (0, 91):
        at = now - timedelta(days=days)
        turn = service.begin(job="old", due_at=at, now=at)
        service.end(taken=turn, next_at=None, now=at)
    service.purge(now=now)
    assert [turn.due_at for turn in queries.list_turns("old").rows] == [now]
