"""Puts the chart together: what is read, drawn; a whole sheet, its next rooms, or what changed on it since a mark."""

# ruff: noqa: S704 - the rows are made by `drawing`, which escapes what people have typed

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from pms.chart import queries, rules
from pms.chart.queries import RoomLine, StayLine

if TYPE_CHECKING:
    from pms.chart.drawing import Painter

# So many rooms are drawn at once; the next ones come when somebody scrolls towards them.
PART = 160
LANES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the page shows; `next_id` is the room after which it goes on."""

    head: Markup
    lane: Markup
    body: Markup
    next_id: int | None
    rooms: int
    mark: int


@dataclass(frozen=True, slots=True)
class Rooms:
    """The next rooms, as rows."""

    body: Markup
    next_id: int | None


@dataclass(frozen=True, slots=True)
class Mended:
    """What a page that stands at an older mark must take over: stays to look for anew, and rows by their ids."""

    mark: int
    stay_ids: list[str]
    rows: dict[str, str]
    is_too_much: bool


def whole(painter: Painter, grouping: str, after: int | None = None) -> Sheet:
    """The sheet from its first room on, or from the one after that room. The mark is read first: what happens meanwhile is told again, not lost."""
    mark, window = queries.mark(), painter.window
    lines = queries.rooms(grouping)
    start, until = rules.part_after([line.id for line in lines], after, PART)
    part = lines[start:until]
    is_all = len(part) == len(lines)
    found = queries.stays(window, None if is_all else [line.id for line in part], with_lane=True)
    placed = [stay for stay in found if stay.room_id is not None]
    painter.keys = queries.keys(window)
    frees, totals = _free_rows(painter)
    slept, closures = queries.slept_elsewhere(window), queries.closures(window)
    return Sheet(
        head=Markup("".join([*totals, *([] if grouping == "type" else frees.values())])),
        lane=_lane(painter, [stay for stay in found if stay.room_id is None]),
        body=_body(painter.rooms(part, placed, slept, closures), lines, start, until, grouping, frees),
        next_id=part[-1].id if until < len(lines) else None,
        rooms=len(lines),
        mark=mark,
    )


def next_rooms(painter: Painter, grouping: str, after: int | None) -> Rooms:
    """The rooms after that one."""
    window, lines = painter.window, queries.rooms(grouping)
    start, until = rules.part_after([line.id for line in lines], after, PART)
    part = lines[start:until]
    found = queries.stays(window, [line.id for line in part], with_lane=False)
    painter.keys = queries.keys(window)
    frees = _free_rows(painter)[0] if grouping == "type" else {}
    rows = painter.rooms(part, found, queries.slept_elsewhere(window), queries.closures(window))
    return Rooms(
        _body(rows, lines, start, until, grouping, frees), part[-1].id if part and until < len(lines) else None
    )


def mend(painter: Painter, grouping: str, since: int) -> Mended | None:
    """What changed since the mark; None where nothing did."""
    changes = queries.changes(since)
    if changes.is_too_much or changes.mark == since:
        return Mended(changes.mark, [], {}, is_too_much=True) if changes.is_too_much else None
    if not changes.stay_ids and not changes.room_ids:
        return Mended(changes.mark, [], {}, is_too_much=False)
    window = painter.window
    lines = [line for line in queries.rooms(grouping) if line.id in changes.room_ids]
    found = queries.stays(window, changes.room_ids, with_lane=True)
    painter.keys = queries.keys(window)
    frees, totals = _free_rows(painter)
    placed = [stay for stay in found if stay.room_id is not None]
    drawn = painter.rooms(lines, placed, queries.slept_elsewhere(window), queries.closures(window))
    rows = {f"r{room_id}": row for room_id, row in drawn.items()}
    rows |= {f"t{type_id}": row for type_id, row in frees.items()}
    rows |= {f"total-{number}": row for number, row in enumerate(totals)}
    rows["chart-lane"] = _lane(painter, [stay for stay in found if stay.room_id is None])
    return Mended(changes.mark, [str(stay_id) for stay_id in changes.stay_ids], rows, is_too_much=False)


def _free_rows(painter: Painter) -> tuple[dict[int, str], list[str]]:
    types, taken = queries.types(), queries.sold(painter.window)
    frees = {line.id: painter.free(line, taken) for line in types}
    painter.types = types
    return frees, painter.totals(queries.days(painter.window, types, taken))


def _lane(painter: Painter, stays: Sequence[StayLine]) -> Markup:
    """The stays without a room; where they fill many lines, the first ones and a button for the rest."""
    lines = painter.lane(stays, painter.types)
    head = str(escape(_("No room yet")))
    show_all = escape(_("Show all"))
    count = ngettext("%(num)d stay", "%(num)d stays", len(stays))
    rows = []
    for number, bars in enumerate(lines):
        text = f"<b>{head}</b><small>{count}</small>" if number == 0 else f'<span class="visually-hidden">{head}</span>'
        if number == LANES_SHOWN - 1 and len(lines) > LANES_SHOWN:
            text = f'<button type="button" class="lane-more">{show_all}</button>'
        kind = "cr cl more" if number >= LANES_SHOWN else "cr cl"
        rows.append(
            f'<div class="{kind}" role="row"><div class="ch" role="rowheader">{text}</div>'
            f'<div class="ct">{bars}</div></div>'
        )
    return Markup(
        f'<div role="rowgroup" id="chart-lane" aria-label="{head}"{"" if rows else " hidden"}>{"".join(rows)}</div>'
    )


def _body(
    rows: dict[int, str], lines: Sequence[RoomLine], start: int, until: int, grouping: str, frees: dict[int, str]
) -> Markup:
    """The rows of the part with the heads of the groups that begin in it."""
    group: Callable[[RoomLine], int] = (
        (lambda line: line.type_id) if grouping == "type" else (lambda line: line.floor_id)
    )
    found, before = [], group(lines[start - 1]) if start else None
    for line in lines[start:until]:
        if group(line) != before:
            before = group(line)
            found.append(frees[line.type_id] if grouping == "type" else _floor_head(line))
        found.append(rows[line.id])
    return Markup("".join(found))


def _floor_head(line: RoomLine) -> str:
    words = escape(_("Floor %(name)s", name=line.floor))
    return (
        f'<div class="cr ctype" role="row"><div class="ch" role="rowheader"><b>{words}</b> '
        f'<small>{escape(line.building)}</small></div><div class="cc"></div></div>'
    )
