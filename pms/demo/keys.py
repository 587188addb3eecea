"""Cards for the guests who are in the demo hotel already, made by the real way, over a pseudo-terminal, without waiting."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

from pms.access_records import service as access_records
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.devices.port import Port
from pms.encoders import job_course
from pms.encoders import queries as encoders
from pms.encoders.port_worker import CardJob
from pms.keycards import rules as key_rules
from pms.keycards import service as keycards
from pms.locks import queries as locks
from pms.properties import queries as properties
from pms.protocol.card_layout import Medium
from pms.simulators.encoder import SimulatedEncoder
from pms.stays import queries as stays

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from random import Random

    from pms.demo.world import World
    from pms.stays.models import Stay

_DOOR = Actor(kind="lock", name="lock")


def hand_out(world: World, random: Random, desk: Actor) -> None:
    """One card for most parties in house; some of them have used it at their door."""
    machine_id, machine_name = next((machine.id, machine.name) for machine in encoders.list_encoders())
    link = _quick_port(world.file.parent)
    with SimulatedEncoder(world.plates[machine_name], link=link, seconds_per_write=0) as device:
        port = Port(str(link))
        port.open()
        # Plain values: every card is a few transactions, and each of them lets go of the rows read before.
        guests = [
            (stay.id, stay.room.id, f"{stay.room.number} · {stay.guest.name}")
            for stay in stays.in_house()
            if stay.room and _key_ends(stay) > clock.now()
        ]
        for stay_id, room_id, name in guests:
            if random.random() < 0.12:
                continue
            held = world.new_card(Medium.CLASSIC_1K, name)
            _make(port, device, held.card, stay_id=stay_id, encoder_id=machine_id, desk=desk)
            door = locks.door_of_room(room_id)
            if door is not None and door.lock is not None and random.random() < 0.7:
                serial_number = door.lock.serial_number
                world.hold_card(serial_number, held.card.uid.hex())
                _carry(world, serial_number)
        port.close()
    db.remove()


def _key_ends(stay: Stay) -> datetime:
    house = properties.get_property()
    return key_rules.ends_at(departure=stay.departure_date, check_out_hour=house.check_out_hour, zone=house.zone)


def _quick_port(home: Path) -> Path:
    (home / "ports").mkdir(exist_ok=True)
    return home / "ports" / "first-cards"


def _make(port: Port, device: SimulatedEncoder, card: object, *, stay_id: int, encoder_id: int, desk: Actor) -> None:
    with transaction():
        keycards.issue(
            stay_id=stay_id, copies=1, encoder_id=encoder_id, request_id=str(uuid.uuid4()), actor=desk, now=clock.now()
        )
    job = job_course.claim_next(encoder_id=encoder_id, now=clock.now())
    if job is None:
        raise RuntimeError("the machine has another job")
    device.put_card(card)  # type: ignore[arg-type]
    CardJob(port.encoder, job, threading.Event()).run()
    device.take_card()


def _carry(world: World, serial_number: str) -> None:
    """The server is not up yet, so nobody can post the records: they are handed over as the same sealed frames."""
    lock = world.locks[serial_number]
    while (frame := lock.pending_report(world.now())) is not None:
        answer = access_records.take_report(serial_number=serial_number, frame=frame, actor=_DOOR, now=clock.now())
        if answer is None:
            raise RuntimeError(f"the report of {serial_number} was not accepted")
        lock.receive(answer, world.now())
