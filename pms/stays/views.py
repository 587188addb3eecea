"""The list of stays, and a stay's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from pms.core import clock
from pms.core.ids import read_id
from pms.core.text import N_
from pms.properties import queries as properties
from pms.rooms.rules import HOUSEKEEPING_WORDS
from pms.stays import queries, rules
from pms.stays.models import StayState, StepKind
from pms.web import filters
from pms.web.render import render
from pms.web.rights import require

blueprint = Blueprint("stays", __name__)

SHOWN: dict[str, tuple[str, tuple[StayState, ...]]] = {
    "current": (N_("Expected and in house"), (StayState.CONFIRMED, StayState.IN_HOUSE)),
    "past": (N_("Checked out"), (StayState.CHECKED_OUT,)),
    "off": (N_("Cancelled and no-show"), (StayState.CANCELLED, StayState.NO_SHOW)),
    "all": (N_("All"), ()),
}


@blueprint.get("/")
@require("stays:view")
def index() -> Response:
    """Stays, newest first, a page at a time."""
    show = request.args.get("show", "current")
    show = show if show in SHOWN else "current"
    text = request.args.get("q", "").strip()
    found = queries.list_page(states=SHOWN[show][1], text=text, before_id=read_id(request.args.get("before")))
    return render(
        "stays/index.html",
        "stays/_rows.html" if "before" in request.args else "stays/_list.html",
        found=found,
        show=show,
        shown={name: _(word) for name, (word, _states) in SHOWN.items()},
        text=text,
        **_words(),
    )


@blueprint.get("/<int:stay_id>")
@require("stays:view")
def show(stay_id: int) -> Response:
    """Who, where, when, what can be done, keys, passcodes, history."""
    stay = queries.get_stay(stay_id)
    now = clock.now()
    today = filters.local(now).date()
    undoable = queries.last_step(stay_id)
    house = properties.get_property()
    return render(
        "stays/show.html",
        stay=stay,
        steps=queries.list_steps(stay_id),
        undoable=undoable if undoable and rules.can_undo(kind=undoable.kind, at=undoable.at, now=now) else None,
        allowed=rules.allowed_steps(stay.state),
        arrival_hour=rules.arrival_hour(stay, house),
        departure_hour=rules.departure_hour(stay, house),
        is_early=rules.is_early(stay, house),
        is_late=rules.is_late(stay, house),
        is_due=stay.arrival_date <= today,
        is_overdue=rules.is_overdue(
            stay.state,
            stay.arrival_date,
            stay.departure_date,
            today=today,
            tonight=rules.tonight(filters.local(now)),
            is_waiting=stay.waiting_since is not None,
        ),
        nights=(stay.departure_date - stay.arrival_date).days,
        companions=queries.of_same_party(stay),
        wish_words=rules.WISH_WORDS,
        Kind=StepKind,
        step_words=rules.STEP_WORDS,
        housekeeping_words=HOUSEKEEPING_WORDS,
        **_words(),
    )


@blueprint.get("/of-guest/<int:guest_id>")
@require("stays:view")
def of_guest(guest_id: int) -> Response:
    """A guest's stays, as a part of the guest's page."""
    return render("stays/of_guest.html", "stays/_of_guest.html", stays=queries.of_guest(guest_id), **_words())


def _words() -> dict[str, Any]:
    return {"state_words": rules.STATE_WORDS, "state_tones": rules.STATE_TONES}
