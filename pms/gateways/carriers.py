"""Gateways and modules as their pages show them: there or not, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from pms.core.db import db
from pms.gateways import queries
from pms.gateways.models import CellularModule, Gateway, LinkProcess
from pms.gateways.rules import LINK_FRESH_FOR, ModuleState
from pms.locks.models import Door, Lock
from pms.web.paging import Page, cut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.gateways.rules import LinkState

MODULES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a carrier is there; since when it is, or is not (None: it never was)."""

    is_online: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A module, the lock that has it or was asked to take it, and the lock's door."""

    id: str
    module: CellularModule
    state: ModuleState
    lock: Lock | None
    door: Door | None


def standing_of(carrier: Gateway | CellularModule, link: LinkState, now: datetime) -> Standing:
    """Whether it is there now."""
    presence = queries.presence_of(carrier)
    if not presence.is_online(link, now):
        return Standing(is_online=False, since=presence.offline_since(link, now))
    # One that asks by itself was never seen to come.
    return Standing(is_online=True, since=carrier.connected_at if carrier.is_connected else None)


def list_modules(*, after: str = "", limit: int = MODULES_A_PAGE) -> Page[ModuleRow]:
    """Modules by IMEI, those after `after`, with their locks and doors in one query."""
    lock, door = aliased(Lock), aliased(Door)
    lock_id = sa.func.coalesce(CellularModule.lock_id, CellularModule.asked_lock_id)
    found = (
        sa.select(CellularModule, lock, door)
        .outerjoin(lock, lock.id == lock_id)
        .outerjoin(door, door.lock_id == lock.id)
        .where(CellularModule.imei > after)
        .order_by(CellularModule.imei)
        .limit(limit + 1)
    )
    rows = [
        ModuleRow(row[0].imei, row[0], queries.state_of(row[0]), row[1], row[2]) for row in db.session.execute(found)
    ]
    return cut(rows, limit, "id")


def signs_of_change(now: datetime) -> list[sa.ScalarSelect[Any]]:
    """What to ask for to make a `mark`, together with other questions."""
    times = [
        sa.select(sa.func.max(column)).scalar_subquery()
        for column in (Gateway.connected_at, Gateway.lost_at, CellularModule.connected_at, CellularModule.lost_at)
    ]
    lines = (
        sa.select(sa.func.count())
        .where(LinkProcess.is_connected, LinkProcess.beat_at > now - LINK_FRESH_FOR)
        .scalar_subquery()
    )
    return [*times, lines]


def mark(signs: Sequence[Any]) -> str:
    """Changes whenever a carrier comes or goes, or the line to all of them does."""
    *came_or_went, connected = signs
    newest = max((at.timestamp() for at in came_or_went if at is not None), default=0.0)
    return f"{int(newest * 1000)}.{int(connected > 0)}"
