"""Reports of locks, brought by a phone, a gateway or a module."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, make_response, request
from flask_babel import gettext as _

from pms.access_records import schemas, service
from pms.core import clock
from pms.core.actor import Actor
from pms.web.envelope import answer
from pms.web.rights import public

blueprint = Blueprint("access_records_api", __name__)


@blueprint.post("/reports/record")
@public
def record() -> Response:
    """Save one lock record (command 0300, and the lock's other reports).

    Nobody logs in: the frame's own tag is the proof, and a frame that does not verify is not answered with anything that
    says why.
    """
    if request.mimetype != "application/json":
        return _refuse(415, _("Send JSON, with the content type application/json."))
    if (request.content_length or 0) > schemas.MAX_BYTES:
        return _refuse(413, _("The report is too large."))
    try:
        body = json.loads(request.get_data(cache=False)[: schemas.MAX_BYTES + 1])
    except (ValueError, RecursionError):
        return _refuse(400, _("The body is not JSON."))
    report, faults = schemas.read_report(body)
    if report is None:
        shown = [{"field": name, "error": _(text)} for name, text in faults]
        return _refuse(400, _("The report is not well formed."), shown)
    carrier = Actor(kind="lock", name=report.serial_number, address=request.remote_addr or "")
    frame = service.take_report(serial_number=report.serial_number, frame=report.frame, actor=carrier, now=clock.now())
    if frame is None:
        return _refuse(404, _("There is no answer to this report."))
    return answer({"lockSn": report.serial_number, "frame": frame.hex().upper()})


def _refuse(status: int, text: str, faults: list[dict[str, str]] | None = None) -> Response:
    body = {"code": status, "msg": text, "total": 0, "data": faults, "success": False}
    return make_response(jsonify(body), status)
