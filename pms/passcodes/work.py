"""What locks tell about passcodes."""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.lock_commands.answers import Asker, register
from pms.locks import key_changes
from pms.passcodes import queries, service

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer


def install() -> None:
    """Hear what locks say (once, when the application is made)."""
    register(service.SUBJECT, RevokedPermanents())
    key_changes.on_new_keys(service.keys_changed)
    key_changes.on_wiping(service.keys_changed)
    key_changes.on_clockwork(service.reckon_ends)


class RevokedPermanents(Asker):
    """Hears what became of commands to revoke permanent codes."""

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """Codes that died some other way."""
        revoking = queries.being_revoked([command.subject_id for command in commands])
        return [command.id for command in commands if command.subject_id not in revoking]

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """What the lock said."""
        service.command_answered(passcode_id=command.subject_id, status=answer.status, actor=actor, now=now)
