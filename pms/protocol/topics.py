"""How frames travel over a broker (docs/protocol.md, section 8): one topic a carrier, lock and direction.

    <prefix>/gateways/<serial number>/state          retained: JSON, whether the carrier is there
    <prefix>/gateways/<serial number>/<lock>/up      a frame of the lock, as it is
    <prefix>/gateways/<serial number>/<lock>/down    a frame for the lock, as it is
    <prefix>/modules/<IMEI>/…                        the same for a 4G module

The frame does not name its lock (section 4), so the topic does. Every message goes with QoS 1: it may come twice.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import MalformedError

DEFAULT_PREFIX = "latchkey"
MAX_STATE_BYTES = 512
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,40}(/[A-Za-z0-9_.-]{1,40}){0,3}")
_IDS = {"gateways": re.compile("[0-9A-F]{12}"), "modules": re.compile("[0-9]{15}")}
_LOCK = re.compile("[0-9A-F]{12}")


class CarrierSort(StrEnum):
    """Who carries, as topics name it."""

    GATEWAY = "gateways"
    MODULE = "modules"


class Way(StrEnum):
    """Of a frame, as topics name it."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class CarrierName:
    """A carrier: a gateway by its serial number (12 hex digits in capitals), a module by its IMEI (15 digits)."""

    sort: CarrierSort
    id: str

    def __post_init__(self) -> None:
        if not _IDS[self.sort].fullmatch(self.id):
            raise MalformedError("a carrier's name is not one")


@dataclass(frozen=True, slots=True)
class FrameTopic:
    """Where a frame travels; `lock` is the lock's serial number, 12 hex digits in capitals."""

    carrier: CarrierName
    lock: str
    way: Way

    def __post_init__(self) -> None:
        if not _LOCK.fullmatch(self.lock):
            raise MalformedError("a lock's serial number is not one")

    def text(self, prefix: str = DEFAULT_PREFIX) -> str:
        """As the broker knows it."""
        return f"{prefix}/{self.carrier.sort}/{self.carrier.id}/{self.lock}/{self.way}"


@dataclass(frozen=True, slots=True)
class StateTopic:
    """Where a carrier says that it is there; its last will says there that it is not."""

    carrier: CarrierName

    def text(self, prefix: str = DEFAULT_PREFIX) -> str:
        """As the broker knows it."""
        return f"{prefix}/{self.carrier.sort}/{self.carrier.id}/state"


def parse_topic(text: str, prefix: str = DEFAULT_PREFIX) -> FrameTopic | StateTopic:
    """What a topic of the broker means. MalformedError for one that is none of ours."""
    if not text.startswith(f"{prefix}/"):
        raise MalformedError("a topic of somebody else")
    parts = text[len(prefix) + 1 :].split("/")
    try:
        match parts:
            case [sort, name, "state"]:
                return StateTopic(CarrierName(CarrierSort(sort), name))
            case [sort, name, lock, way]:
                return FrameTopic(CarrierName(CarrierSort(sort), name), lock, Way(way))
    except ValueError as error:
        raise MalformedError("a topic of no known form") from error
    raise MalformedError("a topic of no known form")


def check_prefix(prefix: str) -> str:
    """The prefix, if it can be one; MalformedError."""
    if not _PREFIX.fullmatch(prefix):
        raise MalformedError("a prefix of topics has up to four parts of letters, digits, dots, dashes and underscores")
    return prefix


@dataclass(frozen=True, slots=True)
class CarrierState:
    """What a carrier says of itself. `sim` is the IMSI of a module."""

    is_online: bool
    firmware: str = ""
    sim: str = ""

    def encode(self) -> bytes:
        """The JSON that is retained."""
        values: dict[str, object] = {"online": self.is_online}
        if self.firmware:
            values["firmware"] = self.firmware
        if self.sim:
            values["sim"] = self.sim
        return json.dumps(values, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> CarrierState:
        """What was retained; keys that are not known yet are passed over. MalformedError."""
        try:
            values = json.loads(data) if len(data) <= MAX_STATE_BYTES else None
        except (ValueError, RecursionError) as error:
            raise MalformedError("a state is no JSON") from error
        if not isinstance(values, dict) or not isinstance(values.get("online"), bool):
            raise MalformedError("a state does not say whether the carrier is online")
        firmware, sim = values.get("firmware", ""), values.get("sim", "")
        if not isinstance(firmware, str) or not isinstance(sim, str) or len(firmware) > 40 or len(sim) > 16:
            raise MalformedError("a state says something that it should not")
        return cls(values["online"], firmware, sim)
