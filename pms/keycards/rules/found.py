"""A card that lay on a machine: whose it is, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pms.keycards.rules.overwriting import CardKindSeen
from pms.keycards.rules.truth import KeyState, MakeAgain
from pms.stays.models import StayState


class FoundAct(StrEnum):
    """What to do with a card that somebody put on the machine."""

    GIVE_BACK = "give_back"  # good, and its guest is here
    KEEP_FOR_ARRIVAL = "keep_for_arrival"  # made ahead, and its guest is not here yet
    MAKE_AGAIN = "make_again"
    ALLOW = "allow"  # reported lost, and denied by its own number
    ERASE = "erase"
    USE = "use"  # blank
    TO_HOLDER = "to_holder"  # somebody's who works here
    TO_MANAGER = "to_manager"  # nobody at the desk can say whose
    LOST_PROPERTY = "lost_property"  # no card of this house


@dataclass(frozen=True, slots=True)
class FoundCard:
    """What is known of a card that was read; `state` and `stay_state` of the key in the book that it holds, `holder_counts`
    whether somebody who works here counts on it (None: it is no staff card of the book).
    """

    kind: CardKindSeen
    state: KeyState | None = None
    again: MakeAgain | None = None
    stay_state: StayState | None = None
    is_lost: bool = False
    is_denied: bool = False
    is_damaged: bool = False
    holder_counts: bool | None = None


def what_to_do(found: FoundCard) -> FoundAct:
    """The one thing to do."""
    if found.holder_counts is not None:
        return _with_staff_card(found)
    if found.state is not None:
        return _with_known_key(found)
    if found.kind is CardKindSeen.BLANK:
        return FoundAct.USE
    if found.kind is CardKindSeen.FOREIGN and not found.is_damaged:
        return FoundAct.LOST_PROPERTY
    if found.kind in (CardKindSeen.GUEST, CardKindSeen.STAFF):
        return FoundAct.TO_MANAGER
    return FoundAct.ERASE


def _with_staff_card(found: FoundCard) -> FoundAct:
    """A lost card that is back may have been in a stranger's hand."""
    if found.is_lost:
        return FoundAct.TO_MANAGER
    return FoundAct.TO_HOLDER if found.holder_counts else FoundAct.ERASE


def _with_known_key(found: FoundCard) -> FoundAct:
    is_open = found.stay_state in (StayState.CONFIRMED, StayState.IN_HOUSE)
    if found.is_lost and found.is_denied and is_open:
        return FoundAct.ALLOW
    if found.again is not None and is_open:
        return FoundAct.MAKE_AGAIN
    if found.state in (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN) and is_open:
        return FoundAct.GIVE_BACK if found.stay_state is StayState.IN_HOUSE else FoundAct.KEEP_FOR_ARRIVAL
    return FoundAct.ERASE
