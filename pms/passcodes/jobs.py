"""What the scheduler does about passcodes.

That a code's time is over is never stored: it is read off its end. What changes by itself is the end, with a lock's clock.
"""

from __future__ import annotations

from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_
from pms.passcodes import service

_CLOCK = Actor(kind="job", name="passcodes past their end")


def reckon_ends() -> Outcome:
    """Bring the ends of codes in step with the locks' clocks."""
    count = service.reckon_ends(actor=_CLOCK, now=clock.now())
    return Outcome(N_("Ends moved: %(count)s."), {"count": count})
