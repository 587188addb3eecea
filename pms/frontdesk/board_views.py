"""The board, and the page of one room."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from pms.access_records import parts as record_parts
from pms.core import clock
from pms.frontdesk import board
from pms.frontdesk.blueprint import blueprint
from pms.locks import queries as locks
from pms.locks import rules as lock_rules
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms.rules import FEATURE_WORDS, HOUSEKEEPING_WORDS, SIGHT_WORDS
from pms.stays import closure_queries
from pms.stays import queries as stays
from pms.stays.rules import STATE_WORDS
from pms.web import filters
from pms.web.render import render
from pms.web.rights import can, require


@blueprint.get("/rooms")
@require("rooms:view")
def board_page() -> Response:
    """All rooms by building and floor, with the state of each at a glance."""
    tiles = board.room_board(_today())
    choice = _choice()
    kept = [tile for tile in tiles if choice.keeps(tile)]
    days = {day for tile in kept for day in _days(tile)}
    return render(
        "frontdesk/board.html",
        "frontdesk/_board.html",
        floors=board.by_floor(kept),
        all_floors=board.by_floor(tiles),
        types={tile.type_id: tile.type_name for tile in tiles},
        counts=board.count_shown(tiles),
        choice=choice,
        # Who cleans or repairs needs to know that somebody is inside, not who.
        can_see_guests=can("stays:view"),
        arriving=board.Occupancy.ARRIVING,
        shown=len(kept),
        total=len(tiles),
        show_words=board.SHOW_WORDS,
        occupancy_words=board.OCCUPANCY_WORDS,
        housekeeping_words=HOUSEKEEPING_WORDS,
        # Each date is worded once: on a board of 200 rooms that is most of the time.
        day_words={day: filters.day_text(day) for day in days},
        room_url=url_for("frontdesk.room", room_id=0)[:-1],
    )


blueprint.add_url_rule("/rooms", endpoint="board", view_func=board_page)


@blueprint.get("/rooms/<int:room_id>")
@require("rooms:view")
def room(room_id: int) -> Response:
    """One room: its state, its door, who is there and who comes, who opened it."""
    row, today = rooms.get_room(room_id), _today()
    door = locks.door_of_room(room_id)
    coming = stays.of_room(room_id, since=today)
    sees_stays = can("stays:view")
    return render(
        "frontdesk/room.html",
        room=row,
        tile=next((tile for tile in board.room_board(today) if tile.id == room_id), None),
        door=door,
        lock_row=locks.LockRow(door.lock, door) if door and door.lock else None,
        setup_words=lock_rules.SETUP_WORDS,
        stays=coming if sees_stays else [],
        stay_words=STATE_WORDS,
        **(record_parts.of_room(room_id, door) if can("records:view") else {"records": None}),
        occupancy_words=board.OCCUPANCY_WORDS,
        housekeeping_words=HOUSEKEEPING_WORDS,
        feature_words=FEATURE_WORDS,
        sight_words=SIGHT_WORDS,
        sighting=rooms.newest_sighting(room_id),
        closures=closure_queries.list_open(since=today, room_id=room_id),
        today=today,
    )


def _today() -> Any:
    return clock.local_date(clock.now(), properties.get_property().zone)


def _choice() -> board.Choice:
    def number(name: str) -> int | None:
        text = request.args.get(name, "")
        return int(text) if text.isdecimal() and len(text) < 20 else None

    show = request.args.get("show", "")
    return board.Choice(number("floor"), number("type"), show if show in board.SHOW_WORDS else "")


def _days(tile: board.Tile) -> list[Any]:
    marks = [mark for mark in (tile.present, tile.coming) if mark]
    days = [mark.departure for mark in marks] + ([tile.next_night] if tile.next_night else [])
    return [*days, tile.closed.until] if tile.closed else days
