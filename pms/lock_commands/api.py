"""Commands for locks: each answers with the frame to carry."""

from __future__ import annotations

from flask import Blueprint

from pms.core import clock
from pms.gateways import rules as gateway_rules
from pms.lock_commands import operate, rules, schemas
from pms.locks import queries as locks
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
    lock = locks.get_lock(body.lock_id)
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
    lock = locks.get_lock(body.lock_id)
    command = operate.associate_module(
        lock_id=lock.id, imei=body.imei, request_id=body.request_id, actor=login.actor(), now=clock.now()
    )
    return schemas.write(command, serial_number=lock.serial_number)
