"""Binds gateways, hangs locks on them, and keeps book about which lock has which module."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.gateways import queries, rules
from pms.gateways.models import CellularModule, Gateway, GatewayLock, LinkProcess
from pms.gateways.rules import CarrierKind
from pms.locks import queries as lock_queries
from pms.protocol.topics import CarrierSort

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.gateways.rules import Carrier
    from pms.locks.models import Lock
    from pms.protocol.topics import CarrierName, CarrierState


def bind_gateway(*, serial_number: str, name: str, actor: Actor, now: datetime) -> Gateway:
    """Take a gateway into the house, under a name; one that was unbound is taken up again."""
    serial_number, name = rules.clean_serial(serial_number), rules.clean_name(name)
    with transaction() as session:
        gateway = session.scalars(
            sa.select(Gateway).where(Gateway.serial_number == serial_number).with_for_update()
        ).one_or_none()
        if gateway is not None and gateway.bound_at is not None:
            raise rules.GatewayTaken(name=gateway.name)
        if gateway is None:
            gateway = Gateway(serial_number=serial_number, name=name, created_at=now)
        gateway.name, gateway.bound_by_id, gateway.bound_at = name, actor.account_id, now
        try:
            with session.begin_nested():
                session.add(gateway)
                session.flush()
        except IntegrityError as error:
            # Somebody else bound it at the same moment.
            raise rules.GatewayTaken(name=name) from error
        _audit(gateway, "gateways.bound", actor, now, {"name": name, "serial_number": serial_number})
        return gateway


def unbind_gateway(*, gateway_id: int, actor: Actor, now: datetime) -> Gateway:
    """The gateway belongs to the house no more: no lock hangs on it, and it carries nothing."""
    with transaction() as session:
        gateway = _hold(session, gateway_id)
        if gateway.bound_at is not None:
            names = [hanging.lock.name for hanging in queries.get_gateway(gateway_id).locks]
            session.execute(sa.delete(GatewayLock).where(GatewayLock.gateway_id == gateway_id))
            gateway.bound_by_id = gateway.bound_at = gateway.password_hash = gateway.last_seen_at = None
            gateway.is_connected = False
            _audit(gateway, "gateways.unbound", actor, now, {"locks": names})
        return gateway


def hang_lock(*, gateway_id: int, lock_id: int, actor: Actor, now: datetime) -> Gateway:
    """From now on the lock is reached through the gateway."""
    with transaction() as session:
        gateway = _hold(session, gateway_id)
        if gateway.bound_at is None:
            raise rules.GatewayNotBound(name=gateway.name)
        lock = lock_queries.get_lock(lock_id)
        other = queries.gateway_of(lock_id)
        if other is not None and other.id == gateway_id:
            return gateway
        if other is not None:
            raise rules.LockHangsElsewhere(lock=lock.name, gateway=other.name)
        try:
            with session.begin_nested():
                session.add(GatewayLock(lock_id=lock_id, gateway_id=gateway_id, since=now))
                session.flush()
        except IntegrityError as error:
            # Somebody else hung it at the same moment, on PostgreSQL.
            other = queries.gateway_of(lock_id)
            raise rules.LockHangsElsewhere(lock=lock.name, gateway=other.name if other else "?") from error
        _audit(gateway, "gateways.lock_hung", actor, now, {"lock": lock.name}, lock)
        return gateway


def unbind_lock(*, lock_id: int, gateway_id: int | None = None, actor: Actor, now: datetime) -> Gateway:
    """The lock is reached through no gateway any more. LockHangsNowhere where it hangs on none, or not on this one."""
    with transaction() as session:
        lock = lock_queries.get_lock(lock_id)
        gateway = queries.gateway_of(lock_id)
        if gateway is None or gateway_id not in (None, gateway.id):
            raise rules.LockHangsNowhere(lock=lock.name)
        session.execute(sa.delete(GatewayLock).where(GatewayLock.lock_id == lock_id))
        _audit(gateway, "gateways.lock_taken_off", actor, now, {"lock": lock.name}, lock)
        return gateway


def note_carriers(*, brought: Collection[tuple[int, Carrier]], now: datetime) -> None:
    """Genuine new frames of locks (by id) came through these carriers: they are there. Joins the caller's transaction.

    Only the gateway that a lock hangs on, and the module that it has, are believed to have brought its frame.
    """
    gateways = {(lock_id, c.id.replace(":", "").upper()) for lock_id, c in brought if c.kind is CarrierKind.GATEWAY}
    modules = {(lock_id, c.id) for lock_id, c in brought if c.kind is CarrierKind.MODULE}
    with transaction() as session:
        for gateway in queries.gateways_that_brought(gateways) if gateways else ():
            gateway.last_seen_at = now
        for module in queries.modules_that_brought(modules) if modules else ():
            module.last_seen_at = now
        session.flush()


def note_state(*, carrier: CarrierName, state: CarrierState, now: datetime) -> bool:
    """The broker says that a carrier is there, or is not; whether it is one of the house. Joins the caller's transaction.

    Of a gateway that is not bound, or a module that no lock ever had to do with, nothing is noted.
    """
    with transaction() as session:
        row = session.scalars(_row_of(carrier).with_for_update(key_share=True)).one_or_none()
        if row is None or (isinstance(row, Gateway) and row.bound_at is None):
            return False
        if state.is_online:
            row.connected_at = row.connected_at if row.is_connected and row.connected_at else now
            row.last_seen_at, row.firmware = now, state.firmware or row.firmware
            if isinstance(row, CellularModule) and state.sim:
                row.imsi = state.sim
        elif row.is_connected or row.lost_at is None:
            row.lost_at = now
        row.is_connected = state.is_online
        return True


def note_silence(*, but: Collection[CarrierName], now: datetime) -> None:
    """The broker knows of no others that are there."""
    with transaction() as session:
        for model, column, sort in (
            (Gateway, Gateway.serial_number, CarrierSort.GATEWAY),
            (CellularModule, CellularModule.imei, CarrierSort.MODULE),
        ):
            there = [name.id for name in but if name.sort is sort]
            session.execute(
                sa.update(model)
                .where(model.is_connected, column.not_in(there))
                .values(is_connected=False, lost_at=now)
                .execution_options(synchronize_session="fetch")
            )


def note_carried(*, carriers: Collection[CarrierName], now: datetime) -> None:
    """These brought genuine frames over the broker. Noted now and then only: they bring some all the time.

    Joins the caller's transaction. What comes out of the line after the broker lost its carrier says nothing.
    """
    with transaction() as session:
        for model, column, sort in (
            (Gateway, Gateway.serial_number, CarrierSort.GATEWAY),
            (CellularModule, CellularModule.imei, CarrierSort.MODULE),
        ):
            names = sorted(name.id for name in carriers if name.sort is sort)
            if names:
                session.execute(
                    sa.update(model)
                    .where(column.in_(names), model.is_connected, model.last_seen_at < now - _NOTED_EVERY)
                    .values(last_seen_at=now)
                )


_NOTED_EVERY = timedelta(seconds=30)


def note_link(*, name: str, is_connected: bool, fault: str = "", now: datetime) -> None:
    """A process of the server says whether it talks to the broker: every few seconds, and at once when that changes."""
    with transaction() as session:
        row = session.get(LinkProcess, name)
        if row is None:
            row = LinkProcess(name=name, is_connected=is_connected, since=now, beat_at=now, fault="")
            session.add(row)
        if row.is_connected is not is_connected:
            row.since = now
        row.is_connected, row.fault, row.beat_at = is_connected, fault, now
        # Of processes that are long gone nobody need know.
        session.execute(sa.delete(LinkProcess).where(LinkProcess.beat_at < now - _FORGOTTEN_AFTER))


_FORGOTTEN_AFTER = timedelta(days=7)


def ask_module(*, lock_id: int, imei: str, actor: Actor, now: datetime) -> CellularModule:
    """The lock is asked to take this module. Joins the caller's transaction, which queues the command.

    ModuleTaken where another lock has it, or is being asked.
    """
    with transaction() as session:
        module = _hold_module(session, imei, now)
        other = module.lock_id or module.asked_lock_id
        if other is not None and other != lock_id:
            raise rules.ModuleTaken(lock=lock_queries.get_lock(other).name)
        module.asked_lock_id = lock_id
        session.flush()
        lock = lock_queries.get_lock(lock_id)
        _audit_module(module, lock, "gateways.module_asked", actor, now)
        return module


def note_associated(*, lock_id: int, imei: str, imsi: str, actor: Actor, now: datetime) -> CellularModule:
    """The lock says which module it has: that counts, whatever was believed. Joins the caller's transaction."""
    with transaction() as session:
        module = _hold_module(session, imei, now)
        before = queries.module_of(lock_id)
        if before is not None and before.id != module.id:
            before.lock_id = before.associated_at = None
            session.flush()
        if module.lock_id != lock_id:
            module.associated_at = now
        module.lock_id, module.imsi, module.last_seen_at = lock_id, imsi, now
        module.asked_lock_id = None
        session.flush()
        _audit_module(module, lock_queries.get_lock(lock_id), "gateways.module_associated", actor, now)
        return module


def note_module_refused(*, module_id: int, lock_id: int, actor: Actor, now: datetime) -> None:
    """The lock did not take the module, or was not reached in time. Joins the caller's transaction."""
    with transaction() as session:
        module = session.get(CellularModule, module_id, with_for_update=True)
        if module is not None and module.asked_lock_id == lock_id:
            module.asked_lock_id = None
            _audit_module(module, lock_queries.get_lock(lock_id), "gateways.module_refused", actor, now)


def _row_of(carrier: CarrierName) -> sa.Select[Gateway] | sa.Select[CellularModule]:
    if carrier.sort is CarrierSort.GATEWAY:
        return sa.select(Gateway).where(Gateway.serial_number == carrier.id)
    return sa.select(CellularModule).where(CellularModule.imei == carrier.id)


def _hold(session: Session, gateway_id: int) -> Gateway:
    gateway = session.get(Gateway, gateway_id, with_for_update=True)
    if gateway is None:
        raise rules.NoSuchGateway
    return gateway


def _hold_module(session: Session, imei: str, now: datetime) -> CellularModule:
    found = sa.select(CellularModule).where(CellularModule.imei == imei).with_for_update()
    module = session.scalars(found).one_or_none()
    if module is not None:
        return module
    # Two locks may be asked for the same new module at the same moment: one of them makes the row.
    with suppress(IntegrityError), session.begin_nested():
        session.add(CellularModule(imei=imei, created_at=now))
        session.flush()
    return session.scalars(found).one()


def _audit(
    gateway: Gateway, action: str, actor: Actor, now: datetime, after: dict[str, Any], lock: Lock | None = None
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="gateway", id=gateway.id, label=gateway.name, lock_id=lock.id if lock is not None else None
        ),
        now=now,
        after=after,
    )


def _audit_module(module: CellularModule, lock: Lock, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(kind="cellular_module", id=module.id, label=module.imei, lock_id=lock.id),
        now=now,
        after={"lock": lock.name},
    )
