"""What the scheduler does for outages."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.outage import page, service

_SCHEDULER = Actor(kind="job", name="outage packs")


def make_pack() -> None:
    """The pack of this hour, where there is none yet."""
    service.make_hourly(write=page.write, actor=_SCHEDULER, now=clock.now())
