"""What the pages of the demo show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.core import clock
from pms.demo import machines as devices
from pms.locks import queries as locks
from pms.protocol.topics import CarrierSort

if TYPE_CHECKING:
    from pms.demo.world import World


def machines(world: World) -> dict[str, Any]:
    """The simulated machines with the cards on them, and the cards that could be laid there."""
    return {
        "machines": [
            {
                "name": name,
                "is_plugged": machine.is_plugged_in,
                "line_fault": devices.line_fault(machine),
                "will_tear": devices.will_tear(machine),
                "takes_cards": devices.takes_cards(machine),
                "takes_fingers": devices.takes_fingers(machine),
                "card": world.card_on(name),
                "has_finger": world.has_finger(name),
            }
            for name, machine in world.machines.items()
        ],
        "cards": _cards(world),
    }


def table(world: World, chosen: str) -> dict[str, Any]:
    """Everything on the demo's table; `chosen` is the serial number of a lock, or empty for the first."""
    doors = [door for door in locks.list_doors() if door.lock and door.lock.serial_number in world.locks]
    door = next((d for d in doors if d.lock and d.lock.serial_number == chosen), doors[0] if doors else None)
    lock = world.locks.get(door.lock.serial_number) if door and door.lock else None
    return {
        "doors": doors,
        "door": door,
        "lock": lock,
        "carries_records": world.carries_records,
        "carrier": _carrier(world, door.lock.serial_number) if door and door.lock else None,
        "offset": clock.offset(),
        **machines(world),
    }


def _carrier(world: World, serial_number: str) -> dict[str, Any] | None:
    """Who carries for the door besides phones; None: nobody."""
    online = world.carriers.of(serial_number)
    if online is None:
        return None
    return {
        "is_module": online.carrier.name.sort is CarrierSort.MODULE,
        "has_power": online.carrier.is_powered,
        "is_connected": online.is_connected,
    }


def _cards(world: World) -> list[dict[str, str]]:
    """Newest first: the card that was just made is the one to try."""
    return [{"uid": uid, "name": held.name} for uid, held in reversed(world.cards.items())]
