"""What the scheduler does for alarms."""

from __future__ import annotations

from pms.alarms import outbox, service
from pms.core import clock
from pms.core.actor import Actor

_WATCH = Actor(kind="job", name="alarms")


def watch() -> None:
    """Raise what no record tells, and settle what is over: batteries, gateways, modules, silent locks."""
    service.watch(actor=_WATCH, now=clock.now())


def forget_deliveries() -> None:
    """Forget what was sent to programs a while after it ended."""
    outbox.purge(now=clock.now())
