"""Scopes of staff: every door, the floors, and sections that somebody picks; which doors do not know theirs yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.locks import queries, scope_queries, service
from pms.locks.blueprint import blueprint
from pms.locks.forms import SectionForm
from pms.locks.words import KIND_WORDS, scope_text
from pms.rooms import queries as rooms
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.locks.models import Door


@blueprint.get("/scopes")
@require("locks:edit")
def scopes() -> Response:
    """Every set of doors for staff, and the doors that must be told theirs."""
    return render(
        "locks/scopes.html",
        rows=scope_queries.list_scopes(),
        untold=scope_queries.list_untold(),
        scope_text=scope_text,
        kind_words=KIND_WORDS,
    )


@blueprint.get("/scopes/new")
@require("locks:edit")
def new_section() -> Response:
    """The dialog for a new section."""
    return _section_dialog(SectionForm(), _("New section"))


@blueprint.post("/scopes/new")
@require("locks:edit")
def create_section() -> Response:
    """Make it."""
    form = SectionForm()
    if form.validate():
        with errors.shown_in(form):
            service.create_section(
                name=form.name.data or "", door_ids=_picked(form), actor=login.actor(), now=clock.now()
            )
            return go_to(url_for("locks.scopes"), _("The section is there. Its doors must be told."))
    return _section_dialog(form, _("New section"), status=422)


@blueprint.get("/scopes/<int:scope_id>")
@require("locks:edit")
def edit_section(scope_id: int) -> Response:
    """The dialog for a section."""
    section = scope_queries.get_section(scope_id)
    form = SectionForm(data={"name": section.name, "door_ids": scope_queries.door_ids_of_section(scope_id)})
    return _section_dialog(form, section.name)


@blueprint.post("/scopes/<int:scope_id>")
@require("locks:edit")
def change_section(scope_id: int) -> Response:
    """Change it."""
    section = scope_queries.get_section(scope_id)
    form = SectionForm()
    if form.validate():
        with errors.shown_in(form):
            service.change_section(
                scope_id=scope_id,
                name=form.name.data or "",
                door_ids=_picked(form),
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("locks.scopes"), _("The section is stored. Doors that changed must be told."))
    return _section_dialog(form, section.name, status=422)


def _picked(form: SectionForm) -> list[int]:
    return [door_id for door_id in form.door_ids.data or [] if door_id]


def _section_dialog(form: SectionForm, title: str, status: int = 200) -> Response:
    return render_dialog(
        "locks/_section.html",
        status=status,
        form=form,
        title=title,
        url=request.path,
        groups=_groups(),
        picked=set(_picked(form)),
        dialog_heading=title,
    )


def _groups() -> list[tuple[str, list[Door]]]:
    """The doors to pick from: common ones, then floor by floor."""
    doors = queries.list_doors()
    groups = [(str(_("Common doors")), [door for door in doors if door.room is None])]
    for floor in rooms.list_floors():
        name = str(_("Floor %(name)s", name=floor.name))
        groups.append((name, [door for door in doors if door.room is not None and door.room.floor_id == floor.id]))
    return [group for group in groups if group[1]]
