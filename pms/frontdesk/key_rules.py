"""What a key of a stay is good for, and why something must be done about it.

Plain values only. Cards, codes and what locks store differ in who can change them: a card only where it lies on a machine, a
code that was told not at all, what a lock stores by a command that somebody brings there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pms.keycards.rules import KeyState, MakeAgain
from pms.passcodes.rules import Life
from pms.slots.models import SlotKind, SlotState


class KeySort(StrEnum):
    """What a guest has in the hand, in the head or at the finger; `stored_` ones lie in the lock itself."""

    CARD = "card"
    PASSCODE = "passcode"
    STORED_CARD = "stored_card"
    STORED_PASSCODE = "stored_passcode"
    FINGERPRINT = "fingerprint"
    REMOTE = "remote"
    FACE = "face"
    PALM = "palm"

    @property
    def is_stored(self) -> bool:
        """Whether the lock keeps it, so that a command changes it."""
        return self not in (KeySort.CARD, KeySort.PASSCODE)


SORT_OF_SLOT: dict[SlotKind, KeySort] = {
    SlotKind.CARD: KeySort.STORED_CARD,
    SlotKind.PASSCODE: KeySort.STORED_PASSCODE,
    SlotKind.FINGERPRINT: KeySort.FINGERPRINT,
    SlotKind.REMOTE: KeySort.REMOTE,
    SlotKind.FACE: KeySort.FACE,
    SlotKind.PALM: KeySort.PALM,
}


class Stance(StrEnum):
    """What can honestly be said of a key."""

    MAKING = "making"  # a machine is to write it
    OPENS = "opens"
    UNSURE = "unsure"  # its writing was interrupted: it may open
    WAITING = "waiting"  # the lock has not been told of it
    CHANGING = "changing"  # the lock still has the earlier times
    LEAVING = "leaving"  # the lock has it until it is told to let it go
    LEFT = "left"  # nobody wants it, and the door does not know
    REFUSED = "refused"  # the lock would not take it
    GONE = "gone"


MAY_OPEN = frozenset({Stance.OPENS, Stance.UNSURE, Stance.CHANGING, Stance.LEAVING, Stance.LEFT})
COUNTS = frozenset({Stance.MAKING, Stance.OPENS, Stance.UNSURE, Stance.WAITING, Stance.CHANGING})
"""Somebody relies on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a stay: where, until when its doors take it, and why something must be done about it (None: nothing)."""

    sort: KeySort
    id: int
    doors: tuple[str, ...]
    stance: Stance
    # The last instant at which the door takes it, by what the door knows; None: no end, or nothing there yet.
    opens_until: datetime | None
    # Until when it was made.
    ends: datetime | None
    again: MakeAgain | None = None
    # Before when something must be done; None with a need: at once.
    by: datetime | None = None
    # A gateway or module that is online brings commands to its lock by itself.
    is_reached: bool = False
    # Seen at the door, read back, or said by the lock.
    is_proved: bool = False
    # The lock's own word, where it would not do what it was asked (`AnswerStatus`).
    status: int | None = None
    # Its doors are told to refuse it, this one card; `doors` are those that are not known to have heard.
    is_denied: bool = False
    # "Card 2 of 3".
    number: int = 1
    of: int = 1

    @property
    def may_open(self) -> bool:
        """Whether a door takes it now or later."""
        return self.stance in MAY_OPEN

    @property
    def counts(self) -> bool:
        """Whether somebody relies on it."""
        return self.stance in COUNTS


# --- cards

_STANCES = {
    KeyState.IN_MAKING: Stance.MAKING,
    KeyState.NOT_MADE: Stance.GONE,
    KeyState.CONFIRMED: Stance.OPENS,
    KeyState.BELIEVED: Stance.OPENS,
    KeyState.UNKNOWN: Stance.UNSURE,
    KeyState.TIME_OVER: Stance.GONE,
    KeyState.STILL_OPENS: Stance.LEFT,
    KeyState.UNKNOWN_STILL: Stance.LEFT,
    KeyState.DEAD: Stance.GONE,
}


def stance_of_card(state: KeyState, *, was_written: bool) -> Stance:
    """A card that was ended before a machine touched it opens nothing."""
    stance = _STANCES[state]
    return Stance.GONE if stance is Stance.LEFT and not was_written else stance


def card_by(again: MakeAgain | None, *, ends: datetime, begins: datetime, leaves: datetime) -> datetime | None:
    """Before when a card must lie on a machine again; None: at once, or never."""
    if again is MakeAgain.TOO_SHORT:
        return ends
    if again is MakeAgain.TOO_EARLY:
        return begins
    return leaves if again is MakeAgain.TOO_LONG else None


# --- codes

_OVER = (Life.TIME_OVER, Life.USED, Life.REVOKED, Life.REFUSED, Life.NOT_SENT)


def stance_of_code(life: Life, *, is_wanted: bool) -> Stance:
    """What a door may still take of somebody who is not a guest any more is wanted by nobody."""
    if life in _OVER:
        return Stance.GONE
    if not is_wanted or life in (Life.STILL_OPENS, Life.BEING_REVOKED):
        return Stance.LEFT
    return Stance.OPENS


def code_need(
    *,
    begins: datetime,
    ends: datetime | None,
    arrives: datetime,
    leaves: datetime,
    now: datetime,
    reaches: datetime | None,
) -> MakeAgain | None:
    """Why the guest must be told another code. `reaches` is the latest end among the party's codes for this door.

    A code cannot be changed once it was told: one that is too long opens to its end, whatever we wish.
    """
    if begins > max(now, arrives):
        return MakeAgain.TOO_EARLY
    if begins < arrives and arrives > now:
        return MakeAgain.TOO_SOON
    if ends is None:
        return MakeAgain.TOO_LONG
    if ends < leaves and (reaches is None or reaches < leaves):
        return MakeAgain.TOO_SHORT
    return MakeAgain.TOO_LONG if ends > leaves else None


# --- what locks store

_SLOT_STANCES = {
    SlotState.WANTED: Stance.WAITING,
    SlotState.WAITING: Stance.WAITING,
    SlotState.ADDED: Stance.OPENS,
    SlotState.CHANGING: Stance.CHANGING,
    SlotState.REFUSED: Stance.REFUSED,
    SlotState.REMOVING: Stance.LEAVING,
    SlotState.REMOVED: Stance.GONE,
    SlotState.NOT_SENT: Stance.GONE,
}


def stance_of_slot(state: SlotState, *, is_sent: bool, is_listed: bool) -> Stance:
    """What the lock was sent may be in it, also where its answer was lost."""
    if state is SlotState.WAITING and (is_sent or is_listed):
        return Stance.UNSURE
    return _SLOT_STANCES[state]


def slot_need(*, wanted: datetime | None, listed: datetime | None, is_listed: bool) -> MakeAgain | None:
    """How the end that the lock itself has differs from the one that it should have."""
    if not is_listed or wanted == listed:
        return None
    if listed is None or (wanted is not None and listed > wanted):
        return MakeAgain.TOO_LONG
    return MakeAgain.TOO_SHORT


def slot_by(again: MakeAgain | None, *, wanted: datetime | None, listed: datetime | None) -> datetime | None:
    """Before when the lock must be told; None: at once."""
    if again is MakeAgain.TOO_SHORT:
        return listed
    return wanted if again is MakeAgain.TOO_LONG else None
