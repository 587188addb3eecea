"""What the operations on passwords do with those that locks store."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Forbidden
from pms.lock_commands import queries as lock_commands
from pms.lock_commands import schemas as command_schemas
from pms.passcodes import rules, schemas, service, stored_queries, stored_words
from pms.protocol.command import AddUser, DeleteUser, ModifyUser
from pms.slots import rules as slot_rules
from pms.slots import service as slots
from pms.web.login import actor
from pms.web.rights import can

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pms.lock_commands.schemas import Command
    from pms.passcodes.stored_queries import StoredLine
    from pms.slots.models import Slot

CHANGING = (
    slot_rules.NotInLock,
    slot_rules.NoContent,
    slot_rules.LockNotReady,
    slot_rules.NoName,
    slot_rules.AlreadyOver,
    slot_rules.EndsBeforeItBegins,
    rules.NotOfStored,
)
# What slots call it, and what passwords do.
_FIELDS = {"name": "password_name", "valid_from": "start_time", "valid_until": "end_time"}


def details(line: StoredLine, *, now: datetime) -> schemas.OfflinePassword:
    """The code, with its digits for who may see them."""
    if not (can("passcodes:make") and line.has_digits):
        return schemas.write_stored(line)
    return schemas.write_stored(line, digits=service.show_stored(slot_id=line.id, actor=actor(), now=now))


def delete(line: StoredLine, body: schemas.Delete, *, now: datetime) -> schemas.PasswordEnding:
    """Have the lock let it go."""
    _check_may()
    if body.with_clear_code:
        raise rules.StoredHasNoClearCode
    slot = slots.remove(slot_id=line.id, request_id=body.request_id, actor=actor(), now=now)
    line = stored_queries.line_of(slot, now)
    password, sentence = schemas.write_stored(line), stored_words.how_it_ends(line)
    # Handing the frame out is a transaction of its own, so it comes last.
    command = _command(slot, DeleteUser.command)
    return schemas.PasswordEnding(password=password, words=sentence, clear_password=None, command=command)


def update(line: StoredLine, body: schemas.Update, *, now: datetime) -> schemas.PasswordChange:
    """Another name, beginning or end."""
    _check_may()
    _check_fields(body)
    slot = line.slot
    with _called_as_here():
        slot = slots.change(
            slot_id=slot.id,
            name=body.password_name,
            valid_from=body.start_time or slot.valid_from,
            valid_until=body.end_time or slot.valid_until,
            window=slot.window,
            role=slot.role.wire,
            request_id=body.request_id,
            actor=actor(),
            now=now,
        )
    line = stored_queries.line_of(slot, now)
    password = schemas.write_stored(line)
    sentence = " ".join([stored_words.of(line), *stored_words.notes(line)])
    command = _command(slot, AddUser.command, ModifyUser.command)
    return schemas.PasswordChange(password=password, words=sentence, replacement=None, command=command)


def _check_may() -> None:
    """What a lock stores is changed by who may store something there."""
    if not can("credentials:manage"):
        raise Forbidden


def _check_fields(body: schemas.Update) -> None:
    for name in ("note", "pattern", "start_hour", "hours", "last_month"):
        if getattr(body, name) not in (None, ""):
            raise rules.NotOfStored(field=name)


def _command(slot: Slot, *kinds: int) -> Command | None:
    """What was asked of the lock last, if that waits to be done."""
    asked = [one for one in lock_commands.of_subject(slots.SUBJECT, slot.id) if one.command in kinds]
    if not asked or asked[-1].state not in lock_commands.OPEN:
        return None
    return command_schemas.write(asked[-1], serial_number=slot.lock.serial_number)


@contextmanager
def _called_as_here() -> Iterator[None]:
    """A refusal names the field of the request."""
    try:
        yield
    except DomainError as error:
        name = str(error.params.get("field") or error.field or "")
        error.params["field"] = _FIELDS.get(name, name)
        raise
