"""Reads of machines and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.text import N_
from pms.encoders.models import Encoder, EncoderJob, EncoderState, JobState

ACTIVE = (JobState.WAITING, JobState.WRITING, JobState.CHECKING)


class NoSuchMachine(NotFound):
    """The machine does not exist."""

    code = "no_such_machine"
    field = "encoder_id"
    message = N_("There is no such card machine, or no longer.")


def list_encoders() -> Sequence[Encoder]:
    """All machines by name."""
    return db.session.scalars(sa.select(Encoder).order_by(Encoder.name)).all()


def list_enabled() -> Sequence[Encoder]:
    """The machines that are in use, by name."""
    return db.session.scalars(sa.select(Encoder).where(Encoder.is_enabled).order_by(Encoder.name)).all()


def get_encoder(encoder_id: int) -> Encoder:
    """The machine; NoSuchMachine."""
    encoder = db.session.get(Encoder, encoder_id)
    if encoder is None:
        raise NoSuchMachine
    return encoder


def desk_encoder(chosen_id: int | None) -> Encoder | None:
    """The machine of a desk: the one that was chosen there, else the only one that could be meant."""
    return choose(list_enabled(), chosen_id)


def choose(machines: Sequence[Encoder], chosen_id: int | None) -> Encoder | None:
    """Of the machines in use the chosen one; else the only one, or the only one that is connected; else None."""
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


def find_next(encoder_id: int) -> str | None:
    """The id of the job that a machine should do next: the one that was asked for first."""
    return db.session.scalars(
        sa.select(EncoderJob.id)
        .where(EncoderJob.encoder_id == encoder_id, EncoderJob.state == JobState.QUEUED)
        .order_by(EncoderJob.created_at, EncoderJob.batch_id, EncoderJob.batch_position)
        .limit(1)
    ).first()


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
    """Ids of jobs that are under way, of one machine or of all."""
    query = sa.select(EncoderJob.id).where(EncoderJob.state.in_(ACTIVE))
    if encoder_id is not None:
        query = query.where(EncoderJob.encoder_id == encoder_id)
    return db.session.scalars(query).all()


def unfinished_of_stay(stay_id: int) -> Sequence[EncoderJob]:
    """Jobs for a stay that are queued or under way."""
    return db.session.scalars(
        sa.select(EncoderJob).where(EncoderJob.stay_id == stay_id, EncoderJob.state.in_((JobState.QUEUED, *ACTIVE)))
    ).all()
