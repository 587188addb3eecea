"""What the scheduler does about its own book."""

from __future__ import annotations

from pms.core import clock
from pms.turns import service


def purge() -> None:
    """Forget turns of long ago."""
    service.purge(now=clock.now())
