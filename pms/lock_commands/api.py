"""Commands for locks, and their answers, brought by a phone, a gateway or a module."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from pms.core import clock
from pms.core.actor import Actor
from pms.core.errors import NotFound
from pms.lock_commands import schemas, service, settings, setups
from pms.locks import bind_rules, carried, rules
from pms.locks import queries as locks
from pms.web import login
from pms.web.envelope import answer, refuse
from pms.web.operations import operation
from pms.web.rights import public

blueprint = Blueprint("lock_commands_api", __name__)


@blueprint.post("/commands/answer")
@public
def take_answer() -> Response:
    """Settle the command that a lock has answered; what to bring to the lock next is in our answer.

    Nobody logs in: the frame's own tag is the proof, and one that does not verify is told nothing.
    """
    brought = carried.read(request)
    if isinstance(brought, Response):
        return brought
    carrier = Actor(kind="lock", name=brought.serial_number, address=request.remote_addr or "")
    now = clock.now()
    if service.take_answer(serial_number=brought.serial_number, frame=brought.frame, actor=carrier, now=now) is None:
        return refuse(404, _("There is no answer to this report."))
    following = service.next_frame(serial_number=brought.serial_number, now=now)
    return answer({"lockSn": brought.serial_number, "command": following.hex().upper() if following else None})


@blueprint.post("/commands/readSettings")
@operation(
    19,
    "locks:operate",
    tag="Bluetooth command",
    body=schemas.AskLock,
    gives=schemas.Command,
    refuses=(locks.NoSuchLock, bind_rules.NotSetUp),
)
def read_settings(body: schemas.AskLock) -> schemas.Command:
    """Read door lock settings: everything that the lock says of itself (0200)."""
    lock = locks.find_by_wire_id(body.lock_id)
    command = settings.read_settings(lock_id=lock.id, request_id=body.request_id, actor=login.actor(), now=clock.now())
    return schemas.write(command, serial_number=lock.serial_number)


@blueprint.post("/commands/writeSettings")
@operation(
    24,
    "locks:operate",
    tag="Bluetooth command",
    body=schemas.ChangeSettings,
    gives=schemas.Command,
    refuses=(
        locks.NoSuchLock,
        bind_rules.NotSetUp,
        bind_rules.NothingToSet,
        bind_rules.BadSetting,
        bind_rules.SettingTwice,
        bind_rules.ExtendedOnSeven,
    ),
)
def write_settings(body: schemas.ChangeSettings) -> schemas.Command:
    """Issue door lock settings (0201); the lock's row follows once the lock has done it."""
    lock = locks.find_by_wire_id(body.lock_id)
    wanted = settings.Wanted(
        clock=body.clock,
        time_zone=body.time_zone,
        check_out_hour=body.check_out_hour,
        scopes=body.scopes,
        raw=tuple(body.settings),
    )
    command = settings.write_settings(
        lock_id=lock.id, wanted=wanted, request_id=body.request_id, actor=login.actor(), now=clock.now()
    )
    return schemas.write(command, serial_number=lock.serial_number)


@blueprint.post("/commands/initialise")
@operation(
    20,
    "locks:edit",
    tag="Bluetooth command",
    body=schemas.AskLock,
    gives=schemas.Command,
    refuses=(locks.NoSuchLock, bind_rules.NeverBound, rules.NoDoor),
)
def initialise(body: schemas.AskLock) -> schemas.Command:
    """Initialise door lock: new keys for a lock that holds some, ours or imported (0500).

    A phone beside the lock carries the frame, never a gateway. Until the lock has answered, the same frame is given.
    """
    lock = locks.find_by_wire_id(body.lock_id)
    command = setups.initialise(lock_id=lock.id, request_id=body.request_id, actor=login.actor(), now=clock.now())
    return schemas.write(command, serial_number=lock.serial_number)


@blueprint.post("/commands/bind")
@operation(
    25,
    "locks:edit",
    tag="Bluetooth command",
    body=schemas.BindLock,
    gives=schemas.Command,
    refuses=(
        bind_rules.OtherLabel,
        bind_rules.MacTaken,
        bind_rules.AlreadyBound,
        rules.LockTaken,
        rules.DoorHasLock,
        rules.RoomOrArea,
        rules.BadDoorName,
        NotFound,
    ),
)
def bind(body: schemas.BindLock) -> schemas.Command:
    """Bind door lock: a new one, or one that was reset to its factory state (0500 under the key of its label)."""
    command = setups.bind(
        label=body.label(),
        room_id=body.room_id,
        area_id=body.area_id,
        door_name=body.door_name,
        is_reset=body.is_reset,
        request_id=body.request_id,
        actor=login.actor(),
        now=clock.now(),
    )
    return schemas.write(command, serial_number=body.lock_sn)
