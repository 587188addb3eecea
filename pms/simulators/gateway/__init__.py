"""Gateways and 4G modules that exist only in memory: no socket, no clock, no thread. `at` is the time in Unix seconds."""

from .carrier import SimulatedCarrier
from .kinds import SimulatedGateway, SimulatedModule
from .radio import Radio

__all__ = ["Radio", "SimulatedCarrier", "SimulatedGateway", "SimulatedModule"]
