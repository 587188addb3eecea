"""Tells those above that a stay was changed; whoever keeps something that follows from its dates and hours listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.models import Stay


class Follower(Protocol):
    """Joins the transaction of the step. `before` is the stay's `rules.snapshot` before it, None for a booking."""

    def __call__(self, stay: Stay, *, before: dict[str, Any] | None, actor: Actor, now: datetime) -> None: ...


_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    """Register who must hear of changes (once, by the application; again changes nothing)."""
    if follower not in _followers:
        _followers.append(follower)


def changed(stay: Stay, *, before: dict[str, Any] | None, actor: Actor, now: datetime) -> None:
    """The stay is another one than `before`; joins the caller's transaction."""
    for follower in _followers:
        follower(stay, before=before, actor=actor, now=now)
