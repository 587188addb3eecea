"""Commands for locks: each answers with the frame to carry."""

from __future__ import annotations

from flask import Blueprint

from pms.core import clock
from pms.core.errors import NotFound
from pms.gateways import rules as gateway_rules
from pms.lock_commands import operate, rules, schemas, settings, setups
from pms.locks import bind_rules
from pms.locks import queries as locks
from pms.locks import rules as lock_rules
from pms.web import login
from pms.web.operations import operation

blueprint = Blueprint("lock_commands_api", __name__)

_REFUSES = (locks.NoSuchLock, rules.NotSetUpYet, gateway_rules.ModuleTaken, rules.BadImei)


@blueprint.post("/commands/operate")
@operation(
    27,
    "locks:operate",
    tag="Bluetooth command",
    body=schemas.OperateLock,
    gives=schemas.Command,
    refuses=(locks.NoSuchLock, rules.NotSetUpYet),
)
def operate_lock(body: schemas.OperateLock) -> schemas.Command:
    """Issue door lock operations: unlock, lock, passage mode on and off, set clock, restart, self-test, silence the alarm.

    The lock does it before `expiresTime` or not at all: a door that somebody wanted to open now does not open later.
    """
    lock = locks.find_by_wire_id(body.lock_id)
    command = operate.operate(
        lock_id=lock.id,
        deed=rules.Deed(body.operation),
        request_id=body.request_id,
        actor=login.actor(),
        now=clock.now(),
    )
    return schemas.write(command, serial_number=lock.serial_number)


@blueprint.post("/commands/associateModule")
@operation(
    26, "gateways:edit", tag="Bluetooth command", body=schemas.Associate, gives=schemas.Command, refuses=_REFUSES
)
def associate_module(body: schemas.Associate) -> schemas.Command:
    """Issue 4G module association: the lock is told which module is its own (0600)."""
    return _associate(body)


@blueprint.post("/modules/associate")
@operation(78, "gateways:edit", tag="4G direct", body=schemas.Associate, gives=schemas.Command, refuses=_REFUSES)
def associate(body: schemas.Associate) -> schemas.Command:
    """Issue: associate the module with a lock. The module carries the frame itself."""
    return _associate(body)


def _associate(body: schemas.Associate) -> schemas.Command:
    lock = locks.find_by_wire_id(body.lock_id)
    command = operate.associate_module(
        lock_id=lock.id, imei=body.imei, request_id=body.request_id, actor=login.actor(), now=clock.now()
    )
    return schemas.write(command, serial_number=lock.serial_number)


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
    refuses=(locks.NoSuchLock, bind_rules.NeverBound, lock_rules.NoDoor),
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
        lock_rules.LockTaken,
        lock_rules.DoorHasLock,
        lock_rules.RoomOrArea,
        lock_rules.BadDoorName,
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
