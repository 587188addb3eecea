"""Whose keys records are about. Cards and passcodes learn what the door saw; they and fingers say whose they are.

A page of records mostly tells of the same few keys again and again: each is told of its first and its last sighting of a
kind, in the order of the records, and what is no key of ours is not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from pms.access_records import series_queries as queries
from pms.access_records.service import commands
from pms.credentials.models import Fingerprint
from pms.keycards import service as keycards
from pms.lock_commands import queries as lock_commands
from pms.locks.rules import MOST_DRIFT
from pms.passcodes import service as passcodes
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.staffcards import service as staffcards
from pms.staffcards.models import StaffCard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from pms.access_records.series_queries import KnownKeys
    from pms.access_records.service.told import Sorted
    from pms.core.actor import Actor
    from pms.keycards.models import KeyCard
    from pms.keycards.service import Opening
    from pms.locks.models import Door, Lock
    from pms.passcodes.models import Passcode
    from pms.protocol.record import AccessRecord as DoorRecord
    from pms.slots.models import Slot

    Key = KeyCard | StaffCard | Passcode | Fingerprint | Slot


class Owner(NamedTuple):
    """Whose key it was; nobody's by default."""

    kind: str = ""
    id: int = 0
    stay_id: int | None = None
    guest_id: int | None = None
    key_card_id: int | None = None
    passcode_id: int | None = None
    staff_card_id: int | None = None
    # What the desk asked for that made the lock do it.
    command_id: int | None = None


NOBODY = Owner()


class _Sight(NamedTuple):
    """What a record tells of a key; `epoch` counts how often the lock moved on before, since a code means another then."""

    event: int
    method: int
    credential_id: int
    result: int
    epoch: int


@dataclass(frozen=True, slots=True)
class _Teller:
    lock: Lock
    door: Door | None
    known: KnownKeys
    # What the lock noted of passcodes before this is about those of earlier keys, which nobody has use for.
    codes_since: datetime
    actor: Actor
    now: datetime
    # What doors opened for is collected here.
    openings: list[Opening]

    def tell(self, record: DoorRecord, at: datetime) -> Key | None:
        """What is not genuine names nobody."""
        if record.method is RecordMethod.OFFLINE_CARD:
            return self._card(record, at)
        if record.method is RecordMethod.FINGERPRINT and record.event is not RecordEvent.USER_CHANGED:
            return self.known.fingers.get(record.credential_id)
        if record.method in _STORED and record.event is not RecordEvent.USER_CHANGED:
            return self.known.slots.get((self.lock.id, record.credential_id))
        if _is_about_passcodes(record) and at < self.codes_since:
            return None
        if record.event is RecordEvent.EPOCH_MOVED:
            passcodes.epoch_moved(lock=self.lock, p=record.credential_id, at=at, actor=self.actor, now=self.now)
            return None
        if record.method is RecordMethod.OFFLINE_PASSCODE and record.result not in _NAMELESS:
            return passcodes.seen_at_door(
                lock=self.lock, p=record.credential_id, result=record.result, at=at, actor=self.actor, now=self.now
            )
        return None

    def _card(self, record: DoorRecord, at: datetime) -> Key | None:
        seen: dict[str, Any] = {"result": record.result, "at": at, "actor": self.actor, "now": self.now}
        card = self.known.cards.get(record.credential_id)
        if card is not None:
            door_id = self.door.id if self.door else None
            opening = keycards.seen_at_door(card=card, lock_id=self.lock.id, door_id=door_id, **seen)
            if opening is not None:
                self.openings.append(opening)
            return card
        staff_card = self.known.staff_cards.get(record.credential_id)
        if staff_card is not None:
            staffcards.seen_at_door(card=staff_card, lock=self.lock, **seen)
        return staff_card


_STORED = (RecordMethod.PASSCODE, RecordMethod.CARD, RecordMethod.REMOTE, RecordMethod.FACE, RecordMethod.PALM)
_NAMELESS = (RecordResult.WRONG_CODE, RecordResult.LOCKED_OUT)


def tell(session: Session, found: Sequence[Sorted], now: datetime) -> list[list[Owner]]:
    """Tell the keys what was seen of them, and say for each new record of each lock whose key it was."""
    known = queries.known_keys({one.lock.id: [record for record, _at in one.fresh] for one in found})
    openings: list[Opening] = []
    keys = [_tell(one, known, openings, now) for one in found]
    keycards.refuse_older(openings)
    session.flush()
    guests, behind = _guests(keys), commands.find_behind(found)
    owners = [[_owner(key, guests) for key in of] for of in keys]
    for one, of in zip(found, owners, strict=True) if behind else ():
        for place, (record, _at) in enumerate(one.fresh):
            command_id = behind.get((one.lock.id, record.sequence))
            if command_id is not None:
                of[place] = Owner(command_id=command_id)
    return owners


def _tell(one: Sorted, known: KnownKeys, openings: list[Opening], now: datetime) -> list[Key | None]:
    records = [record for record, _at in one.fresh]
    sights = _sights(records)
    places: dict[_Sight, tuple[int, int]] = {}
    for index, sight in enumerate(sights):
        places[sight] = (places.get(sight, (index, index))[0], index)
    teller = _Teller(one.lock, one.door, known, _codes_since(one.lock, records), one.told.actor, now, openings)
    keys: dict[_Sight, Key | None] = {}
    for index, (record, at) in enumerate(one.fresh):
        if index in places[sights[index]]:
            keys[sights[index]] = teller.tell(record, at)
    return [keys[sight] for sight in sights]


def _is_about_passcodes(record: DoorRecord) -> bool:
    return record.event is RecordEvent.EPOCH_MOVED or record.method is RecordMethod.OFFLINE_PASSCODE


def _codes_since(lock: Lock, records: Sequence[DoorRecord]) -> datetime:
    """When the lock's present keys were made, less what its clock may be off by; where that is not known, or does not matter,
    long ago."""
    made_at = lock_commands.keys_made_at(lock.id) if any(_is_about_passcodes(record) for record in records) else None
    return made_at - timedelta(seconds=MOST_DRIFT) if made_at is not None else datetime.min.replace(tzinfo=UTC)


def _sights(records: Sequence[DoorRecord]) -> list[_Sight]:
    found, epoch = [], 0
    for record in records:
        epoch += record.event is RecordEvent.EPOCH_MOVED
        found.append(_Sight(record.event, record.method, record.credential_id, record.result, epoch))
    return found


def _guests(keys: Sequence[Sequence[Key | None]]) -> dict[int, int]:
    """By stay, the guests whose keys these are."""
    stays = {key.stay_id for of in keys for key in of if key is not None and not isinstance(key, StaffCard)}
    return queries.guests_of_stays([stay_id for stay_id in stays if stay_id is not None])


def _owner(key: Key | None, guests: dict[int, int]) -> Owner:
    if key is None:
        return NOBODY
    stay_id = None if isinstance(key, StaffCard) else key.stay_id
    kind = key.__tablename__
    return Owner(
        kind,
        key.id,
        stay_id,
        guests.get(stay_id) if stay_id is not None else None,
        key_card_id=key.id if kind == "key_card" else None,
        passcode_id=key.id if kind == "passcode" else None,
        staff_card_id=key.id if kind == "staff_card" else None,
    )
