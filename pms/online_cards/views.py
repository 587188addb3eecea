"""Store a card in a lock: asked for on the lock's page, read at this desk's machine, shown as all cards in the making are."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.core import clock
from pms.keycards import dialogs
from pms.locks import queries as locks
from pms.online_cards import service
from pms.online_cards.forms import OnlineCardForm, instant
from pms.web import errors, login
from pms.web.render import render_dialog
from pms.web.rights import require

blueprint = Blueprint("online_cards", __name__)


@blueprint.get("/locks/<int:lock_id>/new")
@require("keys:make")
def new(lock_id: int) -> Response:
    """Whose card it is, and at which machine it will be laid down."""
    return _dialog(lock_id, OnlineCardForm())


@blueprint.post("/locks/<int:lock_id>/new")
@require("keys:make")
def start(lock_id: int) -> Response:
    """The machine waits for the card."""
    form = OnlineCardForm()
    if form.validate():
        with errors.shown_in(form):
            batch_id = service.make(
                lock_id=lock_id,
                encoder_id=form.encoder_id.data or 0,
                name=form.name.data or "",
                valid_from=instant(form.valid_from.data),
                valid_until=instant(form.valid_until.data),
                request_id=form.request_id.data or "",
                actor=login.actor(),
                now=clock.now(),
            )
            return make_response(redirect(url_for("keycards.progress", batch_id=batch_id), 303))
    return _dialog(lock_id, form, status=422)


def _dialog(lock_id: int, form: OnlineCardForm, *, status: int = 200) -> Response:
    lock, door = locks.get_lock(lock_id), locks.door_of_lock(lock_id)
    dialogs.fill_machines(form, current_user.encoder_id)
    return render_dialog(
        "online_cards/_new.html",
        status=status,
        dialog_heading=_("Store a card in a lock"),
        form=form,
        lock=lock,
        door=door,
        place=door.name if door is not None else lock.name,
    )
