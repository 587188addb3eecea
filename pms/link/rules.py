"""What travels between the server and its carriers, whatever brings it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pms.protocol.topics import FrameTopic


@dataclass(frozen=True, slots=True)
class Message:
    """A frame and where it travels. The broker may drop it after `useful_for` (None: never); to be rounded down, for what
    opens a door must not come late."""

    topic: FrameTopic
    payload: bytes = field(repr=False)
    useful_for: timedelta | None = None
