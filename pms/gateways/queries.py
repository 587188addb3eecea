"""Reads of gateways and modules, and by which way a lock is reached."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.gateways import rules
from pms.gateways.models import CellularModule, Gateway, GatewayLock
from pms.gateways.rules import CarrierKind, ModuleState
from pms.locks.models import Door, Lock
from pms.locks.reach import Reach


@dataclass(frozen=True, slots=True)
class HangingLock:
    """A lock on a gateway, and its door."""

    lock: Lock
    door: Door | None
    since: datetime


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """A gateway and the locks on it."""

    gateway: Gateway
    locks: Sequence[HangingLock]

    def is_online(self, now: datetime) -> bool:
        """Whether it carried something lately."""
        return rules.is_online(self.gateway.last_seen_at, now)


@dataclass(frozen=True, slots=True)
class Way:
    """How a lock is reached without a person beside it."""

    kind: CarrierKind
    name: str
    is_online: bool


def list_gateways(gateway_id: int | None = None) -> list[GatewayRow]:
    """Every gateway (or one) with the locks on it, bound ones first, by name."""
    query = (
        sa.select(Gateway)
        .options(joinedload(Gateway.bound_by))
        .order_by(Gateway.bound_at.is_(None), Gateway.name, Gateway.id)
    )
    links = (
        sa.select(GatewayLock, Door)
        .join(Lock, Lock.id == GatewayLock.lock_id)
        .outerjoin(Door, Door.lock_id == GatewayLock.lock_id)
        .options(joinedload(GatewayLock.lock))
        .order_by(Door.name.is_(None), Door.name, Lock.name)
    )
    if gateway_id is not None:
        query, links = query.where(Gateway.id == gateway_id), links.where(GatewayLock.gateway_id == gateway_id)
    gateways = db.session.scalars(query).all()
    hanging: dict[int, list[HangingLock]] = {}
    for link, door in db.session.execute(links).all():
        hanging.setdefault(link.gateway_id, []).append(HangingLock(link.lock, door, link.since))
    return [GatewayRow(gateway, hanging.get(gateway.id, [])) for gateway in gateways]


def get_gateway(gateway_id: int) -> GatewayRow:
    """The gateway with its locks; NoSuchGateway."""
    rows = list_gateways(gateway_id)
    if not rows:
        raise rules.NoSuchGateway
    return rows[0]


def gateway_of(lock_id: int) -> Gateway | None:
    """The gateway that a lock hangs on, or None."""
    return db.session.scalars(
        sa.select(Gateway).join(GatewayLock, GatewayLock.gateway_id == Gateway.id).where(GatewayLock.lock_id == lock_id)
    ).one_or_none()


def locks_on_none() -> Sequence[tuple[Lock, Door | None]]:
    """Locks that hang on no gateway, with their doors."""
    rows = db.session.execute(
        sa.select(Lock, Door)
        .outerjoin(GatewayLock, GatewayLock.lock_id == Lock.id)
        .outerjoin(Door, Door.lock_id == Lock.id)
        .where(GatewayLock.lock_id.is_(None))
        .order_by(Door.name.is_(None), Door.name, Lock.name)
    ).all()
    return [(row[0], row[1]) for row in rows]


def find_module(imei: str) -> CellularModule | None:
    """The module with its locks, or None."""
    return db.session.scalars(_modules().where(CellularModule.imei == imei)).one_or_none()


def get_module(imei: str) -> CellularModule:
    """The module with its locks; NoSuchModule."""
    module = find_module(imei)
    if module is None:
        raise rules.NoSuchModule
    return module


def reachable_module(imei: str, now: datetime) -> tuple[CellularModule, int]:
    """A module that is online, and the lock that has it; NoSuchModule, ModuleLoose, ModuleOffline."""
    module = get_module(imei)
    if module.lock_id is None:
        raise rules.ModuleLoose(imei=imei)
    if not rules.is_online(module.last_seen_at, now):
        raise rules.ModuleOffline(imei=imei)
    return module, module.lock_id


def modules_of(lock_id: int) -> Sequence[CellularModule]:
    """The module that a lock has, and those that it was asked to take."""
    return db.session.scalars(
        _modules()
        .where(sa.or_(CellularModule.lock_id == lock_id, CellularModule.asked_lock_id == lock_id))
        .order_by(CellularModule.lock_id.is_(None), CellularModule.imei)
    ).all()


def module_of(lock_id: int) -> CellularModule | None:
    """The module that a lock says it has, or None."""
    return db.session.scalars(_modules().where(CellularModule.lock_id == lock_id)).one_or_none()


def state_of(module: CellularModule) -> ModuleState:
    """How far it is with a lock."""
    if module.asked_lock_id is not None and module.asked_lock_id != module.lock_id:
        return ModuleState.ASKED
    return ModuleState.ASSOCIATED if module.lock_id is not None else ModuleState.LOOSE


def way_of(lock_id: int, now: datetime) -> Way | None:
    """Through what a lock is reached: its own module if that is online, else its gateway; None: only by a phone there."""
    module, gateway = module_of(lock_id), gateway_of(lock_id)
    ways = []
    if module is not None:
        ways.append(Way(CarrierKind.MODULE, module.imei, rules.is_online(module.last_seen_at, now)))
    if gateway is not None:
        ways.append(Way(CarrierKind.GATEWAY, gateway.name, rules.is_online(gateway.last_seen_at, now)))
    return next((way for way in ways if way.is_online), ways[0] if ways else None)


def reach_of(*, lock_ids: Collection[int] | None, now: datetime) -> dict[int, Reach]:
    """What these locks (None: all) hang on, by lock id, in two queries; `pms.locks.reach` asks."""
    links = sa.select(GatewayLock.lock_id, Gateway.serial_number, Gateway.last_seen_at).join(
        Gateway, sa.and_(Gateway.id == GatewayLock.gateway_id, Gateway.bound_at.is_not(None))
    )
    modules = sa.select(CellularModule).where(CellularModule.lock_id.is_not(None))
    if lock_ids is not None:
        links = links.where(GatewayLock.lock_id.in_(lock_ids))
        modules = modules.where(CellularModule.lock_id.in_(lock_ids))
    gateways = {row[0]: row for row in db.session.execute(links)}
    by_lock = {module.lock_id: module for module in db.session.scalars(modules) if module.lock_id is not None}
    found = {}
    for lock_id in gateways.keys() | by_lock.keys():
        link, module = gateways.get(lock_id), by_lock.get(lock_id)
        seen = [link[2] if link is not None else None, module.last_seen_at if module is not None else None]
        found[lock_id] = Reach(
            gateway=link[1] if link is not None else None,
            module=module.imei if module is not None else None,
            sim=(module.imsi or None) if module is not None else None,
            is_online=any(rules.is_online(at, now) for at in seen),
        )
    return found


def _modules() -> sa.Select[CellularModule]:
    return sa.select(CellularModule).options(joinedload(CellularModule.lock), joinedload(CellularModule.asked_lock))
