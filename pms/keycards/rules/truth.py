"""What can honestly be said of a card, and when it must be made again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pms.keycards.models import CardState, Proof

GRACE = timedelta(seconds=900)
"""How much longer than its validity a card opens (and earlier), for clocks that drift."""


class KeyState(StrEnum):
    """What can honestly be said about a key."""

    IN_MAKING = "in_making"
    NOT_MADE = "not_made"
    CONFIRMED = "confirmed"
    BELIEVED = "believed"
    UNKNOWN = "unknown"
    TIME_OVER = "time_over"
    STILL_OPENS = "still_opens"
    UNKNOWN_STILL = "unknown_still"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a rule needs to know of a card; `issues` by door id."""

    state: CardState
    proof: Proof
    valid_from: datetime
    valid_until: datetime
    refused_since: datetime | None = None
    issues: Mapping[int, int] | None = None


def opens_until(valid_until: datetime) -> datetime:
    """The last instant at which a door would take the card: a card dies by itself a quarter of an hour after its end."""
    return valid_until + GRACE


def key_state(card: CardFacts, now: datetime) -> KeyState:
    """The state of a key in one word."""
    is_over = now > opens_until(card.valid_until)
    if card.state is CardState.RESERVED:
        return KeyState.IN_MAKING
    if card.state is CardState.VOID:
        return KeyState.NOT_MADE
    if card.state is CardState.ENDED:
        if card.refused_since is not None or is_over:
            return KeyState.DEAD
        return KeyState.UNKNOWN_STILL if card.proof is Proof.UNKNOWN else KeyState.STILL_OPENS
    if card.refused_since is not None:
        return KeyState.DEAD
    if is_over:
        return KeyState.TIME_OVER
    if card.state is CardState.UNKNOWN:
        return KeyState.UNKNOWN
    return KeyState.CONFIRMED if card.proof is Proof.CONFIRMED else KeyState.BELIEVED


def is_live(card: CardFacts, now: datetime) -> bool:
    """Whether somebody counts on the card opening, or it may open for the wrong one."""
    return key_state(card, now) in (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN)


def may_still_open(card: CardFacts, now: datetime) -> bool:
    """Whether the plastic may open a door now or later, wanted or not."""
    return is_live(card, now) or key_state(card, now) in (KeyState.STILL_OPENS, KeyState.UNKNOWN_STILL)


class MakeAgain(StrEnum):
    """Why a live card does not do any more what the party needs."""

    LOST = "lost"  # another card of the party was lost: the number was raised
    TOO_SHORT = "too_short"  # ends before the stay does
    TOO_LONG = "too_long"  # opens after the departure
    NEWER_USED = "newer_used"  # another party's number may have been used at the door
    TOO_EARLY = "too_early"  # made ahead, and the guest came before its time
    TOO_SOON = "too_soon"  # made ahead, and the guest comes later: until then the room may be somebody else's


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a live card of a party should carry: the doors' numbers, from when, until when.

    `rivals` are the numbers above it at its main door whose cards could be in use by now.
    """

    issues: Mapping[int, int]
    begins_at: datetime
    valid_until: datetime
    rivals: Collection[int] = ()


def make_again(card: CardFacts, wanted: Wanted, now: datetime) -> MakeAgain | None:
    """Why the card must be made again; None if it is as it should be or does not count."""
    if not is_live(card, now) and not (card.state is CardState.ACTIVE and wanted.valid_until > now):
        return None
    issues = card.issues or {}
    if any(wanted.issues.get(door_id, 0) > issue for door_id, issue in issues.items()):
        return MakeAgain.LOST
    if any(rival > issue for issue in issues.values() for rival in wanted.rivals) or card.refused_since is not None:
        return MakeAgain.NEWER_USED
    if card.valid_until < wanted.valid_until:
        return MakeAgain.TOO_SHORT
    if card.valid_from - GRACE > max(now, wanted.begins_at):
        return MakeAgain.TOO_EARLY
    if card.valid_from + GRACE < wanted.begins_at and wanted.begins_at > now:
        return MakeAgain.TOO_SOON
    if card.valid_until > wanted.valid_until:
        return MakeAgain.TOO_LONG
    return None
