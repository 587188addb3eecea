"""The server's processes that talk to a broker, by what they say of themselves in the table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.gateways import rules
from pms.gateways.models import LinkProcess

if TYPE_CHECKING:
    from datetime import datetime


class LinkFault(StrEnum):
    """Why a process has no line to its broker."""

    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    LOG_IN = "log_in"
    REFUSED = "refused"
    PORT_TAKEN = "port_taken"
    PORT_FORBIDDEN = "port_forbidden"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Line:
    """What a page says of the line to the carriers: since when it is, or is not; and why not, where anybody knows."""

    is_up: bool
    since: datetime | None = None
    fault: LinkFault | None = None


def present_line(now: datetime) -> Line:
    """The longest line that any process has now; else what the process says that had one last."""
    rows = db.session.scalars(sa.select(LinkProcess)).all()
    up = [row.since for row in rows if row.is_connected and _is_fresh(row, now)]
    if up:
        return Line(is_up=True, since=min(up))
    if not rows:
        return Line(is_up=False)
    last = max(rows, key=lambda row: row.beat_at)
    if last.is_connected:
        # It did not say good-bye.
        return Line(is_up=False, since=last.beat_at, fault=LinkFault.STOPPED)
    return Line(is_up=False, since=last.since, fault=LinkFault(last.fault) if last.fault else None)


def is_linked_without(name: str, now: datetime) -> bool:
    """Whether another process than this one talks to the broker."""
    others = db.session.scalars(sa.select(LinkProcess).where(LinkProcess.name != name, LinkProcess.is_connected))
    return any(_is_fresh(row, now) for row in others)


def _is_fresh(row: LinkProcess, now: datetime) -> bool:
    return now - row.beat_at < rules.LINK_FRESH_FOR
