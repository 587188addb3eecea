"""Reads of gateways and modules, and by which way a lock is reached."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.gateways import rules
from pms.gateways.models import CellularModule, Gateway, GatewayLock, LinkProcess
from pms.gateways.rules import CarrierKind, LinkState, ModuleState, Presence
from pms.locks.models import Door, Lock
from pms.locks.reach import Reach
from pms.protocol.topics import CarrierName, CarrierSort


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


@dataclass(frozen=True, slots=True)
class Way:
    """How a lock is reached without a person beside it; since when it is not, where that is known."""

    kind: CarrierKind
    name: str
    is_online: bool
    offline_since: datetime | None = None


def link_state(now: datetime) -> LinkState:
    """Whether the server talks to the broker."""
    rows = db.session.scalars(sa.select(LinkProcess)).all()
    if any(row.is_connected and now - row.beat_at < rules.LINK_FRESH_FOR for row in rows):
        return LinkState(is_up=True)
    return LinkState(is_up=False, down_since=max((_ended(row) for row in rows), default=None))


def _ended(row: LinkProcess) -> datetime:
    """When a process talked to the broker last, as far as is known."""
    return row.beat_at if row.is_connected else row.since


def presence_of(carrier: Gateway | CellularModule) -> Presence:
    """What is known of whether it is there."""
    return Presence(carrier.is_connected, carrier.lost_at, carrier.last_seen_at)


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


def gateways_that_brought(pairs: Collection[tuple[int, str]]) -> Sequence[Gateway]:
    """The gateways by (a lock that hangs on it, its serial number); what does not hang there is left out."""
    pair = sa.tuple_(GatewayLock.lock_id, Gateway.serial_number)
    query = sa.select(Gateway).join(GatewayLock, GatewayLock.gateway_id == Gateway.id).where(pair.in_(pairs))
    return db.session.scalars(query.distinct()).all()


def modules_that_brought(pairs: Collection[tuple[int, str]]) -> Sequence[CellularModule]:
    """The modules by (the lock that has it, its IMEI)."""
    pair = sa.tuple_(CellularModule.lock_id, CellularModule.imei)
    return db.session.scalars(sa.select(CellularModule).where(pair.in_(pairs))).all()


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
    if not presence_of(module).is_online(link_state(now), now):
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
    module, gateway, link = module_of(lock_id), gateway_of(lock_id), link_state(now)
    ways = []
    if module is not None:
        ways.append(_way(CarrierKind.MODULE, module.imei, presence_of(module), link, now))
    if gateway is not None:
        ways.append(_way(CarrierKind.GATEWAY, gateway.name, presence_of(gateway), link, now))
    return next((way for way in ways if way.is_online), ways[0] if ways else None)


def _way(kind: CarrierKind, name: str, presence: Presence, link: LinkState, now: datetime) -> Way:
    return Way(kind, name, presence.is_online(link, now), presence.offline_since(link, now))


def reach_of(*, lock_ids: Collection[int] | None, now: datetime) -> dict[int, Reach]:
    """What these locks (None: all) hang on, by lock id, in three queries; `pms.locks.reach` asks."""
    links = sa.select(GatewayLock.lock_id, Gateway).join(
        Gateway, sa.and_(Gateway.id == GatewayLock.gateway_id, Gateway.bound_at.is_not(None))
    )
    modules = sa.select(CellularModule).where(CellularModule.lock_id.is_not(None))
    if lock_ids is not None:
        links = links.where(GatewayLock.lock_id.in_(lock_ids))
        modules = modules.where(CellularModule.lock_id.in_(lock_ids))
    gateways: dict[int, Gateway] = {row[0]: row[1] for row in db.session.execute(links)}
    by_lock = {module.lock_id: module for module in db.session.scalars(modules) if module.lock_id is not None}
    link, found = link_state(now), {}
    for lock_id in gateways.keys() | by_lock.keys():
        gateway, module = gateways.get(lock_id), by_lock.get(lock_id)
        carriers: list[Gateway | CellularModule] = [one for one in (gateway, module) if one is not None]
        found[lock_id] = Reach(
            gateway=gateway.serial_number if gateway is not None else None,
            module=module.imei if module is not None else None,
            sim=(module.imsi or None) if module is not None else None,
            is_online=any(presence_of(carrier).is_online(link, now) for carrier in carriers),
        )
    return found


def asked_locks(module_ids: Collection[int]) -> dict[int, int | None]:
    """By module, the lock that is asked to take it; None where none is."""
    rows = db.session.execute(
        sa.select(CellularModule.id, CellularModule.asked_lock_id).where(CellularModule.id.in_(module_ids))
    )
    return {row[0]: row[1] for row in rows}


def locks_over_broker() -> sa.CompoundSelect[int | None]:
    """Ids of the locks that a carrier on the broker brings any frame to."""
    module = sa.select(CellularModule.lock_id).where(CellularModule.lock_id.is_not(None), CellularModule.is_connected)
    return sa.union_all(sa.select(GatewayLock.lock_id).join(Gateway, _CARRIES), module)


def locks_asked_over_broker() -> sa.Select[int | None]:
    """Ids of the locks that were asked to take a module which is on the broker: it brings them that question."""
    return sa.select(CellularModule.asked_lock_id).where(
        CellularModule.asked_lock_id.is_not(None), CellularModule.is_connected
    )


@dataclass(frozen=True, slots=True)
class BrokerWays:
    """Who brings a lock its frames over the broker now: `own` any frame, `asked` the question whether it takes that module."""

    own: CarrierName | None = None
    asked: CarrierName | None = None


def ways_over_broker(lock_ids: Collection[int]) -> dict[int, BrokerWays]:
    """By lock id, in two queries; a lock's own module goes before its gateway."""
    hanging = (
        sa.select(GatewayLock.lock_id, Gateway.serial_number)
        .join(Gateway, _CARRIES)
        .where(GatewayLock.lock_id.in_(lock_ids))
    )
    own = {lock_id: CarrierName(CarrierSort.GATEWAY, serial) for lock_id, serial in db.session.execute(hanging)}
    asked: dict[int, CarrierName] = {}
    modules = sa.select(CellularModule.lock_id, CellularModule.asked_lock_id, CellularModule.imei).where(
        CellularModule.is_connected,
        sa.or_(CellularModule.lock_id.in_(lock_ids), CellularModule.asked_lock_id.in_(lock_ids)),
    )
    for has_it, asked_for_it, imei in db.session.execute(modules):
        name = CarrierName(CarrierSort.MODULE, imei)
        if has_it is not None:
            own[has_it] = name
        if asked_for_it is not None:
            asked[asked_for_it] = name
    return {lock_id: BrokerWays(own.get(lock_id), asked.get(lock_id)) for lock_id in own.keys() | asked.keys()}


_CARRIES = sa.and_(Gateway.id == GatewayLock.gateway_id, Gateway.bound_at.is_not(None), Gateway.is_connected)


def locks_behind(carrier: CarrierName) -> Sequence[int]:
    """Ids of the locks that hang on a carrier, or were asked to take it."""
    if carrier.sort is CarrierSort.GATEWAY:
        return db.session.scalars(
            sa.select(GatewayLock.lock_id)
            .join(Gateway, Gateway.id == GatewayLock.gateway_id)
            .where(Gateway.serial_number == carrier.id)
        ).all()
    module = find_module(carrier.id)
    found = [module.lock_id, module.asked_lock_id] if module is not None else []
    return [lock_id for lock_id in found if lock_id is not None]


def own_carriers(lock_ids: Collection[int]) -> dict[int, set[CarrierName]]:
    """By lock id, who is believed to be at it, in two queries: its gateway, its module, a module that it was asked to take."""
    found: dict[int, set[CarrierName]] = {lock_id: set() for lock_id in lock_ids}
    hanging = (
        sa.select(GatewayLock.lock_id, Gateway.serial_number)
        .join(Gateway, Gateway.id == GatewayLock.gateway_id)
        .where(GatewayLock.lock_id.in_(lock_ids), Gateway.bound_at.is_not(None))
    )
    for lock_id, serial in db.session.execute(hanging):
        found[lock_id].add(CarrierName(CarrierSort.GATEWAY, serial))
    modules = sa.select(CellularModule.lock_id, CellularModule.asked_lock_id, CellularModule.imei).where(
        sa.or_(CellularModule.lock_id.in_(lock_ids), CellularModule.asked_lock_id.in_(lock_ids))
    )
    for has_it, asked_for_it, imei in db.session.execute(modules):
        for one in (has_it, asked_for_it):
            if one is not None and one in found:
                found[one].add(CarrierName(CarrierSort.MODULE, imei))
    return found


def known_carriers(names: Collection[CarrierName]) -> set[CarrierName]:
    """Those of them that may carry at all: gateways that are bound, modules that a lock has or was asked to take."""
    serials = [name.id for name in names if name.sort is CarrierSort.GATEWAY]
    imeis = [name.id for name in names if name.sort is CarrierSort.MODULE]
    gateways = sa.select(Gateway.serial_number).where(Gateway.serial_number.in_(serials), Gateway.bound_at.is_not(None))
    modules = sa.select(CellularModule.imei).where(CellularModule.imei.in_(imeis), _HAS_A_LOCK)
    found = {CarrierName(CarrierSort.GATEWAY, serial) for serial in db.session.scalars(gateways)} if serials else set()
    return found | ({CarrierName(CarrierSort.MODULE, imei) for imei in db.session.scalars(modules)} if imeis else set())


_HAS_A_LOCK = sa.or_(CellularModule.lock_id.is_not(None), CellularModule.asked_lock_id.is_not(None))


def _modules() -> sa.Select[CellularModule]:
    return sa.select(CellularModule).options(joinedload(CellularModule.lock), joinedload(CellularModule.asked_lock))
