"""What stands in the small house for generated calls: things of every kind, in the states in which calls may meet them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pms.access_records import queries as records
from pms.access_records import service as access_records
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.credentials import queries as fingers
from pms.credentials import service as credentials
from pms.credentials.models import Finger
from pms.devices.encoder import FingerTemplate
from pms.encoders import desk_service
from pms.encoders import queries as machines
from pms.encoders.models import EncoderState
from pms.gateways import service as gateways
from pms.keycards import service as keycards
from pms.lock_commands import operate
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Lock
from pms.locks.service import Label
from pms.passcodes import rules as passcode_rules
from pms.passcodes import service as passcodes
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import Command, ReadSettings, StoredKind
from pms.protocol.encoder_line import Capability
from pms.protocol.passcode import Pattern
from pms.rooms.models import Room
from pms.simulators.lock import VirtualLock
from pms.slots import service as slots
from pms.slots.models import SlotKind
from pms.stays import service as stays
from tests import factories
from tests.access_records import conftest as doors
from tests.factories import House

IMEI = "490154203237518"
IMPORTED_ID = 1980084539766648834
GATEWAY = "A0B1C2D3E4F5"
LABEL = Label(serial_number="B00000000001", mac="01:01:11:40:FF:01", lock_keys="AD193DF8A5A233B2", name="Z-00FF01")
CARRIER = Actor(kind="lock", name="a phone")


def request(number: int) -> str:
    """The same id at each run."""
    return str(UUID(int=number))


@dataclass
class Builder:
    """Puts things into the house; what a call needs to know of them is kept by name."""

    house: House
    actor: Actor
    now: datetime
    ids: dict[str, list[str]] = field(default_factory=dict)
    # Frames that the operations of a path take, and the lock that made them.
    frames: dict[str, tuple[str, list[str]]] = field(default_factory=dict)

    def note(self, name: str, *ids: object) -> None:
        """Ids of things that exist."""
        self.ids.setdefault(name, []).extend(str(one) for one in ids)

    @property
    def at(self) -> int:
        return int(self.now.timestamp())

    def lock_id(self, room: str) -> int:
        found = self.house.doors[room].lock_id
        assert found is not None
        return found

    def build(self) -> None:
        """Everything."""
        self.scene = doors.build(self.house, self.now)
        self._places()
        self._stays()
        self._machines()
        self._slots()
        self._passcodes()
        self._fingers()
        self._records()
        self._carriers()
        self._frames()

    def _places(self) -> None:
        with transaction() as session:
            loose = Room(
                number="104",
                floor_id=self.house.rooms["101"].floor_id,
                room_type_id=self.house.standard.id,
            )
            session.add(loose)
            session.get_one(Lock, self.lock_id("203")).origin_id = str(IMPORTED_ID)
        assert self.house.lobby is not None
        lock_service.register_lock(label=LABEL, actor=self.actor, now=self.now)
        self.note("lockId", self.lock_id("101"), IMPORTED_ID, *(door.lock_id for door in self.house.doors.values()))
        self.note("roomId", loose.id, *(room.id for room in self.house.rooms.values()))
        self.note("areaId", self.house.lobby.id)

    def _stays(self) -> None:
        today = self.now.date()
        coming = stays.book(
            guest_id=self.scene.guest_id,
            room_type_id=self.house.suite.id,
            room_id=self.house.rooms["201"].id,
            arrival_date=today + timedelta(days=1),
            departure_date=today + timedelta(days=3),
            actor=self.actor,
            now=self.now,
        )
        self.note("stayId", self.scene.stay_id, self.scene.stay_id, coming.id)

    def _machines(self) -> None:
        agent, _token = desk_service.add_agent(name="Bell desk", actor=self.actor, now=self.now)
        able = int(Capability.CLASSIC | Capability.NTAG | Capability.FINGERPRINT)
        ready = {"state": EncoderState.READY, "state_at": self.now, "capabilities": able}
        with transaction() as session:
            free, busy, away, unbound = (
                factories.encoder("Front desk 1", "/dev/ttyUSB0", **ready),
                factories.encoder("Front desk 2", "/dev/ttyUSB1", **ready),
                factories.encoder("Bell desk", "/dev/ttyUSB0", agent_id=agent.id),
                factories.encoder("In the cupboard", url=None),
            )
            session.add_all([free, busy, away, unbound])
        self.busy = busy.id
        keycards.issue(
            stay_id=self.scene.stay_id,
            copies=1,
            encoder_id=busy.id,
            request_id=request(101),
            actor=self.actor,
            now=self.now,
        )
        self.note("machineId", free.id, free.id, free.id, free.id, busy.id, away.id, unbound.id)
        self.note("deskId", agent.id)
        self.note("jobId", *(job.id for job in machines.batch(request(101))))

    def _slots(self) -> None:
        """One of each kind in the lock of room 101, which has something besides that the book does not know."""
        lock_id, owner = self.lock_id("101"), slots.Owner(stay_id=self.scene.stay_id)
        credentials.agree(guest_id=self.scene.guest_id, actor=self.actor, now=self.now)
        for number, kind in enumerate(SlotKind, 1):
            slot = slots.store(
                lock_id=lock_id,
                kind=kind.wire,
                content=encode_bcd("24681012"),
                name=f"Claire {number}",
                valid_from=None,
                valid_until=None,
                owner=owner,
                actor=self.actor,
                now=self.now,
            )
            self.note(kind.value, slot.id)
        self._carry()
        waiting = slots.store(
            lock_id=lock_id,
            kind=StoredKind.CARD,
            content=bytes.fromhex("04A1B2C3D4E5F6"),
            name="The plumber",
            valid_from=None,
            valid_until=None,
            actor=self.actor,
            now=self.now,
        )
        self.note("card", waiting.id)

    def _passcodes(self) -> None:
        lock_id, start = self.lock_id("101"), self.now.replace(minute=0)
        month = start.date().replace(day=1)
        choosers = [
            passcodes.timed(
                start=start,
                until=start + timedelta(hours=3),
                kinds=passcode_rules.kinds_for(None, is_guest=False),
                now=self.now,
            ),
            passcodes.single(start=start, now=self.now),
            passcodes.permanent(now=self.now),
            passcodes.cyclic(pattern=Pattern.DAILY, start_hour=9, hours=2, last_month=month, now=self.now),
        ]
        shown = [
            passcodes.make(
                lock_id=lock_id,
                choose=choose,
                holder=passcodes.Holder(name=f"Ms Kim {number}"),
                request_id=request(200 + number),
                actor=self.actor,
                now=self.now,
            )
            for number, choose in enumerate(choosers)
        ]
        shown.append(
            passcodes.issue_for_stay(stay_id=self.scene.stay_id, request_id=request(7), actor=self.actor, now=self.now)
        )
        shown.append(passcodes.clear_door(lock_id=lock_id, request_id=request(8), actor=self.actor, now=self.now))
        self.note("passwordId", *(one.passcode.id for one in shown))
        self.note("password", *(one.digits for one in shown))

    def _fingers(self) -> None:
        """One that was taken, and one that waits for its finger."""
        for number in (300, 301):
            credentials.start(
                stay_id=self.scene.stay_id,
                finger=Finger.RIGHT_INDEX,
                agreed=True,
                encoder_id=self.busy,
                door_ids=[],
                request_id=request(number),
                actor=self.actor,
                now=self.now,
            )
            self.note("batchId", request(number))
            job = fingers.get_capture(request(number))
            self.note("jobId", job.id)
            self.note("fingerprintId", job.subject_id)
            self.note("fingerprint", job.subject_id)
        taken = FingerTemplate("FT512", "FPM-1", b"finger" * 20)
        job = fingers.get_capture(request(300))
        credentials.keep(job_id=job.id, template=taken, actor=self.actor, now=self.now)

    def _records(self) -> None:
        """The door's records are here, and one more waits in the lock."""
        self.scene.open()
        serial = self._serial("101")
        while (frame := self.scene.twin.pending_report(self.at)) is not None:
            answer = access_records.take_report(serial_number=serial, frame=frame, actor=CARRIER, now=self.now)
            assert answer is not None
            self.scene.twin.receive(answer, self.at)
        self.scene.open()
        self.note("recordId", *(row.record.id for row in records.list_page(size=5).rows))

    def _carriers(self) -> None:
        """A gateway with a lock, and a module that answers."""
        gateway = gateways.bind_gateway(serial_number=GATEWAY, name="Corridor", actor=self.actor, now=self.now)
        lock_id = self.lock_id("102")
        gateways.hang_lock(gateway_id=gateway.id, lock_id=lock_id, actor=self.actor, now=self.now)
        self.note("gatewayId", gateway.id)
        self.note("hanging", lock_id)
        doors.set_up(self.lock_id("202"), self.now)
        gateways.note_associated(
            lock_id=self.lock_id("202"), imei=IMEI, imsi="460001234567890", actor=CARRIER, now=self.now
        )

    def _frames(self) -> None:
        """For each report operation a frame that it takes."""
        self._take("/api/reports/lockDeleted", "101", self._twin().delete_at_the_lock())
        for path, command in (
            ("/api/reports/systemSettings", Command.SYSTEM_SETTINGS),
            ("/api/reports/lockUsers", Command.USERS),
        ):
            twin = self._twin()
            twin.queue_report(command)
            self._take(path, "101", twin.pending_report(self.at))
        record = self._twin().pending_report(self.at)
        for path in ("/api/reports/record", "/api/commands/answerReport"):
            self._take(path, "101", record)
        self._ask_for_settings()
        self._ask_others()

    def _ask_for_settings(self) -> None:
        self._carry()
        lock_commands.queue(
            lock_id=self.lock_id("101"),
            payloads=[ReadSettings()],
            subject_kind="none",
            subject_id=1,
            expires_at=self.now + timedelta(days=1),
            actor=self.actor,
            now=self.now,
        )
        answer = self._answer("101", self.scene.twin)
        self._take("/api/reports/lockSettings", "101", answer)
        self._take("/api/commands/answer", "101", answer)

    def _ask_others(self) -> None:
        """Locks of their own, since a lock gets one command at a time."""
        bound = doors.set_up(self.lock_id("102"), self.now)
        self._take("/api/reports/binding", "102", bound.pending_report(self.at))
        asked = doors.set_up(self.lock_id("103"), self.now)
        operate.associate_module(lock_id=self.lock_id("103"), imei="353879234252633", actor=self.actor, now=self.now)
        answer = self._answer("103", asked)
        for path in ("/api/reports/moduleAssociation", "/api/modules/associationResult"):
            self._take(path, "103", answer)
        read = doors.set_up(self.lock_id("201"), self.now)
        access_records.sync_records(lock_id=self.lock_id("201"), actor=self.actor, now=self.now)
        self._take("/api/reports/records", "201", self._answer("201", read))

    def _twin(self) -> VirtualLock:
        """The lock of room 101 as it is, to say something that the others do not say."""
        return copy.deepcopy(self.scene.twin)

    def _take(self, path: str, room: str, frame: bytes | None) -> None:
        assert frame is not None, path
        self.frames[path] = (self._serial(room), [frame.hex().upper()])

    def _serial(self, room: str) -> str:
        serial = locks.get_lock(self.lock_id(room)).serial_number
        db.remove()
        return serial

    def _answer(self, room: str, twin: VirtualLock) -> bytes | None:
        """What the lock says to the command that is next; nobody brings it to the server."""
        frame = lock_commands.next_frame(serial_number=self._serial(room), now=self.now)
        assert frame is not None, room
        return twin.receive(frame, self.at)

    def _carry(self) -> None:
        """What waits goes into the lock of room 101."""
        serial = self._serial("101")
        while (frame := lock_commands.next_frame(serial_number=serial, now=self.now)) is not None:
            answer = self.scene.twin.receive(frame, self.at)
            assert answer is not None
            lock_commands.take_answer(serial_number=serial, frame=answer, actor=CARRIER, now=self.now)
            db.remove()
