"""Reads of what no record tells: how full batteries are, and since when the line, gateways, modules and locks have been silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.alarms.rules import Carried
from pms.core.db import db
from pms.gateways import queries as gateways
from pms.gateways.models import CellularModule, Gateway, GatewayLock
from pms.locks.models import Lock, LockSetup

if TYPE_CHECKING:
    from pms.gateways.rules import LinkState

# Locks that open for guests; others have no battery to worry about.
_IN_USE = sa.and_(Lock.replaced_at.is_(None), Lock.setup.in_((LockSetup.READY, LockSetup.PENDING, LockSetup.MOVED)))


def batteries() -> dict[int, int]:
    """The last percentage that each lock in use has said itself, by lock id."""
    rows = db.session.execute(
        sa.select(Lock.id, Lock.battery_percent).where(
            _IN_USE, Lock.battery_percent.is_not(None), Lock.battery_at.is_not(None)
        )
    )
    return {lock_id: percent for lock_id, percent in rows if percent is not None}


@dataclass(frozen=True, slots=True)
class Silence:
    """Who is out of reach now and was not before, and since when. `line` is the server's own to the broker: as long as it is down,
    whoever is on the broker is not missed one by one."""

    line: datetime | None
    gateways: dict[int, datetime]
    locks: list[Carried]


def silence(now: datetime) -> Silence:
    """In four queries, whatever the house."""
    link = gateways.link_state(now)
    bound = db.session.scalars(sa.select(Gateway).where(Gateway.bound_at.is_not(None))).all()
    rows = db.session.execute(
        sa.select(Lock.id, Lock.last_seen_at, GatewayLock, Gateway, CellularModule)
        .outerjoin(GatewayLock, GatewayLock.lock_id == Lock.id)
        .outerjoin(Gateway, sa.and_(Gateway.id == GatewayLock.gateway_id, Gateway.bound_at.is_not(None)))
        .outerjoin(CellularModule, CellularModule.lock_id == Lock.id)
        .where(_IN_USE, sa.or_(Gateway.id.is_not(None), CellularModule.id.is_not(None)))
        .order_by(Lock.id)
    ).all()
    carriers: list[Gateway | CellularModule] = [*bound, *(row[4] for row in rows if row[4] is not None)]
    is_used = any(carrier.is_connected for carrier in carriers)
    gone = {gateway.id: since for gateway in bound if (since := _gone_since(gateway, link, now)) is not None}
    return Silence(
        line=link.down_since if is_used and not link.is_up else None,
        gateways=gone,
        locks=[_carried(row[0], row[1], row[2], row[3], row[4], link, now) for row in rows],
    )


def _gone_since(carrier: Gateway | CellularModule, link: LinkState, now: datetime) -> datetime | None:
    """None as well where the server's own line is why."""
    if carrier.is_connected:
        return None
    return gateways.presence_of(carrier).offline_since(link, now)


def _carried(
    lock_id: int,
    heard_at: datetime | None,
    hanging: GatewayLock | None,
    gateway: Gateway | None,
    module: CellularModule | None,
    link: LinkState,
    now: datetime,
) -> Carried:
    carriers = [carrier for carrier in (gateway, module) if carrier is not None]
    came = [
        hanging.since if hanging is not None else None,
        module.associated_at if module is not None else None,
        *(carrier.connected_at for carrier in carriers),
    ]
    return Carried(
        lock_id=lock_id,
        heard_at=heard_at,
        gateway_id=gateway.id if gateway is not None else None,
        is_online=any(gateways.presence_of(carrier).is_online(link, now) for carrier in carriers),
        module_gone_since=_gone_since(module, link, now) if module is not None else None,
        carried_since=max(at for at in came if at is not None),
    )
