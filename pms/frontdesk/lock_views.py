"""The end of a lock at its door: it is told to forget everything, or another hangs in its place."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import ForgetForm, ReplaceForm
from pms.frontdesk.lock_losses import losses
from pms.lock_commands import settings
from pms.locks import queries as locks
from pms.locks import service
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require


@blueprint.get("/locks/<int:lock_id>/forget")
@require("locks:edit")
def forget_lock(lock_id: int) -> Response:
    """The dialog that says what will stop."""
    return _forget_dialog(lock_id, ForgetForm(formdata=None))


@blueprint.post("/locks/<int:lock_id>/forget")
@require("locks:edit")
def forget_lock_now(lock_id: int) -> Response:
    """Order it (0501)."""
    form = ForgetForm()
    if form.validate():
        try:
            settings.forget(lock_id=lock_id, request_id=form.request_id.data, actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            text = _("The lock forgets everything as soon as somebody is at the lock.")
            return go_to(url_for("lock_commands.of_lock", lock_id=lock_id), text)
    return _forget_dialog(lock_id, form, status=422)


@blueprint.get("/locks/<int:lock_id>/replace")
@require("locks:edit")
def replace_lock(lock_id: int) -> Response:
    """What will stop, and which lock comes; afterwards: what has to be made again."""
    form = _replace_form()
    form.new_lock_id.data = request.args.get("new", "")
    return _replace_page(lock_id, form)


@blueprint.post("/locks/<int:lock_id>/replace")
@require("locks:edit")
def replace_lock_now(lock_id: int) -> Response:
    """The other lock hangs there, and its frame waits for it."""
    form = _replace_form()
    if form.validate():
        try:
            new = service.replace_lock(
                old_lock_id=lock_id, new_lock_id=int(form.new_lock_id.data), actor=login.actor(), now=clock.now()
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            text = _("The door has its new lock. Carry the frame to it now.")
            return go_to(url_for("locks.bind_step", lock_id=new.id), text)
    return _replace_page(lock_id, form, status=422)


def _replace_form() -> ReplaceForm:
    form = ReplaceForm()
    form.new_lock_id.choices = [(str(lock.id), f"{lock.name} · {lock.mac}") for lock in locks.list_loose_locks()]
    return form


def _replace_page(lock_id: int, form: ReplaceForm, status: int = 200) -> Response:
    lock = locks.get_lock(lock_id)
    return render(
        "frontdesk/replace_lock.html",
        status=status,
        lock=lock,
        door=locks.door_of_lock(lock_id),
        successor=locks.find_lock(lock.replaced_by_id) if lock.replaced_by_id is not None else None,
        losses=losses(lock_id, now=clock.now()),
        form=form,
        tab="",
    )


def _forget_dialog(lock_id: int, form: ForgetForm, status: int = 200) -> Response:
    if not form.request_id.data:
        form.request_id.data = str(uuid4())
    lock = locks.get_lock(lock_id)
    return render_dialog(
        "frontdesk/_forget_lock.html",
        status=status,
        lock=lock,
        door=locks.door_of_lock(lock_id),
        losses=losses(lock_id, now=clock.now()),
        form=form,
        dialog_heading=lock.name,
    )
