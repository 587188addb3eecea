"""What locks tell about their slots."""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.lock_commands.answers import Asker, register
from pms.locks import key_changes
from pms.protocol.command import UserList
from pms.slots import service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer


def install() -> None:
    """Keep what locks answer (once, when the application is made)."""
    register(service.SUBJECT, StoredSlots())
    register(service.SYNC_SUBJECT, ListedSlots())
    key_changes.on_wiping(service.forget_lock)


class StoredSlots(Asker):
    """Hears what became of commands about one slot."""

    def sent(self, commands: Sequence[LockCommand], now: datetime) -> None:
        """The locks may know them from now on."""
        service.commands_sent(slot_ids=[command.subject_id for command in commands])

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """What the lock said."""
        service.command_answered(
            slot_id=command.subject_id, command=command.command, status=answer.status, actor=actor, now=now
        )


class ListedSlots(Asker):
    """Hears what locks list."""

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """A page of the list, or a refusal."""
        users = answer.body if isinstance(answer.body, UserList) else None
        service.list_answered(sync_id=command.subject_id, status=answer.status, users=users, actor=actor, now=now)
