"""What carriers and programs send and hear of locks' frames and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic.alias_generators import to_camel

from pms.access_records.words import ALARM_EVENTS
from pms.gateways.rules import Carrier as CarrierValue
from pms.gateways.rules import CarrierKind
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.web.wire import FrameHex, HouseTime, Id, Line, RequestId, SerialNumber, Wire

if TYPE_CHECKING:
    from pms.access_records.models import AccessRecord


class Carrier(Wire):
    """Who brought the frame."""

    kind: Literal["phone", "gateway", "module"] = Field(examples=["gateway"])
    id: Annotated[Line, StringConstraints(max_length=40)] = Field(
        default="",
        description="A gateway's serial number, a module's IMEI; what a phone says of itself is not used.",
        examples=["A0B1C2D3E4F5"],
    )


class CommonFormatData(Wire):
    """One frame of a lock, from whoever carried it. Nobody logs in for it: the frame's own tag is the proof."""

    lock_sn: SerialNumber
    frame: FrameHex
    carrier: Carrier | None = Field(default=None, description="Who brought it; a phone where nothing is said.")

    def carried_by(self) -> CarrierValue | None:
        """The carrier as the domain knows it."""
        return CarrierValue(CarrierKind(self.carrier.kind), self.carrier.id) if self.carrier is not None else None


class Report(Wire):
    """What became of a frame, and what to carry to the lock now."""

    lock_sn: SerialNumber
    is_new: bool = Field(description="False: it was known already, and nothing changed.")
    frame: str | None = Field(
        description="The sealed acknowledgement to carry back, in hexadecimal; null for an answer to a command.",
        examples=["5A0803000300000000000100010000000000000000000000"],
    )
    command: str | None = Field(
        description="The next frame to carry to the lock, in hexadecimal; null if there is none."
    )


class SyncRecords(Wire):
    """Which lock's records are wanted."""

    lock_id: Id = Field(description="The id that the lock was imported with, or ours.")
    request_id: RequestId | None = None


class RecordsAsked(Wire):
    """Which records, and how many."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    before: Id | None = Field(default=None, description="The id of the last row of the page before.")
    lock_id: Id | None = None
    since: HouseTime | None = Field(default=None, alias="from", description="From this time on.")
    until: HouseTime | None = Field(default=None, description="Before this time.")


class PageAsked(Wire):
    """How many rows, and from where on."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    before: Id | None = Field(default=None, description="The id of the last row of the page before.")


class DeleteRecord(Wire):
    """Which record should be hidden, and why."""

    record_id: Id
    reason: Annotated[Line, StringConstraints(min_length=1, max_length=200)] = Field(
        examples=["The guest asked for it."]
    )


class ModulePassword(Wire):
    """A passcode for the lock that has the module."""

    imei: Annotated[str, StringConstraints(pattern="^[0-9]{15}$")] = Field(examples=["490154203237518"])
    password: Annotated[str, StringConstraints(pattern="^[0-9]{4,12}$")] = Field(examples=["271828"])
    name: Annotated[Line, StringConstraints(min_length=1, max_length=80)] = Field(examples=["Plumber"])
    valid_from: HouseTime | None = None
    valid_until: HouseTime | None = Field(default=None, description="Without it the passcode has no end.")
    request_id: RequestId | None = None


class Record(Wire):
    """What a door noted. Times are those of the lock's clock."""

    record_id: Id
    lock_id: Id
    lock_sn: SerialNumber
    door: str | None
    room: str | None
    sequence: int = Field(description="The lock's own number of the record.")
    life: int = Field(description="Counts up whenever the lock begins to number its records from 1.")
    time: HouseTime
    received_time: HouseTime
    event: str = Field(description="Protocol section 5, such as opened, refused, tamperAlarm.", examples=["opened"])
    method: str = Field(examples=["offlineCard"])
    result: str = Field(examples=["opened"])
    credential_id: int
    battery: int
    is_alarm: bool
    is_hidden: bool
    is_doubtful: bool = Field(
        description="The lock's chain over its records says that this or one beside it is not its own."
    )
    key_card_id: Id | None
    passcode_id: Id | None
    staff_card_id: Id | None
    stay_id: Id | None


def write_record(record: AccessRecord) -> Record:
    """As programs see it."""
    return Record(
        record_id=record.id,
        lock_id=record.lock_id,
        lock_sn=record.lock.serial_number,
        door=record.door.name if record.door else None,
        room=record.door.room.number if record.door and record.door.room else None,
        sequence=record.sequence,
        life=record.life,
        time=record.at,
        received_time=record.received_at,
        event=to_camel(RecordEvent(record.event).name.lower()),
        method=to_camel(RecordMethod(record.method).name.lower()),
        result=to_camel(RecordResult(record.result).name.lower()),
        credential_id=record.credential_id,
        battery=record.battery_percent,
        is_alarm=record.event in ALARM_EVENTS,
        is_hidden=record.hidden_at is not None,
        is_doubtful=record.is_doubtful,
        key_card_id=record.key_card_id,
        passcode_id=record.passcode_id,
        staff_card_id=record.staff_card_id,
        stay_id=record.stay_id,
    )
