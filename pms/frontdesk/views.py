"""The desk's pages, all on one blueprint: see the other files of this folder."""

from __future__ import annotations

from flask import Response

from pms.accounts.views import landing
from pms.frontdesk import (
    board_views,
    booking_views,
    bookings_views,
    check_in_views,
    cleaning_views,
    closure_views,
    consequence_views,
    dates_views,
    discrepancy_views,
    group_views,
    hours_views,
    live_views,
    lock_pages,
    lock_views,
    room_views,
    step_views,
    today_views,
    undo_views,
)
from pms.frontdesk.blueprint import blueprint
from pms.web.render import go_to
from pms.web.rights import require

__all__ = [
    "blueprint",
    "board_views",
    "booking_views",
    "bookings_views",
    "check_in_views",
    "cleaning_views",
    "closure_views",
    "consequence_views",
    "dates_views",
    "discrepancy_views",
    "group_views",
    "hours_views",
    "live_views",
    "lock_pages",
    "lock_views",
    "room_views",
    "step_views",
    "today_views",
    "undo_views",
]


@blueprint.get("/")
@require("self:use")
def home() -> Response:
    """The first page of whoever is logged in."""
    return go_to(landing())
