"""Early arrival and late departure: the hours that the desk promises, and what they mean for others, money and locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response
from flask_babel import gettext as _

from pms.core.errors import DomainError
from pms.frontdesk import choices, queries, service, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import HoursForm
from pms.stays import queries as stays
from pms.stays.models import StepKind
from pms.web import errors
from pms.web.render import render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.stays.models import Stay


@blueprint.get("/stays/<int:stay_id>/hours")
@require("stays:change")
def hours(stay_id: int) -> Response:
    """From which hour, until which hour."""
    stay = queries.stay_for(stay_id, StepKind.HOURS_AGREED)
    form = HoursForm(
        formdata=None,
        request_id=choices.new_request(),
        version=stay.version,
        arrival_hour=stay.arrival_hour,
        departure_hour=stay.departure_hour,
    )
    return _hours_dialog(stay, form)


@blueprint.post("/stays/<int:stay_id>/hours")
@require("stays:change")
def hours_now(stay_id: int) -> Response:
    """Agrees on them."""
    stay, form = stays.get_stay(stay_id), HoursForm()
    choices.fill_hours(form, stay)
    if not form.validate_on_submit():
        return _hours_dialog(stay, form, status=422)
    try:
        agreed = form.change(stay)
        service.agree_hours(
            stay_id=stay_id,
            arrival_hour=agreed.arrival_hour,
            departure_hour=agreed.departure_hour,
            **step_parts.common(form),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return _hours_dialog(stays.get_stay(stay_id), form, status=422)
    return step_parts.done(stay_id, step_parts.with_keys(stay_id, _("The hours are agreed.")))


def _hours_dialog(stay: Stay, form: HoursForm, status: int = 200) -> Response:
    choices.fill_hours(form, stay)
    is_new = form.is_submitted()
    foreseen = step_parts.means(stay.id, form.change(stay) if is_new else None, form)
    return render_dialog(
        "frontdesk/_hours.html",
        status=status,
        dialog_heading=_("Hours"),
        stay=stay,
        form=form,
        **{**foreseen, "shows_times": True},
    )
