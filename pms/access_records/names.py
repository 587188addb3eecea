"""Who and what records are about, as conditions and columns of a query: by what somebody types, and by what locks store."""

from __future__ import annotations

import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.core.text import search_words
from pms.guests.models import GuestWord
from pms.locks.models import Door, Lock
from pms.passcodes.models import Passcode
from pms.protocol.record import RecordEvent, RecordMethod
from pms.rooms.models import Room
from pms.slots.models import Slot
from pms.staffcards.models import StaffCard
from pms.stays.models import Stay

# By these a record names what the lock stores.
_STORED = (
    RecordMethod.PASSCODE,
    RecordMethod.CARD,
    RecordMethod.FINGERPRINT,
    RecordMethod.REMOTE,
    RecordMethod.FACE,
    RecordMethod.PALM,
)


def with_text(text: str) -> sa.ColumnElement[bool] | None:
    """The number of the room or the name of the door; the holder of a staff card or a passcode, or what the lock stores; or every
    word the beginning of a name of the guest."""
    text = text.strip()
    if not text:
        return None
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    held = sa.select(StaffCard.id).where(StaffCard.holder_name.ilike(f"%{pattern}", escape="\\"))
    found: list[sa.ColumnElement[bool]] = [
        Door.name.ilike(pattern, escape="\\"),
        AccessRecord.staff_card_id.in_(held),
        Passcode.holder_name.ilike(f"%{pattern}", escape="\\"),
        sa.exists().where(*_is_of_slot(), Slot.name.ilike(f"%{pattern}", escape="\\")),
    ]
    for column in (Room.number, Lock.name):
        owner = Door.room_id if column.class_ is Room else AccessRecord.lock_id
        found.append(owner.in_(sa.select(column.class_.id).where(column.ilike(pattern, escape="\\"))))
    typed = search_words(text)
    if typed:
        found.append(
            sa.and_(
                *(
                    Stay.guest_id.in_(
                        sa.select(GuestWord.guest_id).where(
                            GuestWord.word >= word, GuestWord.word < word + "\U0010ffff"
                        )
                    )
                    for word in typed
                )
            )
        )
    return sa.or_(*found)


def _is_of_slot() -> tuple[sa.ColumnElement[bool], ...]:
    """That the record names this slot."""
    return (
        Slot.lock_id == AccessRecord.lock_id,
        Slot.credential_id == AccessRecord.credential_id,
        AccessRecord.method.in_(_STORED),
        AccessRecord.event != RecordEvent.USER_CHANGED,
    )


def slot_name() -> sa.ScalarSelect[str]:
    """What the lock stores under the number that the record names; where an id was given out again, the later one's."""
    return (
        sa.select(Slot.name)
        .where(*_is_of_slot())
        .order_by(Slot.id.desc())
        .limit(1)
        .correlate(AccessRecord)
        .scalar_subquery()
    )
