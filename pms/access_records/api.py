"""Reports of locks, brought by a phone, a gateway or a module."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from pms.access_records import service
from pms.core import clock
from pms.core.actor import Actor
from pms.lock_commands import service as lock_commands
from pms.locks import carried
from pms.web.envelope import answer, refuse
from pms.web.rights import public

blueprint = Blueprint("access_records_api", __name__)


@blueprint.post("/reports/record")
@public
def record() -> Response:
    """Save one lock record (command 0300, and the lock's other reports).

    Nobody logs in: the frame's own tag is the proof, and a frame that does not verify is not answered with anything that
    says why. The carrier is at the lock, so it is also given what the server wants of the lock next.
    """
    report = carried.read(request)
    if isinstance(report, Response):
        return report
    carrier = Actor(kind="lock", name=report.serial_number, address=request.remote_addr or "")
    now = clock.now()
    frame = service.take_report(serial_number=report.serial_number, frame=report.frame, actor=carrier, now=now)
    if frame is None:
        return refuse(404, _("There is no answer to this report."))
    command = lock_commands.next_frame(serial_number=report.serial_number, now=now)
    return answer(
        {
            "lockSn": report.serial_number,
            "frame": frame.hex().upper(),
            "command": command.hex().upper() if command is not None else None,
        }
    )
