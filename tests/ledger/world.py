"""Keys of every kind and what doors noted of them, with many at the same instant."""

from __future__ import annotations

from datetime import timedelta

from pms.access_records.models import AccessRecord
from pms.core.db import transaction
from pms.keycards.models import CardReason, CardState, EndReason, KeyCard, KeyCardGrant
from pms.passcodes.models import Passcode, PasscodeKind
from pms.protocol.record import RecordEvent, RecordMethod
from pms.slots.models import Slot, SlotKind, SlotRole, SlotState
from pms.staffcards.models import StaffCard, StaffCardKind
from pms.stays import service as stays
from tests import factories
from tests.keycards.desk import DESK

MINUTE = timedelta(minutes=1)


def book(house, now, room="101", *, name="Moreau", nights=2, inside=True):
    """A booked stay, in house unless said otherwise."""
    with transaction() as session:
        guest = factories.guest(name, "Claire")
        session.add(guest)
    row = house.rooms[room]
    stay = stays.book(
        guest_id=guest.id,
        room_type_id=row.room_type_id,
        room_id=row.id,
        arrival_date=now.date(),
        departure_date=now.date() + timedelta(days=nights),
        actor=DESK,
        now=now,
    )
    if inside:
        stays.check_in(stay_id=stay.id, actor=DESK, now=now)
    return stay


class World:
    """Adds rows one by one; each has numbers of its own."""

    def __init__(self, house) -> None:
        self.house = house
        self.count = 0

    def _next(self) -> int:
        self.count += 1
        return 1000 + self.count

    def _add(self, *rows):
        with transaction() as session:
            for row in rows:
                session.add(row)
                session.flush()
        return rows[0]

    def card(self, stay, at, *, ended=None, until=None, **values) -> KeyCard:
        number = self._next()
        card = KeyCard(
            stay_id=stay.id,
            reason=CardReason.NEW,
            credential_id=number,
            state=CardState.ENDED if ended else CardState.ACTIVE,
            uid=f"04{number:06x}",
            valid_from=at,
            valid_until=until or at + timedelta(days=2),
            made_by=values.pop("made_by", "Mia"),
            made_at=at,
            ended_at=ended,
            end_reason=EndReason.LOST if ended else None,
            **values,
        )
        door = self.house.doors["101"]
        return self._add(card, KeyCardGrant(key_card_id=card.id, unit=1, door_id=door.id, issue=number))

    def code(self, at, *, stay=None, ended=None, door="101", **values) -> Passcode:
        place = self.house.doors[door]
        return self._add(
            Passcode(
                stay_id=stay.id if stay else None,
                holder_name="" if stay else "Plumber",
                door_id=place.id,
                lock_id=place.lock_id,
                kind=PasscodeKind.HOURS,
                life=1,
                epoch=1,
                permission=self._next(),
                valid_from=at,
                valid_until=values.pop("until", at + timedelta(hours=5)),
                made_by="Mia",
                made_at=at,
                ended_at=ended,
                **values,
            )
        )

    def slot(self, at, *, stay=None, state=SlotState.ADDED, door="101", **values) -> Slot:
        place = self.house.doors[door]
        return self._add(
            Slot(
                lock_id=place.lock_id,
                door_id=place.id,
                number=None if state is SlotState.NOT_SENT else self._next() % 300 + 1,
                kind=SlotKind.REMOTE,
                credential_id=self._next(),
                name="Remote of the porter",
                role=SlotRole.GUEST,
                state=state,
                stay_id=stay.id if stay else None,
                made_by="Mia",
                created_at=at,
                changed_at=at + MINUTE,
                **values,
            )
        )

    def staff(self, at, *, holder="Vera", **values) -> StaffCard:
        number = self._next()
        return self._add(
            StaffCard(
                kind=StaffCardKind.STAFF,
                holder_name=holder,
                credential_id=number,
                uid=f"05{number:06x}",
                state=CardState.ACTIVE,
                valid_from=at,
                valid_until=at + timedelta(days=30),
                made_by="Mia",
                made_at=at,
                **values,
            )
        )

    def record(self, at, *, door="101", event=RecordEvent.OPENED, result=0, card=None, staff=None, stay=None):
        place = self.house.doors[door]
        return self._add(
            AccessRecord(
                lock_id=place.lock_id,
                door_id=place.id,
                life=1,
                sequence=self._next(),
                at=at,
                event=event,
                method=RecordMethod.OFFLINE_CARD,
                credential_id=card.credential_id if card else staff.credential_id if staff else 0,
                result=result,
                battery_percent=80,
                received_at=at,
                key_card_id=card.id if card else None,
                staff_card_id=staff.id if staff else None,
                stay_id=stay.id if stay else card.stay_id if card else None,
            )
        )
