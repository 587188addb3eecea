"""Reads of letters and of the server that takes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pms.core.db import db
from pms.mail.models import Letter, LetterState, MailServer
from pms.web import paging

PAGE = 30


def find_server() -> MailServer | None:
    """The mail server, or None where the house sends no letters."""
    return db.session.get(MailServer, 1)


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


def list_letters(*, before: int | None = None) -> paging.Page[Letter]:
    """All letters that are remembered, the newest first, a page at a time."""
    statement = sa.select(Letter).order_by(Letter.id.desc()).limit(PAGE + 1)
    if before is not None:
        statement = statement.where(Letter.id < before)
    return paging.cut(list(db.session.scalars(statement)), PAGE, "id")


def has_work(*, now: datetime) -> bool:
    """Whether a letter is due, has ended, or was left behind by somebody who is not there any more."""
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    Letter.state.in_((LetterState.QUEUED, LetterState.SENDING)),
                    sa.or_(
                        Letter.next_try_at <= now,
                        sa.and_(Letter.state == LetterState.QUEUED, Letter.expires_at <= now),
                    ),
                )
            )
        )
    )
