"""What a phone, a gateway or a module posts for a lock: its serial number and one of its frames.

Checked here, so that nothing malformed goes further. The frame itself is the proof; nobody logs in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.core.text import N_
from pms.web.envelope import refuse

if TYPE_CHECKING:
    from flask import Request, Response

MAX_BYTES = 8192
_SERIAL = re.compile(r"[0-9A-Fa-f]{12}")
_FRAME = re.compile(r"(?:[0-9A-Fa-f]{2}){23,1047}")


@dataclass(frozen=True, slots=True)
class Carried:
    """A frame that somebody carried from a lock to us."""

    serial_number: str
    frame: bytes


def read(request: Request) -> Carried | Response:
    """The frame, or the refusal of a request that carries none."""
    if request.mimetype != "application/json":
        return refuse(415, _("Send JSON, with the content type application/json."))
    if (request.content_length or 0) > MAX_BYTES:
        return refuse(413, _("The report is too large."))
    try:
        body = json.loads(request.get_data(cache=False)[: MAX_BYTES + 1])
    except (ValueError, RecursionError):
        return refuse(400, _("The body is not JSON."))
    carried, faults = read_body(body)
    if carried is None:
        shown = [{"field": name, "error": _(text)} for name, text in faults]
        return refuse(400, _("The report is not well formed."), shown)
    return carried


def read_body(body: object) -> tuple[Carried | None, list[tuple[str, str]]]:
    """The frame, or what is wrong with which field; the texts are translatable."""
    if not isinstance(body, dict):
        return None, [("", N_("The body must be a JSON object."))]
    faults = []
    serial, frame = body.get("lockSn"), body.get("frame")
    if not isinstance(serial, str) or not _SERIAL.fullmatch(serial):
        faults.append(("lockSn", N_("must be 12 hexadecimal digits")))
    if not isinstance(frame, str) or not _FRAME.fullmatch(frame):
        faults.append(("frame", N_("must be a frame in hexadecimal digits")))
    if faults:
        return None, faults
    return Carried(str(serial).upper(), bytes.fromhex(str(frame))), []
