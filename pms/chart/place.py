"""Where somebody's chart stands: which days, how many, in which order; remembered for when they come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flask import request, session

from pms.chart import rules

if TYPE_CHECKING:
    from pms.chart.rules import Window

_KEPT = "chart"


@dataclass(frozen=True, slots=True)
class Place:
    """The days that are shown; `is_usual` where nobody has chosen yet how many."""

    window: Window
    zoom: str
    grouping: str
    is_usual: bool

    @property
    def earlier(self) -> str:
        """The first day when one goes back."""
        return (self.window.first - timedelta(days=self.window.zoom.stride)).isoformat()

    @property
    def later(self) -> str:
        """The first day when one goes on."""
        return (self.window.first + timedelta(days=self.window.zoom.stride)).isoformat()


def read(today: date) -> Place:
    """What the address asks for; what it leaves open is as it was when this browser was here the last time.

    The days are remembered for one day only: tomorrow the chart begins with tomorrow.
    """
    kept = session.get(_KEPT) or {}
    zoom = request.args.get("zoom") or kept.get("zoom", "")
    grouping = request.args.get("by") or kept.get("by", "")
    first = _day(request.args.get("from"))
    if first is None and "today" not in request.args and kept.get("on") == today.isoformat():
        first = _day(kept.get("from"))
    return Place(
        window=rules.window(first, zoom, today),
        zoom=zoom if zoom in rules.ZOOMS else rules.USUAL_ZOOM,
        grouping=grouping if grouping in rules.GROUPINGS else next(iter(rules.GROUPINGS)),
        is_usual=zoom not in rules.ZOOMS,
    )


def keep(place: Place) -> None:
    """Remember it in this browser."""
    if not place.is_usual:
        window = place.window
        session[_KEPT] = {
            "zoom": place.zoom,
            "by": place.grouping,
            "from": window.first.isoformat(),
            "on": window.today.isoformat(),
        }


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
