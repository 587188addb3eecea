"""What an act makes of the keys of a stay, by how they were before and are after. Plain values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pms.frontdesk.key_rules import COUNTS, Key, Stance
from pms.keycards.rules import MakeAgain


class Fate(StrEnum):
    """What becomes of a key."""

    KEEPS = "keeps"
    ENDS_EARLY = "ends_early"  # must be made again (told, brought) before its end
    ENDS_LATE = "ends_late"  # opens longer than the party stays
    BEGINS_LATE = "begins_late"  # does not open yet when the party comes
    BEGINS_SOON = "begins_soon"  # opens before the party comes
    OUTDATED = "outdated"  # a newer number may have been used at its door
    LEFT = "left"  # nobody wants it; the door takes it until its end or the next guest's first use
    NOT_MADE = "not_made"  # the machine, or the lock, never gets it
    CHANGED = "changed"  # the lock is told its new end
    UNCHANGED = "unchanged"  # the lock should be told, and cannot
    STORED = "stored"  # another lock is told to take it
    TAKEN_AWAY = "taken_away"  # the lock is told to let it go
    COUNTS_AGAIN = "counts_again"
    GONE = "gone"  # it was destroyed, and does not come back


_BY_NEED = {
    MakeAgain.TOO_SHORT: Fate.ENDS_EARLY,
    MakeAgain.TOO_LONG: Fate.ENDS_LATE,
    MakeAgain.TOO_EARLY: Fate.BEGINS_LATE,
    MakeAgain.TOO_SOON: Fate.BEGINS_SOON,
    MakeAgain.LOST: Fate.OUTDATED,
    MakeAgain.NEWER_USED: Fate.OUTDATED,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A key, and what an act makes of it. `key` is as it is afterwards (as before, where it is gone)."""

    key: Key
    fate: Fate
    # Until when the door took it before the act.
    opened_until: datetime | None = None


def outcomes(before: Iterable[Key], after: Iterable[Key]) -> list[Outcome]:
    """What became of each key; those that were over before, and are, are left out."""
    then = {(key.sort, key.id): key for key in before}
    now = {(key.sort, key.id): key for key in after}
    found = []
    for name in [*then, *(name for name in now if name not in then)]:
        old, new = then.get(name), now.get(name)
        fate = fate_of(old, new)
        if fate is not None:
            key = new if new is not None and new.stance is not Stance.GONE else old or new
            assert key is not None  # noqa: S101 - one of the two was listed
            found.append(Outcome(_numbered(key, old), fate, old.opens_until if old is not None else None))
    return found


def _numbered(key: Key, old: Key | None) -> Key:
    """Called as it was called before the act."""
    return key if old is None or not old.counts else replace(key, number=old.number, of=old.of)


def fate_of(before: Key | None, after: Key | None) -> Fate | None:
    """What an act made of one key; None where it was nothing to anybody before, and is nothing now."""
    if before is None or before.stance is Stance.GONE:
        return _appeared(after)
    if after is None or after.stance is Stance.GONE:
        return Fate.NOT_MADE if before.stance in (Stance.MAKING, Stance.WAITING) else Fate.GONE
    if after.stance in (Stance.LEFT, Stance.LEAVING, Stance.REFUSED):
        if after.stance is before.stance:
            return None
        return {Stance.LEFT: Fate.LEFT, Stance.LEAVING: Fate.TAKEN_AWAY, Stance.REFUSED: Fate.GONE}[after.stance]
    if before.stance in (Stance.LEFT, Stance.LEAVING):
        return Fate.COUNTS_AGAIN if after.again is None else _BY_NEED[after.again]
    if after.sort.is_stored:
        return _fate_in_lock(before, after)
    return Fate.KEEPS if after.again is None else _BY_NEED[after.again]


def _appeared(after: Key | None) -> Fate | None:
    if after is None or after.stance not in COUNTS:
        return None
    return Fate.STORED if after.sort.is_stored else Fate.COUNTS_AGAIN


def _fate_in_lock(before: Key, after: Key) -> Fate:
    if after.ends == before.ends:
        return Fate.KEEPS
    is_told = after.stance in (Stance.CHANGING, Stance.WAITING, Stance.UNSURE)
    return Fate.CHANGED if is_told else Fate.UNCHANGED
