"""Who hears what a lock answered: the feature whose command it was registers itself under its subject's kind."""

# ruff: noqa: ARG002 - features answer what they need

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer


class Asker:
    """Keeps the book about what was asked of locks. Called inside the transaction that stores what happened."""

    # Whether a command that was not handed out yet can be taken back on the list of commands; else the feature does it.
    can_be_cancelled: ClassVar[bool] = False

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """Ids of those that are not to be sent, or not again: what they were for is over.

        Asked before each frame goes out, for what comes next in the lines of many locks at once. Of what was sent and not
        answered only that may be named which does no harm if the lock has done it.
        """
        return ()

    def dropped(self, command: LockCommand, now: datetime) -> None:
        """It was not wanted any more, and was ended."""

    def sent(self, commands: Sequence[LockCommand], now: datetime) -> None:
        """Frames were handed to carriers for the first time: from now on the locks may have done it."""

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
