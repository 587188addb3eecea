"""Where a bar stands on the chart and what it says, decided on plain values.

The chart is measured in hours from the first day's midnight, on the wall of the house. A zoom says how many days it shows
and how many hours one step of its grid has: bars begin and end on steps, which the stylesheet knows by number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from pms.core.text import N_
from pms.stays.models import StayState
from pms.stays.rules import is_overdue

if TYPE_CHECKING:
    from pms.stays.models import Stay


class Zoom(NamedTuple):
    """How many days are shown, how many hours a step has, and how far the arrows of the page go."""

    days: int
    hours: int
    stride: int
    words: str

    @property
    def steps(self) -> int:
        """How many steps the grid has."""
        return self.days * 24 // self.hours


ZOOMS: dict[str, Zoom] = {
    "day": Zoom(1, 1, 1, N_("1 day")),
    "three": Zoom(3, 2, 1, N_("3 days")),
    "week": Zoom(7, 3, 7, N_("Week")),
    "weeks": Zoom(14, 6, 7, N_("2 weeks")),
    "month": Zoom(31, 6, 28, N_("Month")),
}
USUAL_ZOOM = "weeks"
GROUPINGS: dict[str, str] = {"type": N_("By type"), "floor": N_("By floor")}
# How far from today the chart can be opened: an address is typed by hand, too.
FARTHEST = timedelta(days=1500)


class Window(NamedTuple):
    """The days that are shown, and today."""

    first: date
    zoom: Zoom
    today: date

    @property
    def until(self) -> date:
        """The first day that is not shown."""
        return self.first + timedelta(days=self.zoom.days)

    @property
    def days(self) -> list[date]:
        """The days that are shown."""
        return [self.first + timedelta(days=count) for count in range(self.zoom.days)]

    def hour(self, day: date, hour: int) -> int:
        """Hours from the left end of the chart."""
        return (day - self.first).days * 24 + hour


class Action(StrEnum):
    """What the desk has to do about a stay today; the values are classes of the bars."""

    OVERDUE = "od"
    WAITING = "wt"
    ARRIVES = "ar"
    LEAVES = "lv"
    IN_HOUSE = "in"
    COMING = "co"
    PAST = "pa"


ACTION_WORDS: dict[Action, str] = {
    Action.OVERDUE: N_("overdue"),
    Action.WAITING: N_("waits for the room"),
    Action.ARRIVES: N_("arrives today"),
    Action.LEAVES: N_("leaves today"),
    Action.IN_HOUSE: N_("in house"),
    Action.COMING: N_("expected"),
    Action.PAST: N_("has left"),
}


class KeyState(StrEnum):
    """How a stay's keys are; the values are classes of the bars."""

    NONE = ""
    MADE = "km"
    TO_DO = "kt"
    UNKNOWN = "ku"


KEY_WORDS: dict[KeyState, str] = {
    KeyState.NONE: "",
    KeyState.MADE: N_("keys made"),
    KeyState.TO_DO: N_("keys to do"),
    KeyState.UNKNOWN: N_("keys unknown"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Where a bar was dropped; `room_id` None is the lane of stays without a room."""

    room_id: int | None
    arrival_date: date
    departure_date: date
    version: int | None
    recalculates: bool = False


class Span(NamedTuple):
    """A bar on the grid: its first step, how many it covers, and whether it goes on outside."""

    start: int
    steps: int
    goes_before: bool
    goes_after: bool


def window(first: date | None, zoom: str, today: date) -> Window:
    """The days to show; yesterday is the first of them where nobody says otherwise. A day is today then."""
    chosen = ZOOMS.get(zoom, ZOOMS[USUAL_ZOOM])
    usual = today - timedelta(days=1 if chosen.days > 1 else 0)
    if first is None or abs(first - today) > FARTHEST:
        return Window(usual, chosen, today)
    return Window(first, chosen, today)


def span(window: Window, begins: int, ends: int) -> Span | None:
    """The steps that hours from `begins` to `ends` cover; None where nothing of them is shown."""
    hours, steps = window.zoom.hours, window.zoom.steps
    start, end = begins // hours, -(-ends // hours)
    if end <= 0 or start >= steps or end <= start:
        return None
    shown_from, shown_until = max(start, 0), min(end, steps)
    return Span(shown_from, shown_until - shown_from, start < 0, end > steps)


def action(
    state: StayState, arrival: date, departure: date, *, today: date, tonight: date, is_waiting: bool = False
) -> Action:
    """What the desk has to do about the stay today."""
    if is_overdue(state, arrival, departure, today=today, tonight=tonight, is_waiting=is_waiting):
        return Action.OVERDUE
    if state is StayState.IN_HOUSE:
        return Action.LEAVES if departure == today else Action.IN_HOUSE
    if state is not StayState.CONFIRMED:
        return Action.PAST
    if is_waiting:
        return Action.WAITING
    return Action.ARRIVES if arrival <= today else Action.COMING


def key_state(action: Action, *, live: int, unknown: int, is_short: bool) -> KeyState:
    """How the keys are: `is_short` says that a card ends before the stay does. Who leaves today needs none any more."""
    if action is Action.PAST:
        return KeyState.NONE
    if unknown:
        return KeyState.UNKNOWN
    if action is Action.IN_HOUSE and not live:
        return KeyState.TO_DO
    if not live:
        return KeyState.NONE
    return KeyState.TO_DO if is_short else KeyState.MADE


def can_move(state: StayState) -> bool:
    """Whether anything about the bar can be moved at all."""
    return state in (StayState.CONFIRMED, StayState.IN_HOUSE)


def pack(spans: Iterable[tuple[int, int]]) -> list[int]:
    """For each span, in the order of their beginnings, the first line on which nothing else is in its way."""
    ends: list[int] = []
    lines = []
    for begins, end in spans:
        line = next((number for number, taken in enumerate(ends) if taken <= begins), len(ends))
        if line == len(ends):
            ends.append(end)
        else:
            ends[line] = end
        lines.append(line)
    return lines


def part_after(ids: Sequence[int], after: int | None, size: int) -> tuple[int, int]:
    """Which of the rooms come next: from and until as indices; from the beginning where `after` is gone."""
    start = ids.index(after) + 1 if after is not None and after in ids else 0
    return start, min(start + size, len(ids))


def unmoved(stay: Stay) -> Drop:
    """The stay dropped where it was."""
    return Drop(
        room_id=stay.room_id,
        arrival_date=stay.arrival_date,
        departure_date=stay.departure_date,
        version=stay.version,
    )
