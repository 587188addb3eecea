"""The machines: their list, their forms, and the one that belongs to this desk."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.accounts import service as accounts
from pms.core import clock
from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.devices.discovery import find_ports
from pms.encoders import queries, service
from pms.encoders.forms import MachineForm
from pms.encoders.words import STATE_WORDS
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

blueprint = Blueprint("encoders", __name__)


@blueprint.get("/")
@require("encoders:edit")
def index() -> Response:
    """All machines with what their ports' owner last saw."""
    return render(
        "encoders/index.html", "encoders/_list.html", machines=queries.list_encoders(), state_words=STATE_WORDS
    )


@blueprint.get("/new")
@require("encoders:edit")
def new() -> Response:
    """The form for another machine; the ports that the computer has are offered."""
    return _machine_dialog(MachineForm())


@blueprint.post("/new")
@require("encoders:edit")
def add() -> Response:
    """Add it; its port is opened within a second."""
    form = MachineForm()
    if form.validate():
        try:
            machine = service.add_encoder(
                name=form.name.data or "", url=form.url.data or "", actor=login.actor(), now=clock.now()
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("encoders.index"), _("%(name)s is added.", name=machine.name))
    return _machine_dialog(form, status=422)


@blueprint.get("/<int:encoder_id>")
@require("encoders:edit")
def edit(encoder_id: int) -> Response:
    """Name, port, in use or not."""
    machine = queries.get_encoder(encoder_id)
    return _machine_dialog(MachineForm(obj=machine), machine=machine)


@blueprint.post("/<int:encoder_id>")
@require("encoders:edit")
def change(encoder_id: int) -> Response:
    """Store what was changed; the owner of the ports follows without a restart."""
    form = MachineForm()
    if form.validate():
        try:
            machine = service.change_encoder(
                encoder_id=encoder_id,
                name=form.name.data or "",
                url=form.url.data or "",
                is_enabled=form.is_enabled.data,
                actor=login.actor(),
                now=clock.now(),
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("encoders.index"), _("%(name)s is stored.", name=machine.name))
    return _machine_dialog(form, machine=queries.get_encoder(encoder_id), status=422)


@blueprint.post("/<int:encoder_id>/signal")
@require("encoders:edit")
def signal(encoder_id: int) -> Response:
    """Let the machine blink, so that one sees which it is."""
    machine = queries.get_encoder(encoder_id)
    service.send_signal(encoder_id=encoder_id, request_id=str(uuid.uuid4()), actor=login.actor(), now=clock.now())
    return go_to(url_for("encoders.index"), _("%(name)s blinks and beeps now.", name=machine.name))


@blueprint.get("/desk")
@require("keys:make")
def desk() -> Response:
    """Which machine belongs to this desk."""
    return _desk_dialog()


@blueprint.post("/desk")
@require("keys:make")
def choose_desk() -> Response:
    """Keep the choice for this log-in."""
    machine = queries.get_encoder(read_id(request.form.get("encoder_id")) or 0)
    if not machine.is_enabled:
        raise service.MachineDisabled(name=machine.name)
    accounts.choose_encoder(session_id=current_user.session_id, encoder_id=machine.id)
    return go_to(_way_back(), _("This desk uses %(name)s from now on.", name=machine.name))


@blueprint.get("/desk/state")
@require("keys:make")
def desk_state() -> Response:
    """The light in the top bar; nothing is sent while it does not change."""
    machine = queries.desk_encoder(current_user.encoder_id)
    seen = f"{machine.id}-{machine.state}" if machine else "none"
    if request.args.get("seen") == seen:
        return make_response("", 204)
    return render(
        "encoders/_desk_state.html", "encoders/_desk_state.html", machine=machine, seen=seen, state_words=STATE_WORDS
    )


def _way_back() -> str:
    """The page that the dialog lay on, if it is one of ours."""
    path = request.form.get("next", "")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else url_for("frontdesk.today")


def _desk_dialog() -> Response:
    present = queries.desk_encoder(current_user.encoder_id)
    current = request.headers.get("HX-Current-URL", "")
    return render_dialog(
        "encoders/_choose_desk.html",
        dialog_heading=_("The card machine of this desk"),
        machines=queries.list_enabled(),
        present=present,
        state_words=STATE_WORDS,
        next="/" + current.split("/", 3)[3] if current.count("/") >= 3 else "",
    )


def _machine_dialog(form: MachineForm, *, machine: Any = None, status: int = 200) -> Response:
    return render_dialog(
        "encoders/_machine.html",
        status=status,
        dialog_heading=machine.name if machine else _("Add a card machine"),
        form=form,
        machine=machine,
        ports=find_ports(),
    )
