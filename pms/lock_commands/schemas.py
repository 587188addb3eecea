"""Commands as programs see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from pms.core import clock
from pms.gateways import queries as gateways
from pms.gateways.rules import CarrierKind
from pms.lock_commands import queries, service
from pms.locks.schemas import read_features
from pms.locks.service import Label
from pms.web.wire import HouseTime, Id, Line, RequestId, SerialNumber, Wire

if TYPE_CHECKING:
    from datetime import datetime

    from pms.lock_commands.models import LockCommand


class AskLock(Wire):
    """Which lock, and an id of the request."""

    lock_id: Id = Field(description="The id that the lock was imported with, or ours.")
    request_id: RequestId | None = None


class OperateLock(AskLock):
    """What the lock should do."""

    operation: Literal[
        "unlock", "lock", "passageOn", "passageOff", "setClock", "restart", "selfTest", "silenceAlarm"
    ] = Field(examples=["unlock"])


Imei = Annotated[str, StringConstraints(pattern="^[0-9]{15}$")]


class Associate(AskLock):
    """The module that the lock should take."""

    imei: Imei = Field(examples=["490154203237518"])


class ChangeSettings(AskLock):
    """What a lock should be set to. What is left out stays as it is."""

    clock: bool = Field(
        default=False, description="Set the clock to the time at which the frame goes out; it must arrive soon."
    )
    time_zone: Annotated[int, Field(ge=-56, le=56)] | None = Field(
        default=None, description="Quarter hours east of UTC.", examples=[8]
    )
    check_out_hour: Annotated[int, Field(ge=0, le=23)] | None = Field(
        default=None, description="The local hour at which passcodes for nights end.", examples=[12]
    )
    scopes: bool = Field(default=False, description="Tell the lock in which scopes of staff its door is now.")
    settings: Annotated[list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=14)] = Field(
        default=[],
        description="Raw settings 30 to 3D, each as tag and value in hexadecimal. 30 to 37 need version 08.",
        examples=[["3001", "37FFFF", "3D02"]],
    )


class BindLock(Wire):
    """What is printed on the lock, and where it hangs."""

    lock_sn: SerialNumber
    mac: Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$", to_upper=True)] = Field(
        description="Bluetooth address.", examples=["01:01:11:40:00:DF"]
    )
    lock_keys: Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f]{16}$", to_upper=True)] = Field(
        description="The lock's half of the secret: 8 bytes in hexadecimal.", examples=["AD193DF8A5A233B2"]
    )
    lock_username: Annotated[Line, StringConstraints(min_length=1, max_length=60)] = Field(
        description="What the lock is called.", examples=["Z-4000DF"]
    )
    lock_number: Annotated[Line, StringConstraints(max_length=40)] = Field(
        default="", description="The model.", examples=["Z-LOCK"]
    )
    agreement_type: Literal["07", "08"] = Field(default="08", description="Protocol version.")
    feature_codes: Annotated[Line, StringConstraints(max_length=200)] = Field(
        default="", description="What the lock can do, with commas.", examples=["遥控,卡片,密码,指纹"]
    )
    room_id: Id | None = Field(default=None, description="The room whose door it hangs on; or:")
    area_id: Id | None = Field(default=None, description="The area that gets a new door for it.")
    door_name: Annotated[Line, StringConstraints(max_length=60)] = ""
    is_reset: bool = Field(
        default=False, description="The lock was reset to its factory state, so that it holds no keys any more."
    )
    request_id: RequestId | None = None

    def label(self) -> Label:
        """What is printed on the lock."""
        return Label(
            serial_number=self.lock_sn,
            mac=self.mac,
            lock_keys=self.lock_keys,
            name=self.lock_username,
            model=self.lock_number,
            protocol_version=int(self.agreement_type),
            features=tuple(read_features(self.feature_codes)),
        )


class Command(Wire):
    """A command for a lock, and the frame that is to be carried to the lock now.

    A lock gets its commands one at a time, in the order in which they were made: where an earlier one is still on its way, the
    frame is that one's, and `frameCommandId` names it.
    """

    command_id: Id
    lock_id: Id
    lock_sn: SerialNumber
    command: str = Field(description="The command's number (protocol section 4), in hexadecimal.", examples=["0100"])
    state: str = Field(description="made, sent, answered, failed, expired or dropped.", examples=["sent"])
    status: int | None = Field(
        description="The lock's own word, 0 to 10 (protocol section 4); null until it has answered."
    )
    create_time: HouseTime
    sent_time: HouseTime | None
    end_time: HouseTime | None
    expires_time: HouseTime | None
    way: Literal["phone", "gateway", "module"] = Field(
        description="Through what the lock is reached now: `phone` where somebody must be beside it."
    )
    frame: str | None = Field(description="The frame to carry to the lock now, in hexadecimal; null if there is none.")
    frame_command_id: Id | None = Field(description="The command whose frame it is.")


def way_name(lock_id: int, now: datetime) -> Literal["phone", "gateway", "module"]:
    """Through what a lock is reached now."""
    way = gateways.way_of(lock_id, now)
    if way is None or not way.is_online:
        return "phone"
    return "module" if way.kind is CarrierKind.MODULE else "gateway"


def write(command: LockCommand, *, serial_number: str) -> Command:
    """The command, with the frame that whoever asks should carry; handing it out counts as sending it."""
    carried = service.next_command(serial_number=serial_number, now=clock.now())
    command = queries.get(command.id)
    return Command(
        command_id=command.id,
        lock_id=command.lock_id,
        lock_sn=serial_number,
        command=f"{command.command:04X}",
        state=command.state.value,
        status=command.status,
        create_time=command.created_at,
        sent_time=command.sent_at,
        end_time=command.ended_at,
        expires_time=command.expires_at,
        way=way_name(command.lock_id, clock.now()),
        frame=carried.frame.hex().upper() if carried is not None and carried.frame is not None else None,
        frame_command_id=carried.id if carried is not None else None,
    )
