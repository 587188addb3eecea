"""The chart's page, its parts as one scrolls and as others work, and the moves that are made on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify, make_response, request, session, url_for
from flask_babel import gettext as _

from pms.chart import card, moves, place, rules, sheet, telling
from pms.chart.drawing import Painter
from pms.chart.forms import MoveForm, UndoForm
from pms.core import clock
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.ids import read_id
from pms.frontdesk import choices, service, step_parts
from pms.stays import queries as stays
from pms.stays import rules as stay_rules
from pms.stays.models import StepKind
from pms.web import errors, filters
from pms.web.compression import compress
from pms.web.login import actor
from pms.web.render import add_trigger, go_to, render, render_dialog, wants_part
from pms.web.rights import can, require

if TYPE_CHECKING:
    from pms.chart.telling import Undoable
    from pms.stays.models import Stay, StayStep

blueprint = Blueprint("chart", __name__)

# So long a move can be taken back from the chart itself; later on the stay's page.
UNDO_SHOWN = timedelta(minutes=10)
_DONE = "chart_done"


@blueprint.get("/")
@require("rooms:view")
def index() -> Response:
    """Rooms down, days across. Who may not see stays sees that a room is taken, not by whom."""
    at = place.read(_today())
    place.keep(at)
    page = render(
        "chart/index.html",
        "chart/_chart.html",
        sheet=sheet.whole(_painter(at), at.grouping, read_id(request.args.get("after"))),
        earlier=at.earlier,
        later=at.later,
        is_usual=at.is_usual,
        zooms=rules.ZOOMS,
        groupings=rules.GROUPINGS,
        actions=rules.ACTION_WORDS,
        keys=rules.KEY_WORDS,
        undoable=_undoable() if can("stays:change") else None,
        words=telling.words(),
        **_place(at),
    )
    return compress(page)


@blueprint.get("/rows")
@require("rooms:view")
def rows() -> Response:
    """The next rooms, as one scrolls towards them."""
    at = place.read(_today())
    found = sheet.next_rooms(_painter(at), at.grouping, read_id(request.args.get("after")))
    return compress(render("chart/_rows.html", rooms=found, **_place(at)))


@blueprint.get("/changes")
@require("rooms:view")
def changes() -> Response:
    """What was done since the mark of the page: stays to take away, and rows as they are now."""
    at = place.read(_today())
    mended = sheet.mend(_painter(at), at.grouping, read_id(request.args.get("since")) or 0)
    if mended is None:
        return make_response("", 204)
    return compress(jsonify(mark=mended.mark, stays=mended.stay_ids, rows=mended.rows, again=mended.is_too_much))


@blueprint.get("/stays/<int:stay_id>")
@require("stays:view")
def show(stay_id: int) -> Response:
    """A bar's small card: who, from when to when, keys, and the verbs that fit."""
    found = card.card(stay_id, today=_today(), tonight=choices.tonight(), now=_now())
    return render_dialog(
        "chart/_card.html",
        dialog_heading=_("Stay"),
        card=found,
        arrival_hour=stay_rules.arrival_hour(found.stay, g.house),
        departure_hour=stay_rules.departure_hour(found.stay, g.house),
        kinds=StepKind,
        wish_words=stay_rules.WISH_WORDS,
    )


@blueprint.get("/stays/<int:stay_id>/move")
@require("stays:change")
def move(stay_id: int) -> Response:
    """What would follow if the bar was dropped here."""
    form, stay = MoveForm(formdata=request.args), stays.get_stay(stay_id)
    form.request_id.data = choices.new_request()
    if read_id(form.version.data) != stay.version:
        form.form_errors = [telling.what_changed(stay_id)]
        form.version.data = str(stay.version)
    return _dialog(stay, form)


@blueprint.post("/stays/<int:stay_id>/move")
@require("stays:change")
def move_now(stay_id: int) -> Response:
    """Does it."""
    form, drop = MoveForm(), MoveForm().drop()
    if not form.validate_on_submit() or drop is None:
        return _dialog(stays.get_stay(stay_id), form, status=422)
    try:
        step = moves.move(stay_id=stay_id, drop=drop, request_id=form.request, actor=actor(), now=_now())
    except ChangedMeanwhile:
        form.form_errors = [telling.what_changed(stay_id)]
    except DomainError as error:
        form.form_errors = [errors.sentence(error)]
    else:
        return _done(step)
    return _dialog(stays.get_stay(stay_id), form, status=422)


@blueprint.post("/undo")
@require("stays:change")
def undo() -> Response:
    """Takes back what was just done here."""
    form = UndoForm()
    stay_id, step_id = read_id(form.stay_id.data) or 0, read_id(form.step_id.data) or 0
    step = stays.get_step(stay_id, step_id)
    service.undo(stay_id=stay_id, step_id=step.id, actor=actor(), now=_now())
    session.pop(_DONE, None)
    name = stays.get_stay(stay_id).guest.name
    return _answer(None, _("Undone: %(step)s.", step=name))


def _done(step: StayStep) -> Response:
    """The dialog closes, the bar stands where it was dropped, and for some minutes one key takes it back."""
    session[_DONE] = {"stay": step.stay_id, "step": step.id, "at": _now().isoformat()}
    undoable = _undoable()
    return _answer(undoable, undoable.text if undoable else _("Done."))


def _answer(undoable: Undoable | None, text: str) -> Response:
    if not wants_part():
        return go_to(url_for("chart.index"), text)
    response = render("chart/_undo_swap.html", undoable=undoable)
    response.headers["HX-Reswap"] = "none"
    add_trigger(response, "dialog:close")
    add_trigger(response, "chart:moved")
    return add_trigger(response, "toast", {"text": text, "kind": "ok"})


def _undoable() -> Undoable | None:
    """What was done here a moment ago, while nothing else was done to the stay since."""
    done = session.get(_DONE)
    if done is None or _now() - datetime.fromisoformat(done["at"]) > UNDO_SHOWN:
        return None
    return telling.undoable(done["stay"], done["step"])


def _dialog(stay: Stay, form: MoveForm, status: int = 200) -> Response:
    drop = form.drop() or rules.unmoved(stay)
    plan = moves.plan(stay, drop)
    return render_dialog(
        "chart/_move.html",
        status=status,
        dialog_heading=plan.title,
        stay=stay,
        form=form,
        plan=plan,
        **step_parts.means(stay.id, moves.change(plan), form),
    )


def _painter(at: place.Place) -> Painter:
    return Painter(
        window=at.window,
        tonight=choices.tonight(),
        house=g.house,
        sees_guests=can("stays:view"),
        room_url=url_for("frontdesk.room", room_id=0)[:-1],
        stay_url=url_for("stays.show", stay_id=0)[:-1],
    )


def _place(at: place.Place) -> dict[str, Any]:
    return {"window": at.window, "zoom": at.zoom, "grouping": at.grouping}


def _now() -> datetime:
    return clock.now()


def _today() -> Any:
    return filters.local(_now()).date()
