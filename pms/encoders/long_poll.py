"""An agent's question is held until there is something to do at its desk: no port is open there, so it cannot be called."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pms.core import clock
from pms.core.db import db
from pms.encoders import desk_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pms.encoders.desk_service import Orders

HOLD_SECONDS = 25.0
_LOOK_EVERY = 0.1
MOST_HELD = 12
"""Each held question takes a thread of the server; with more agents than this the others ask again after a moment."""
_held = threading.BoundedSemaphore(MOST_HELD)


def wait(ask: Callable[[], Orders], is_news: Callable[[Orders], bool], seconds: float) -> Orders:
    """The first orders that are news, or those at the end of the time. `ask` reads them afresh."""
    if not _held.acquire(blocking=False):
        return ask()
    try:
        deadline = time.monotonic() + min(seconds, HOLD_SECONDS)
        while True:
            orders = ask()
            if is_news(orders) or time.monotonic() >= deadline:
                return orders
            db.remove()
            time.sleep(_LOOK_EVERY)
    finally:
        _held.release()


def orders(*, agent_id: int, run_id: str, under_way: set[str], asked_at: datetime) -> Orders:
    """The orders of this moment, for a question that was asked at `asked_at`."""
    return desk_service.orders(
        agent_id=agent_id, run_id=run_id, under_way=under_way, asked_at=asked_at, now=clock.now()
    )
