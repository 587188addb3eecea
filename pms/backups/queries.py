"""Reads of backups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pms.backups import rules
from pms.backups.models import Backup
from pms.core.db import db


def list_backups(limit: int = 60) -> Sequence[Backup]:
    """The newest ones; the rule keeps 23 at most, and files that were taken elsewhere are listed besides."""
    return db.session.scalars(sa.select(Backup).order_by(Backup.made_at.desc(), Backup.id.desc()).limit(limit)).all()


def newest_at() -> datetime | None:
    """When the last good backup was made whose file is still there; None where there is none."""
    return db.session.scalar(sa.select(sa.func.max(Backup.made_at)).where(Backup.gone_at.is_(None)))


def is_late(*, now: datetime, since: datetime | None) -> bool:
    """Whether somebody should worry; `since` when there was something to lose."""
    return rules.is_late(newest_at(), since, now)
