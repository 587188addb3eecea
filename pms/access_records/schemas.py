"""The wire names of reports; checked here, so that nothing malformed goes further."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pms.core.text import N_

MAX_BYTES = 8192
_SERIAL = re.compile(r"[0-9A-Fa-f]{12}")
_FRAME = re.compile(r"(?:[0-9A-Fa-f]{2}){23,1047}")


@dataclass(frozen=True, slots=True)
class RecordReport:
    """A frame that somebody carried from a lock to us."""

    serial_number: str
    frame: bytes


def read_report(body: object) -> tuple[RecordReport | None, list[tuple[str, str]]]:
    """The report, or what is wrong with which field; the texts are translatable."""
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
    return RecordReport(str(serial).upper(), bytes.fromhex(str(frame))), []
