"""How long the house keeps what it knows of guests."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base


class RetentionRule(Base):
    """The house's own decision; one row, or none where nobody has decided, and `rules.USUAL_MONTHS` holds."""

    __tablename__ = "retention_rule"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # After the last departure; None: for ever.
    months: Mapped[int | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(sa.String(80))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.CheckConstraint("id = 1", name="single"),
        sa.CheckConstraint("months BETWEEN 1 AND 120", name="months"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
