"""Who may do what at the broker: a carrier uses its own topics only, and each of them one way (docs/protocol.md, section 8).

The embedded broker asks here; `broker_files` writes the same for Mosquitto.
"""

from __future__ import annotations

from pms.protocol.errors import MalformedError
from pms.protocol.topics import CarrierName, CarrierSort, FrameTopic, StateTopic, Way, parse_topic


def carrier_of(username: str) -> CarrierName | None:
    """Whose log-in it is: a gateway's serial number, a module's IMEI; None for anybody else."""
    for sort in CarrierSort:
        try:
            return CarrierName(sort, username)
        except MalformedError:
            continue
    return None


def may_publish(carrier: CarrierName, topic: str, prefix: str) -> bool:
    """Its state, and frames of locks on their way up."""
    try:
        known = parse_topic(topic, prefix)
    except MalformedError:
        return False
    is_up = isinstance(known, StateTopic) or known.way is Way.UP
    return is_up and known.carrier == carrier


def may_hear(carrier: CarrierName, topic: str, prefix: str) -> bool:
    """Frames for locks on their way down through it; as a subscription also those for any lock (`+`)."""
    own = f"{prefix}/{carrier.sort}/{carrier.id}/"
    if topic == f"{own}+/{Way.DOWN}":
        return True
    try:
        known = parse_topic(topic, prefix)
    except MalformedError:
        return False
    return isinstance(known, FrameTopic) and known.way is Way.DOWN and known.carrier == carrier


def frame_filters(prefix: str) -> list[str]:
    """What the server subscribes to for the frames of locks."""
    return [f"{prefix}/{sort}/+/+/{Way.UP}" for sort in CarrierSort]


def state_filters(prefix: str) -> list[str]:
    """What the server subscribes to for the states of carriers."""
    return [f"{prefix}/{sort}/+/state" for sort in CarrierSort]
