"""What the desk's dialogs need to know."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from pms.encoders import queries as encoders
from pms.keycards import queries as keycards
from pms.stays import queries as stays
from pms.stays import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.encoders.models import Encoder
    from pms.stays.models import Stay, StepKind
    from pms.stays.queries import RoomOffer


def stay_for(stay_id: int, kind: StepKind) -> Stay:
    """The stay, for the dialog of a step; NotFound, or WrongState where the step is past, so that nobody fills it in vain."""
    stay = stays.get_stay(stay_id)
    rules.check_step(kind, stay.state)
    return stay


def check_in_rooms(stay: Stay, *, departure: date) -> Sequence[RoomOffer]:
    """Rooms that the party could get, best first; its own room stays the first choice while it is free."""
    offers = stays.free_rooms(
        room_type_id=stay.room_type_id,
        arrival=stay.arrival_date,
        departure=departure,
        except_stay_ids=[stay.id],
    )
    return sorted(offers, key=lambda offer: offer.room.id != stay.room_id)


def move_rooms(stay: Stay, *, tonight: date) -> Sequence[RoomOffer]:
    """Rooms that are free for the rest of the stay and have nobody inside."""
    offers = stays.free_rooms(
        room_type_id=stay.room.room_type_id if stay.room else stay.room_type_id,
        arrival=min(tonight, stay.departure_date),
        departure=max(stay.departure_date, tonight),
        except_stay_ids=[stay.id],
    )
    return [offer for offer in offers if offer.room.id != stay.room_id]


def machines(chosen_id: int | None) -> tuple[Sequence[Encoder], Encoder | None]:
    """The card machines in use, and the one that this desk means."""
    return encoders.list_for_cards(), encoders.desk_encoder(chosen_id)


def cards_to_make_again(stay: Stay, *, now: datetime) -> tuple[int, datetime | None]:
    """How many of the party's cards must be made again, and until when the first of them opens its door."""
    cards = keycards.to_make_again(stay, now=now)
    return len(cards), min((card.valid_until for card in cards), default=None)
