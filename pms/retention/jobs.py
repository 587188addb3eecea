"""Nightly: forget guests whose time is over."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_
from pms.retention import service

_SCHEDULER = Actor(kind="job", name="guests past their time")


def forget() -> Outcome:
    """Remove the data of guests who left long ago."""
    removed = service.run(actor=_SCHEDULER, now=clock.now())
    if removed is None:
        return Outcome(N_("Guests’ data are kept for ever, so nothing was removed."))
    return Outcome(
        N_("Guests forgotten: %(guests)s. Names of visitors removed: %(visitors)s."),
        {"guests": removed.guests, "visitors": removed.visitors},
    )
