"""What somebody must do about the keys of a stay, and by when. Plain values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pms.frontdesk.key_rules import Key, KeySort, Stance
from pms.keycards.rules import MakeAgain
from pms.passcodes.rules import MAX_HOURS

# A code of nights that ends on the last day, but before the hour that was agreed, can be followed by one of hours: not earlier.
_REST_OF_A_DAY = timedelta(days=1)


class TaskKind(StrEnum):
    """What somebody must do about keys, in the order in which it matters."""

    MAKE_CARDS = "make_cards"
    WRITE_AGAIN = "write_again"
    TELL_CODE = "tell_code"
    VISIT_LOCK = "visit_lock"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do for a stay: with how many keys, before when (None: at once), and why (None: it has none at all)."""

    kind: TaskKind
    count: int
    by: datetime | None
    again: MakeAgain | None
    doors: tuple[str, ...] = ()


def task_kind(key: Key, *, now: datetime, leaves: datetime) -> TaskKind | None:
    """What a key asks for; None where it is as it should be, or changes by itself."""
    if key.sort is KeySort.CARD:
        return _card_task(key)
    if key.sort is KeySort.PASSCODE:
        return _code_task(key, now, leaves)
    if key.stance is Stance.REFUSED or key.status is not None:
        return TaskKind.VISIT_LOCK
    if key.stance in (Stance.WAITING, Stance.UNSURE, Stance.CHANGING, Stance.LEAVING):
        return None if key.is_reached else TaskKind.VISIT_LOCK
    return TaskKind.VISIT_LOCK if key.again is not None and key.counts else None


def can_tell_rest(*, ends: datetime, leaves: datetime, now: datetime) -> bool:
    """Whether a code that reaches the end can be made by now: one of hours lasts three days at most."""
    return leaves - ends >= _REST_OF_A_DAY or leaves - now <= timedelta(hours=MAX_HOURS)


def _card_task(key: Key) -> TaskKind | None:
    if key.stance in (Stance.MAKING, Stance.LEFT):
        return None
    # Also a card whose time is over while the guest stays on.
    return TaskKind.WRITE_AGAIN if key.again is not None or key.stance is Stance.UNSURE else None


def _code_task(key: Key, now: datetime, leaves: datetime) -> TaskKind | None:
    if key.again not in (MakeAgain.TOO_SHORT, MakeAgain.TOO_EARLY) or not key.counts:
        return None
    if key.again is MakeAgain.TOO_SHORT and key.ends is not None:
        return TaskKind.TELL_CODE if can_tell_rest(ends=key.ends, leaves=leaves, now=now) else None
    return TaskKind.TELL_CODE


def tasks(keys: Sequence[Key], *, is_in_house: bool, is_leaving: bool, now: datetime, leaves: datetime) -> list[Task]:
    """What is to do about the keys of a stay, one line a kind.

    Who leaves today needs no new card, but what opens too long, or is still in a lock, counts to the end.
    """
    found = []
    if is_in_house and not is_leaving and not any(key.counts or key.again for key in keys):
        found.append(Task(TaskKind.MAKE_CARDS, 1, None, None))
    for kind in (TaskKind.WRITE_AGAIN, TaskKind.TELL_CODE, TaskKind.VISIT_LOCK):
        concerned = [key for key in keys if task_kind(key, now=now, leaves=leaves) is kind]
        if is_leaving and kind is not TaskKind.VISIT_LOCK:
            concerned = [key for key in concerned if key.again is not MakeAgain.TOO_EARLY and _is_still_short(key, now)]
        if concerned:
            first = min(concerned, key=lambda key: key.by or datetime.min.replace(tzinfo=now.tzinfo))
            doors = tuple(dict.fromkeys(door for key in concerned for door in key.doors))
            found.append(Task(kind, len(concerned), first.by, first.again, doors))
    return found


def _is_still_short(key: Key, now: datetime) -> bool:
    """On the last day only what ends before the guest leaves is worth a card."""
    return key.again is MakeAgain.TOO_SHORT and key.ends is not None and key.ends > now - timedelta(hours=12)
