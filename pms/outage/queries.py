"""Reads of packs and of how they are made."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload, undefer

from pms.core.db import db
from pms.outage import rules
from pms.outage.models import OutageFile, OutagePack, OutageSetting


def find_setting() -> OutageSetting | None:
    """How packs are made, where somebody has set it."""
    return db.session.get(OutageSetting, 1)


def list_packs(*, now: datetime) -> Sequence[OutagePack]:
    """The packs of the last 24 hours with their sizes and who took them, newest first."""
    return db.session.scalars(
        sa.select(OutagePack)
        .where(OutagePack.made_at > now - rules.KEEP)
        .options(selectinload(OutagePack.files), selectinload(OutagePack.fetches))
        .order_by(OutagePack.made_at.desc(), OutagePack.id.desc())
    ).all()


def newest(*, now: datetime) -> OutagePack:
    """The last one; NoPackYet."""
    pack = db.session.scalars(
        sa.select(OutagePack)
        .where(OutagePack.made_at > now - rules.KEEP)
        .order_by(OutagePack.made_at.desc(), OutagePack.id.desc())
        .limit(1)
    ).one_or_none()
    if pack is None:
        raise rules.NoPackYet
    return pack


def find_of_hour(hour: datetime) -> OutagePack | None:
    """The scheduler's pack of that hour."""
    return db.session.scalars(sa.select(OutagePack).where(OutagePack.hour == hour)).one_or_none()


def find_by_request(request_id: str) -> OutagePack | None:
    """The pack that this form has made already."""
    return db.session.scalars(sa.select(OutagePack).where(OutagePack.request_id == request_id)).one_or_none()


def read_file(pack_id: int, language: str) -> tuple[OutagePack, bytes]:
    """The pack and its file in that language, the one in English where there is none; PackGone."""
    pack = db.session.get(OutagePack, pack_id)
    files = db.session.scalars(
        sa.select(OutageFile)
        .where(OutageFile.pack_id == pack_id, OutageFile.language.in_({language, "en"}))
        .options(undefer(OutageFile.content))
    ).all()
    if pack is None or not files:
        raise rules.PackGone
    chosen = next((file for file in files if file.language == language), files[0])
    return pack, gzip.decompress(chosen.content)
