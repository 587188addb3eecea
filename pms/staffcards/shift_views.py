"""Shifts: when somebody works, by name."""

from __future__ import annotations

from flask import Response, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.staffcards import dialogs, queries, service, words
from pms.staffcards.blueprint import blueprint
from pms.staffcards.forms import ShiftForm
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require


@blueprint.get("/shifts")
@require("staffcards:view")
def shifts() -> Response:
    """All shifts, by their beginning."""
    return render("staffcards/shifts.html", shifts=queries.list_shifts(), **words.of_pages())


@blueprint.get("/shifts/new")
@require("staffcards:make")
def new_shift() -> Response:
    """The dialog for a new shift."""
    return dialogs.shift(ShiftForm(), _("New shift"), url_for("staffcards.create_shift"), None)


@blueprint.post("/shifts/new")
@require("staffcards:make")
def create_shift() -> Response:
    """Make it."""
    form = ShiftForm()
    if form.validate():
        with errors.shown_in(form):
            service.create_shift(name=form.name.data or "", window=form.window(), actor=login.actor(), now=clock.now())
            return go_to(url_for("staffcards.shifts"), _("The shift is there."))
    return dialogs.shift(form, _("New shift"), url_for("staffcards.create_shift"), None, status=422)


@blueprint.get("/shifts/<int:shift_id>")
@require("staffcards:make")
def edit_shift(shift_id: int) -> Response:
    """The dialog for a shift."""
    row = queries.get_shift(shift_id)
    return dialogs.shift(ShiftForm(name=row.name), row.name, url_for("staffcards.edit_shift", shift_id=shift_id), row)


@blueprint.post("/shifts/<int:shift_id>")
@require("staffcards:make")
def change_shift(shift_id: int) -> Response:
    """Change it."""
    row, form = queries.get_shift(shift_id), ShiftForm()
    if form.validate():
        with errors.shown_in(form):
            service.change_shift(
                shift_id=shift_id,
                name=form.name.data or "",
                window=form.window(),
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("staffcards.shifts"), _("The shift is stored. Cards that exist keep their hours."))
    return dialogs.shift(form, row.name, url_for("staffcards.edit_shift", shift_id=shift_id), row, status=422)


@blueprint.get("/shifts/<int:shift_id>/delete")
@require("staffcards:make")
def ask_delete_shift(shift_id: int) -> Response:
    """The dialog that asks before a shift is deleted."""
    row = queries.get_shift(shift_id)
    return render_dialog("staffcards/_delete_shift.html", row=row, dialog_heading=row.name)


@blueprint.post("/shifts/<int:shift_id>/delete")
@require("staffcards:make")
def delete_shift(shift_id: int) -> Response:
    """Delete it."""
    service.delete_shift(shift_id=shift_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("staffcards.shifts"), _("The shift is deleted. Cards that exist keep their hours."))
