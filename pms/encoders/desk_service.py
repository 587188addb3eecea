"""The desks' agents: their tokens, and what each of their calls does.

An agent asks with one long poll and tells the steps of its jobs one by one. Every call may come twice, because its answer
was lost; the second time changes nothing. Which start of the agent's program speaks (`run_id`) goes with every call: an
earlier one is sent away, so that two programs with the same token never both do a job.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.core.errors import DomainError
from pms.core.text import N_
from pms.encoders import job_course, machine_states, queries, rules, service
from pms.encoders.models import DeskAgent, EncoderState, JobState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.devices.discovery import FoundPort
    from pms.devices.encoder import EncoderIdentity
    from pms.devices.task import Task
    from pms.encoders.models import Encoder

_SEEN_EVERY = timedelta(seconds=5)
_TOKEN_BYTES = 32


class DeskExists(DomainError):
    """Two desks with one name could not be told apart."""

    code = "desk_exists"
    field = "name"
    message = N_("Another desk has this name already.")


class BadToken(DomainError):
    """Nobody with this token is known, or not any more."""

    code = "bad_token"
    status = 401
    message = N_("The token is not known, or was revoked.")


class WrongDesk(DomainError):
    """Whoever started the program named another desk than the token's."""

    code = "wrong_desk"
    message = N_("This token is that of the desk “%(name)s”. Start the program with that name.")


class Superseded(DomainError):
    """The agent was started again elsewhere; this start of it must end."""

    code = "superseded"
    message = N_("Another program with this desk's token has started since.")


class NotYours(DomainError):
    """The job belongs to another machine, or to another start of the agent, or is over."""

    code = "not_yours"
    message = N_("This job is not this program's, or is over.")


def add_agent(*, name: str, actor: Actor, now: datetime) -> tuple[DeskAgent, str]:
    """A desk, and the token of its agent, which is shown once and kept only as a hash. BadName, DeskExists."""
    rules.check_name(name)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with transaction() as session:
        agent = DeskAgent(name=name.strip(), token_hash=_hash(token), created_at=now)
        session.add(agent)
        try:
            with session.begin_nested():
                session.flush()
        except IntegrityError as error:
            raise DeskExists from error
        audit.record(actor=actor, action="encoders.agent_added", subject=_subject(agent), now=now)
    return agent, token


def revoke_agent(*, agent_id: int, actor: Actor, now: datetime) -> None:
    """The agent may not speak any more; the machines at its desk are bound to nothing."""
    with transaction() as session:
        agent = session.get(DeskAgent, agent_id, with_for_update=True, populate_existing=True)
        if agent is None or agent.revoked_at is not None:
            raise queries.NoSuchAgent
        for machine in queries.machines_of_agent(agent_id):
            job_course.settle_leftovers(encoder_id=machine.id, now=now)
        service.release_agent(agent_id=agent_id, actor=actor, now=now)
        machine_states.note_ports(agent_id=agent_id, ports=[], now=now)
        agent.revoked_at, agent.run_id = now, None
        audit.record(actor=actor, action="encoders.agent_revoked", subject=_subject(agent), now=now)


def authenticate(token: str) -> DeskAgent:
    """The agent that holds the token; BadToken."""
    agent = queries.find_agent_by_token(_hash(token)) if token else None
    if agent is None:
        raise BadToken
    return agent


def start(*, agent_id: int, run_id: str, desk: str, host: str, version: str, now: datetime) -> None:
    """A start of the agent's program. What an earlier one had under way is settled: it will not be heard any more.

    Again with the same `run_id` changes nothing. BadToken, WrongDesk.
    """
    with transaction() as session:
        agent = session.get(DeskAgent, agent_id, with_for_update=True, populate_existing=True)
        if agent is None or agent.revoked_at is not None:
            raise BadToken
        if agent.name != desk:
            raise WrongDesk(name=agent.name)
        agent.last_seen_at = now
        if agent.run_id == run_id:
            return
        for machine in queries.machines_of_agent(agent_id):
            job_course.settle_leftovers(encoder_id=machine.id, now=now)
        agent.run_id, agent.host, agent.version = run_id, host[:80], version[:20]
        audit.record(
            actor=actor_of(agent),
            action="encoders.agent_started",
            subject=_subject(agent),
            now=now,
            after={"host": agent.host, "version": agent.version},
        )


@dataclass(frozen=True, slots=True)
class MachineReport:
    """How a machine is, as the agent sees it: its name plate, or why it does not answer."""

    encoder_id: int
    driver: str
    identity: EncoderIdentity | None
    error_code: str
    error_text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answered at a port when the agent said hello there, or why nobody did."""

    url: str
    driver: str | None
    identity: EncoderIdentity | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Orders:
    """What an agent is to do: its machines, new tasks by machine, the jobs to break off, the ports to ask at."""

    machines: Sequence[Encoder]
    tasks: dict[int, Task]
    cancelled: list[str]
    questions: list[str]


def report(
    *,
    agent_id: int,
    run_id: str,
    ports: Sequence[FoundPort],
    machines: Sequence[MachineReport],
    answers: Sequence[Answered],
    now: datetime,
) -> None:
    """What the agent has seen since its last call. Superseded."""
    agent = _present(agent_id, run_id)
    actor = actor_of(agent)
    own = {machine.id for machine in queries.machines_of_agent(agent_id)}
    if agent.last_seen_at is None or now - agent.last_seen_at > _SEEN_EVERY:
        with transaction() as session:
            row = session.get_one(DeskAgent, agent_id)
            row.last_seen_at = now
    _note_ports(agent_id, ports, now)
    for machine in machines:
        if machine.encoder_id in own:
            _note_machine(machine, actor, now)
    for found in answers:
        machine_states.note_answer(
            agent_id=agent_id,
            url=found.url,
            driver=found.driver,
            identity=found.identity,
            error_code=found.error_code,
            now=now,
        )


def orders(*, agent_id: int, run_id: str, under_way: Collection[str], asked_at: datetime, now: datetime) -> Orders:
    """What is to be done now: a task for every machine that answers and has none. `under_way` are the jobs that the agent
    knew of when it asked.

    A job that this start took before and does not know is handed out again: the answer that carried it was lost, so
    nothing of it was done. One that is past its time is over instead: somehow it cannot be done. Superseded.
    """
    _present(agent_id, run_id)
    machines = queries.machines_of_agent(agent_id)
    open_jobs = queries.unfinished_of([machine.id for machine in machines])
    tasks: dict[int, Task] = {}
    for job in open_jobs:
        if job.id in under_way or job.run_id != run_id:
            continue
        if job.state is JobState.WAITING and not rules.is_overdue(job.deadline_at, now):
            tasks[job.encoder_id] = job_course.task_of(job)
        elif job.started_at is not None and job.started_at < asked_at:
            # Not one that another question of this agent, whose line broke, has brought meanwhile.
            job_course.settle_leftovers(encoder_id=job.encoder_id, code="internal", now=now)
    busy = {job.encoder_id for job in open_jobs}
    for machine in machines:
        is_free = machine.id not in busy and machine.state is EncoderState.READY
        if is_free and queries.find_next(machine.id) is not None:
            task = _claim(agent_id, run_id, machine.id, now)
            if task is not None:
                tasks[machine.id] = task
    return Orders(
        machines=machines,
        tasks=tasks,
        cancelled=[job.id for job in open_jobs if job.is_cancel_requested and job.id in under_way],
        questions=machine_states.take_questions(agent_id=agent_id),
    )


def check_job(*, agent_id: int, run_id: str, job_id: str) -> None:
    """NotYours unless this start of the agent has the job; Superseded."""
    _present(agent_id, run_id)
    job = queries.get_job(job_id)
    if job.encoder.agent_id != agent_id or job.run_id != run_id:
        raise NotYours


def note_keys_sent(*, agent_id: int, job_id: str, uid: str, now: datetime) -> None:
    """That the sector keys of one card went to a desk, and for which job; once a card."""
    with transaction():
        agent, job = queries.get_agent(agent_id), queries.get_job(job_id)
        if job.card_uid == uid:
            return
        job.card_uid = uid
        audit.record(
            actor=actor_of(agent),
            action="encoders.keys_sent",
            subject=audit.Subject(kind="encoder_job", id=job.id, label=uid.upper(), stay_id=job.stay_id),
            now=now,
        )


def miss_absent(*, now: datetime) -> None:
    """Agents that have not asked for long: their machines are offline, what they had under way is over one way or another,
    and what waits for them fails."""
    for agent in queries.list_agents():
        if not is_away(agent, now):
            continue
        for machine in queries.machines_of_agent(agent.id):
            if machine.state is EncoderState.READY:
                machine_states.note_offline(
                    encoder_id=machine.id, code="desk_away", text="", actor=actor_of(agent), now=now
                )
            job_course.settle_leftovers(encoder_id=machine.id, code="desk_away", now=now)
            waiting = queries.queued(machine.id, before=now - timedelta(seconds=rules.GONE_AFTER_SECONDS))
            for job_id in waiting:
                job_course.fail(job_id=job_id, code="desk_away", now=now)


def is_away(agent: DeskAgent, now: datetime) -> bool:
    """Whether nothing was heard of the agent for so long that nobody should wait for it."""
    return rules.is_away(agent.last_seen_at, now)


def actor_of(agent: DeskAgent) -> Actor:
    """How the audit trail names what an agent reports."""
    return Actor(kind="agent", name=agent.name)


def _present(agent_id: int, run_id: str) -> DeskAgent:
    agent = queries.get_agent(agent_id)
    if agent.run_id != run_id:
        raise Superseded
    return agent


def _claim(agent_id: int, run_id: str, encoder_id: int, now: datetime) -> Task | None:
    """The machine's next job, for this start of the agent only: an earlier one may still have a question here."""
    with transaction() as session:
        agent = session.get(DeskAgent, agent_id, with_for_update={"read": True}, populate_existing=True)
        if agent is None or agent.run_id != run_id:
            raise Superseded
        return job_course.claim_next(encoder_id=encoder_id, now=now, run_id=run_id)


def _note_ports(agent_id: int, ports: Sequence[FoundPort], now: datetime) -> None:
    known = {(row.url, row.description) for row in queries.found_ports(agent_id)}
    if known != {(port.url[:200], port.description[:120]) for port in ports}:
        machine_states.note_ports(agent_id=agent_id, ports=ports, now=now)


def _note_machine(machine: MachineReport, actor: Actor, now: datetime) -> None:
    if machine.identity is not None:
        machine_states.note_ready(
            encoder_id=machine.encoder_id, driver=machine.driver, identity=machine.identity, actor=actor, now=now
        )
        return
    machine_states.note_offline(
        encoder_id=machine.encoder_id, code=machine.error_code, text=machine.error_text, actor=actor, now=now
    )
    for job_id in queries.queued(machine.encoder_id, before=now - timedelta(seconds=rules.GONE_AFTER_SECONDS)):
        job_course.fail(job_id=job_id, code="gone", now=now)


def _hash(token: str) -> bytes:
    # The token is 256 random bits: a plain hash gives nothing away.
    return hashlib.sha256(token.encode()).digest()


def _subject(agent: DeskAgent) -> audit.Subject:
    return audit.Subject(kind="desk_agent", id=agent.id, label=agent.name)
