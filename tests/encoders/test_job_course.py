"""From which state a job goes where; one job at a time on a machine, held by the database; what is true after a restart."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.devices.card_writer import CardContent, UnitState
from pms.devices.encoder import CardPresence
from pms.devices.task import NotWanted
from pms.encoders import job_course, queries, rules, service
from pms.encoders.models import EncoderJob, JobKind, JobState
from pms.encoders.office import TableOffice
from pms.encoders.rules import IllegalTransition
from pms.encoders.service import TooLateToCancel
from pms.protocol.card_layout import EMPTY_UNIT, Medium
from tests.races import race

CLERK = Actor(kind="account", name="Mia", account_id=1)
CARD = CardPresence(bytes.fromhex("04a1b2c3d4e5f6"), Medium.NTAG213)
CONTENT = CardContent(CARD.uid, CARD.medium, (EMPTY_UNIT,) * 3, (UnitState.OURS,) * 3, (None,) * 3)

Q, W, WR, CH = JobState.QUEUED, JobState.WAITING, JobState.WRITING, JobState.CHECKING
D, F, C, U = JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN
# Every way there is, written down a second time on purpose.
FOR_ALL = {(Q, W), (Q, F), (Q, C), (W, F), (W, C)}
LEGAL = {
    JobKind.WRITE: FOR_ALL | {(W, WR), (WR, CH), (CH, D), (WR, U), (CH, U)},
    JobKind.ERASE: FOR_ALL | {(W, WR), (WR, CH), (CH, D), (WR, U), (CH, U)},
    JobKind.READ: FOR_ALL | {(W, D)},
    JobKind.SIGNAL: FOR_ALL | {(W, D)},
    JobKind.STAFF: FOR_ALL | {(W, WR), (WR, CH), (CH, D), (WR, U), (CH, U)},
    JobKind.FINGER: FOR_ALL | {(W, D)},
    JobKind.ONLINE: FOR_ALL | {(W, D)},
}


def two_machines(now) -> list[int]:
    return [
        service.add_encoder(name=f"Front desk {number}", url=f"/dev/desk{number}", actor=CLERK, now=now).id
        for number in (1, 2)
    ]


@pytest.fixture
def machines(house, now) -> list[int]:
    """Two machines."""
    return two_machines(now)


@pytest.fixture
def machine(machines) -> int:
    return machines[0]


@pytest.fixture
def any_machines(any_house, now) -> list[int]:
    """Two machines, on both databases: for what the database itself must see to."""
    return two_machines(now)


@pytest.fixture
def any_machine(any_machines) -> int:
    return any_machines[0]


def queue(machine, now, kind=JobKind.ERASE, copies=1) -> list[str]:
    """The ids of new jobs, in order."""
    jobs = service.queue_jobs(
        encoder_id=machine,
        kind=kind,
        subjects=[None] * copies,
        stay_id=None,
        batch_id=str(uuid.uuid4()),
        actor=CLERK,
        now=now,
    )
    return [job.id for job in jobs]


def job(job_id) -> EncoderJob:
    db.remove()
    return queries.get_job(job_id)


def claim(machine, now) -> str | None:
    claimed = job_course.claim_next(encoder_id=machine, now=now)
    return claimed.id if claimed else None


def bring_to(state, job_id, now) -> None:
    """Take a job that erases a card further to a state on its usual way."""
    steps = {
        Q: lambda: job_course.claim_next(encoder_id=job(job_id).encoder_id, now=now),
        W: lambda: job_course.begin_writing(job_id=job_id, presence=CARD, now=now),
        WR: lambda: job_course.begin_checking(job_id=job_id),
        CH: lambda: job_course.finish_written(job_id=job_id, content=CONTENT, now=now),
    }
    way = [*steps, D]
    for present in way[way.index(job(job_id).state) : way.index(state)]:
        steps[present]()
    assert job(job_id).state is state


# --- the rules


@pytest.mark.parametrize("kind", list(JobKind))
def test_a_job_goes_these_ways_and_no_others(kind):
    taken, reached = set(), [Q]
    for old in reached:
        for new in JobState:
            try:
                rules.check_transition(kind, old, new)
            except IllegalTransition:
                continue
            taken.add((old, new))
            reached += [] if new in reached else [new]
    assert taken == LEGAL[kind]


def test_a_final_state_is_one_that_no_way_leaves():
    assert {state for state in JobState if state.is_final} == set(JobState) - {old for old, _ in LEGAL[JobKind.WRITE]}


def test_a_job_can_be_cancelled_until_its_first_byte():
    assert {state for state in JobState if rules.can_cancel(state)} == {Q, W}


def test_what_was_under_way_when_the_program_stopped():
    changed = {state: rules.after_restart(state) for state in JobState if rules.after_restart(state) is not state}
    assert changed == {W: F, WR: U, CH: U}


def test_seconds_left_never_go_below_nothing(now):
    assert rules.seconds_left(now + timedelta(seconds=29.6), now) == 30
    assert rules.seconds_left(now - timedelta(seconds=5), now) == 0
    assert rules.seconds_left(None, now) == 0


# --- the course


def test_a_job_notes_when_it_began_and_until_when_it_waits(machine, now):
    (job_id,) = queue(machine, now)
    later = now + timedelta(seconds=3)
    claimed = job_course.claim_next(encoder_id=machine, now=later)
    assert (claimed.id, claimed.kind, claimed.seconds) == (job_id, JobKind.ERASE, 30)
    row = job(job_id)
    assert (row.state, row.started_at, row.deadline_at) == (W, later, later + timedelta(seconds=30))


def test_the_usual_way_ends_done_and_names_the_card(any_machine, now):
    (job_id,) = queue(any_machine, now)
    bring_to(D, job_id, now)
    row = job(job_id)
    assert (row.card_uid, row.card_medium) == ("04a1b2c3d4e5f6", "NTAG213")
    assert (row.error_code, row.finished_at) == (None, now)


def test_a_step_at_the_wrong_time_is_a_fault_and_stores_nothing(machine, now):
    (job_id,) = queue(machine, now)
    steps = {
        WR: lambda: job_course.begin_writing(job_id=job_id, presence=CARD, now=now),
        CH: lambda: job_course.begin_checking(job_id=job_id),
        D: lambda: job_course.finish_written(job_id=job_id, content=CONTENT, now=now),
        F: lambda: job_course.fail(job_id=job_id, code="gone", now=now),
        C: lambda: job_course.cancel(job_id=job_id, now=now),
        U: lambda: job_course.lose_track(job_id=job_id, code="gone", now=now),
    }
    for state in (Q, W, WR, CH):
        bring_to(state, job_id, now)
        for new in steps.keys() - {new for old, new in LEGAL[JobKind.ERASE] if old is state}:
            with pytest.raises(IllegalTransition):
                steps[new]()
            assert (job(job_id).state, job(job_id).error_code) == (state, None)


def test_what_has_ended_does_not_end_otherwise(machine, now):
    (job_id,) = queue(machine, now)
    bring_to(D, job_id, now)
    job_course.fail(job_id=job_id, code="gone", now=now)
    job_course.cancel(job_id=job_id, now=now)
    job_course.lose_track(job_id=job_id, code="gone", now=now)
    assert (job(job_id).state, job(job_id).error_code) == (D, None)


def test_a_step_of_a_job_that_does_not_exist_is_refused(house, now):
    with pytest.raises(NotFound):
        job_course.begin_checking(job_id="nothing")


def test_the_first_byte_is_not_written_once_somebody_has_cancelled(any_machine, now):
    (job_id,) = queue(any_machine, now)
    bring_to(W, job_id, now)
    service.cancel_job(job_id=job_id, actor=CLERK, now=now)
    # The any_machine's owner has not heard of it yet.
    assert (job(job_id).state, job(job_id).is_cancel_requested) == (W, True)
    with pytest.raises(NotWanted):
        job_course.begin_writing(job_id=job_id, presence=CARD, now=now)
    assert job(job_id).state is W


def test_after_the_first_byte_it_is_too_late_to_cancel(machine, now):
    (job_id,) = queue(machine, now)
    for state in (WR, CH, D):
        bring_to(state, job_id, now)
        with pytest.raises(TooLateToCancel):
            service.cancel_job(job_id=job_id, actor=CLERK, now=now)
        assert (job(job_id).state, job(job_id).is_cancel_requested) == (state, False)


def test_of_a_cancel_and_a_first_byte_at_the_same_moment_one_happens(any_machine, now):
    for _ in range(10):
        (job_id,) = queue(any_machine, now)
        bring_to(W, job_id, now)
        works = (
            lambda job_id=job_id: service.cancel_job(job_id=job_id, actor=CLERK, now=now),
            lambda job_id=job_id: job_course.begin_writing(job_id=job_id, presence=CARD, now=now),
        )
        cancelled, begun = race(2, lambda number, works=works: works[number]())
        if isinstance(begun, NotWanted):
            assert cancelled is None
            job_course.cancel(job_id=job_id, now=now)
        else:
            assert begun is None
            assert isinstance(cancelled, TooLateToCancel)
            job_course.lose_track(job_id=job_id, code="gone", now=now)


@pytest.mark.parametrize(
    ("end", "state", "code"),
    [
        (lambda job_id, now: job_course.fail(job_id=job_id, code="timeout", now=now), F, "earlier_failed"),
        (lambda job_id, now: job_course.cancel(job_id=job_id, now=now), C, "cancelled"),
    ],
)
def test_the_cards_after_one_that_did_not_succeed_are_not_begun(machine, now, end, state, code):
    first, *others = queue(machine, now, copies=3)
    bring_to(W, first, now)
    end(first, now)
    assert job(first).state is state
    assert [(job(other).state, job(other).error_code) for other in others] == [(C, code)] * 2
    assert claim(machine, now) is None


def test_a_card_that_succeeds_lets_the_next_one_begin(machine, now):
    first, second = queue(machine, now, copies=2)
    bring_to(D, first, now)
    assert job(second).state is Q
    assert claim(machine, now) == second


def test_what_was_asked_for_first_is_done_first(machine, now):
    second = queue(machine, now + timedelta(seconds=1), copies=2)
    first = queue(machine, now, copies=2)
    done = []
    while (job_id := claim(machine, now)) is not None:
        bring_to(D, job_id, now)
        done.append(job_id)
    assert done == [*first, *second]


def test_the_page_is_told_to_have_a_card_taken_away_and_that_it_was(machine, now):
    (job_id,) = queue(machine, now)
    bring_to(W, job_id, now)
    job_course.note_hint(job_id=job_id, hint="take_away", uid="04a1")
    assert job(job_id).result == {"hint": "take_away", "uid": "04a1"}
    job_course.note_hint(job_id=job_id, hint=None, uid=None)
    assert job(job_id).result is None


# --- one at a time


def test_a_machine_does_one_job_at_a_time_and_two_machines_do_two(machines, now):
    first, _ = queue(machines[0], now, copies=2)
    (other,) = queue(machines[1], now)
    assert claim(machines[0], now) == first
    assert claim(machines[0], now) is None
    assert claim(machines[1], now) == other


def test_the_database_itself_refuses_a_second_active_job(any_machine, now):
    first, second = queue(any_machine, now, copies=2)
    for state in (W, WR, CH):
        bring_to(state, first, now)
        for active in (W, WR, CH):
            with pytest.raises(IntegrityError), transaction() as session:
                session.execute(sa.update(EncoderJob).where(EncoderJob.id == second).values(state=active))
    assert job(second).state is Q


def test_of_two_owners_that_take_the_next_job_at_once_one_gets_it(any_machine, now):
    for _ in range(5):
        first, second = queue(any_machine, now, copies=2)
        claimed = race(2, lambda _: claim(any_machine, now))
        assert set(claimed) == {None, first}
        assert (job(first).state, job(second).state) == (W, Q)
        job_course.cancel(job_id=first, now=now)


def test_of_two_different_jobs_taken_at_once_one_becomes_active(any_machine, now, monkeypatch):
    """Each owner saw another job as the next one: only the database can decide."""
    mine = threading.local()
    monkeypatch.setattr(queries, "find_next", lambda _encoder_id: mine.job_id)

    def take(job_id: str) -> str | None:
        mine.job_id = job_id
        return claim(any_machine, now)

    for _ in range(5):
        jobs = queue(any_machine, now, copies=2)
        claimed = race(2, lambda number, jobs=jobs: take(jobs[number]))
        winner = next(job_id for job_id in claimed if job_id is not None)
        assert claimed.count(None) == 1
        assert [job_id for job_id in jobs if job(job_id).state is W] == [winner]
        for job_id in jobs:
            job_course.cancel(job_id=job_id, now=now)


# --- after a restart


def test_jobs_under_way_when_the_program_stopped_end_with_what_is_true_of_them(any_machines, now):
    waiting, follower = queue(any_machines[0], now, copies=2)
    bring_to(W, waiting, now)
    (writing,) = queue(any_machines[1], now)
    bring_to(WR, writing, now)
    (queued,) = queue(any_machines[1], now)
    assert job_course.settle_leftovers(now=now) == 2
    ends = {name: (job(name).state, job(name).error_code) for name in (waiting, follower, writing, queued)}
    assert ends == {
        waiting: (F, "restarted"),
        follower: (C, "earlier_failed"),
        writing: (U, "interrupted"),
        # Nobody has begun it: it is done as it was asked for.
        queued: (Q, None),
    }
    assert job_course.settle_leftovers(now=now) == 0


def test_a_job_whose_round_broke_off_ends_also_while_the_machine_is_gone(machines, now):
    (writing,) = queue(machines[0], now)
    bring_to(WR, writing, now)
    TableOffice(machines[0]).disconnected("", "")
    assert (job(writing).state, job(writing).error_code) == (U, "internal")


def test_a_machine_that_comes_back_settles_its_own_jobs_only(machines, now):
    (mine,) = queue(machines[0], now)
    (theirs,) = queue(machines[1], now)
    bring_to(CH, mine, now)
    bring_to(WR, theirs, now)
    assert job_course.settle_leftovers(encoder_id=machines[0], now=now) == 1
    assert (job(mine).state, job(theirs).state) == (U, WR)
