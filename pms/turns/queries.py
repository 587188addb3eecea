"""Reads of jobs and their turns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pms.core.db import db
from pms.turns import rules
from pms.turns.models import JobTurn, ScheduledJob, TurnState
from pms.web.paging import Page, cut

_PAGE = 30


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job with its newest turn, and the one that waits for somebody to begin it."""

    job: ScheduledJob
    last: JobTurn | None
    is_asked: bool


def list_jobs(now: datetime) -> list[JobLine]:
    """All jobs by name. Two queries, whatever the number of turns."""
    jobs = db.session.scalars(sa.select(ScheduledJob).order_by(ScheduledJob.name)).all()
    newest = (
        sa.select(JobTurn.job, sa.func.max(JobTurn.began_at).label("began_at"))
        .where(JobTurn.began_at.is_not(None), JobTurn.due_at > now - rules.KEEP)
        .group_by(JobTurn.job)
        .subquery()
    )
    turns = db.session.scalars(
        sa.select(JobTurn)
        .outerjoin(newest, sa.and_(newest.c.job == JobTurn.job, newest.c.began_at == JobTurn.began_at))
        .where(sa.or_(newest.c.job.is_not(None), JobTurn.state == TurnState.ASKED))
    ).all()
    last = {turn.job: turn for turn in turns if turn.state is not TurnState.ASKED}
    asked = {turn.job for turn in turns if turn.state is TurnState.ASKED}
    return [JobLine(job, last.get(job.name), job.name in asked) for job in jobs]


def list_turns(job: str, *, before_id: int | None = None) -> Page[JobTurn]:
    """Turns of a job, newest first, a page at a time. NoSuchJob."""
    query = sa.select(JobTurn).where(JobTurn.job == job).order_by(JobTurn.id.desc()).limit(_PAGE + 1)
    if before_id is not None:
        query = query.where(JobTurn.id < before_id)
    turns = list(db.session.scalars(query))
    # A job that only an earlier version had is read about as long as its turns are kept.
    if not turns and db.session.get(ScheduledJob, job) is None:
        raise rules.NoSuchJob
    return cut(turns, _PAGE, "id")
