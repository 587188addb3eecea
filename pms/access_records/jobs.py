"""What the scheduler does about door records: asks for them, and holds what is stored against the audit trail."""

from __future__ import annotations

import logging

from pms.access_records import service
from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_

_log = logging.getLogger("pms.access_records")
SCHEDULER = Actor(kind="job", name="door records")


def fetch() -> Outcome:
    """Ask the locks that can be reached for what they have noted."""
    done = service.fetch_due(actor=SCHEDULER, now=clock.now())
    return Outcome(
        N_("Locks asked: %(asked)s. Out of reach: %(away)s. For the next turn: %(left)s."),
        {"asked": done.asked, "away": done.away, "left": done.left},
    )


def verify_records() -> None:
    """A fault is an error in the log too, since whoever can alter the database may wait for the page to be read."""
    found = service.verify_records(actor=SCHEDULER, now=clock.now())
    if found.faults:
        _log.error(str(found))
