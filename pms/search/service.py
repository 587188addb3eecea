"""The one thing that searching writes: that somebody was told whose passcode it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.passcodes import service as passcodes
from pms.search.queries import Hit, Section
from pms.search.rules import Kind, Typed

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pms.core.actor import Actor


def find_passcodes(typed: Typed, kinds: Collection[Kind], *, actor: Actor, now: datetime) -> list[Section]:
    """The living codes with exactly these digits, as a section, or none. Each is written down as a look at it."""
    if Kind.PASSCODE not in kinds or not typed.digits:
        return []
    lines = passcodes.find_by_digits(typed.digits, actor=actor, now=now)
    hits = [Hit(Kind.PASSCODE, passcode=line) for line in lines]
    return [Section(Kind.PASSCODE, hits, len(hits))] if hits else []
