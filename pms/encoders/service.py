"""Machines are added and changed, jobs queued and cancelled. What then happens to a job is in `job_course`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.encoders import job_course, queries, rules
from pms.encoders.models import Encoder, EncoderJob, EncoderState, JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


class MachineExists(DomainError):
    """Names and ports are unique."""

    code = "machine_exists"
    message = N_("Another machine has this name or this port already.")


class MachineDisabled(DomainError):
    """Jobs go to machines that are in use."""

    code = "machine_disabled"
    field = "encoder_id"
    message = N_("%(name)s is switched off. Choose another machine.")


class TooManyJobs(Invalid):
    """A batch is a handful of cards."""

    code = "too_many_jobs"
    message = N_("Make from 1 to %(most)s cards at a time.")


class TooLateToCancel(DomainError):
    """Once bytes are written, the card is finished first."""

    code = "too_late_to_cancel"
    message = N_("It is too late to cancel: the card is being written or the job has ended.")


def add_encoder(*, name: str, url: str, actor: Actor, now: datetime) -> Encoder:
    """A new machine; whoever owns the ports opens it within a second. BadName, BadUrl, MachineExists."""
    rules.check_machine(name, url)
    with transaction() as session:
        machine = Encoder(name=name.strip(), url=url, is_enabled=True, state=EncoderState.OFFLINE, created_at=now)
        session.add(machine)
        _flush(session)
        _audit(machine, "encoders.added", actor, now, None, {"name": machine.name, "url": url})
        return machine


def change_encoder(*, encoder_id: int, name: str, url: str, is_enabled: bool, actor: Actor, now: datetime) -> Encoder:
    """Rename, move to another port, switch on or off; jobs that wait for a machine switched off are failed."""
    rules.check_machine(name, url)
    with transaction() as session:
        machine = _hold(session, encoder_id, against_jobs=True)
        before = {"name": machine.name, "url": machine.url, "is_enabled": machine.is_enabled}
        machine.name, machine.url, machine.is_enabled = name.strip(), url, is_enabled
        after = {"name": machine.name, "url": url, "is_enabled": is_enabled}
        _flush(session)
        changed = [key for key, value in after.items() if before[key] != value]
        if not is_enabled:
            machine.state, machine.state_at = EncoderState.OFFLINE, now
            for job_id in queries.queued(encoder_id):
                job_course.fail(job_id=job_id, code="disabled", now=now)
        if changed:
            _audit(
                machine,
                "encoders.changed",
                actor,
                now,
                {key: before[key] for key in changed},
                {key: after[key] for key in changed},
            )
        return machine


def queue_jobs(
    *,
    encoder_id: int,
    kind: JobKind,
    subjects: Sequence[int | None],
    stay_id: int | None,
    batch_id: str,
    overwrite_uid: str | None = None,
    actor: Actor,
    now: datetime,
) -> list[EncoderJob]:
    """One job a subject, in order; a batch that exists already is given back as it is, so that posting twice is harmless.

    NoSuchMachine, MachineDisabled, TooManyJobs.
    """
    if not 1 <= len(subjects) <= rules.MAX_JOBS:
        raise TooManyJobs(most=rules.MAX_JOBS)
    with transaction() as session:
        existing = list(queries.batch(batch_id))
        if existing:
            return existing
        machine = _hold(session, encoder_id)
        if not machine.is_enabled:
            raise MachineDisabled(name=machine.name)
        jobs = [
            EncoderJob(
                id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{batch_id}/{position}")),
                encoder_id=encoder_id,
                kind=kind,
                state=JobState.QUEUED,
                subject_id=subject,
                stay_id=stay_id,
                batch_id=batch_id,
                batch_position=position,
                batch_size=len(subjects),
                # A question was answered for the card that lies there, not for those after it.
                overwrite_uid=overwrite_uid if position == 1 else None,
                requested_by=actor.account_id,
                actor_name=actor.name,
                address=actor.address,
                created_at=now,
                is_cancel_requested=False,
            )
            for position, subject in enumerate(subjects, 1)
        ]
        try:
            with session.begin_nested():
                session.add_all(jobs)
                session.flush()
        except IntegrityError:
            # The same form, posted at the same instant on PostgreSQL.
            return list(queries.batch(batch_id))
        return jobs


def send_signal(*, encoder_id: int, request_id: str, actor: Actor, now: datetime) -> str:
    """Let the machine blink and beep; the id of the batch to look at."""
    with transaction():
        queue_jobs(
            encoder_id=encoder_id,
            kind=JobKind.SIGNAL,
            subjects=[None],
            stay_id=None,
            batch_id=request_id,
            actor=actor,
            now=now,
        )
        _audit(queries.get_encoder(encoder_id), "encoders.signalled", actor, now, None, {})
    return request_id


def cancel_job(*, job_id: str, actor: Actor, now: datetime) -> None:
    """End a job before its first byte: at once while it is queued, else as soon as the machine's owner hears of it.

    TooLateToCancel once it writes or is over.
    """
    with transaction() as session:
        job = session.get(EncoderJob, job_id, with_for_update=True, populate_existing=True)
        if job is None or not rules.can_cancel(job.state):
            raise TooLateToCancel
        job.is_cancel_requested = True
        audit.record(actor=actor, action="encoders.cancelled", subject=job_course.subject_of(job), now=now)
        if job.state is JobState.QUEUED:
            job_course.cancel(job_id=job_id, now=now)


def cancel_batch(*, batch_id: str, actor: Actor, now: datetime) -> None:
    """End every job of a batch that has not begun to write; TooLateToCancel if there is none."""
    with transaction():
        # The last ones first: ending the present one would end them as its followers.
        open_jobs = [job.id for job in queries.batch(batch_id) if rules.can_cancel(job.state)]
        if not open_jobs:
            raise TooLateToCancel
        for job_id in reversed(open_jobs):
            cancel_job(job_id=job_id, actor=actor, now=now)


def cancel_for_stay(*, stay_id: int, actor: Actor, now: datetime) -> None:
    """End the jobs of a stay that have not begun to write; joins the caller's transaction."""
    with transaction():
        open_jobs = [job.id for job in queries.unfinished_of_stay(stay_id) if rules.can_cancel(job.state)]
        for job_id in reversed(open_jobs):
            cancel_job(job_id=job_id, actor=actor, now=now)


def note_state(
    *, encoder_id: int, state: EncoderState, error: str, serial_number: str, model: str, actor: Actor, now: datetime
) -> None:
    """What the port's owner found; stored and put into the audit trail only when it is news."""
    with transaction() as session:
        machine = session.scalars(sa.select(Encoder).where(Encoder.id == encoder_id)).one_or_none()
        if machine is None:
            return
        is_news = machine.state is not state
        plate = (serial_number or machine.serial_number, model or machine.model, error[:200])
        if not is_news and (machine.serial_number, machine.model, machine.last_error) == plate:
            return
        machine.serial_number, machine.model, machine.last_error = plate
        if is_news:
            before = {"state": machine.state.value}
            machine.state, machine.state_at = state, now
            _audit(machine, f"encoders.{state.value}", actor, now, before, {"state": state.value})


def _hold(session: Session, encoder_id: int, *, against_jobs: bool = False) -> Encoder:
    """The machine as it stays until this transaction ends; NoSuchMachine.

    Who queues a job holds it lightly, who changes it against that, so that no job slips to a machine just switched off.
    """
    lock = True if against_jobs else {"read": True, "key_share": True}
    machine = session.get(Encoder, encoder_id, with_for_update=lock, populate_existing=True)
    if machine is None:
        raise queries.NoSuchMachine
    return machine


def _flush(session: Session) -> None:
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:
        raise MachineExists from error


def _audit(
    machine: Encoder,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, object] | dict[str, str] | None,
    after: dict[str, object] | dict[str, str],
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(kind="encoder", id=machine.id, label=machine.name),
        now=now,
        before=dict(before) if before is not None else None,
        after=dict(after),
    )
