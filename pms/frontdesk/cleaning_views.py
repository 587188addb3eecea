"""The housekeeper's list, made for a telephone: what is next, and everything said with one tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, abort, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.core.text import N_
from pms.frontdesk import board, choices, chores
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import FaultForm
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms import service
from pms.rooms.models import HousekeepingStatus, Sight
from pms.rooms.rules import HOUSEKEEPING_WORDS, SIGHT_WORDS
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog, wants_part
from pms.web.rights import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.frontdesk.board import Tile
    from pms.frontdesk.chores import Chore

# What the page is about: value, words.
SHOWN = {"todo": N_("To clean"), "inspect": N_("To inspect"), "all": N_("All rooms")}


@blueprint.get("/rooms/cleaning")
@require("rooms:clean")
def cleaning() -> Response:
    """Which rooms, in which order."""
    return _page(done=read_id(request.args.get("done")), was=request.args.get("was", ""))


@blueprint.post("/rooms/cleaning/<int:room_id>")
@require("rooms:clean")
def clean(room_id: int) -> Response:
    """One tap: dirty, clean or inspected; `undo` takes the one before back."""
    try:
        status = HousekeepingStatus(request.form.get("status", ""))
    except ValueError:
        abort(400)
    try:
        was = service.set_housekeeping(room_id=room_id, status=status, actor=actor(), now=choices.present())
    except DomainError as error:
        return _refused(error)
    is_undo = bool(request.form.get("undo"))
    return _done(None if is_undo or was is status else room_id, was.value)


@blueprint.post("/rooms/cleaning/<int:room_id>/found")
@require("rooms:clean")
def note_sighting(room_id: int) -> Response:
    """One tap: somebody is there, nobody, or only their luggage."""
    try:
        found = Sight(request.form.get("found", ""))
    except ValueError:
        abort(400)
    try:
        service.note_sighting(room_id=room_id, found=found, actor=actor(), now=choices.present())
    except DomainError as error:
        return _refused(error)
    return _done(None, "")


@blueprint.post("/rooms/cleaning/floors/<int:floor_id>")
@require("rooms:clean")
def take_floor(floor_id: int) -> Response:
    """Take a floor for today, or give it back."""
    act = service.give_floor_back if request.form.get("give_back") else service.take_floor
    try:
        act(floor_id=floor_id, day=choices.today(), actor=actor(), now=choices.present())
    except DomainError as error:
        return _refused(error)
    return _done(None, "")


@blueprint.get("/rooms/cleaning/<int:room_id>/fault")
@require("rooms:clean")
def fault(room_id: int) -> Response:
    """Asks what is broken."""
    return _fault_dialog(room_id, FaultForm(formdata=None, kind="small"))


@blueprint.post("/rooms/cleaning/<int:room_id>/fault")
@require("rooms:clean")
def note_fault(room_id: int) -> Response:
    """A small fault goes to the room's note; whoever may, takes the room out of order."""
    form = FaultForm()
    if not form.validate_on_submit():
        return _fault_dialog(room_id, form, status=422)
    try:
        if form.is_out_of_order:
            service.take_out_of_order(
                room_id=room_id, reason=form.text.data or "", actor=actor(), now=choices.present()
            )
        else:
            service.note_fault(room_id=room_id, text=form.text.data or "", actor=actor(), now=choices.present())
    except DomainError as error:
        errors.put_into(form, error)
        return _fault_dialog(room_id, form, status=422)
    text = _("The room is out of order.") if form.is_out_of_order else _("The fault is noted.")
    return go_to(_back(), text)


def _refused(error: DomainError) -> Response:
    """HTMX gets a toast from the usual place, a plain form the list again."""
    if wants_part():
        raise error
    return go_to(_back(), errors.sentence(error), kind="bad")


def _done(room_id: int | None, was: str) -> Response:
    if wants_part():
        return _page(done=room_id, was=was)
    return go_to(_back(done=room_id, was=was or None))


def _back(**values: Any) -> str:
    return url_for("frontdesk.cleaning", **(_chosen() | values))


def _chosen() -> dict[str, Any]:
    """What the list is narrowed to, from the address or the form."""
    show, floor = request.values.get("show", ""), read_id(request.values.get("floor"))
    chosen = {"show": show if show in SHOWN else "todo"}
    return chosen if floor is None else {**chosen, "floor": str(floor)}


def _page(*, done: int | None, was: str) -> Response:
    today, chosen = choices.today(), _chosen()
    floor_id = read_id(chosen.get("floor"))
    tiles = board.room_board(today)
    kept = [tile for tile in tiles if floor_id is None or tile.floor_id == floor_id]
    todo = chores.chores(kept, today=today, zone=properties.get_property().zone)
    return render(
        "frontdesk/cleaning.html",
        "frontdesk/_cleaning.html",
        groups=_groups(chosen["show"], kept, todo),
        left=chores.count_now(todo),
        waits=chores.count_waiting(todo),
        chosen=chosen,
        shown=SHOWN,
        floors=board.by_floor(tiles),
        floor_id=floor_id,
        rounds=rooms.floor_rounds(today),
        my_id=current_user.id,
        sightings=rooms.newest_sightings(since=choices.start_of_today()),
        housekeeping_words=HOUSEKEEPING_WORDS,
        sight_words=SIGHT_WORDS,
        just_done=next((tile for tile in tiles if tile.id == done), None),
        was=was if was in set(HousekeepingStatus) else "",
    )


def _groups(show: str, tiles: Sequence[Tile], todo: Sequence[Chore]) -> list[tuple[str, str, list[Chore]]]:
    """(style, words, rooms) in the order of the page."""
    if show == "todo":
        found = [
            (kind.value, _(chores.CHORE_WORDS[kind]), [c for c in todo if c.kind is kind]) for kind in chores.ChoreKind
        ]
    elif show == "inspect":
        found = [("inspect", _("Clean, and not inspected yet"), chores.to_inspect(tiles))]
    else:
        found = [
            ("room", _("Floor %(name)s", name=floor.name), [chores.plain(tile) for tile in floor.tiles])
            for floor in board.by_floor(tiles)
        ]
    return [group for group in found if group[2]]


def _fault_dialog(room_id: int, form: FaultForm, status: int = 200) -> Response:
    return render_dialog(
        "frontdesk/_fault.html",
        status=status,
        dialog_heading=_("Report a fault"),
        room=rooms.get_room(room_id),
        form=form,
        back=_back(),
    )
