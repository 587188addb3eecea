"""What may be overwritten without a question."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pms.keycards.models import CardState
from pms.keycards.rules.truth import CardFacts, is_live


class CardKindSeen(StrEnum):
    """What lies on the machine."""

    BLANK = "blank"
    OWN = "own"  # of the same stay
    GUEST = "guest"  # a live key of another stay
    DEAD = "dead"  # ended, over or void: nothing is lost
    STAFF = "staff"
    FOREIGN = "foreign"  # of another house, or unreadable


def needs_question(kind: CardKindSeen) -> bool:
    """Whether somebody must say that the card may be overwritten."""
    return kind in (CardKindSeen.GUEST, CardKindSeen.STAFF, CardKindSeen.FOREIGN)


def kind_of_known(card: CardFacts, *, is_same_stay: bool, now: datetime) -> CardKindSeen:
    """What a card in our book is for the stay that a card is made for.

    A key that we ended may be overwritten without a question also while it still opens: nobody misses it.
    """
    if is_same_stay:
        return CardKindSeen.OWN
    if card.state is CardState.RESERVED:
        return CardKindSeen.GUEST
    return CardKindSeen.GUEST if is_live(card, now) else CardKindSeen.DEAD
