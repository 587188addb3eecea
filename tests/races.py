"""Things that happen at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pms.core.db import db


def race(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0)` to `work(count - 1)` in threads that start together; what each gave, or what it raised, in order."""
    outcomes: list[Any] = [None] * count
    start = threading.Barrier(count, timeout=20)

    def run(number: int) -> None:
        try:
            start.wait()
            outcomes[number] = work(number)
        except BaseException as fault:
            outcomes[number] = fault
        finally:
            db.remove()

    db.remove()
    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
