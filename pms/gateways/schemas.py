"""What programs send and hear of gateways and modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pms.gateways import queries
from pms.web.wire import HouseTime, Id, SerialNumber, Wire

if TYPE_CHECKING:
    from datetime import datetime

    from pms.gateways.models import CellularModule
    from pms.gateways.queries import GatewayRow
    from pms.gateways.rules import LinkState

_FIRMWARE = "As it says itself; empty until it was online."


class LockOnGateway(Wire):
    """A lock that hangs on a gateway."""

    lock_id: Id
    lock_sn: SerialNumber
    lock_username: str
    door: str | None
    since_time: HouseTime


class Gateway(Wire):
    """A gateway with its locks."""

    gateway_id: Id
    gateway_sn: SerialNumber = Field(description="Its serial number, which is its MAC address without colons.")
    name: str
    firmware: str = Field(description=_FIRMWARE, examples=["2.1"])
    user_id: Id | None = Field(description="Who bound it; null where it is not bound.")
    is_online: bool
    last_seen_time: HouseTime | None
    bound_time: HouseTime | None
    locks: list[LockOnGateway]


class UnbindLock(Wire):
    """Which lock leaves its gateway."""

    lock_id: Id
    gateway_id: Id | None = Field(default=None, description="Where it is given, the lock must hang on this one.")


class UnbindUser(Wire):
    """Which gateway leaves the house."""

    gateway_id: Id


class Module(Wire):
    """A 4G module."""

    imei: str = Field(examples=["490154203237518"])
    imsi: str = Field(description="Of its SIM; empty until the lock has told it.", examples=["460001234567890"])
    firmware: str = Field(description=_FIRMWARE, examples=["2.1"])
    state: Literal["loose", "asked", "associated"] = Field(
        description="loose: with no lock. asked: a lock was told to take it. associated: the lock has said that it has it."
    )
    is_online: bool
    lock_id: Id | None
    lock_sn: SerialNumber | None
    associated_time: HouseTime | None
    last_seen_time: HouseTime | None


def write_gateway(row: GatewayRow, link: LinkState, now: datetime) -> Gateway:
    """As programs see it."""
    gateway = row.gateway
    return Gateway(
        gateway_id=gateway.id,
        gateway_sn=gateway.serial_number,
        name=gateway.name,
        firmware=gateway.firmware,
        user_id=gateway.bound_by_id,
        is_online=queries.presence_of(gateway).is_online(link, now),
        last_seen_time=gateway.last_seen_at,
        bound_time=gateway.bound_at,
        locks=[
            LockOnGateway(
                lock_id=hanging.lock.id,
                lock_sn=hanging.lock.serial_number,
                lock_username=hanging.lock.name,
                door=hanging.door.name if hanging.door else None,
                since_time=hanging.since,
            )
            for hanging in row.locks
        ],
    )


def write_module(module: CellularModule, link: LinkState, now: datetime) -> Module:
    """As programs see it."""
    lock = module.lock or module.asked_lock
    return Module(
        imei=module.imei,
        imsi=module.imsi,
        firmware=module.firmware,
        state=queries.state_of(module).value,
        is_online=queries.presence_of(module).is_online(link, now),
        lock_id=lock.id if lock else None,
        lock_sn=lock.serial_number if lock else None,
        associated_time=module.associated_at,
        last_seen_time=module.last_seen_at,
    )
