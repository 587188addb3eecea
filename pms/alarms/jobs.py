"""What the scheduler does for alarms."""

from __future__ import annotations

from pms.alarms import outbox, service
from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_

_WATCH = Actor(kind="job", name="alarms")


def watch() -> Outcome:
    """Raise what no record tells, and settle what is over: batteries, gateways, modules, silent locks."""
    raised, settled = service.watch(actor=_WATCH, now=clock.now())
    return Outcome(
        N_("Alarms raised: %(raised)s. Over: %(settled)s."),
        {"raised": raised, "settled": settled},
    )


def forget_deliveries() -> Outcome:
    """Forget what was sent to programs a while after it ended."""
    return Outcome(N_("Messages forgotten: %(count)s."), {"count": outbox.purge(now=clock.now())})
