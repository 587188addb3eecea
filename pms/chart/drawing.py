"""Draws the chart's rows as HTML, one element a bar.

Plain strings rather than a template: a month has more than a thousand bars, and a template takes longer for them than the
database. Whatever people have typed goes through `escape`; words are translated and dates worded once for all bars.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext

from pms.chart import rules
from pms.chart.queries import NO_WISHES, Closed, Day, Keys, RoomLine, Slept, StayLine, TypeLine
from pms.chart.rules import Action, KeyState, Window
from pms.core.intervals import at_local
from pms.guests.models import full_name
from pms.rooms.models import HousekeepingStatus
from pms.rooms.rules import FEATURE_WORDS, HOUSEKEEPING_WORDS
from pms.stays.models import StayState
from pms.stays.rules import WISH_WORDS
from pms.web import filters

if TYPE_CHECKING:
    from pms.properties.models import Property


@dataclass
class Words:
    """What bars and rows say, in the reader's language, translated once."""

    action: dict[Action, str] = field(default_factory=lambda: {a: str(_(w)) for a, w in rules.ACTION_WORDS.items()})
    keys: dict[KeyState, str] = field(
        default_factory=lambda: {k: str(_(w)) if w else "" for k, w in rules.KEY_WORDS.items()}
    )
    housekeeping: dict[HousekeepingStatus, str] = field(
        default_factory=lambda: {status: str(_(word)) for status, word in HOUSEKEEPING_WORDS.items()}
    )
    features: dict[str, str] = field(
        default_factory=lambda: {name: str(_(word)) for name, word in FEATURE_WORDS.items()}
    )
    wishes: dict[str, str] = field(default_factory=lambda: {name: str(_(word)) for name, word in WISH_WORDS.items()})
    bar: str = field(default_factory=lambda: str(_("%(guest)s, %(room)s, %(arrival)s to %(departure)s, %(marks)s")))
    lane: str = field(default_factory=lambda: str(_("no room yet")))
    fixed: str = field(default_factory=lambda: str(_("must stay in this room")))
    occupied: str = field(default_factory=lambda: str(_("Occupied")))
    closed: str = field(default_factory=lambda: str(_("Closed: %(reason)s")))
    closed_bar: str = field(default_factory=lambda: str(_("%(room)s closed, %(arrival)s to %(departure)s: %(reason)s")))
    slept: str = field(default_factory=lambda: str(_("moved to another room since")))
    out_of_order: str = field(default_factory=lambda: str(_("Out of order")))


class _DayWords(dict[date, str]):
    """Each date is worded once: on a month of 1,300 stays that is most of the time."""

    def __missing__(self, day: date) -> str:
        self[day] = escape(filters.day_text(day))
        return self[day]


@dataclass
class Painter:
    """Draws rows for one window, one reader and one instant."""

    window: Window
    # The night that a guest who comes now sleeps first.
    tonight: date
    house: Property
    sees_guests: bool
    room_url: str
    stay_url: str
    keys: dict[int, Keys] = field(default_factory=dict)
    types: Sequence[TypeLine] = ()
    words: Words = field(default_factory=Words)
    _days: dict[date, str] = field(default_factory=_DayWords)

    def rooms(
        self,
        lines: Sequence[RoomLine],
        stays: Iterable[StayLine],
        slept: Iterable[Slept] = (),
        closures: Iterable[Closed] = (),
    ) -> dict[int, str]:
        """The row of each room."""
        bars: dict[int, list[str]] = defaultdict(list)
        numbers = {line.id: escape(line.number) for line in lines}
        stays = list(stays)
        moved_in = self._slept(bars, numbers, stays, slept)
        for closed in closures:
            if closed.room_id in numbers:
                bars[closed.room_id].append(self._closed(closed, numbers[closed.room_id]))
        for stay in stays:
            if stay.room_id in numbers:
                bars[stay.room_id].append(self.bar(stay, numbers[stay.room_id], since=moved_in.get(stay.id)))
        return {line.id: self._row(line, "".join(bars[line.id])) for line in lines}

    def lane(self, stays: Sequence[StayLine], types: Sequence[TypeLine]) -> list[str]:
        """The lines of stays without a room, as few as they can be packed into."""
        codes = {line.id: escape(line.code) for line in types}
        spans = [self._hours(stay) for stay in stays]
        lines: dict[int, list[str]] = defaultdict(list)
        for stay, line in zip(stays, rules.pack(spans), strict=True):
            lines[line].append(self.bar(stay, self.words.lane, code=codes[stay.room_type_id]))
        return ["".join(lines[number]) for number in sorted(lines)]

    def bar(self, stay: StayLine, room: str, *, since: date | None = None, code: str = "") -> str:
        """One stay; `since` where it was moved into this room later than it arrived. `room` is HTML."""
        window, words = self.window, self.words
        begins, ends = self._hours(stay)
        if since is not None:
            begins = window.hour(since, self.house.check_out_hour)
        is_here = stay.state is StayState.IN_HOUSE
        # Who should have left is still there.
        shown_until = (
            window.hour(window.today, self.house.check_out_hour) if is_here and stay.departure < window.today else ends
        )
        span = rules.span(window, begins, max(shown_until, begins + 1))
        if span is None:
            return ""
        action = rules.action(
            stay.state,
            stay.arrival,
            stay.departure,
            today=window.today,
            tonight=self.tonight,
            is_waiting=stay.waiting_since is not None,
        )
        key = self._key(stay, action)
        marks = words.action[action]
        classes = f"b {action.value} s{span.start} n{span.steps}"
        if key:
            marks += f", {words.keys[key]}"
            classes += f" {key.value}"
        if stay.is_fixed:
            marks += f", {words.fixed}"
            classes += " fx"
        data = f' data-a="{begins}" data-d="{ends}"'
        if rules.can_move(stay.state):
            data += f' data-v="{stay.version}"{" data-h" if is_here else ""}'
        if stay.wishes != NO_WISHES:
            data += f' data-w="{escape(" ".join(json.loads(stay.wishes)))}"'
        if code:
            data += f' data-t="{stay.room_type_id}"'
        return self._cell(classes, span, data, self._name(stay, room, marks, span, code))

    def _name(self, stay: StayLine, room: str, marks: str, span: rules.Span, code: str) -> str:
        """What stands on the bar: whose it is, and arrows where the stay goes on outside of the window."""
        name = escape(full_name(stay.family_name, stay.given_name)) if self.sees_guests else self.words.occupied
        label = self._label(name, room, stay.arrival, stay.departure, marks)
        inner = name
        if code:
            inner = f"<small>{code}</small> {inner}"
        if span.goes_before:
            inner = f'<i aria-hidden="true">‹</i>{inner}'
        if span.goes_after:
            inner = f'{inner}<i aria-hidden="true" class="go">›</i>'
        if not self.sees_guests:
            return f'<span role="img" aria-label="{label}">{inner}</span>'
        return f'<a href="{self.stay_url}{stay.id}" aria-label="{label}">{inner}</a>'

    def free(self, line: TypeLine, taken: dict[tuple[int, date], tuple[int, int]]) -> str:
        """How many rooms of a type are left on each day, as a row."""
        cells = []
        for day in self.window.days:
            sold, capacity = taken.get((line.id, day), (0, line.rooms))
            left = capacity - sold
            if left < 0:
                text = ngettext("%(num)d overbooked", "%(num)d overbooked", -left)
                cells.append(f'<span role="gridcell" class="bad" aria-label="{text}" title="{text}">−{-left}</span>')
            else:
                kind = ' class="none"' if left == 0 else ""
                cells.append(f'<span role="gridcell"{kind}>{left}</span>')
        count = ngettext("%(num)d room", "%(num)d rooms", line.rooms)
        return self._counts(f"t{line.id}", "ctype", f"<b>{escape(line.name)}</b> <small>{count}</small>", cells)

    def totals(self, days: dict[date, Day]) -> list[str]:
        """Arrivals, departures and occupancy of each day, as rows."""
        rows = (
            (_("Arrivals"), [str(day.arrivals) for day in days.values()]),
            (_("Departures"), [str(day.departures) for day in days.values()]),
            (_("Occupancy"), [_percent(day) for day in days.values()]),
        )
        return [
            self._counts(
                f"total-{number}", "ctotal", str(word), [f'<span role="gridcell">{text}</span>' for text in texts]
            )
            for number, (word, texts) in enumerate(rows)
        ]

    def _counts(self, name: str, kind: str, head: str, cells: Iterable[str]) -> str:
        return (
            f'<div class="cr {kind}" id="{name}" role="row"><div class="ch" role="rowheader">{head}</div>'
            f'<div class="cc">{"".join(cells)}</div></div>'
        )

    def _row(self, line: RoomLine, bars: str) -> str:
        status = line.housekeeping
        if line.out_of_order:
            kind = "oo"
            mark = f'<em class="oo" title="{escape(line.out_of_order_reason)}">{self.words.out_of_order}</em>'
        else:
            kind, mark = status.value, f'<em class="{status.value}">{self.words.housekeeping[status]}</em>'
        features = ", ".join(self.words.features.get(name, name) for name in line.features)
        more = f'<small class="ft" title="{escape(features)}">{escape(features)}</small>' if features else ""
        data = f' data-f="{escape(" ".join(line.features))}"' if features else ""
        return (
            f'<div class="cr cm{" is-oo" if kind == "oo" else ""}" id="r{line.id}" role="row" data-t="{line.type_id}"{data}>'
            f'<div class="ch" role="rowheader"><a href="{self.room_url}{line.id}">{escape(line.number)}</a>'
            f"<small>{escape(line.type_code)}</small>{mark}{more}</div>"
            f'<div class="ct">{bars}</div></div>'
        )

    def _cell(self, classes: str, span: rules.Span, data: str, inner: str) -> str:
        steps_a_day = 24 // self.window.zoom.hours
        column = span.start // steps_a_day
        columns = max(1, -(-(span.start + span.steps) // steps_a_day) - column - 1)
        over = f' aria-colspan="{columns}"' if columns > 1 else ""
        return f'<div role="gridcell" class="{classes}" aria-colindex="{column + 2}"{over}{data}>{inner}</div>'

    def _closed(self, closed: Closed, room: str) -> str:
        hour = self.house.check_out_hour
        begins, ends = self.window.hour(closed.first, hour), self.window.hour(closed.until, hour)
        span = rules.span(self.window, begins, ends)
        if span is None:
            return ""
        reason = escape(closed.reason)
        label = escape(self.words.closed_bar) % {
            "room": room,
            "arrival": self._days[closed.first],
            "departure": self._days[closed.until],
            "reason": reason,
        }
        text = escape(self.words.closed) % {"reason": reason}
        return self._cell(
            f"b cz s{span.start} n{span.steps}",
            span,
            f' data-a="{begins}" data-d="{ends}"',
            f'<span role="img" aria-label="{label}">{text}</span>',
        )

    def _slept(
        self, bars: dict[int, list[str]], numbers: dict[int, str], stays: Sequence[StayLine], slept: Iterable[Slept]
    ) -> dict[int, date]:
        """Draw what moved guests slept elsewhere; since when each of them has the room of now."""
        by_id = {stay.id: stay for stay in stays}
        since: dict[int, date] = {}
        hour = self.house.check_out_hour
        for part in slept:
            until = part.last + timedelta(days=1)
            since[part.stay_id] = max(since.get(part.stay_id, until), until)
            stay, number = by_id.get(part.stay_id), numbers.get(part.room_id)
            span = rules.span(self.window, self.window.hour(part.first, hour), self.window.hour(until, hour))
            if stay is None or number is None or span is None:
                continue
            name = escape(full_name(stay.family_name, stay.given_name)) if self.sees_guests else self.words.occupied
            label = self._label(name, number, part.first, until, self.words.slept)
            inner = f'<a href="{self.stay_url}{stay.id}" aria-label="{label}">{name}</a>' if self.sees_guests else name
            bars[part.room_id].append(self._cell(f"b pa s{span.start} n{span.steps}", span, "", inner))
        return since

    def _hours(self, stay: StayLine) -> tuple[int, int]:
        arrival = self.house.check_in_hour if stay.arrival_hour is None else stay.arrival_hour
        departure = self.house.check_out_hour if stay.departure_hour is None else stay.departure_hour
        return self.window.hour(stay.arrival, arrival), self.window.hour(stay.departure, departure)

    def _key(self, stay: StayLine, action: Action) -> KeyState:
        found = self.keys.get(stay.id)
        if found is None:
            return KeyState.TO_DO if action is Action.IN_HOUSE else KeyState.NONE
        hour = self.house.check_out_hour if stay.departure_hour is None else stay.departure_hour
        is_short = found.until < at_local(stay.departure, hour, self.house.zone)
        return rules.key_state(action, live=found.live, unknown=found.unknown, is_short=is_short)

    def _label(self, guest: str, room: str, arrival: date, departure: date, marks: str) -> str:
        """What a screen reader says of a bar; all of it is HTML."""
        return self._bar_words % {
            "guest": guest,
            "room": room,
            "arrival": self._days[arrival],
            "departure": self._days[departure],
            "marks": marks,
        }

    @cached_property
    def _bar_words(self) -> str:
        return escape(self.words.bar)


def _percent(day: Day) -> str:
    return f"{round(100 * day.sold / day.capacity)}%" if day.capacity else "–"
