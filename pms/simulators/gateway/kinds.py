"""The two carriers: a gateway on a wall with many locks, a 4G module inside one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from pms.protocol.topics import CarrierName, CarrierState
from pms.simulators.lock import VirtualLock

from .carrier import SimulatedCarrier
from .radio import Radio


class SimulatedGateway(SimulatedCarrier):
    """Reaches its locks by radio."""


class SimulatedModule(SimulatedCarrier):
    """Sits in its lock: nothing is lost between the two. A lock that takes it tells the server the number of its SIM."""

    def __init__(self, name: CarrierName, serial: str, lock: VirtualLock, sim: str, random: Random) -> None:
        """`serial` is the lock's, `sim` the IMSI."""
        super().__init__(name, {serial: lock}, Radio(random, delay=(0.005, 0.01), bytes_a_second=10_000.0))
        self.sim = sim

    def state(self) -> CarrierState:
        """With the number of the SIM."""
        return replace(super().state(), sim=self.sim)

    def _heard(self, lock: str) -> None:
        state = self.locks[lock].state
        if state.imei == self.name.id:
            state.imsi = self.sim
