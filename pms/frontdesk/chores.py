"""What housekeeping has to do, and in which order; decided on the tiles of the board."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.text import N_
from pms.frontdesk.board import Occupancy
from pms.rooms.models import HousekeepingStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    from pms.frontdesk.board import Tile

# Who stays for months has the room done once a week.
LONG_STAY_DAYS = 7


class ChoreKind(StrEnum):
    """Why a room is on the housekeeper's list; the order is the order of the work."""

    WAITING = "waiting"
    ARRIVAL = "arrival"
    LEFT = "left"
    STAY_OVER = "stay_over"
    LATER = "later"


CHORE_WORDS: dict[ChoreKind, str] = {
    ChoreKind.WAITING: N_("A guest waits in the lobby"),
    ChoreKind.ARRIVAL: N_("A guest arrives today"),
    ChoreKind.LEFT: N_("The guest has left"),
    ChoreKind.STAY_OVER: N_("The guest stays on"),
    ChoreKind.LATER: N_("The guest leaves today"),
}


@dataclass(frozen=True, slots=True)
class Chore:
    """A room to clean, and why now; `hour` is when somebody comes or goes, where another hour than the house's was agreed."""

    kind: ChoreKind | None
    tile: Tile
    hour: int | None = None


def chores(tiles: Iterable[Tile], *, today: date, zone: ZoneInfo) -> list[Chore]:
    """What housekeeping has to do, the most urgent first: who waits, then arrivals by their hour, rooms that were left, those
    who stay on.

    Rooms that somebody is about to leave come last, late departures at the very end: they cannot be finished yet.
    """
    found = []
    for tile in tiles:
        kind = _chore(tile, today=today, zone=zone)
        if kind is not None:
            found.append(Chore(kind, tile, _hour(kind, tile)))
    order = list(ChoreKind)
    return sorted(found, key=lambda chore: (order.index(chore.kind) if chore.kind else 0, *_within(chore)))


def to_inspect(tiles: Iterable[Tile]) -> list[Chore]:
    """Empty rooms that are clean and not inspected yet, those in which somebody arrives first."""
    clean = [tile for tile in tiles if tile.is_vacant and tile.housekeeping is HousekeepingStatus.CLEAN]
    return [plain(tile) for tile in sorted(clean, key=lambda tile: tile.coming is None)]


def plain(tile: Tile) -> Chore:
    """A room that is only looked at: nothing is to be done about it now."""
    return Chore(None, tile, _hour(None, tile))


def count_now(todo: Iterable[Chore]) -> int:
    """How many rooms can be cleaned now; who leaves later is still inside."""
    return sum(chore.kind is not ChoreKind.LATER for chore in todo)


def count_waiting(todo: Iterable[Chore]) -> int:
    """How many guests wait in the lobby."""
    return sum(chore.kind is ChoreKind.WAITING for chore in todo)


def _within(chore: Chore) -> tuple[float, float]:
    """Who waits longest first; early arrivals before those at the house's hour; late departures last."""
    if chore.kind is ChoreKind.WAITING:
        since = chore.tile.coming.waiting_since if chore.tile.coming else None
        return (since.timestamp() if since else 0, 0)
    if chore.kind is ChoreKind.LATER:
        return (chore.hour or 0, 0)
    return (24 if chore.hour is None else chore.hour, 0)


def _hour(kind: ChoreKind | None, tile: Tile) -> int | None:
    if kind is ChoreKind.LATER:
        return tile.present.departure_hour if tile.present else None
    return tile.coming.arrival_hour if tile.coming else None


def _chore(tile: Tile, *, today: date, zone: ZoneInfo) -> ChoreKind | None:
    is_dirty = tile.housekeeping is HousekeepingStatus.DIRTY
    if tile.out_of_order:
        return None
    if tile.is_vacant:
        return _vacant(tile) if is_dirty else None
    if tile.occupancy is not Occupancy.OCCUPIED:
        return ChoreKind.LATER
    return ChoreKind.STAY_OVER if is_dirty or _is_due(tile, today, zone) else None


def _vacant(tile: Tile) -> ChoreKind | None:
    if tile.coming is not None:
        return ChoreKind.WAITING if tile.coming.waiting_since else ChoreKind.ARRIVAL
    return ChoreKind.LEFT if tile.closed is None else None


def _is_due(tile: Tile, today: date, zone: ZoneInfo) -> bool:
    """Once a day, of long stays once a week; not on the day of the arrival."""
    if tile.present is None or tile.present.arrival == today:
        return False
    done = tile.present.arrival
    if tile.housekeeping_at is not None:
        done = max(done, tile.housekeeping_at.astimezone(zone).date())
    return (today - done).days >= (LONG_STAY_DAYS if tile.present.is_long else 1)
