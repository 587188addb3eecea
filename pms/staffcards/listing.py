"""The list of staff cards: its filters, and how many each shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pms.core.text import fold
from pms.staffcards import queries
from pms.staffcards.rules import Attention
from pms.web.paging import Page, cut

if TYPE_CHECKING:
    from datetime import datetime

    from pms.staffcards.queries import StaffLine

_SIZE = 40

_SHOWN: dict[str, Callable[[StaffLine], bool]] = {
    "live": lambda line: line.is_live,
    "soon": lambda line: line.attention is Attention.ENDS_SOON,
    "again": lambda line: line.attention is Attention.RAISED,
    "deny": lambda line: line.attention is Attention.TO_DENY or bool(line.left),
}


def page(show: str, *, text: str, before_id: int | None, now: datetime) -> Page[StaffLine]:
    """Cards of a filter whose holder or card number fits `text`: by holder; all of them newest first, a page at a time."""
    if show != "all":
        found = [line for line in queries.live_and_lost(now) if _SHOWN[show](line)]
        return Page([line for line in found if _fits(line, text)], None)
    if text:
        return Page([line for line in queries.lines(queries.history(), now=now) if _fits(line, text)], None)
    cards = cut(list(queries.history(before_id=before_id, size=_SIZE + 1)), _SIZE, "id")
    return Page(queries.lines(cards.rows, now=now), cards.next_key)


def counts(now: datetime) -> dict[str, int]:
    """How many cards each filter shows."""
    found = queries.live_and_lost(now)
    return {name: sum(map(fits, found)) for name, fits in _SHOWN.items()} | {"all": queries.count_made()}


def _fits(line: StaffLine, text: str) -> bool:
    wanted = fold(text)
    return wanted in fold(line.holder) or (line.card.uid or "") == wanted
