"""What a lock knows that dies with it: passcodes reckoned with its key, and fingers stored in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts.models import Account
from pms.core.db import db
from pms.credentials.models import Fingerprint, FingerprintPlace, PlaceState
from pms.guests.models import Guest
from pms.passcodes.models import Passcode, PasscodeState
from pms.stays.models import Stay

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that must be made again, and for whom; `stay_id` where a guest's stay is the place to do it."""

    what: str  # passcode or finger
    whose: str
    stay_id: int | None
    until: datetime


def losses(lock_id: int, *, now: datetime) -> list[Loss]:
    """Everything that opens this lock and no other, by its end."""
    codes = db.session.execute(
        sa.select(Passcode, Guest)
        .outerjoin(Stay, Stay.id == Passcode.stay_id)
        .outerjoin(Guest, Guest.id == Stay.guest_id)
        .where(
            Passcode.lock_id == lock_id,
            Passcode.state != PasscodeState.REVOKED,
            Passcode.ended_at.is_(None),
            Passcode.valid_until > now,
        )
    ).all()
    fingers = db.session.execute(
        sa.select(FingerprintPlace, Fingerprint, Guest, Account)
        .join(Fingerprint, Fingerprint.id == FingerprintPlace.fingerprint_id)
        .outerjoin(Guest, Guest.id == Fingerprint.guest_id)
        .outerjoin(Account, Account.id == Fingerprint.account_id)
        .where(
            FingerprintPlace.lock_id == lock_id,
            FingerprintPlace.valid_until > now,
            FingerprintPlace.state.not_in((PlaceState.REMOVED, PlaceState.NOT_SENT, PlaceState.REFUSED)),
        )
    ).all()
    found = [Loss("passcode", guest.name if guest else "", code.stay_id, code.valid_until) for code, guest in codes]
    found += [
        Loss("finger", _name(guest, account), finger.stay_id, place.valid_until)
        for place, finger, guest, account in fingers
    ]
    return sorted(found, key=lambda loss: loss.until)


def _name(guest: Guest | None, account: Account | None) -> str:
    if guest is not None:
        return guest.name
    return account.display_name if account is not None else ""
