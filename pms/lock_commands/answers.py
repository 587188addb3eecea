"""Who hears what a lock answered: the feature whose command it was registers itself under its subject's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer


class Asker:
    """Keeps the book about what was asked of locks. Called inside the transaction that stores what happened."""

    # Whether a command that was not handed out yet can be taken back on the list of commands; else the feature does it.
    can_be_cancelled: ClassVar[bool] = False

    def sent(self, command: LockCommand, now: datetime) -> None:
        """A frame was handed to a carrier: from now on the lock may have done it."""

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """The lock has answered the command, or the last part of it, or refused an earlier part."""

    def expired(self, command: LockCommand, now: datetime) -> None:
        """The command's time passed without an answer; one that comes later is told all the same."""

    def cancelled(self, command: LockCommand, actor: Actor, now: datetime) -> None:
        """Somebody took the command back before a frame was handed out."""


_askers: dict[str, Asker] = {}


def register(subject_kind: str, asker: Asker) -> None:
    """Say who asks under this kind; once, in `pms.app`."""
    _askers[subject_kind] = asker


def asker_of(subject_kind: str) -> Asker:
    """Who asked; one that keeps no book where nobody need hear of it."""
    return _askers.get(subject_kind, _NOBODY)


_NOBODY = Asker()
