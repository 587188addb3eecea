"""Reads of letters."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pms.core.db import db
from pms.mail.models import Letter


def find_by_request(request_id: str) -> Letter | None:
    """The letter that was asked for with this id, or None."""
    return db.session.scalars(sa.select(Letter).where(Letter.request_id == request_id)).one_or_none()


def of_subject(subject_kind: str, subject_id: int) -> Sequence[Letter]:
    """The letters about one thing, newest first."""
    return db.session.scalars(
        sa.select(Letter)
        .where(Letter.subject_kind == subject_kind, Letter.subject_id == subject_id)
        .order_by(Letter.id.desc())
    ).all()
