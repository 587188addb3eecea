"""What the scheduler does about commands."""

from __future__ import annotations

from pms.core import clock
from pms.lock_commands import service


def expire() -> None:
    """Note what can happen no more, also for locks that nobody asks about."""
    while service.expire_overdue(now=clock.now()):
        pass
