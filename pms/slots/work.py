"""What locks tell about their slots."""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.lock_commands.answers import Asker, register
from pms.locks import key_changes
from pms.protocol.command import UserList
from pms.slots import queries, rules, service

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
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

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """What is over, or was taken away meanwhile."""
        found = queries.standings([command.subject_id for command in commands], now)
        wanted = {
            command.id
            for command in commands
            if (slot := found.get(command.subject_id)) is not None
            and rules.is_to_be_sent(command.command, slot.state, is_over=slot.over is not None)
        }
        return {command.id for command in commands} - wanted

    def dropped(self, command: LockCommand, now: datetime) -> None:
        """The book follows; a lock that may have heard of it lets it go."""
        service.give_up(slot_id=command.subject_id, now=now)

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

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """A list that nobody waits for: the lock was wiped meanwhile."""
        running = queries.running_syncs([command.subject_id for command in commands])
        return [command.id for command in commands if command.subject_id not in running]

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """A page of the list, or a refusal."""
        users = answer.body if isinstance(answer.body, UserList) else None
        service.list_answered(sync_id=command.subject_id, status=answer.status, users=users, actor=actor, now=now)
