"""The course of a job, step by step; each function is one short transaction in which the feature above hears of it, too.

Called by the owner of the ports, and by the service for jobs that nobody has begun.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.devices.task import NotWanted, Task, TaskKind
from pms.encoders import answers, queries, rules
from pms.encoders.models import EncoderJob, JobKind, JobState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.devices.card_content import CardContent, CardKeys
    from pms.devices.encoder import CardPresence, FingerStep, FingerTemplate
    from pms.devices.task import WritePlan


_TASKS = {
    JobKind.WRITE: TaskKind.WRITE,
    JobKind.STAFF: TaskKind.WRITE,
    JobKind.READ: TaskKind.READ,
    JobKind.ERASE: TaskKind.ERASE,
    JobKind.SIGNAL: TaskKind.SIGNAL,
    JobKind.FINGER: TaskKind.FINGER,
    JobKind.ONLINE: TaskKind.IDENTIFY,
}


def subject_of(job: EncoderJob) -> audit.Subject:
    """How the audit trail names a job."""
    return audit.Subject(
        kind="encoder_job", id=job.id, label=f"{job.batch_position}/{job.batch_size}", stay_id=job.stay_id
    )


def claim_next(*, encoder_id: int, now: datetime, run_id: str | None = None) -> Task | None:
    """The machine's next job, now under way; None if there is none, or another process has just begun one.

    `run_id` names the start of the agent that takes it.
    """
    with transaction() as session:
        job_id = queries.find_next(encoder_id)
        if job_id is None:
            return None
        job = _load(session, job_id)
        if job.state is not JobState.QUEUED:
            return None
        try:
            with session.begin_nested():
                _go(job, JobState.WAITING)
                job.started_at, job.run_id = now, run_id
                job.deadline_at = now + timedelta(seconds=rules.CARD_SECONDS)
                session.flush()
        except IntegrityError:
            return None
        return task_of(job)


def task_of(job: EncoderJob) -> Task:
    """A job as whoever has the machine needs it."""
    done = frozenset(queries.uids_done_in_batch(job.batch_id))
    return Task(job.id, _TASKS[job.kind], rules.CARD_SECONDS, done)


def card_keys(*, job_id: str) -> CardKeys:
    """The sector keys for the card of a job, newest version first."""
    return answers.card_work(queries.get_job(job_id).kind).card_keys()


def see_card(*, job_id: str, presence: CardPresence, content: CardContent, now: datetime) -> WritePlan | None:
    """Note which card lies there and ask what to do with it; CardRefused, TakeAway."""
    # Stored by itself: a refusal is about this very card, and the question that follows it too.
    with transaction() as session:
        job = _load(session, job_id)
        job.card_uid, job.card_medium = presence.uid.hex(), presence.medium.name
    with transaction() as session:
        job = _load(session, job_id)
        return answers.card_work(job.kind).card_seen(job, presence, content, now)


def note_hint(*, job_id: str, hint: str | None, uid: str | None) -> None:
    """Tell the page what the person at the machine should do (`take_away`), or that it is done."""
    with transaction() as session:
        job = _load(session, job_id)
        job.result = {"hint": hint, "uid": uid} if hint else None


def begin_writing(*, job_id: str, presence: CardPresence, now: datetime) -> None:
    """The last moment before the first byte; NotWanted if somebody cancelled."""
    with transaction() as session:
        job = _load(session, job_id)
        if job.is_cancel_requested or job.state.is_final:
            raise NotWanted
        _go(job, JobState.WRITING)
        job.result = None
        job.card_uid, job.card_medium = presence.uid.hex(), presence.medium.name
        answers.card_work(job.kind).writing_begins(job, now)


def begin_checking(*, job_id: str) -> None:
    """Everything is written; it is read back now."""
    with transaction() as session:
        _go(_load(session, job_id), JobState.CHECKING)


def finish_written(*, job_id: str, content: CardContent, now: datetime) -> None:
    """The card holds what was wanted, and was read back."""
    with transaction() as session:
        job = _load(session, job_id)
        _end(session, job, JobState.DONE, None, now)
        answers.card_work(job.kind).written(job, content, now)


def finish_read(*, job_id: str, content: CardContent, now: datetime) -> None:
    """The card was read."""
    with transaction() as session:
        job = _load(session, job_id)
        job.card_uid, job.card_medium = content.uid.hex(), content.medium.name
        result = answers.card_work(job.kind).read(job, content, now)
        _end(session, job, JobState.DONE, None, now, result)


def finish_identified(*, job_id: str, presence: CardPresence, now: datetime) -> None:
    """The card's number is known; CardRefused where it is of no use, NotWanted if somebody cancelled."""
    with transaction() as session:
        job = _load(session, job_id)
        job.card_uid, job.card_medium = presence.uid.hex(), presence.medium.name
    with transaction() as session:
        job = _load(session, job_id)
        if job.is_cancel_requested or job.state.is_final:
            raise NotWanted
        answers.number_work(job.kind).identified(job, presence, now)
        _end(session, job, JobState.DONE, None, now)


def finish_signal(*, job_id: str, has_lamp: bool, now: datetime) -> None:
    """The machine has blinked, or has no lamp but answers."""
    with transaction() as session:
        _end(session, _load(session, job_id), JobState.DONE, None, now, {"has_lamp": has_lamp})


def note_finger(*, job_id: str, step: FingerStep) -> None:
    """Tell the page what the person at the fingerprint module should do."""
    with transaction() as session:
        job = _load(session, job_id)
        if not job.state.is_final:
            job.result = asdict(step) | {"stage": step.stage.value}


def finish_finger(*, job_id: str, template: FingerTemplate, now: datetime) -> None:
    """The finger's template has arrived; whoever keeps fingers seals it in the same transaction."""
    with transaction() as session:
        job = _load(session, job_id)
        _end(session, job, JobState.DONE, None, now)
        answers.finger_work().taken(job, template, now)


def fail(*, job_id: str, code: str, now: datetime, details: dict[str, Any] | None = None) -> None:
    """The job is over and no byte was written."""
    _leave_untouched(job_id, JobState.FAILED, code, now, details)


def break_off(*, job_id: str, now: datetime) -> None:
    """The wait ended early and no byte was written: somebody cancelled, unbound the machine, or stopped the program."""
    with transaction():
        job = queries.get_job(job_id)
        if job.is_cancel_requested:
            cancel(job_id=job_id, now=now)
        else:
            fail(job_id=job_id, code="restarted" if job.encoder.is_bound else "unbound", now=now)


def cancel(*, job_id: str, now: datetime) -> None:
    """The job is over because somebody said so, and no byte was written."""
    _leave_untouched(job_id, JobState.CANCELLED, "cancelled", now, None)


def lose_track(*, job_id: str, code: str, now: datetime) -> None:
    """The job is over, and nobody knows what the card holds."""
    with transaction() as session:
        job = _load(session, job_id)
        if job.state.is_final:
            return
        _end(session, job, JobState.UNKNOWN, code, now)
        answers.card_work(job.kind).uncertain(job, code, now)


def settle_leftovers(*, encoder_id: int | None = None, code: str | None = None, now: datetime) -> int:
    """Give jobs that nobody goes on with the state that is true of them; how many there were.

    Those of one machine, or of all on the server's own ports. `code` says why, unless the program was stopped.
    """
    with transaction() as session:
        left = list(queries.unfinished(encoder_id))
        for job_id in left:
            if rules.after_restart(_load(session, job_id).state) is JobState.UNKNOWN:
                lose_track(job_id=job_id, code=code or "interrupted", now=now)
            else:
                fail(job_id=job_id, code=code or "restarted", now=now)
        return len(left)


def _leave_untouched(job_id: str, state: JobState, code: str, now: datetime, details: dict[str, Any] | None) -> None:
    with transaction() as session:
        job = _load(session, job_id)
        if job.state.is_final:
            return
        _end(session, job, state, code, now, details)
        if work := answers.find_work(job.kind):
            work.untouched(job, code, now)


def _end(
    session: Session,
    job: EncoderJob,
    state: JobState,
    code: str | None,
    now: datetime,
    result: dict[str, Any] | None = None,
) -> None:
    _go(job, state)
    job.error_code, job.finished_at, job.result = code, now, result
    session.flush()
    if state is not JobState.DONE:
        _stop_followers(session, job, state, now)


def _stop_followers(session: Session, job: EncoderJob, state: JobState, now: datetime) -> None:
    """The cards after one that did not succeed are not begun: somebody must look first."""
    code = "cancelled" if state is JobState.CANCELLED else "earlier_failed"
    for follower in queries.batch(job.batch_id):
        if follower.batch_position > job.batch_position and follower.state is JobState.QUEUED:
            _go(follower, JobState.CANCELLED)
            follower.error_code, follower.finished_at = code, now
            session.flush()
            if work := answers.find_work(follower.kind):
                work.untouched(follower, code, now)


def _go(job: EncoderJob, state: JobState) -> None:
    rules.check_transition(job.kind, job.state, state)
    job.state = state


def _load(session: Session, job_id: str) -> EncoderJob:
    job = session.get(EncoderJob, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise NotFound
    return job
