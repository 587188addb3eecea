"""The small card of a bar: what a clerk wants to know at a glance, and the two or three verbs that fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.folios import queries as folios
from pms.keycards import queries as keycards
from pms.stays import queries as stays
from pms.stays import rules
from pms.stays.models import StayState, StepKind

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.keycards.queries import KeySummary
    from pms.stays.models import Stay


@dataclass(frozen=True, slots=True)
class Card:
    """A stay with what its verbs depend on."""

    stay: Stay
    keys: KeySummary
    # Minor units; positive: the guest owes.
    balance: int
    nights: int
    is_due: bool
    is_overdue: bool
    allowed: frozenset[StepKind]

    @property
    def is_here(self) -> bool:
        """Whether the party is checked in."""
        return self.stay.state is StayState.IN_HOUSE


def card(stay_id: int, *, today: date, tonight: date, now: datetime) -> Card:
    """The card of a stay; NotFound."""
    stay = stays.get_stay(stay_id)
    return Card(
        stay=stay,
        keys=keycards.summary_for_stays([stay_id], now=now)[stay_id],
        balance=folios.balance_of(stay_id).amount,
        nights=(stay.departure_date - stay.arrival_date).days,
        is_due=stay.arrival_date <= today < stay.departure_date or (stay.is_day_use and stay.arrival_date == today),
        is_overdue=rules.is_overdue(
            stay.state,
            stay.arrival_date,
            stay.departure_date,
            today=today,
            tonight=tonight,
            is_waiting=stay.waiting_since is not None,
        ),
        allowed=rules.allowed_steps(stay.state),
    )
