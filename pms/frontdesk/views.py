"""The desk's pages: the day, and the dialogs that stand beside it (see the other files of this folder)."""

from __future__ import annotations

from flask import Response, request

from pms.accounts.views import landing
from pms.frontdesk import (
    board_views,
    booking_views,
    check_in_views,
    choices,
    consequence_views,
    consequence_words,
    dates_views,
    group_views,
    hours_views,
    lock_pages,
    lock_views,
    queries,
    room_views,
    step_views,
    undo_views,
)
from pms.frontdesk.blueprint import blueprint
from pms.web.render import go_to, render
from pms.web.rights import require

__all__ = [
    "blueprint",
    "board_views",
    "booking_views",
    "check_in_views",
    "consequence_views",
    "dates_views",
    "group_views",
    "hours_views",
    "lock_pages",
    "lock_views",
    "room_views",
    "step_views",
    "undo_views",
]

# The lists of the day; the first one is what there is to do.
LISTS = ("todo", "arriving", "leaving", "in_house", "keys", "unclean")


@blueprint.get("/")
@require("self:use")
def home() -> Response:
    """The first page of whoever is logged in."""
    return go_to(landing())


@blueprint.get("/today")
@require("desk:view")
def today() -> Response:
    """Who comes, who leaves, who is here, which rooms and keys need somebody."""
    show = request.args.get("show", LISTS[0])
    return render(
        "frontdesk/today.html",
        "frontdesk/_today.html",
        day=choices.today(),
        lists=queries.today(choices.today(), now=choices.present()),
        show=show if show in LISTS else LISTS[0],
        task_text=consequence_words.task,
    )
