"""Commands about what locks store: each gives the frame to carry to the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from pms.core import clock
from pms.core.errors import NotFound
from pms.lock_commands import queries as lock_commands
from pms.lock_commands.schemas import Command
from pms.lock_commands.schemas import write as write_command
from pms.locks import queries as locks
from pms.protocol.command import AddUser, DeleteUser, ModifyUser
from pms.slots import queries, rules, schemas, service
from pms.web import login
from pms.web.operations import operation

if TYPE_CHECKING:
    from pms.slots.models import Slot

blueprint = Blueprint("slots_api", __name__)

TAG = "Bluetooth command"
STORING = (
    NotFound,
    rules.LockNotReady,
    rules.LockFull,
    rules.KindNotThere,
    rules.NoConsent,
    rules.StayOver,
    rules.BadOwner,
    rules.NoName,
    rules.AlreadyOver,
    rules.EndsBeforeItBegins,
    rules.BadCode,
    rules.BadUid,
    rules.BadRemote,
    rules.BadTemplate,
)
CHANGING = (*STORING, rules.NotInLock, rules.NoContent)


@blueprint.post("/commands/addLockUser")
@operation(16, "credentials:manage", tag=TAG, body=schemas.AddLockUser, gives=Command, refuses=STORING)
def add_lock_user(body: schemas.AddLockUser) -> Command:
    """Add a lock user: store a credential in the lowest free slot of a lock.

    A template travels in parts: the command is the last of them, the frame the one to carry now.
    """
    kind, content = schemas.content_of(body.kind, body.content)
    slot = service.store(
        lock_id=locks.find_by_wire_id(body.lock_id).id,
        kind=kind,
        content=content,
        name=body.name,
        **schemas.span_of(body),
        actor=login.actor(),
        now=clock.now(),
    )
    return _command(slot, AddUser.command)


@blueprint.post("/commands/modifyLockUser")
@operation(
    17,
    "credentials:manage",
    tag=TAG,
    body=schemas.ModifyLockUser,
    gives=Command,
    refuses=(*CHANGING, rules.NothingToTell),
)
def modify_lock_user(body: schemas.ModifyLockUser) -> Command:
    """Modify a lock user: change what lies in a slot of a lock."""
    slot = queries.get_in_use(locks.find_by_wire_id(body.lock_id).id, body.slot)
    slot = service.change(slot_id=slot.id, **schemas.change_of(body, slot), actor=login.actor(), now=clock.now())
    return _command(slot, AddUser.command, ModifyUser.command)


@blueprint.post("/commands/deleteLockUser")
@operation(
    18,
    "credentials:manage",
    tag=TAG,
    body=schemas.DeleteLockUser,
    gives=Command,
    refuses=(NotFound, rules.LockNotReady),
)
def delete_lock_user(body: schemas.DeleteLockUser) -> Command:
    """Delete a lock user: empty a slot of a lock, whether the server knows what lies there or only the lock's own list.

    What no frame was handed out of yet is given up: the command is the one that stored it, dropped.
    """
    slot = service.empty(
        lock_id=locks.find_by_wire_id(body.lock_id).id,
        number=body.slot,
        request_id=body.request_id,
        actor=login.actor(),
        now=clock.now(),
    )
    return _command(slot, AddUser.command, DeleteUser.command)


@blueprint.post("/commands/syncUsers")
@operation(
    21,
    "locks:operate",
    tag=TAG,
    body=schemas.SyncLockUsers,
    gives=Command,
    refuses=(NotFound, rules.LockNotReady),
)
def sync_users(body: schemas.SyncLockUsers) -> Command:
    """Sync the users of a lock: have it list all that it stores, 20 slots at a time.

    The next page is asked for as soon as one is here: go on carrying frames until there is none. What differs from the
    server's book is shown on the lock's page.
    """
    lock = locks.find_by_wire_id(body.lock_id)
    command = service.sync(lock_id=lock.id, request_id=body.request_id, actor=login.actor(), now=clock.now())
    return write_command(command, serial_number=lock.serial_number)


def _command(slot: Slot, *kinds: int) -> Command:
    """The last command of one of these kinds about a slot. NothingToTell."""
    asked = [one for one in lock_commands.of_subject(service.SUBJECT, slot.id) if one.command in kinds]
    if not asked:
        raise rules.NothingToTell
    return write_command(asked[-1], serial_number=slot.lock.serial_number)
