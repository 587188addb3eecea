"""The battery's history as a picture: a line over the days, drawn from the days on which the percentage changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

DAYS = 180
WIDTH, HEIGHT = 640, 160
LEFT, TOP, BOTTOM = 40, 8, 22


@dataclass(frozen=True, slots=True)
class Chart:
    """Ready to be drawn: `line` and `area` are paths; `ticks` are days with their place; `days` is the same as a table."""

    line: str
    area: str
    last: tuple[float, float]
    ticks: list[tuple[float, date]]
    levels: list[tuple[float, int]]
    days: list[tuple[date, int]]
    first: date
    today: date


def chart(days: Sequence[tuple[date, int]], *, today: date) -> Chart | None:
    """The last half year, or less where less is known; None where nothing is. Between two changes it stayed as it was."""
    shown = [(day, percent) for day, percent in days if day <= today]
    if not shown:
        return None
    start = max(shown[0][0], today - timedelta(days=DAYS))
    before = [percent for day, percent in shown if day <= start]
    later = [(day, percent) for day, percent in shown if day > start]
    points = [(start, before[-1] if before else shown[0][1]), *later]
    span = max((today - start).days, 1)

    def across(day: date) -> float:
        return round(LEFT + (day - start).days / span * (WIDTH - LEFT - 8), 1)

    path, level = f"M{across(start)} {_down(points[0][1])}", points[0][1]
    for day, percent in points[1:]:
        path += f"H{across(day)}V{_down(percent)}"
        level = percent
    path += f"H{across(today) if span > 0 and today > start else WIDTH - 8}"
    end = across(today) if today > start else float(WIDTH - 8)
    return Chart(
        line=path,
        area=f"{path}V{_down(0)}H{across(start)}Z",
        last=(end, _down(level)),
        ticks=[(across(day), day) for day in sorted({start, start + (today - start) / 2, today})],
        levels=[(_down(percent), percent) for percent in (0, 50, 100)],
        days=list(reversed(shown)),
        first=start,
        today=today,
    )


def _down(percent: int) -> float:
    return round(TOP + (100 - percent) / 100 * (HEIGHT - TOP - BOTTOM), 1)
