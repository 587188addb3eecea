"""Binds gateways, hangs locks on them, and keeps book about which lock has which module."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.gateways import queries, rules
from pms.gateways.models import CellularModule, Gateway, GatewayLock
from pms.gateways.rules import CarrierKind
from pms.locks import queries as lock_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.gateways.rules import Carrier
    from pms.locks.models import Lock


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
            gateway.bound_by_id = gateway.bound_at = gateway.token_hash = gateway.last_seen_at = None
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


def note_carrier(*, lock_id: int, carrier: Carrier, now: datetime) -> None:
    """A genuine new frame of the lock came through this carrier: it is there. Joins the caller's transaction.

    Only the gateway that the lock hangs on, and the module that the lock has, are believed to have brought it.
    """
    with transaction():
        if carrier.kind is CarrierKind.GATEWAY:
            gateway = queries.gateway_of(lock_id)
            if gateway is not None and gateway.serial_number == carrier.id.replace(":", "").upper():
                gateway.last_seen_at = now
        elif carrier.kind is CarrierKind.MODULE:
            module = queries.module_of(lock_id)
            if module is not None and module.imei == carrier.id:
                module.last_seen_at = now


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
