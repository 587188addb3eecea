"""Hears what locks answered when they were asked for their records."""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.access_records import rules, service
from pms.access_records import series_queries as queries
from pms.lock_commands.answers import Asker, register
from pms.protocol.command import RecordPage

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer


def install() -> None:
    """Take pages of records (once, when the application is made)."""
    register(service.SUBJECT, RecordPages())


class RecordPages(Asker):
    """A command's subject is the sequence after which it asked."""

    can_be_cancelled = True

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """Questions for what came by itself meanwhile, or for records of a life that the lock has forgotten."""
        series = queries.present_series({command.lock_id for command in commands})
        return [
            command.id
            for command in commands
            if command.lock_id in series and not rules.is_to_be_asked(command.subject_id, *series[command.lock_id])
        ]

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """A page came, or the lock refused and is asked again by whoever wants the records."""
        if isinstance(answer.body, RecordPage):
            service.take_page(lock_id=command.lock_id, after=command.subject_id, page=answer.body, actor=actor, now=now)
