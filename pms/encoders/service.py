"""Machines are added and changed, jobs queued and cancelled. What then happens to a job is in `job_course`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_
from pms.devices import registry
from pms.encoders import job_course, queries, rules
from pms.encoders.models import DeskAgent, Encoder, EncoderJob, EncoderState, FoundPort, JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


class MachineExists(DomainError):
    """Names and ports are unique."""

    code = "machine_exists"
    message = N_("Another machine has this name or this port already.")


class MachineUnbound(DomainError):
    """Jobs go to machines that have a port."""

    code = "machine_unbound"
    field = "encoder_id"
    message = N_("%(name)s is bound to no port. Choose another machine.")


class NotForThat(DomainError):
    """A fingerprint module writes no cards, and a card machine without a module takes no fingers."""

    code = "not_for_that"
    field = "encoder_id"
    message = N_("%(name)s cannot do that. Choose another machine.")


class PortBound(DomainError):
    """A port with a machine on it is not asked who is there: the machine says so itself."""

    code = "port_bound"
    message = N_("A machine is bound to this port already.")


class TooManyJobs(Invalid):
    """A batch is what somebody makes without going away."""

    code = "too_many_jobs"
    message = N_("Make from 1 to %(most)s cards at a time.")


class TooLateToCancel(DomainError):
    """Once bytes are written, the card is finished first."""

    code = "too_late_to_cancel"
    message = N_("It is too late to cancel: the card is being written or the job has ended.")


def add_encoder(
    *,
    name: str,
    url: str,
    driver: str = "machine",
    agent_id: int | None = None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Encoder:
    """A new machine at a port of the server, or of a desk's agent; whoever owns the port opens it within a second.

    `driver` "" lets the port's owner find out which make it is. The same `request_id` again gives the machine that was added
    then. BadName, BadUrl, BadDriver, NoSuchAgent, MachineExists; RequestUsed where that machine is another, or gone again.
    """
    rules.check_machine(name, url, driver, possible_drivers(url))
    with transaction() as session:
        earlier = queries.find_by_request(request_id) if request_id is not None else None
        if earlier is not None:
            return _same(earlier, name, url, agent_id)
        _hold_agent(session, agent_id)
        machine = Encoder(
            name=name.strip(),
            driver=driver,
            url=url,
            agent_id=agent_id,
            state=EncoderState.OFFLINE,
            request_id=request_id,
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(machine)
                session.flush()
        except IntegrityError as error:
            # The same request at the same instant, on PostgreSQL.
            earlier = queries.find_by_request(request_id) if request_id is not None else None
            if earlier is None:
                raise MachineExists from error
            return _same(earlier, name, url, agent_id)
        _audit(machine, "encoders.added", actor, now, None, {"name": machine.name, "url": url})
        return machine


def change_encoder(
    *,
    encoder_id: int,
    name: str,
    url: str | None,
    driver: str = "machine",
    agent_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> Encoder:
    """Rename, bind to a port or to another one. `url` None leaves a machine that is bound to no port as it is."""
    rules.check_name(name)
    if url is not None:
        rules.check_machine(name, url, driver, possible_drivers(url))
    with transaction() as session:
        machine = _hold(session, encoder_id, against_jobs=True)
        before = _place(machine)
        machine.name = name.strip()
        if url is not None:
            _hold_agent(session, agent_id)
            if (machine.url, machine.agent_id, machine.driver) != (url, agent_id, driver):
                machine.error_code, machine.error_text = None, ""
            machine.url, machine.agent_id, machine.driver = url, agent_id, driver
        _flush(session)
        _audit_change(machine, "encoders.changed", before, actor, now)
        return machine


def unbind_encoder(*, encoder_id: int, actor: Actor, now: datetime) -> None:
    """Let the machine's port go: nobody can use it until it is bound again. Jobs that wait for it fail."""
    with transaction() as session:
        machine = _hold(session, encoder_id, against_jobs=True)
        if machine.is_bound:
            before = _place(machine)
            _unbind(machine, now)
            _audit_change(machine, "encoders.unbound", before, actor, now)


def delete_encoder(*, encoder_id: int, actor: Actor, now: datetime) -> None:
    """The machine is gone for good; what it has done stays on record."""
    with transaction() as session:
        machine = _hold(session, encoder_id, against_jobs=True)
        before = _place(machine)
        _unbind(machine, now)
        machine.deleted_at = now
        _audit(machine, "encoders.deleted", actor, now, before, {})


def possible_drivers(url: str) -> list[str]:
    """The makes that may be found at a port."""
    return [driver.name for driver in registry.drivers_for(url)]


def ask_port(*, port_id: int, now: datetime) -> None:
    """Let the owner of a port find out who is there. NotFound; PortBound where a machine of ours is."""
    with transaction() as session:
        port = session.get(FoundPort, port_id)
        if port is None:
            raise NotFound
        if queries.find_at(port.agent_id, port.url) is not None:
            raise PortBound
        port.asked_at, port.answered_at, port.error_code, port.driver = now, None, None, None


def _unbind(machine: Encoder, now: datetime) -> None:
    machine.url = machine.agent_id = None
    machine.state, machine.state_at, machine.error_code, machine.error_text = EncoderState.OFFLINE, now, None, ""
    for job_id in queries.queued(machine.id):
        job_course.fail(job_id=job_id, code="unbound", now=now)


def release_agent(*, agent_id: int, actor: Actor, now: datetime) -> None:
    """The machines at a desk lose their ports, because its agent is no more; joins the caller's transaction."""
    with transaction():
        for machine in queries.machines_of_agent(agent_id):
            unbind_encoder(encoder_id=machine.id, actor=actor, now=now)


def queue_jobs(
    *,
    encoder_id: int,
    kind: JobKind,
    subjects: Sequence[int | None],
    stay_id: int | None,
    stay_ids: Sequence[int] | None = None,
    batch_id: str,
    overwrite_uid: str | None = None,
    at_once: bool = False,
    actor: Actor,
    now: datetime,
) -> list[EncoderJob]:
    """One job a subject, in order, of one stay or (`stay_ids`) each of its own; a batch that exists already is given back as it is, so that posting twice is harmless.

    `at_once`: only if the machine could begin this moment, else DeskAway, MachineOffline or MachineBusy. NoSuchMachine,
    MachineUnbound, NotForThat, TooManyJobs.
    """
    if not 1 <= len(subjects) <= rules.MAX_JOBS:
        raise TooManyJobs(most=rules.MAX_JOBS)
    with transaction() as session:
        existing = list(queries.batch(batch_id))
        if existing:
            return existing
        machine = _hold(session, encoder_id)
        if not machine.is_bound:
            raise MachineUnbound(name=machine.name)
        if not rules.can_do(kind, takes_cards=machine.takes_cards, takes_fingers=machine.takes_fingers):
            raise NotForThat(name=machine.name)
        if at_once:
            _check_free(session, machine, now)
        jobs = [
            EncoderJob(
                id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{batch_id}/{position}")),
                encoder_id=encoder_id,
                kind=kind,
                state=JobState.QUEUED,
                subject_id=subject,
                stay_id=stay_id if stay_ids is None else stay_ids[position - 1],
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


def choose(*, encoder_id: int) -> Encoder:
    """The machine that a desk wants to make its cards on; NoSuchMachine, MachineUnbound, NotForThat."""
    machine = queries.get_encoder(encoder_id)
    if not machine.is_bound:
        raise MachineUnbound(name=machine.name)
    if not machine.takes_cards:
        raise NotForThat(name=machine.name)
    return machine


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


def _same(earlier: Encoder, name: str, url: str, agent_id: int | None) -> Encoder:
    if earlier.deleted_at is not None or (earlier.name, earlier.url, earlier.agent_id) != (name.strip(), url, agent_id):
        raise rules.RequestUsed
    return earlier


def _check_free(session: Session, machine: Encoder, now: datetime) -> None:
    agent = session.get_one(DeskAgent, machine.agent_id) if machine.agent_id is not None else None
    rules.check_free(
        name=machine.name,
        is_ready=machine.is_ready,
        away_desk=agent.name if agent is not None and rules.is_away(agent.last_seen_at, now) else None,
        open_jobs=queries.count_open(machine.id),
    )


def _hold(session: Session, encoder_id: int, *, against_jobs: bool = False) -> Encoder:
    """The machine as it stays until this transaction ends; NoSuchMachine.

    Who queues a job holds it lightly, who changes it against that, so that no job slips to a machine just switched off.
    """
    lock = True if against_jobs else {"read": True, "key_share": True}
    machine = session.get(Encoder, encoder_id, with_for_update=lock, populate_existing=True)
    if machine is None or machine.deleted_at is not None:
        raise queries.NoSuchMachine
    return machine


def _hold_agent(session: Session, agent_id: int | None) -> None:
    """The desk as it stays until this transaction ends; NoSuchAgent."""
    if agent_id is None:
        return
    agent = session.get(DeskAgent, agent_id, with_for_update={"read": True, "key_share": True}, populate_existing=True)
    if agent is None or agent.revoked_at is not None:
        raise queries.NoSuchAgent


def _place(machine: Encoder) -> dict[str, object]:
    return {
        "name": machine.name,
        "url": machine.url,
        "driver": machine.driver,
        "agent_id": str(machine.agent_id) if machine.agent_id else None,
    }


def _audit_change(machine: Encoder, action: str, before: dict[str, object], actor: Actor, now: datetime) -> None:
    after = _place(machine)
    changed = [key for key, value in after.items() if before[key] != value]
    if changed:
        old, new = {key: before[key] for key in changed}, {key: after[key] for key in changed}
        _audit(machine, action, actor, now, old, new)


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
