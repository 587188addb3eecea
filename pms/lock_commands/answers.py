"""Who hears what a lock answered: the feature whose command it was registers itself under its subject's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import AnswerStatus


class Asker(Protocol):
    """Keeps the book about what was asked of locks. Called inside the transaction that stores the answer."""

    def sent(self, command: LockCommand, now: datetime) -> None:
        """A frame was handed to a carrier: from now on the lock may have done it."""

    def answered(self, command: LockCommand, status: AnswerStatus, actor: Actor, now: datetime) -> None:
        """The lock has answered the command, or the last part of it, or refused an earlier part."""


_askers: dict[str, Asker] = {}


def register(subject_kind: str, asker: Asker) -> None:
    """Say who asks under this kind; once, in `pms.app`."""
    _askers[subject_kind] = asker


def asker_of(subject_kind: str) -> Asker | None:
    """Who asked; None where nobody need hear of it."""
    return _askers.get(subject_kind)
