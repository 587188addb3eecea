"""What can be decided of gateways and modules without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_

if TYPE_CHECKING:
    from datetime import datetime

# Whoever asks by itself and did not for so long is taken to be out of reach.
ONLINE_FOR = timedelta(minutes=10)
# A process that did not say for so long that it talks to the broker does not.
LINK_FRESH_FOR = timedelta(seconds=15)


class CarrierKind(StrEnum):
    """Who brings a lock's frames here."""

    PHONE = "phone"
    GATEWAY = "gateway"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who says that it brought a frame: a gateway by its serial number, a module by its IMEI. The frame proves the lock,
    not the carrier."""

    kind: CarrierKind
    id: str = ""


class ModuleState(StrEnum):
    """loose -> asked (a lock was told to take it) -> associated (the lock has said so)."""

    LOOSE = "loose"
    ASKED = "asked"
    ASSOCIATED = "associated"


class NoSuchGateway(NotFound):
    """The gateway does not exist."""

    code = "no_such_gateway"
    message = N_("There is no such gateway.")


class NoSuchModule(NotFound):
    """The module does not exist."""

    code = "no_such_module"
    message = N_("There is no such 4G module.")


class GatewayTaken(DomainError):
    """The gateway is bound already."""

    code = "gateway_taken"
    field = "serial_number"
    message = N_("This gateway is bound already, as “%(name)s”.")


class BadGateway(Invalid):
    """Name or serial number cannot be right."""

    code = "bad_gateway"
    message = N_("A gateway has a name and a serial number of 12 hexadecimal digits.")


class GatewayNotBound(DomainError):
    """Nothing can hang on a gateway that is not bound."""

    code = "gateway_not_bound"
    message = N_("The gateway “%(name)s” is not bound. Bind it first.")


class LockHangsElsewhere(DomainError):
    """A lock hangs on one gateway."""

    code = "lock_hangs_elsewhere"
    field = "lock_id"
    message = N_("The lock %(lock)s hangs on the gateway “%(gateway)s”. Take it off there first.")


class LockHangsNowhere(DomainError):
    """The lock hangs on no gateway."""

    code = "lock_hangs_nowhere"
    field = "lock_id"
    message = N_("The lock %(lock)s hangs on no gateway.")


class ModuleTaken(DomainError):
    """Another lock has the module."""

    code = "module_taken"
    field = "imei"
    message = N_("The lock %(lock)s has this module. It can be given to another lock once that one is without it.")


class ModuleOffline(DomainError):
    """Nothing can be sent over 4G now."""

    code = "module_offline"
    status = 503
    field = "imei"
    message = N_(
        "The 4G module %(imei)s is out of reach now. Try again when it is online, or send a phone to the lock."
    )


class ModuleLoose(DomainError):
    """The module belongs to no lock."""

    code = "module_loose"
    field = "imei"
    message = N_("The 4G module %(imei)s belongs to no lock yet. Associate it first.")


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether any process of the server talks to the broker, and since when none does (None: one does, or none ever did)."""

    is_up: bool
    down_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of a carrier: the broker's word, and when it brought something last."""

    is_connected: bool = False
    lost_at: datetime | None = None
    last_seen_at: datetime | None = None

    def is_online(self, link: LinkState, now: datetime) -> bool:
        """Whether a frame given to it would go out: over the broker now, or when it asks, which it did lately.

        Whoever the broker lost is not there, however lately it was heard before.
        """
        if self.is_connected:
            return link.is_up
        return self._asks_by_itself() and self.last_seen_at is not None and now - self.last_seen_at < ONLINE_FOR

    def offline_since(self, link: LinkState, now: datetime) -> datetime | None:
        """Since when it is out of reach; None where it is not, or never was there."""
        if self.is_online(link, now):
            return None
        if self.is_connected:
            return link.down_since
        return self.last_seen_at if self._asks_by_itself() else self.lost_at

    def _asks_by_itself(self) -> bool:
        return self.lost_at is None or (self.last_seen_at is not None and self.last_seen_at > self.lost_at)


def clean_serial(text: str) -> str:
    """12 hexadecimal digits without separators, in capitals; BadGateway for anything else."""
    digits = text.replace(":", "").replace("-", "").replace(" ", "").upper()
    if len(digits) != 12 or not set(digits) <= set("0123456789ABCDEF"):
        raise BadGateway(field="serial_number")
    return digits


def clean_name(text: str) -> str:
    """One to 60 characters; BadGateway for anything else."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 60:
        raise BadGateway(field="name")
    return name
