"""Takes back what was asked of a lock, also where a frame of it is out already: nothing of its content is kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import transaction
from pms.lock_commands import queries, service
from pms.lock_commands.models import CommandState, LockCommand

if TYPE_CHECKING:
    from datetime import datetime


def withdraw(*, subject_kind: str, subject_id: int, now: datetime) -> None:
    """What was not handed out is dropped. What was is not handed out again, and what was in it, perhaps somebody's finger, is gone
    from here; the lock may have it all the same, and its answer is believed if it still comes. Joins the caller's transaction.
    """
    with transaction() as session:
        commands = session.scalars(
            sa.select(LockCommand)
            .where(
                LockCommand.subject_kind == subject_kind,
                LockCommand.subject_id == subject_id,
                LockCommand.state.in_(queries.OPEN),
            )
            .order_by(LockCommand.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        for command in commands:
            is_out = command.state is CommandState.SENT
            service.end(command, CommandState.EXPIRED if is_out else CommandState.DROPPED, now)
        session.flush()
