"""Answers of locks, brought by a phone, a gateway or a module."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from pms.core import clock
from pms.core.actor import Actor
from pms.lock_commands import service
from pms.locks import carried
from pms.web.envelope import answer, refuse
from pms.web.rights import public

blueprint = Blueprint("lock_commands_api", __name__)


@blueprint.post("/commands/answer")
@public
def take_answer() -> Response:
    """Settle the command that a lock has answered; what to bring to the lock next is in our answer.

    Nobody logs in: the frame's own tag is the proof, and one that does not verify is told nothing.
    """
    brought = carried.read(request)
    if isinstance(brought, Response):
        return brought
    carrier = Actor(kind="lock", name=brought.serial_number, address=request.remote_addr or "")
    now = clock.now()
    if service.take_answer(serial_number=brought.serial_number, frame=brought.frame, actor=carrier, now=now) is None:
        return refuse(404, _("There is no answer to this report."))
    following = service.next_frame(serial_number=brought.serial_number, now=now)
    return answer({"lockSn": brought.serial_number, "command": following.hex().upper() if following else None})
