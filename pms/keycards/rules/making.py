"""How many cards, for how long, what they are made for."""

from __future__ import annotations

from datetime import datetime

from pms.keycards.models import CardReason
from pms.keycards.rules.refusals import BadCopies, NoRoomYet, StayEnded, TimeIsOver, TooManyDoors
from pms.stays.models import StayState

MAX_COPIES = 8
MAX_FURTHER = 6
"""Units 3 to 8."""


def begins_at(*, state: StayState, now: datetime, arrives: datetime) -> datetime:
    """From when a party may pass: at once when it is here, else from when the room is promised to it (or now, if that is past)."""
    if state is StayState.IN_HOUSE:
        return now
    return max(now, arrives)


def check_copies(copies: int) -> None:
    """BadCopies."""
    if not 1 <= copies <= MAX_COPIES:
        raise BadCopies(most=MAX_COPIES)


def check_further(count: int) -> None:
    """TooManyDoors."""
    if count > MAX_FURTHER:
        raise TooManyDoors(most=MAX_FURTHER)


def check_stay(state: StayState, *, has_room: bool) -> None:
    """StayEnded or NoRoomYet."""
    if state not in (StayState.CONFIRMED, StayState.IN_HOUSE):
        raise StayEnded
    if not has_room:
        raise NoRoomYet


def can_make(state: StayState, *, has_room: bool) -> bool:
    """Whether the page offers to make cards."""
    return state in (StayState.CONFIRMED, StayState.IN_HOUSE) and has_room


def check_window(valid_from: datetime, valid_until: datetime) -> None:
    """TimeIsOver."""
    if valid_from >= valid_until:
        raise TimeIsOver(until=valid_until)


def default_reason(live_cards: int) -> CardReason:
    """What a card is made for when nobody says."""
    return CardReason.DUPLICATE if live_cards else CardReason.NEW
