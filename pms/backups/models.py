"""The backups that were made, as the page lists them. The files themselves say all of it too."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId


class Backup(HasId, Base):
    """A backup that was written, read back and found whole."""

    __tablename__ = "backup"

    name: Mapped[str] = mapped_column(sa.String(60), unique=True)
    made_at: Mapped[datetime] = mapped_column(index=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)  # bytes
    # How many entries the audit trail in it has, and when that was compared with the trail of the house.
    entries: Mapped[int] = mapped_column(sa.BigInteger)
    verified_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(80))
    # Somebody took the file out of the folder: it may be anywhere.
    gone_at: Mapped[datetime | None]
