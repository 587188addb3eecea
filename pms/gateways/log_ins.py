"""What gateways and modules log in with at the broker: given out once, kept as a hash, gone when they leave the house."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import db, transaction
from pms.gateways import passwords, rules
from pms.gateways.models import CellularModule, Gateway
from pms.protocol.topics import CarrierName, CarrierSort

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pms.core.actor import Actor


def give_gateway_password(*, gateway_id: int, actor: Actor, now: datetime) -> tuple[CarrierName, str]:
    """A new password for a gateway, which nobody can read again; the one before ends. NoSuchGateway, GatewayNotBound."""
    with transaction() as session:
        gateway = session.get(Gateway, gateway_id, with_for_update=True)
        if gateway is None:
            raise rules.NoSuchGateway
        if gateway.bound_at is None:
            raise rules.GatewayNotBound(name=gateway.name)
        subject = audit.Subject(kind="gateway", id=gateway.id, label=gateway.name)
        return CarrierName(CarrierSort.GATEWAY, gateway.serial_number), _give(gateway, subject, actor, now)


def give_module_password(*, imei: str, actor: Actor, now: datetime) -> tuple[CarrierName, str]:
    """The same for a 4G module that a lock has, or was asked to take. NoSuchModule."""
    with transaction() as session:
        found = sa.select(CellularModule).where(CellularModule.imei == imei).with_for_update()
        module = session.scalars(found).one_or_none()
        if module is None:
            raise rules.NoSuchModule
        lock_id = module.lock_id or module.asked_lock_id
        subject = audit.Subject(kind="cellular_module", id=module.id, label=imei, lock_id=lock_id)
        return CarrierName(CarrierSort.MODULE, imei), _give(module, subject, actor, now)


def _give(carrier: Gateway | CellularModule, subject: audit.Subject, actor: Actor, now: datetime) -> str:
    password = passwords.make_password()
    carrier.password_hash = passwords.hash_password(password)
    audit.record(actor=actor, action="gateways.password_given", subject=subject, now=now, after={"password": "***"})
    return password


def password_hashes(usernames: Collection[str] | None = None) -> dict[str, str]:
    """By user name, of those of them (None: of all) that may log in at the broker."""
    gateways = sa.select(Gateway.serial_number, Gateway.password_hash).where(
        Gateway.bound_at.is_not(None), Gateway.password_hash.is_not(None)
    )
    modules = sa.select(CellularModule.imei, CellularModule.password_hash).where(
        CellularModule.password_hash.is_not(None)
    )
    if usernames is not None:
        gateways = gateways.where(Gateway.serial_number.in_(usernames))
        modules = modules.where(CellularModule.imei.in_(usernames))
    return {name: text for statement in (gateways, modules) for name, text in db.session.execute(statement) if text}
