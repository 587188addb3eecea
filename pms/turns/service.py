"""What happens to turns of jobs. Each of them is begun once: the rows decide, not the memory of a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import insert_into, transaction
from pms.core.ids import new_id
from pms.turns import rules
from pms.turns.models import JobTurn, ScheduledJob, TurnState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pms.core.actor import Actor
    from pms.core.outcome import Outcome
    from pms.turns.rules import Schedule


def announce(*, schedules: Mapping[str, Schedule], zone: ZoneInfo, now: datetime) -> set[str]:
    """The scheduler begins, alone: these are its jobs. The names of those that missed a turn while no process ran.

    Turns that an ended process left unfinished are *interrupted*, and count as missed.
    """
    with transaction() as session:
        missed = set(
            session.scalars(
                sa.update(JobTurn)
                .where(JobTurn.state == TurnState.RUNNING)
                .values(state=TurnState.INTERRUPTED, ended_at=now)
                .returning(JobTurn.job)
                .execution_options(synchronize_session=False)
            )
        )
        session.execute(sa.delete(ScheduledJob).where(ScheduledJob.name.not_in(list(schedules))))
        known = {job.name: job for job in session.scalars(sa.select(ScheduledJob))}
        for name, schedule in schedules.items():
            job = known.get(name)
            if job is None:
                job = ScheduledJob(name=name)
                session.add(job)
            elif job.next_at <= now:
                missed.add(name)
            job.every_seconds = None if schedule.every is None else int(schedule.every.total_seconds())
            job.at_hour, job.at_minute = schedule.at or (None, None)
            job.next_at = schedule.next_due(now, zone)
        return missed & set(schedules)


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn that this process has begun. `tries` tells it from the same turn begun again by somebody else."""

    id: int
    job: str
    tries: int


def begin(*, job: str, due_at: datetime, now: datetime) -> Taken | None:
    """Take the turn that was due then; None where another process has it, or it is done. One that failed is tried again."""
    with transaction() as session:
        taken = {
            "state": TurnState.RUNNING,
            "began_at": now,
            "ended_at": None,
            "fault": "",
            "result": "",
            "result_params": {},
        }
        row = session.execute(
            insert_into(JobTurn)
            .values(id=new_id(), job=job, due_at=due_at, tries=1, asked_by="", **taken)
            .on_conflict_do_update(
                index_elements=["job", "due_at"],
                set_={**taken, "tries": JobTurn.tries + 1},
                where=JobTurn.state.in_((TurnState.FAILED, TurnState.INTERRUPTED)),
            )
            .returning(JobTurn.id, JobTurn.tries)
        ).one_or_none()
        return None if row is None else Taken(row[0], job, row[1])


def begin_asked(*, now: datetime) -> Taken | None:
    """Take the oldest turn that somebody asked for; None where nobody waits."""
    with transaction() as session:
        turn = session.scalars(
            sa.select(JobTurn)
            .where(JobTurn.state == TurnState.ASKED)
            .order_by(JobTurn.due_at, JobTurn.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if turn is None:
            return None
        turn.state, turn.began_at, turn.tries = TurnState.RUNNING, now, turn.tries + 1
        return Taken(turn.id, turn.job, turn.tries)


def end(
    *, taken: Taken, fault: str = "", outcome: Outcome | None = None, next_at: datetime | None, now: datetime
) -> None:
    """The turn is over; `fault` names what went wrong, empty where nothing did. `next_at` None: the job is not scheduled.

    A process that was away so long that another one took the turn over has nothing to say about it any more.
    """
    with transaction() as session:
        turn = session.get_one(JobTurn, taken.id, with_for_update=True)
        if turn.state is not TurnState.RUNNING or turn.tries != taken.tries:
            return
        turn.state, turn.ended_at, turn.fault = TurnState.FAILED if fault else TurnState.DONE, now, fault[:80]
        # Nothing stays of an earlier try.
        turn.result, turn.result_params = (outcome.message, dict(outcome.params)) if outcome is not None else ("", {})
        job = session.get(ScheduledJob, turn.job)
        if job is not None and next_at is not None:
            job.next_at = next_at


def ask(*, job: str, actor: Actor, now: datetime) -> None:
    """Somebody wants a turn now; asking again while nobody has begun changes nothing. NoSuchJob."""
    with transaction() as session:
        if session.get(ScheduledJob, job) is None:
            raise rules.NoSuchJob
        made = session.execute(
            insert_into(JobTurn)
            .values(
                id=new_id(),
                job=job,
                due_at=now,
                state=TurnState.ASKED,
                asked_by=actor.name,
                tries=0,
                fault="",
                result="",
                result_params={},
            )
            .on_conflict_do_nothing()
            .returning(JobTurn.id)
        ).scalar_one_or_none()
        if made is not None:
            subject = audit.Subject(kind="scheduled_job", id=job, label=job)
            audit.record(actor=actor, action="turns.asked", subject=subject, now=now)


def purge(*, now: datetime) -> None:
    """Forget turns of long ago."""
    with transaction() as session:
        session.execute(sa.delete(JobTurn).where(JobTurn.due_at < now - rules.KEEP))
