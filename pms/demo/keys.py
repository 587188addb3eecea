"""Cards for the guests of the demo, made by the real way, over a pseudo-terminal, without waiting."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Self

from pms.access_records import service as access_records
from pms.access_records.rules import ANY_ANSWER, ANY_REPORT
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.devices.port import Port
from pms.devices.task import TaskRun
from pms.encoders import job_course
from pms.encoders import queries as encoders
from pms.encoders.office import TableCourse
from pms.gateways.rules import Carrier, CarrierKind
from pms.keycards import losses
from pms.keycards import queries as keycard_queries
from pms.keycards import service as keycards
from pms.keycards.rules import TimeIsOver
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.protocol.card_layout import Medium
from pms.simulators.encoder import SimulatedEncoder
from pms.stays import queries as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from pms.demo.world import World
    from pms.protocol.command import Command

_DOOR = Actor(kind="lock", name="lock")
_PHONE = Carrier(CarrierKind.PHONE)
_OPENINGS_A_PERCENT = 3


class Hands:
    """A clerk at a quick machine, and guests with their cards; used while the hotel is made, before anybody serves it."""

    def __init__(self, world: World, desk: Actor) -> None:
        self._world = world
        self._desk = desk
        self._held: dict[int, str] = {}  # UIDs by stay
        self._openings: Counter[str] = Counter()  # by serial number of the lock
        machine = next(row for row in encoders.list_encoders() if row.driver == "machine")
        self.encoder_id = machine.id
        link = world.file.parent / "ports" / "first-cards"
        link.parent.mkdir(exist_ok=True)
        self._device = SimulatedEncoder(world.plates[machine.name][1], link=link, seconds_per_write=0)
        self._port = Port(str(link))
        db.remove()

    def __enter__(self) -> Self:
        self._port.open()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._port.close()
        self._device.close()
        db.remove()

    def make_card(self, stay_id: int) -> None:
        """The way of every card: a job, the serial line, the card read back; nothing for a stay whose keys are over."""
        stay = stays.get_stay(stay_id)
        name = f"{stay.room.number} · {stay.guest.name}" if stay.room else stay.guest.name
        try:
            with transaction():
                keycards.issue(
                    stay_id=stay_id,
                    copies=1,
                    encoder_id=self.encoder_id,
                    request_id=str(uuid.uuid4()),
                    actor=self._desk,
                    now=clock.now(),
                )
        except TimeIsOver:
            return
        self._held[stay_id] = self.work(name)

    def work(self, name: str) -> str:
        """Lay a new card down for the machine's next job; its UID."""
        job = job_course.claim_next(encoder_id=self.encoder_id, now=clock.now())
        if job is None:
            raise RuntimeError("the machine has another job")
        held = self._world.new_card(Medium.CLASSIC_1K, name)
        self._device.put_card(held.card)
        TaskRun(self._port.encoder, job, TableCourse(job.id), threading.Event()).run()
        self._device.take_card()
        return held.card.uid.hex()

    def lose_one_of_two(self) -> None:
        """Of the party that stays longest the first card is lost after a second one was made; its room has heard of it
        already, the common doors have not."""
        present = [stay for stay in map(stays.get_stay, self._held) if stay.state is StayState.IN_HOUSE]
        if not present:
            return
        stay_id = max(present, key=lambda stay: stay.departure_date).id
        first_id = keycard_queries.cards_of_stay(stay_id)[0].id
        self.make_card(stay_id)
        losses.deny(
            key_card_id=first_id,
            encoder_id=None,
            request_id=str(uuid.uuid4()),
            actor=self._desk,
            now=clock.now(),
        )
        self.open_door(stay_id)

    def open_door(self, stay_id: int) -> None:
        """The party holds its card to the door of its room, and a phone carries the record."""
        stay = stays.get_stay(stay_id)
        door = locks.door_of_room(stay.room_id) if stay.room_id else None
        serial_number = door.lock.serial_number if door is not None and door.lock is not None else None
        db.remove()
        if serial_number is not None and stay_id in self._held:
            self.hold(serial_number, self._held[stay_id])

    def hold(self, serial_number: str, uid: str) -> None:
        """Hold a card to a door, and a phone carries the record."""
        self._world.hold_card(serial_number, uid)
        self._openings[serial_number] += 1
        if self._openings[serial_number] % _OPENINGS_A_PERCENT == 0:
            lock = self._world.locks[serial_number]
            lock.drain_battery(lock.state.battery - 1, self._world.now())
        self.carry(serial_number)

    def let_report(self, serial_number: str, command: Command) -> None:
        """Have the lock say something of itself, the next time that somebody carries."""
        self._world.locks[serial_number].queue_report(command)

    def carry(self, serial_number: str, carrier: Carrier = _PHONE) -> None:
        """The server is not up yet, so nobody can post to it: the same sealed frames are handed over, reports first, then
        what the house asks of the lock."""
        while (frame := self._next_frame(serial_number, carrier)) is not None:
            lock = self._world.locks[serial_number]
            answer = lock.receive(frame, self._world.now())
            if answer is None:
                raise RuntimeError(f"the lock {serial_number} did not answer")
            access_records.take_frame(
                serial_number=serial_number,
                frame=answer,
                kinds=ANY_ANSWER,
                carrier=carrier,
                actor=_DOOR,
                now=clock.now(),
            )

    def _next_frame(self, serial_number: str, carrier: Carrier) -> bytes | None:
        self._carry_reports(serial_number, carrier)
        is_remote = carrier is not _PHONE
        return lock_commands.next_frame(serial_number=serial_number, is_remote=is_remote, now=clock.now())

    def _carry_reports(self, serial_number: str, carrier: Carrier) -> None:
        lock = self._world.locks[serial_number]
        while (frame := lock.pending_report(self._world.now())) is not None:
            taken = access_records.take_frame(
                serial_number=serial_number,
                frame=frame,
                kinds=ANY_REPORT,
                carrier=carrier,
                actor=_DOOR,
                now=clock.now(),
            )
            if taken.acknowledgement is None:
                raise RuntimeError(f"the report of {serial_number} was not acknowledged")
            lock.receive(taken.acknowledgement, self._world.now())
