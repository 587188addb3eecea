"""Nightly: hold the door records against the audit trail."""

from __future__ import annotations

import logging

from pms.access_records import service
from pms.core import clock
from pms.core.actor import Actor

_log = logging.getLogger("pms.access_records")
JOB = Actor(kind="job", name="")


def verify_records() -> None:
    """A fault is an error in the log too, since whoever can alter the database may wait for the page to be read."""
    found = service.verify_records(actor=JOB, now=clock.now())
    if found.faults:
        _log.error(str(found))
