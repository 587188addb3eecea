"""What the scheduler does for letters."""

from __future__ import annotations

from pms.core import clock
from pms.core.outcome import Outcome
from pms.core.text import N_
from pms.mail import outbox


def purge_letters() -> Outcome:
    """Forget letters, and whom they went to, a while after they ended."""
    return Outcome(N_("Letters forgotten: %(count)s."), {"count": outbox.purge(now=clock.now())})
