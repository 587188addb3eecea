"""What door records look like as a part of another feature's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from pms.access_records import news, queries, words

if TYPE_CHECKING:
    from pms.locks.models import Door

_LAST = 8


def of_room(room_id: int, door: Door | None) -> dict[str, Any]:
    """What `access_records/_of_room.html` shows: the last that the room's door noted; it asks for itself by its address."""
    return {
        "records": queries.list_page(door_id=door.id, size=_LAST).rows if door is not None else [],
        "records_watch": url_for("access_records.of_room", room_id=room_id, seen=str(news.present())),
        "records_door": door,
        **words.OF_ROWS,
    }
