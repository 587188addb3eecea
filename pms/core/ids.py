"""Primary keys made by the program: 63-bit, rising with time, known before the insert.

A row's secrets are sealed under its id, so the id must exist first; rising ids also page by key.
"""

from __future__ import annotations

import secrets
import threading
import time

_RANDOM_BITS = 20
_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """Milliseconds since 2024 in the upper bits, 20 random bits below; strictly rising within a process."""
    global _last
    millis = time.time_ns() // 1_000_000 - 1_704_067_200_000
    candidate = (millis << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    with _lock:
        _last = max(candidate, _last + 1)
        return _last
