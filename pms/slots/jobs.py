"""What the scheduler does about slots."""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.slots import service

_CLOCK = Actor(kind="job", name="stored credentials past their date")


def expire() -> None:
    """Take away what is past its date."""
    service.expire(actor=_CLOCK, now=clock.now())
