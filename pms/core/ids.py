"""Primary keys made by the program: 63-bit, rising with time, known before the insert.

A row's secrets are sealed under its id, so the id must exist first; rising ids also page by key.
"""

from __future__ import annotations

import secrets
import threading
import time

LARGEST = 2**63 - 1
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


def read_id(text: object) -> int | None:
    """The id that somebody sent, or None where the text can be none: no digits, or more than a database's integer holds."""
    digits = str(text or "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
        return None
    number = int(digits)
    return number if number <= LARGEST else None
