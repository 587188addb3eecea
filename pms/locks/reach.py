"""Asks those above how a lock can be reached from afar: the gateway that it hangs on, its 4G module.

Locks know nothing of gateways; who keeps them answers here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """What a lock hangs on. `gateway` is what the gateway is called outside; `module` is the IMEI of its 4G module."""

    gateway: str | None = None
    module: str | None = None
    sim: str | None = None
    is_online: bool = False


class ReachSource(Protocol):
    """Knows gateways and modules."""

    def __call__(self, *, lock_ids: Collection[int] | None, now: datetime) -> Mapping[int, Reach]:
        """By lock id, of these locks or of all; locks that hang on nothing are left out."""


_sources: list[ReachSource] = []


def ask(source: ReachSource) -> None:
    """Register who knows (once, by the application; again changes nothing)."""
    if source not in _sources:
        _sources.append(source)


def of_locks(*, lock_ids: Collection[int] | None, now: datetime) -> dict[int, Reach]:
    """How these locks (None: all) can be reached, by lock id."""
    found: dict[int, Reach] = {}
    for source in _sources:
        found.update(source(lock_ids=lock_ids, now=now))
    return found
