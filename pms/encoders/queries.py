"""Reads of machines and jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.text import N_
from pms.encoders import rules
from pms.encoders.models import DeskAgent, Encoder, EncoderJob, EncoderState, FoundPort, JobKind, JobState
from pms.web.paging import Page

JobKey = tuple[datetime, str]
"""Where a page of the history ends: the instant and the id of its last job."""

_PAGE = 40
ACTIVE = (JobState.WAITING, JobState.WRITING, JobState.CHECKING)


class NoSuchMachine(NotFound):
    """The machine does not exist."""

    code = "no_such_machine"
    field = "encoder_id"
    message = N_("There is no such card machine, or no longer.")


class NoSuchAgent(NotFound):
    """The desk does not exist, or its agent's token was revoked."""

    code = "no_such_agent"
    field = "agent_id"
    message = N_("There is no such desk, or no longer.")


def list_encoders() -> Sequence[Encoder]:
    """All machines by name, with the desks that they stand at."""
    return db.session.scalars(
        sa.select(Encoder).where(Encoder.deleted_at.is_(None)).options(joinedload(Encoder.agent)).order_by(Encoder.name)
    ).all()


def list_bound() -> Sequence[Encoder]:
    """The machines that somebody can use, by name."""
    return db.session.scalars(sa.select(Encoder).where(Encoder.url.is_not(None)).order_by(Encoder.name)).all()


def list_for_cards() -> Sequence[Encoder]:
    """The machines that can be used for cards, by name."""
    return [machine for machine in list_bound() if machine.takes_cards]


def list_for_fingers() -> Sequence[Encoder]:
    """The machines that can be used for fingerprints, by name."""
    return [machine for machine in list_bound() if machine.takes_fingers]


def machines_of_agent(agent_id: int | None) -> Sequence[Encoder]:
    """The machines on the ports of a desk (None: of the server), by name."""
    return db.session.scalars(
        sa.select(Encoder).where(Encoder.url.is_not(None), Encoder.agent_id == agent_id).order_by(Encoder.name)
    ).all()


def get_encoder(encoder_id: int) -> Encoder:
    """The machine; NoSuchMachine."""
    encoder = db.session.get(Encoder, encoder_id)
    if encoder is None or encoder.deleted_at is not None:
        raise NoSuchMachine
    return encoder


def find_by_request(request_id: str) -> Encoder | None:
    """The machine that was added with this request, or None; also one that is gone again."""
    return db.session.scalars(sa.select(Encoder).where(Encoder.request_id == request_id)).one_or_none()


def find_at(agent_id: int | None, url: str) -> Encoder | None:
    """The machine that is bound to a port, or None."""
    return db.session.scalars(sa.select(Encoder).where(Encoder.agent_id == agent_id, Encoder.url == url)).one_or_none()


def last_jobs() -> dict[int, EncoderJob]:
    """The newest job of every machine, by machine."""
    newest = sa.select(EncoderJob.encoder_id, sa.func.max(EncoderJob.created_at).label("at")).group_by(
        EncoderJob.encoder_id
    )
    latest = newest.subquery()
    rows = db.session.scalars(
        sa.select(EncoderJob).join(
            latest, sa.and_(EncoderJob.encoder_id == latest.c.encoder_id, EncoderJob.created_at == latest.c.at)
        )
    )
    found: dict[int, EncoderJob] = {}
    for job in rows:
        present = found.get(job.encoder_id)
        if present is None or job.batch_position > present.batch_position:
            found[job.encoder_id] = job
    return found


def job_history(*, encoder_id: int | None, only_failed: bool, before: JobKey | None) -> Page[EncoderJob]:
    """Jobs with their machines, newest first, a page at a time; those that are open come first anyway, being newest."""
    query = sa.select(EncoderJob).options(joinedload(EncoderJob.encoder))
    if encoder_id is not None:
        query = query.where(EncoderJob.encoder_id == encoder_id)
    if only_failed:
        query = query.where(EncoderJob.state.in_((JobState.FAILED, JobState.UNKNOWN)))
    order = (EncoderJob.created_at, EncoderJob.id)
    if before is not None:
        query = query.where(sa.tuple_(*order) < sa.tuple_(*(sa.literal(value) for value in before)))
    rows = db.session.scalars(query.order_by(*(column.desc() for column in order)).limit(_PAGE + 1)).all()
    page = rows[:_PAGE]
    last = page[-1] if len(rows) > _PAGE else None
    return Page(list(page), f"{last.created_at.isoformat()}~{last.id}" if last else None)


def read_job_key(text: str | None) -> JobKey | None:
    """The place in the history that a page's link names, or None."""
    at, _, job_id = (text or "").partition("~")
    try:
        return (datetime.fromisoformat(at), job_id) if job_id else None
    except ValueError:
        return None


def list_agents() -> Sequence[DeskAgent]:
    """The desks whose agents may speak, by name."""
    return db.session.scalars(sa.select(DeskAgent).where(DeskAgent.revoked_at.is_(None)).order_by(DeskAgent.name)).all()


def get_agent(agent_id: int) -> DeskAgent:
    """The desk; NoSuchAgent."""
    agent = db.session.get(DeskAgent, agent_id)
    if agent is None or agent.revoked_at is not None:
        raise NoSuchAgent
    return agent


def find_agent_by_token(token_hash: bytes) -> DeskAgent | None:
    """The desk whose agent holds the token with this hash, or None."""
    return db.session.scalars(
        sa.select(DeskAgent).where(DeskAgent.token_hash == token_hash, DeskAgent.revoked_at.is_(None))
    ).one_or_none()


def found_ports(agent_id: int | None) -> Sequence[FoundPort]:
    """The ports of a desk (None: of the server), by address."""
    return db.session.scalars(sa.select(FoundPort).where(FoundPort.agent_id == agent_id).order_by(FoundPort.url)).all()


def find_port(port_id: int | None) -> FoundPort | None:
    """A port that some computer has, or None."""
    return db.session.get(FoundPort, port_id) if port_id is not None else None


def free_ports() -> Sequence[FoundPort]:
    """The ports of all computers at which no machine of ours is, by desk and address."""
    taken = sa.select(Encoder.id).where(
        Encoder.url == FoundPort.url, Encoder.agent_id.is_not_distinct_from(FoundPort.agent_id)
    )
    return db.session.scalars(
        sa.select(FoundPort).where(~taken.exists()).order_by(FoundPort.agent_id, FoundPort.url)
    ).all()


def desk_encoder(chosen_id: int | None) -> Encoder | None:
    """The machine of a desk: the one that was chosen there, else the only one that could be meant."""
    return choose(list_for_cards(), chosen_id)


def choose(machines: Sequence[Encoder], chosen_id: int | None) -> Encoder | None:
    """Of some machines the chosen one; else the only one, or the only one that is connected; else None."""
    chosen = next((machine for machine in machines if machine.id == chosen_id), None)
    if chosen is not None or len(machines) == 1:
        return chosen or machines[0]
    ready = [machine for machine in machines if machine.state is EncoderState.READY]
    return ready[0] if len(ready) == 1 else None


def get_job(job_id: str) -> EncoderJob:
    """The job with its machine; NotFound."""
    job = db.session.scalars(
        sa.select(EncoderJob).where(EncoderJob.id == job_id).options(joinedload(EncoderJob.encoder))
    ).one_or_none()
    if job is None:
        raise NotFound
    return job


def batch(batch_id: str) -> Sequence[EncoderJob]:
    """The jobs that were started together, in order, with their machine; empty if there are none."""
    return db.session.scalars(
        sa.select(EncoderJob)
        .where(EncoderJob.batch_id == batch_id)
        .options(joinedload(EncoderJob.encoder))
        .order_by(EncoderJob.batch_position)
    ).all()


def stays_with_open_jobs(stay_ids: Collection[int]) -> set[int]:
    """Those of the stays whose cards a machine still has to make."""
    rows = db.session.scalars(
        sa.select(EncoderJob.stay_id).where(
            EncoderJob.stay_id.in_(stay_ids), EncoderJob.state.in_((JobState.QUEUED, *ACTIVE))
        )
    )
    return {stay_id for stay_id in rows if stay_id is not None}


def last_batch_of_stays(stay_ids: Collection[int]) -> str | None:
    """The newest batch of cards for any of these stays, or None."""
    return db.session.scalars(
        sa.select(EncoderJob.batch_id)
        .where(EncoderJob.stay_id.in_(stay_ids), EncoderJob.kind == JobKind.WRITE)
        .order_by(EncoderJob.created_at.desc(), EncoderJob.id)
        .limit(1)
    ).one_or_none()


def batch_of(batch_id: str, kind: JobKind, stay_id: int | None = None) -> Sequence[EncoderJob]:
    """The jobs of a batch that is for this; empty if there are none. RequestUsed where the id stands for something else."""
    jobs = batch(batch_id)
    if any(job.kind is not kind or job.stay_id != stay_id for job in jobs):
        raise rules.RequestUsed
    return jobs


def find_next(encoder_id: int) -> str | None:
    """The id of the job that a machine should do next: the one that was asked for first."""
    return db.session.scalars(
        sa.select(EncoderJob.id)
        .where(EncoderJob.encoder_id == encoder_id, EncoderJob.state == JobState.QUEUED)
        .order_by(EncoderJob.created_at, EncoderJob.batch_id, EncoderJob.batch_position)
        .limit(1)
    ).first()


def count_open(encoder_id: int) -> int:
    """How many jobs a machine has, waiting or under way."""
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(EncoderJob)
        .where(EncoderJob.encoder_id == encoder_id, EncoderJob.state.in_((JobState.QUEUED, *ACTIVE)))
    ).one()


def count_open_by_machine() -> dict[int, int]:
    """The same of every machine that has any."""
    rows = db.session.execute(
        sa.select(EncoderJob.encoder_id, sa.func.count())
        .where(EncoderJob.state.in_((JobState.QUEUED, *ACTIVE)))
        .group_by(EncoderJob.encoder_id)
    )
    return {row[0]: row[1] for row in rows}


def count_ahead(job: EncoderJob) -> int:
    """How many jobs of other batches a queued job has to wait for."""
    return db.session.scalars(
        sa.select(sa.func.count())
        .select_from(EncoderJob)
        .where(
            EncoderJob.encoder_id == job.encoder_id,
            EncoderJob.batch_id != job.batch_id,
            EncoderJob.state.in_((JobState.QUEUED, *ACTIVE)),
            EncoderJob.created_at <= job.created_at,
        )
    ).one()


def is_cancel_requested(job_id: str) -> bool:
    """Whether somebody wants the job to end."""
    return bool(db.session.scalars(sa.select(EncoderJob.is_cancel_requested).where(EncoderJob.id == job_id)).first())


def uids_done_in_batch(batch_id: str) -> set[str]:
    """The cards that a batch has finished: none of them is the next one."""
    found = db.session.scalars(
        sa.select(EncoderJob.card_uid).where(EncoderJob.batch_id == batch_id, EncoderJob.state == JobState.DONE)
    )
    return {uid for uid in found if uid}


def queued(encoder_id: int, *, before: datetime | None = None) -> Sequence[str]:
    """Ids of jobs that wait for the machine; only those that have done so since before that instant."""
    query = sa.select(EncoderJob.id).where(EncoderJob.encoder_id == encoder_id, EncoderJob.state == JobState.QUEUED)
    if before is not None:
        query = query.where(EncoderJob.created_at <= before)
    return db.session.scalars(query).all()


def unfinished(encoder_id: int | None = None) -> Sequence[str]:
    """Ids of jobs that are under way, of one machine or of all that are on the server's own ports."""
    query = sa.select(EncoderJob.id).where(EncoderJob.state.in_(ACTIVE))
    if encoder_id is not None:
        query = query.where(EncoderJob.encoder_id == encoder_id)
    else:
        query = query.join(EncoderJob.encoder).where(Encoder.agent_id.is_(None))
    return db.session.scalars(query).all()


def unfinished_of(encoder_ids: Collection[int]) -> Sequence[EncoderJob]:
    """Jobs that are under way at some machines."""
    return db.session.scalars(
        sa.select(EncoderJob).where(EncoderJob.encoder_id.in_(encoder_ids), EncoderJob.state.in_(ACTIVE))
    ).all()


def unfinished_of_stay(stay_id: int) -> Sequence[EncoderJob]:
    """Jobs for a stay that are queued or under way."""
    return db.session.scalars(
        sa.select(EncoderJob).where(EncoderJob.stay_id == stay_id, EncoderJob.state.in_((JobState.QUEUED, *ACTIVE)))
    ).all()
