"""What the demo hotel does at its by_door without a key card: a gateway, a 4G module, codes for people who do not stay here,
and what a lock stores itself. Two locks are left with something that waits for somebody beside them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from pms.alarms import queries as alarm_queries
from pms.alarms import service as alarms
from pms.alarms.models import AlarmKind, Channel
from pms.core import clock
from pms.core.db import db
from pms.demo.carriers import GATEWAY, IMEI
from pms.gateways import service as gateways
from pms.gateways.rules import Carrier, CarrierKind
from pms.lock_commands import operate
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.passcodes import service as passcodes
from pms.protocol.command import Command, StoredKind
from pms.protocol.passcode import Pattern
from pms.protocol.record import RecordEvent
from pms.slots import rules as slot_rules
from pms.slots import service as slots
from pms.slots.models import SlotKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pms.core.actor import Actor
    from pms.demo.keys import Hands
    from pms.locks.models import Lock

_REACHED = {
    "101": Carrier(CarrierKind.GATEWAY, GATEWAY),
    "102": Carrier(CarrierKind.GATEWAY, GATEWAY),
    "Lobby entrance": Carrier(CarrierKind.MODULE, IMEI),
}


def install(hands: Hands, desk: Actor, technician: Actor) -> None:
    """A gateway for the first two rooms, a module for the entrance, and the codes of people who come now and then."""
    now, by_door = clock.now(), _locks_by_door()
    gateway = gateways.bind_gateway(serial_number=GATEWAY, name="Corridor 1", actor=technician, now=now)
    for name in ("101", "102"):
        gateways.hang_lock(gateway_id=gateway.id, lock_id=by_door[name].id, actor=technician, now=now)
        _store(by_door[name], SlotKind.PASSCODE, "480217", "Minibar service", technician)
    _store(by_door["101"], SlotKind.CARD, "04A2245C7F1D80", "Technician, white card", technician)
    _store(by_door["101"], SlotKind.REMOTE, "5E3A90C1", "Remote control at the desk", technician)
    slots.sync(lock_id=by_door["101"].id, actor=technician, now=now)
    entrance = by_door["Lobby entrance"]
    operate.associate_module(lock_id=entrance.id, imei=IMEI, actor=technician, now=now)
    bakery = passcodes.Holder(name="Bakery, Mr Kuhn", note="Comes at five")
    _give_code(entrance, passcodes.permanent(now=now), bakery, desk)
    mornings = passcodes.cyclic(
        pattern=Pattern.MONDAY_TO_FRIDAY, start_hour=7, hours=3, last_month=_two_months_on(), now=now
    )
    _give_code(by_door["Pool"], mornings, passcodes.Holder(name="Pool service"), desk)
    _carry(hands, by_door)


def report(hands: Hands, desk: Actor, technician: Actor) -> None:
    """This hour: the gateway and the module have just been heard, three doors sounded an alarm (one is open, one was looked at, one
    is over since the desk opened the door), and two things wait. Somebody at home hears of what is urgent."""
    by_door, now = _locks_by_door(), clock.now()
    for name in _REACHED:
        hands.let_report(by_door[name].serial_number, Command.ALIVE)
    hands.note(by_door["102"].serial_number, RecordEvent.LOCK_OUT, seconds_ago=1500)
    hands.note(by_door["101"].serial_number, RecordEvent.TAMPER_ALARM, seconds_ago=2700)
    hands.note(by_door["Lobby entrance"].serial_number, RecordEvent.DOOR_LEFT_OPEN, seconds_ago=400)
    operate.operate(lock_id=by_door["Lobby entrance"].id, deed=Deed.UNLOCK, actor=desk, now=now)
    _store(by_door["104"], SlotKind.CARD, "04B71C528E3381", "Florist, blue card", technician)
    hour = now.replace(minute=0, second=0, microsecond=0)
    training = passcodes.timed(start=hour, until=hour + timedelta(hours=3), now=now)
    _give_code(by_door["Gym"], training, passcodes.Holder(name="Fitness trainer"), desk)
    _carry(hands, by_door)
    _look_at_alarms(technician)


def _look_at_alarms(technician: Actor) -> None:
    now, found = clock.now(), alarm_queries.list_page(alarm_queries.Filters("open", AlarmKind.TAMPER))
    for row in found.rows:
        alarms.acknowledge(
            alarm_id=row.alarm.id,
            note="Cover was loose, screwed it tight. Nobody there.",
            may_see_discreet=False,
            actor=technician,
            now=now,
        )
    # Entered after all of that, so that the demo's log does not begin with letters.
    alarms.subscribe(
        wanted=alarms.Wanted(
            channel=Channel.EMAIL,
            name="Helen Marsh, at home",
            kinds=(AlarmKind.DURESS, AlarmKind.TAMPER, AlarmKind.PASSCODE_GUESSING, AlarmKind.OFFLINE),
            floor_id=None,
            is_active=True,
            target="helen.marsh@example.org",
        ),
        may=alarms.May(),
        actor=technician,
        now=now,
    )


def _carry(hands: Hands, by_door: Mapping[str, Lock]) -> None:
    serials = {name: by_door[name].serial_number for name in _REACHED}
    db.remove()
    for name, carrier in _REACHED.items():
        hands.carry(serials[name], carrier)


def _give_code(lock: Lock, chooser: passcodes.Chooser, holder: passcodes.Holder, actor: Actor) -> None:
    passcodes.make(
        lock_id=lock.id,
        choose=chooser,
        holder=holder,
        request_id=str(uuid.uuid4()),
        actor=actor,
        now=clock.now(),
    )


def _store(lock: Lock, kind: SlotKind, text: str, who: str, actor: Actor) -> None:
    slots.store(
        lock_id=lock.id,
        kind=StoredKind(kind.wire),
        content=slot_rules.packed(kind, text),
        name=who,
        valid_from=None,
        valid_until=None,
        actor=actor,
        now=clock.now(),
    )


def _locks_by_door() -> Mapping[str, Lock]:
    return {row.door.name: row.lock for row in locks.list_locks() if row.door is not None}


def _two_months_on() -> date:
    return (clock.now() + timedelta(days=62)).date().replace(day=1)
