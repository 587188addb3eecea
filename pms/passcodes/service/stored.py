"""The digits of codes that locks store. All else about them is done by `slots.service`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.passcodes import rules, stored_queries
from pms.protocol.bcd import decode_bcd
from pms.slots import service as slots

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.passcodes.stored_queries import StoredLine


def show_stored(*, slot_id: int, actor: Actor, now: datetime) -> str:
    """The digits; the look is written down. NotFound; NotAlive where they mean nothing any more, or only the lock knows them."""
    with transaction():
        line = stored_queries.get_line(slot_id, now=now)
        slot = line.slot
        if not line.has_digits or slot.content is None:
            raise rules.NotAlive
        note_look(line, actor, now)
        return decode_bcd(slot.content)


def note_look(line: StoredLine, actor: Actor, now: datetime) -> None:
    """Somebody was told the digits of a stored code, or whose digits they are."""
    slot = line.slot
    audit.record(
        actor=actor,
        action="passcodes.shown",
        subject=audit.Subject(
            kind=slots.SUBJECT,
            id=slot.id,
            label=f"{slot.name}, {line.door_name}",
            lock_id=slot.lock_id,
            room_id=slot.door.room_id if slot.door else None,
            guest_id=slot.guest_id,
            stay_id=slot.stay_id,
        ),
        now=now,
    )
