"""The demo's gateway and 4G module, live: they log in at the broker that the demo runs, and carry what the locks around them say."""

from __future__ import annotations

import threading
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from pms.core import clock
from pms.core.actor import SETUP
from pms.gateways import log_ins, passwords
from pms.gateways import queries as gateways
from pms.locks import queries as locks
from pms.protocol.topics import CarrierName, CarrierSort
from pms.simulators.gateway import Radio, SimulatedGateway, SimulatedModule
from pms.simulators.mqtt import Account, OnlineCarrier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pms.simulators.lock import VirtualLock

GATEWAY = "5A0C4E1B2D90"
IMEI = "861230045678904"
SIM = "460001234567890"
NAMES = (CarrierName(CarrierSort.GATEWAY, GATEWAY), CarrierName(CarrierSort.MODULE, IMEI))


class Carriers:
    """Those of one demo. `guard` is held whenever a lock is touched; `keep` stores the world. Any thread."""

    def __init__(self, guard: threading.RLock, keep: Callable[[], None]) -> None:
        self._guard, self._keep = guard, keep
        self._passwords: dict[str, str] = {}
        self._without_power: set[str] = set()
        self._running: dict[str, OnlineCarrier] = {}

    def switch_on(self, world: Mapping[str, VirtualLock], *, port: int, prefix: str) -> None:
        """Log in at the broker of this computer, as soon as it is there. Inside an application context, with the house made.

        What hangs on them is what the house says now; a password that is not good any more is replaced.
        """
        near = _near()
        good = log_ins.password_hashes([name.id for name in NAMES])
        for name in NAMES:
            around = {serial: world[serial] for serial in near.get(name, ()) if serial in world}
            if not around:
                continue
            if not passwords.is_right(self._passwords.get(name.id, ""), good.get(name.id)):
                self._passwords[name.id] = _new_password(name)
            carrier = _make(name, around)
            if name.id in self._without_power:
                carrier.cut_power()
            account = Account("127.0.0.1", port, name.id, self._passwords[name.id], prefix=prefix)
            self._running[name.id] = OnlineCarrier(
                carrier, account, now=lambda: clock.now().timestamp(), guard=self._guard, keep=self._keep
            )

    def switch_off(self) -> None:
        """Say goodbye; who had no power has none at the next start either."""
        for carrier in self._running.values():
            carrier.close()
        self._running.clear()

    def of(self, serial_number: str) -> OnlineCarrier | None:
        """Whoever carries for this lock; None: only a phone does."""
        return next((one for one in self._running.values() if serial_number in one.carrier.locks), None)

    def set_power(self, serial_number: str, *, is_on: bool) -> None:
        """Cut the power of whoever carries for this lock, or give it back. KeyError where nobody does."""
        carrier = self.of(serial_number)
        if carrier is None:
            raise KeyError(serial_number)
        name = carrier.carrier.name.id
        if is_on:
            self._without_power.discard(name)
        else:
            self._without_power.add(name)
        carrier.set_power(is_on=is_on)
        self._keep()

    def refresh(self) -> None:
        """The clocks of the world were moved: whatever waits goes now."""
        for carrier in self._running.values():
            carrier.refresh()

    def to_json(self) -> dict[str, Any]:
        """What outlives a stop."""
        return {"passwords": self._passwords, "without_power": sorted(self._without_power)}

    def load(self, values: Mapping[str, Any]) -> None:
        """What `to_json` gave; a world of an earlier version has nothing."""
        self._passwords = dict(values.get("passwords", {}))
        self._without_power = set(values.get("without_power", ()))


def _near() -> dict[CarrierName, list[str]]:
    """The serial numbers of the locks that each carries for."""
    found: dict[CarrierName, list[str]] = {}
    reach = gateways.reach_of(lock_ids=None, now=clock.now())
    for row in locks.list_locks():
        ways = reach.get(row.lock.id)
        if ways is not None and ways.module is not None:
            found.setdefault(CarrierName(CarrierSort.MODULE, ways.module), []).append(row.lock.serial_number)
        elif ways is not None and ways.gateway is not None:
            found.setdefault(CarrierName(CarrierSort.GATEWAY, ways.gateway), []).append(row.lock.serial_number)
    return found


def _new_password(name: CarrierName) -> str:
    if name.sort is CarrierSort.MODULE:
        return log_ins.give_module_password(imei=name.id, actor=SETUP, now=clock.now())[1]
    row = next(row for row in gateways.list_gateways() if row.gateway.serial_number == name.id)
    return log_ins.give_gateway_password(gateway_id=row.gateway.id, actor=SETUP, now=clock.now())[1]


def _make(name: CarrierName, around: dict[str, VirtualLock]) -> SimulatedGateway | SimulatedModule:
    random = SystemRandom()
    if name.sort is CarrierSort.GATEWAY:
        return SimulatedGateway(name, around, Radio(random))
    serial, lock = next(iter(around.items()))
    return SimulatedModule(name, serial, lock, SIM, random)
