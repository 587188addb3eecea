"""Stores a passcode in a lock over its 4G module: at once, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.gateways import queries as gateways
from pms.lock_commands import queries as lock_commands
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import StoredKind
from pms.slots import service as slots
from pms.slots.rules import LONGEST_CODE, SHORTEST_CODE, BadCode

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand


def issue_password(
    *,
    imei: str,
    digits: str,
    name: str,
    valid_from: datetime | None,
    valid_until: datetime | None,
    request_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> LockCommand:
    """The command by which the lock of the module stores the passcode.

    NoSuchModule, ModuleLoose, ModuleOffline; and what `slots.store` refuses.
    """
    if not (digits.isascii() and digits.isdecimal()):
        raise BadCode(least=SHORTEST_CODE, most=LONGEST_CODE)
    with transaction():
        _module, lock_id = gateways.reachable_module(imei, now)
        slot = slots.store(
            lock_id=lock_id,
            kind=StoredKind.PASSCODE,
            content=encode_bcd(digits),
            name=name,
            valid_from=valid_from,
            valid_until=valid_until,
            request_id=request_id,
            actor=actor,
            now=now,
        )
        return lock_commands.of_subject(slots.SUBJECT, slot.id)[0]
