"""What a stay costs by its nights and hours, and what an act changes of that. Plain values; the folio has what was posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.stays import rules as stay_rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from pms.properties.models import Property
    from pms.stays.models import Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Minor units. Day use is paid once; `type_price` is what a night of the type of the room costs who books now."""

    nights: int
    night_price: int
    early_fee: int = 0
    late_fee: int = 0
    type_id: int | None = None
    type_price: int = 0

    @property
    def total(self) -> int:
        """The nights and what was promised beyond the house's hours."""
        return self.nights * self.night_price + self.early_fee + self.late_fee


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What the stay costs before and after the act as agreed; `recalculated` where the other room's type has another price
    for a night, so that somebody must decide whether to keep the agreed one."""

    before: Price
    after: Price
    recalculated: Price | None

    @property
    def is_other(self) -> bool:
        """Whether there is anything to say."""
        return self.before.total != self.after.total or self.recalculated is not None


def of_stay(stay: Stay, house: Property) -> Price:
    """What the stay costs as it is; nothing once it is off. Its room, or else the booked type, must be loaded."""
    kind = stay.room.room_type if stay.room is not None else stay.room_type
    is_off = stay.state in (StayState.CANCELLED, StayState.NO_SHOW)
    return Price(
        nights=0 if is_off else 1 if stay.is_day_use else (stay.departure_date - stay.arrival_date).days,
        night_price=stay.night_price,
        early_fee=house.early_fee if stay_rules.is_early(stay, house) and not is_off else 0,
        late_fee=house.late_fee if stay_rules.is_late(stay, house) and not is_off else 0,
        type_id=kind.id,
        type_price=kind.night_price,
    )


def change(before: Price, after: Price) -> PriceChange | None:
    """What an act changes of the price; None where nothing was agreed and nothing is asked."""
    recalculated = None
    if after.type_id != before.type_id and after.type_price != after.night_price and after.nights:
        recalculated = with_night_price(after, after.type_price)
    found = PriceChange(before, after, recalculated)
    return found if found.is_other else None


def with_night_price(price: Price, night_price: int) -> Price:
    """The same nights at another price each."""
    return Price(
        nights=price.nights,
        night_price=night_price,
        early_fee=price.early_fee,
        late_fee=price.late_fee,
        type_id=price.type_id,
        type_price=price.type_price,
    )
