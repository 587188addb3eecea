"""Reads of what no record tells: how full batteries are, and since when gateways, modules and locks have been silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pms.alarms.rules import Carried
from pms.core.db import db
from pms.gateways import rules as gateway_rules
from pms.gateways.models import CellularModule, Gateway, GatewayLock
from pms.locks.models import Lock, LockSetup

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


def silent_gateways(now: datetime) -> dict[int, datetime]:
    """Bound gateways that are out of reach now and were not before, and since when, by id."""
    rows = db.session.execute(sa.select(Gateway.id, Gateway.last_seen_at).where(Gateway.bound_at.is_not(None)))
    return {row[0]: row[1] for row in rows if row[1] is not None and not gateway_rules.is_online(row[1], now)}


def carried_locks(now: datetime) -> Sequence[Carried]:
    """Every lock in use that something carries for, and since when the two have been silent."""
    module = sa.orm.aliased(CellularModule)
    rows = db.session.execute(
        sa.select(
            Lock.id,
            Lock.last_seen_at,
            Gateway.id,
            Gateway.last_seen_at,
            GatewayLock.since,
            module.imei,
            module.last_seen_at,
            module.associated_at,
        )
        .outerjoin(GatewayLock, GatewayLock.lock_id == Lock.id)
        .outerjoin(Gateway, sa.and_(Gateway.id == GatewayLock.gateway_id, Gateway.bound_at.is_not(None)))
        .outerjoin(module, module.lock_id == Lock.id)
        .where(_IN_USE, sa.or_(Gateway.id.is_not(None), module.id.is_not(None)))
        .order_by(Lock.id)
    )
    return [
        Carried(
            lock_id=row[0],
            heard_at=row[1],
            gateway_id=row[2],
            is_gateway_online=gateway_rules.is_online(row[3], now),
            imei=row[5],
            is_module_online=gateway_rules.is_online(row[6], now),
            module_seen_at=row[6],
            carried_since=max(since for since in (row[4], row[7]) if since is not None),
        )
        for row in rows
    ]
