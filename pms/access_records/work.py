"""Hears what locks answered when they were asked for their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.access_records import service
from pms.lock_commands.answers import Asker, register
from pms.protocol.command import RecordPage

if TYPE_CHECKING:
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

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """A page came, or the lock refused and is asked again by whoever wants the records."""
        if isinstance(answer.body, RecordPage):
            service.take_page(lock_id=command.lock_id, after=command.subject_id, page=answer.body, actor=actor, now=now)
