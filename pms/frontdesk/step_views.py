"""The verbs of a stay that ask for nothing but a yes, each a small dialog that says what it will do to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, url_for
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.folios import queries as folios
from pms.frontdesk import choices, queries, service, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.forms import StepForm
from pms.stays import queries as stays
from pms.stays.models import StepKind
from pms.web import errors
from pms.web.render import render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from pms.stays.models import Stay, StayStep


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb that asks for nothing but a yes."""

    title: str
    sentence: str
    button: str
    kind: str
    done: str
    act: Callable[..., StayStep]


_VERBS = {
    "check-out": Verb(
        N_("Check out"),
        N_("%(guest)s leaves room %(room)s. The room is marked dirty, and nights that remain can be sold again."),
        N_("Check out"),
        "primary",
        N_("%(guest)s is checked out."),
        service.check_out,
    ),
    "cancel": Verb(
        N_("Cancel the booking"),
        N_("The booking of %(guest)s from %(arrival)s to %(departure)s is taken back, and the room can be sold again."),
        N_("Cancel the booking"),
        "danger",
        N_("The booking of %(guest)s is cancelled."),
        service.cancel,
    ),
    "no-show": Verb(
        N_("Mark as no-show"),
        N_("%(guest)s was expected on %(arrival)s and did not come. The nights can be sold again."),
        N_("Mark as no-show"),
        "danger",
        N_("%(guest)s is marked as a no-show."),
        service.no_show,
    ),
    "unassign": Verb(
        N_("Take the room back"),
        N_("%(guest)s keeps the booking but not room %(room)s; another room can be given later."),
        N_("Take the room back"),
        "primary",
        N_("The room was taken back."),
        service.unassign_room,
    ),
}

_KINDS = {
    "check-out": StepKind.CHECKED_OUT,
    "cancel": StepKind.CANCELLED,
    "no-show": StepKind.NO_SHOW,
    "unassign": StepKind.ROOM_UNASSIGNED,
}


@blueprint.get("/stays/<int:stay_id>/<any('check-out','cancel','no-show','unassign'):verb>")
@require("stays:change")
def confirm(stay_id: int, verb: str) -> Response:
    """Says what will happen, and asks."""
    stay = queries.stay_for(stay_id, _KINDS[verb])
    form = StepForm(formdata=None, request_id=choices.new_request(), version=stay.version)
    return _ask(stay, verb, form)


@blueprint.post("/stays/<int:stay_id>/<any('check-out','cancel','no-show','unassign'):verb>")
@require("stays:change")
def do(stay_id: int, verb: str) -> Response:
    """Does it."""
    stay, form = stays.get_stay(stay_id), StepForm()
    if not form.validate_on_submit():
        return _ask(stay, verb, form, status=422)
    words = step_parts.words(stay)
    try:
        _VERBS[verb].act(stay_id=stay_id, **step_parts.common(form))
    except DomainError as error:
        errors.put_into(form, error)
        return _ask(stays.get_stay(stay_id), verb, form, status=422)
    return step_parts.done(stay_id, _(_VERBS[verb].done) % words, _next_page(stay_id, verb))


def _next_page(stay_id: int, verb: str) -> str:
    """After a check-out the day goes on; everything else is looked at on the stay."""
    return url_for("frontdesk.today") if verb == "check-out" else step_parts.stay_page(stay_id)


def _ask(stay: Stay, name: str, form: StepForm, status: int = 200) -> Response:
    verb = _VERBS[name]
    foreseen = step_parts.means(stay.id, Change(kind=ChangeKind(name)), form)
    return render_dialog(
        "frontdesk/_confirm.html",
        status=status,
        dialog_heading=_(verb.title),
        stay=stay,
        form=form,
        title=_(verb.title),
        sentence=_(verb.sentence) % step_parts.words(stay),
        button=_(verb.button),
        kind=verb.kind,
        url=url_for("frontdesk.do", stay_id=stay.id, verb=name),
        owed=folios.owed_at_check_out(stay, today=choices.today()) if name == "check-out" else 0,
        **foreseen,
    )
