"""The steps of a job at a desk, as its agent tells them. Each may be told twice, because the answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pms.core.db import transaction
from pms.devices import wire
from pms.devices.task import CardRefused, NotWanted, TakeAway
from pms.encoders import answers, desk_service, job_course, queries
from pms.encoders.models import JobKind, JobState

if TYPE_CHECKING:
    from datetime import datetime

Body = dict[str, Any]


def take(*, agent_id: int, job_id: str, step: str, body: Body, now: datetime) -> object:
    """Store the step; what the agent should know. `ValueError`, `KeyError` or `TypeError` for a call that makes no sense;
    NotYours for a job that ended otherwise meanwhile."""
    if step not in _STEPS:
        raise ValueError(f"there is no step {step}")
    if step == "keys":
        return _keys(agent_id, job_id, body, now)
    return _STEPS[step](job_id, body, now)


def _keys(agent_id: int, job_id: str, body: Body, now: datetime) -> object:
    """The sector keys of the card that lies there: those of no other card leave the server, and none for a card without
    sectors."""
    presence = wire.presence_from_json(body)
    if queries.get_job(job_id).state is not JobState.WAITING:
        raise desk_service.NotYours
    if not presence.medium.is_classic:
        return []
    keys = wire.keys_to_json(job_course.card_keys(job_id=job_id), presence.uid)
    desk_service.note_keys_sent(agent_id=agent_id, job_id=job_id, uid=presence.uid.hex(), now=now)
    return keys


def _seen(job_id: str, body: Body, now: datetime) -> object:
    content = wire.content_from_json(body)
    presence = wire.presence_from_json(body)
    _must_be(job_id, JobState.WAITING)
    try:
        plan = job_course.see_card(job_id=job_id, presence=presence, content=content, now=now)
    except CardRefused as refusal:
        return {"refused": refusal.code, "details": refusal.details}
    except TakeAway:
        return {"takeAway": True}
    return {"plan": wire.plan_to_json(plan)}


def _hint(job_id: str, body: Body, _now: datetime) -> None:
    _must_be(job_id, JobState.WAITING)
    text = "take_away" if body["hint"] == "take_away" else None
    job_course.note_hint(job_id=job_id, hint=text, uid=str(body["uid"])[:20] if text else None)


def _writing(job_id: str, body: Body, now: datetime) -> object:
    if queries.get_job(job_id).state is JobState.WRITING:
        return {"goOn": True}
    try:
        job_course.begin_writing(job_id=job_id, presence=wire.presence_from_json(body), now=now)
    except NotWanted:
        return {"goOn": False}
    return {"goOn": True}


def _checking(job_id: str, _body: Body, _now: datetime) -> None:
    if queries.get_job(job_id).state is JobState.WRITING:
        job_course.begin_checking(job_id=job_id)


def _written(job_id: str, body: Body, now: datetime) -> None:
    content = wire.content_from_json(body)
    with transaction():
        job = queries.get_job(job_id)
        if job.state is JobState.DONE:
            return
        if job.state is JobState.UNKNOWN:
            # It was given up meanwhile. What the agent read back is the truth all the same, as if somebody read the card.
            answers.card_work(JobKind.READ).read(job, content, now)
            return
        if job.state is JobState.WRITING:
            job_course.begin_checking(job_id=job_id)
        _must_be(job_id, JobState.CHECKING)
        job_course.finish_written(job_id=job_id, content=content, now=now)


def _read(job_id: str, body: Body, now: datetime) -> None:
    content = wire.content_from_json(body)
    if queries.get_job(job_id).state is not JobState.DONE:
        _must_be(job_id, JobState.WAITING)
        job_course.finish_read(job_id=job_id, content=content, now=now)


def _identified(job_id: str, body: Body, now: datetime) -> object:
    presence = wire.presence_from_json(body)
    if queries.get_job(job_id).state is not JobState.DONE:
        _must_be(job_id, JobState.WAITING)
        try:
            job_course.finish_identified(job_id=job_id, presence=presence, now=now)
        except CardRefused as refusal:
            return {"refused": refusal.code, "details": refusal.details}
        except NotWanted:
            raise desk_service.NotYours from None
    return {}


def _signalled(job_id: str, body: Body, now: datetime) -> None:
    if queries.get_job(job_id).state is not JobState.DONE:
        _must_be(job_id, JobState.WAITING)
        job_course.finish_signal(job_id=job_id, has_lamp=bool(body["hasLamp"]), now=now)


def _finger_step(job_id: str, body: Body, _now: datetime) -> None:
    job_course.note_finger(job_id=job_id, step=wire.step_from_json(body))


def _finger_taken(job_id: str, body: Body, now: datetime) -> None:
    template = wire.template_from_json(body)
    if queries.get_job(job_id).state is not JobState.DONE:
        _must_be(job_id, JobState.WAITING)
        job_course.finish_finger(job_id=job_id, template=template, now=now)


def _failed(job_id: str, body: Body, now: datetime) -> None:
    code, details = str(body["code"])[:40], body.get("details")
    if _counts_as_begun(job_id):
        job_course.lose_track(job_id=job_id, code=code, now=now)
    else:
        job_course.fail(job_id=job_id, code=code, details=details if isinstance(details, dict) else None, now=now)


def _cancelled(job_id: str, _body: Body, now: datetime) -> None:
    if _counts_as_begun(job_id):
        job_course.lose_track(job_id=job_id, code="interrupted", now=now)
    elif not queries.get_job(job_id).state.is_final:
        job_course.break_off(job_id=job_id, now=now)


def _counts_as_begun(job_id: str) -> bool:
    """Whether the server let it write: the agent may not have heard so, but from then on the card counts as begun."""
    return queries.get_job(job_id).state in (JobState.WRITING, JobState.CHECKING)


def _uncertain(job_id: str, body: Body, now: datetime) -> None:
    job_course.lose_track(job_id=job_id, code=str(body["code"])[:40], now=now)


def _must_be(job_id: str, state: JobState) -> None:
    if queries.get_job(job_id).state is not state:
        raise desk_service.NotYours


_STEPS: dict[str, Callable[[str, Body, datetime], object]] = {
    "keys": lambda *_: None,
    "seen": _seen,
    "hint": _hint,
    "writing": _writing,
    "checking": _checking,
    "written": _written,
    "read": _read,
    "identified": _identified,
    "signalled": _signalled,
    "finger-step": _finger_step,
    "finger-taken": _finger_taken,
    "failed": _failed,
    "cancelled": _cancelled,
    "uncertain": _uncertain,
}
