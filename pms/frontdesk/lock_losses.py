"""What a lock knows that dies with it: passcodes reckoned with its key, and whatever is stored in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.guests.models import Guest
from pms.passcodes.models import Passcode, PasscodeState
from pms.slots import queries as slots
from pms.slots.words import KIND_WORDS
from pms.stays.models import Stay

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that must be made again, and for whom; `stay_id` where a guest's stay is the place to do it.

    `kind` is the untranslated word for what it is; `until` is None where it has no end.
    """

    kind: str
    whose: str
    stay_id: int | None
    until: datetime | None


def losses(lock_id: int, *, now: datetime) -> list[Loss]:
    """Everything that opens this lock and no other, by its end; what has none comes last."""
    codes = db.session.execute(
        sa.select(Passcode, Guest)
        .outerjoin(Stay, Stay.id == Passcode.stay_id)
        .outerjoin(Guest, Guest.id == Stay.guest_id)
        .where(
            Passcode.lock_id == lock_id,
            Passcode.state != PasscodeState.REVOKED,
            Passcode.ended_at.is_(None),
            sa.or_(Passcode.valid_until.is_(None), Passcode.valid_until > now),
        )
    ).all()
    passcode = next(word for kind, word in KIND_WORDS.items() if kind.value == "passcode")
    found = [
        Loss(passcode, guest.name if guest else code.holder_name, code.stay_id, code.valid_until)
        for code, guest in codes
    ]
    found += [
        Loss(KIND_WORDS[slot.kind], slot.name, slot.stay_id, slot.valid_until)
        for slot in slots.of_lock(lock_id)
        if slot.valid_until is None or slot.valid_until > now
    ]
    return sorted(found, key=lambda loss: (loss.until is None, loss.until.timestamp() if loss.until else 0))
