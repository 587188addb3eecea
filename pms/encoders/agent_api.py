"""The calls of the desks' agents. Each proves itself by the desk's token; nothing here is for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request

from pms.core import clock
from pms.core.errors import DomainError
from pms.core.text import N_
from pms.encoders import agent_schemas, desk_service, desk_steps, long_poll
from pms.encoders.blueprint import api_blueprint as blueprint
from pms.encoders.models import DeskAgent
from pms.web.envelope import answer
from pms.web.rights import public

T = TypeVar("T")


class BadCall(DomainError):
    """The body is no JSON object, or lacks a field."""

    code = "bad_call"
    status = 400
    message = N_("This call is not well formed.")


@blueprint.post("/agent/start")
@public
def start_agent() -> Response:
    """A program at a desk has started; what an earlier one left is settled."""
    agent, body = _call()
    desk_service.start(
        agent_id=agent.id,
        run_id=_run(body),
        desk=_read(lambda: agent_schemas.text(body, "desk")),
        host=_read(lambda: agent_schemas.text(body, "host")),
        version=_read(lambda: agent_schemas.text(body, "version", 20)),
        now=clock.now(),
    )
    return answer({"holdSeconds": long_poll.HOLD_SECONDS})


@blueprint.post("/agent/report")
@public
def report() -> Response:
    """The ports and machines as they are at the desk."""
    agent, body = _call()
    seen = _read(lambda: agent_schemas.read_report(body))
    desk_service.report(
        agent_id=agent.id,
        run_id=_run(body),
        ports=seen.ports,
        machines=seen.machines,
        answers=seen.answers,
        now=clock.now(),
    )
    return answer(None)


@blueprint.post("/agent/orders")
@public
def orders() -> Response:
    """What is to be done; held until there is something, or the time is over."""
    agent, body = _call()
    run_id = _run(body)
    under_way = _read(lambda: agent_schemas.texts(body, "underWay"))
    heard, known = _read(lambda: agent_schemas.texts(body, "heardCancels")), body.get("machines")
    asked_at = clock.now()
    found = long_poll.wait(
        lambda: long_poll.orders(agent_id=agent.id, run_id=run_id, under_way=under_way, asked_at=asked_at),
        lambda now: (
            bool(now.tasks or now.questions or set(now.cancelled) - heard)
            or agent_schemas.write_orders(now)["machines"] != known
        ),
        float(body["wait"]) if isinstance(body.get("wait"), int | float) else 0.0,
    )
    return answer(agent_schemas.write_orders(found))


@blueprint.post("/agent/jobs/<job_id>/<step>")
@public
def step(job_id: str, step: str) -> Response:
    """One step of a job, told before or after it happens; what to do next is the answer."""
    agent, body = _call()
    desk_service.check_job(agent_id=agent.id, run_id=_run(body), job_id=job_id)
    try:
        told = desk_steps.take(agent_id=agent.id, job_id=job_id, step=step, body=body, now=clock.now())
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise BadCall from fault
    return answer(told)


def _call() -> tuple[DeskAgent, dict[str, Any]]:
    """Who calls, and what is said; BadToken before anything of the body is looked at."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    agent = desk_service.authenticate(token if kind.lower() == "bearer" else "")
    if (request.content_length or 0) > agent_schemas.MAX_BYTES:
        raise BadCall
    try:
        body = json.loads(request.get_data(cache=False)[: agent_schemas.MAX_BYTES + 1] or b"null")
    except (ValueError, RecursionError):
        raise BadCall from None
    if not isinstance(body, dict):
        raise BadCall
    return agent, body


def _run(body: dict[str, Any]) -> str:
    return _read(lambda: agent_schemas.text(body, "runId", 36))


def _read(read: Callable[[], T]) -> T:
    try:
        return read()
    except agent_schemas.Malformed as fault:
        raise BadCall from fault
