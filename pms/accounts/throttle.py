"""The throttle of the log-in: every try is charged before the password is looked at, and given back when it was right.

Charging first means that many tries at once cannot slip through between a look and a write.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts.models import LoginThrottle
from pms.accounts.rules import MEMORY, WAITS, Limit, TooManyTries
from pms.core.db import count_changed, insert_into, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def charge(limits: Sequence[Limit], *, now: datetime) -> None:
    """Count one try on each key, or raise `TooManyTries` and count it nowhere. `limits` in the order of their keys."""
    with transaction() as session:
        for limit in limits:
            if not _count(session, limit, now):
                until = session.scalars(
                    sa.select(LoginThrottle.blocked_until).where(LoginThrottle.key == limit.key)
                ).one()
                raise TooManyTries(seconds=max(1, math.ceil((until - now).total_seconds())))


def _count(session: Session, limit: Limit, now: datetime) -> bool:
    """One atomic upsert; False where the key is blocked, which leaves it as it is."""
    row = LoginThrottle
    is_stale = row.last_failed_at < now - MEMORY
    count = sa.case((is_stale, 1), else_=row.failures + 1)
    first = now + WAITS[0] if limit.failures <= 1 else now
    waits = {limit.failures + i: now + wait for i, wait in enumerate(WAITS)}
    # A blocked key is not touched, so a count beyond the table stands at its end.
    blocked = sa.case(
        (count < limit.failures, now),
        *((count == n, until) for n, until in waits.items()),
        else_=now + WAITS[-1],
    )
    insert = insert_into(LoginThrottle).values(key=limit.key, failures=1, last_failed_at=now, blocked_until=first)
    statement = insert.on_conflict_do_update(
        index_elements=[row.key],
        set_={"failures": count, "last_failed_at": now, "blocked_until": blocked},
        where=row.blocked_until <= now,
    ).returning(row.failures)
    return session.execute(statement).first() is not None


def give_back(limits: Sequence[Limit], *, now: datetime) -> None:
    """The try was right: the account's own counter at this address starts anew, shared ones lose this try only.

    `now` is the instant that the try was charged with.
    """
    with transaction() as session:
        for limit in limits:
            if limit.key.startswith("at:"):
                session.execute(sa.delete(LoginThrottle).where(LoginThrottle.key == limit.key))
                continue
            session.execute(
                sa.update(LoginThrottle)
                .where(LoginThrottle.key == limit.key)
                .values(
                    failures=sa.case((LoginThrottle.failures > 0, LoginThrottle.failures - 1), else_=0),
                    # A right try that reached the limit by itself leaves no block behind.
                    blocked_until=sa.case(
                        (LoginThrottle.last_failed_at == now, now), else_=LoginThrottle.blocked_until
                    ),
                )
            )


def purge(*, now: datetime) -> int:
    """Remove counters that no longer matter; says how many."""
    with transaction() as session:
        return count_changed(
            session,
            sa.delete(LoginThrottle).where(
                LoginThrottle.last_failed_at < now - MEMORY, LoginThrottle.blocked_until <= now
            ),
        )
