"""Asks those above which cards a door must go on refusing when its lock is set up or replaced.

Locks know nothing of cards; who makes cards answers here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class IssueSource(Protocol):
    """The lowest issue number that a door may still open for, or None where no card was ever made for it."""

    def __call__(self, *, door_id: int, now: datetime) -> int | None: ...


_sources: list[IssueSource] = []


def ask(source: IssueSource) -> None:
    """Register who knows (once, by the application; again changes nothing)."""
    if source not in _sources:
        _sources.append(source)


def issue_floor(*, door_id: int, now: datetime) -> int | None:
    """The highest answer of all who know."""
    found = [issue for source in _sources if (issue := source(door_id=door_id, now=now)) is not None]
    return max(found, default=None)
