"""Issue numbers, by which a newer card ends an older one (protocol.md, section 2.3).

A lock keeps the highest issue number that opened its door and refuses lower ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

# A lock refuses numbers more than a day ahead of its clock; an hour of that is left for later parties and lost cards.
_MOST_AHEAD = 86_400 - 3_600


@dataclass(frozen=True, slots=True)
class Number:
    """The issue number of one party for one door."""

    stay_id: int
    begins_at: datetime
    issue: int
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class Numbering:
    """The number to put on a party's cards, and the numbers of later parties that must make way (by stay)."""

    issue: int
    raised: dict[int, int]


def number_for(
    *,
    stay_id: int,
    begins_at: datetime,
    valid_until: datetime,
    now: datetime,
    numbers: Iterable[Number],
    lost: bool = False,
) -> Numbering:
    """The issue number for a party at a door. `numbers` are all that were given for the door, the party's own among them.

    It is the number that the party has, unless there is none, a card was `lost`, or it must get above one that was given
    to a party which gave the door up again: that party's cards may still be used before ours end.
    """
    others = [number for number in numbers if number.stay_id != stay_id]
    own = max((number.issue for number in numbers if number.stay_id == stay_id), default=None)
    floor = int(begins_at.timestamp())
    reachable = int(max(now, begins_at).timestamp()) + _MOST_AHEAD
    for other in others:
        is_earlier = not other.is_released and _is_before(other, begins_at, own)
        is_left_behind = other.is_released and other.begins_at < valid_until and other.issue < reachable
        if is_earlier or is_left_behind:
            floor = max(floor, other.issue + 1)
    issue = max(floor, own + (1 if lost else 0)) if own is not None else floor
    taken = {other.issue for other in others if other.is_released}
    while issue in taken:
        issue += 1
    later = [other for other in others if not other.is_released and not _is_before(other, begins_at, own)]
    return Numbering(issue, _make_way(issue, later, taken))


def _is_before(other: Number, begins_at: datetime, own: int | None) -> bool:
    """Parties stand in the order in which they begin; of two that begin alike, in the order of their numbers."""
    if other.begins_at == begins_at:
        return own is None or other.issue < own
    return other.begins_at < begins_at


def _make_way(issue: int, later: Sequence[Number], fixed: Collection[int]) -> dict[int, int]:
    """Parties that begin later must stay above, in their order."""
    raised: dict[int, int] = {}
    highest = issue
    for other in sorted(later, key=lambda number: (number.begins_at, number.issue)):
        if other.issue <= highest:
            highest += 1
            while highest in fixed:
                highest += 1
            raised[other.stay_id] = highest
        else:
            highest = other.issue
    return raised


def visitor_issue(numbers: Iterable[Number], *, present_stay_id: int | None, now: datetime) -> int:
    """The number of a one-shot card for a visitor: that of the party in the room, else of the last one that has begun.

    A lock refuses lower numbers than the highest that opened it, and remembers a higher one (protocol 2.3, step 7). With
    the number of whoever lives there now the visitor's card is never the lower one, and using it tells the lock nothing
    new: no key of the party ends. The next party's first card ends it, as it ends everything from before. A *concurrent*
    card would leave the lock's number alone as well, but would then let a visitor of the last guest in on the next one.
    """
    known = list(numbers)
    present = [number.issue for number in known if number.stay_id == present_stay_id and not number.is_released]
    return max(present or [number.issue for number in known if number.begins_at <= now], default=0)
