"""What the scheduler does for letters."""

from __future__ import annotations

from pms.core import clock
from pms.mail import outbox


def purge_letters() -> None:
    """Forget letters, and whom they went to, a while after they ended."""
    outbox.purge(now=clock.now())
