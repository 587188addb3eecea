"""What guests of the demo hotel spend and pay, and the outage pack of its first hour."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from pms.core.ids import new_id
from pms.folios import queries, service
from pms.folios.models import PaymentMethod, PostingCode
from pms.outage import page
from pms.outage import service as outage
from pms.properties import queries as property_queries
from pms.properties import service as properties
from pms.stays import queries as stays

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor

# Cents for a night.
NIGHTS = {"STD": 9_800, "TWN": 10_900, "DLX": 14_500, "STE": 21_900, "APT": 18_900}
DESK_PASSWORD = "linden desk at night"  # noqa: S105 - opens packs of demo hotels only
_TREATS = (
    (PostingCode.MINIBAR, (350, 700, 1250)),
    (PostingCode.RESTAURANT, (2450, 3890, 6720)),
    (PostingCode.PARKING, (1800,)),
    (PostingCode.LAUNDRY, (1450,)),
)
_METHODS = (PaymentMethod.CARD, PaymentMethod.CARD, PaymentMethod.CASH)


class Purse:
    """Chance of its own, so that the guests' plans do not depend on what they spend."""

    def __init__(self) -> None:
        self._random = Random(21)  # noqa: S311 - invented guests need no secrecy

    def pay(self, stay_id: int, *, actor: Actor, now: datetime) -> None:
        """All that is owed, as guests do before they leave."""
        owed = queries.balance_of(stay_id).amount
        if owed > 0:
            service.take_payment(
                stay_id=stay_id,
                amount=owed,
                method=self._random.choice(_METHODS),
                request_id=_request(),
                actor=actor,
                now=now,
            )

    def spend(self, *, actor: Actor, now: datetime) -> None:
        """Guests in house have had a drink or a meal; some of those who leave have paid already."""
        for stay in stays.in_house():
            if self._random.random() < 0.45:
                code, amounts = self._random.choice(_TREATS)
                amount = self._random.choice(amounts)
                service.charge(stay_id=stay.id, code=code, amount=amount, request_id=_request(), actor=actor, now=now)
            if self._random.random() < 0.6:
                self.pay(stay.id, actor=actor, now=now)


def set_terms(*, actor: Actor, now: datetime) -> None:
    """Fees for early arrival and late departure."""
    house = property_queries.get_property()
    properties.change_terms(
        version=house.version,
        currency="EUR",
        early_arrival_hour=9,
        late_departure_hour=18,
        early_fee=2_500,
        late_fee=3_500,
        cleaning_hours=2,
        actor=actor,
        now=now,
    )


def make_pack(*, actor: Actor, now: datetime) -> None:
    """The desk has a password, and the pack of this hour is there."""
    outage.set_up(version=0, password=DESK_PASSWORD, again=DESK_PASSWORD, makes_codes=True, actor=actor, now=now)
    outage.make_hourly(write=page.write, actor=actor, now=now)


def _request() -> str:
    return f"demo-{new_id()}"
