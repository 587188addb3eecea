"""The last step of a stay, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response
from flask_babel import gettext as _

from pms.core.errors import DomainError, NotFound
from pms.core.ids import read_id
from pms.frontdesk import choices, service, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.forms import UndoForm
from pms.stays import queries as stays
from pms.stays.rules import STEP_WORDS
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.stays.models import Stay, StayStep
    from pms.web.forms import Form


@blueprint.get("/stays/<int:stay_id>/undo")
@require("stays:change")
def undo(stay_id: int) -> Response:
    """Names the step that would be taken back."""
    step = stays.last_step(stay_id)
    if step is None:
        raise NotFound
    return _undo_dialog(stays.get_stay(stay_id), step, UndoForm(formdata=None, step_id=step.id))


@blueprint.post("/stays/<int:stay_id>/undo")
@require("stays:change")
def undo_now(stay_id: int) -> Response:
    """Takes it back."""
    form = UndoForm()
    step = stays.get_step(stay_id, read_id(form.step_id.data) or 0)
    if not form.validate_on_submit():
        return _undo_dialog(stays.get_stay(stay_id), step, form, status=422)
    try:
        service.undo(stay_id=stay_id, step_id=step.id, actor=actor(), now=choices.present())
    except DomainError as error:
        errors.put_into(form, error)
        return _undo_dialog(stays.get_stay(stay_id), step, form, status=422)
    return go_to(step_parts.stay_page(stay_id), _("Undone: %(step)s.", step=_(STEP_WORDS[step.kind])))


def _undo_dialog(stay: Stay, step: StayStep, form: Form, status: int = 200) -> Response:
    foreseen = step_parts.means(stay.id, Change(kind=ChangeKind.UNDO, step_id=step.id), form)
    return render_dialog(
        "frontdesk/_undo.html",
        status=status,
        dialog_heading=_("Undo"),
        stay=stay,
        step=step,
        form=form,
        words=STEP_WORDS,
        **foreseen,
    )
