"""The machines: their list, their forms, what they have done, and the one that belongs to this desk."""

from __future__ import annotations

import uuid
import zlib
from typing import TYPE_CHECKING, Any

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.accounts import sessions
from pms.core import clock
from pms.core.ids import read_id
from pms.devices import registry
from pms.encoders import answers, desk_views, queries, service
from pms.encoders.blueprint import blueprint
from pms.encoders.forms import MachineForm, NewMachineForm
from pms.encoders.words import JOB_WORDS, KIND_WORDS, STATE_WORDS, error_words
from pms.web import errors, login
from pms.web.forms import choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.encoders.models import EncoderJob

__all__ = ["blueprint", "desk_views"]


@blueprint.get("/")
@require("encoders:edit")
def index() -> Response:
    """All machines with what their ports' owner last saw, and the ports where none is yet."""
    return render("encoders/index.html", "encoders/_list.html", **_list())


@blueprint.get("/new")
@require("encoders:edit")
def new() -> Response:
    """The form for another machine; a port that was found fills it in."""
    form = NewMachineForm()
    port = queries.find_port(read_id(request.args.get("port")))
    if port is not None:
        form.agent_id.data, form.url.data, form.driver.data = port.agent_id, port.url, port.driver or ""
    return _machine_dialog(form)


@blueprint.post("/new")
@require("encoders:edit")
def add() -> Response:
    """Add it; its port is opened within a second."""
    form = NewMachineForm()
    _fill(form)
    if form.validate():
        with errors.shown_in(form):
            machine = service.add_encoder(
                name=form.name.data or "",
                url=form.url.data or "",
                driver=form.driver.data or "",
                agent_id=form.agent_id.data,
                request_id=form.request_id.data or None,
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("encoders.index"), _("%(name)s is added.", name=machine.name))
    return _machine_dialog(form, status=422)


@blueprint.get("/<int:encoder_id>")
@require("encoders:edit")
def edit(encoder_id: int) -> Response:
    """Its name, and where it is."""
    machine = queries.get_encoder(encoder_id)
    return _machine_dialog(MachineForm(obj=machine), machine=machine)


@blueprint.post("/<int:encoder_id>")
@require("encoders:edit")
def change(encoder_id: int) -> Response:
    """Rename or bind it; the owner of the port follows without a restart."""
    form = MachineForm()
    _fill(form)
    if form.validate():
        with errors.shown_in(form):
            machine = service.change_encoder(
                encoder_id=encoder_id,
                name=form.name.data or "",
                url=form.url.data or "",
                driver=form.driver.data or "",
                agent_id=form.agent_id.data,
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("encoders.index"), _("%(name)s is stored.", name=machine.name))
    return _machine_dialog(form, machine=queries.get_encoder(encoder_id), status=422)


@blueprint.get("/<int:encoder_id>/unbind")
@require("encoders:edit")
def ask_unbind(encoder_id: int) -> Response:
    """What unbinding does."""
    return _confirm("unbind", encoder_id)


@blueprint.post("/<int:encoder_id>/unbind")
@require("encoders:edit")
def unbind(encoder_id: int) -> Response:
    """Let its port go."""
    machine = queries.get_encoder(encoder_id)
    service.unbind_encoder(encoder_id=encoder_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("encoders.index"), _("%(name)s is bound to no port any more.", name=machine.name))


@blueprint.get("/<int:encoder_id>/delete")
@require("encoders:edit")
def ask_delete(encoder_id: int) -> Response:
    """What deleting does."""
    return _confirm("delete", encoder_id)


@blueprint.post("/<int:encoder_id>/delete")
@require("encoders:edit")
def delete(encoder_id: int) -> Response:
    """Take it off the list for good."""
    machine = queries.get_encoder(encoder_id)
    service.delete_encoder(encoder_id=encoder_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("encoders.index"), _("%(name)s is deleted.", name=machine.name))


@blueprint.post("/<int:encoder_id>/signal")
@require("encoders:edit")
def signal(encoder_id: int) -> Response:
    """Let the machine blink, or at least answer, so that one sees which it is."""
    machine = queries.get_encoder(encoder_id)
    service.send_signal(encoder_id=encoder_id, request_id=str(uuid.uuid4()), actor=login.actor(), now=clock.now())
    return go_to(url_for("encoders.index"), _("%(name)s is asked to show itself.", name=machine.name))


@blueprint.post("/ports/<int:port_id>/ask")
@require("encoders:edit")
def ask_port(port_id: int) -> Response:
    """Find out what is at a port."""
    service.ask_port(port_id=port_id, now=clock.now())
    return render("encoders/index.html", "encoders/_list.html", **_list())


@blueprint.get("/jobs")
@require("keys:view")
def jobs() -> Response:
    """What the machines do now and have done, newest first, a page at a time; nothing is sent while nothing changed."""
    encoder_id = read_id(request.args.get("machine"))
    show = "failed" if request.args.get("show") == "failed" else "all"
    before = queries.read_job_key(request.args.get("before"))
    page = queries.job_history(encoder_id=encoder_id, only_failed=show == "failed", before=before)
    seen = _seen(page.rows)
    if request.args.get("seen") == seen:
        return make_response("", 204)
    return render(
        "encoders/jobs.html",
        "encoders/_job_rows.html" if before else "encoders/_jobs.html",
        jobs=page,
        seen=seen,
        show=show,
        chosen=encoder_id,
        machines=queries.list_encoders(),
        job_words=JOB_WORDS,
        kind_words=KIND_WORDS,
        why=answers.why,
    )


@blueprint.get("/desk")
@require("keys:make")
def desk() -> Response:
    """Which machine belongs to this desk."""
    return _desk_dialog()


@blueprint.post("/desk")
@require("keys:make")
def choose_desk() -> Response:
    """Keep the choice in this browser."""
    machine = service.choose(encoder_id=read_id(request.form.get("encoder_id")) or 0)
    response = go_to(_way_back(), _("This desk uses %(name)s from now on.", name=machine.name))
    sessions.remember_machine(response, machine.id)
    return response


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


def _seen(jobs: Sequence[EncoderJob]) -> str:
    """Changes whenever one of these rows would look different."""
    told = [(job.id, job.state, job.card_uid, job.encoder.name) for job in jobs]
    return f"{zlib.crc32(repr(told).encode()):08x}"


def _list() -> dict[str, Any]:
    return {
        "machines": queries.list_encoders(),
        "ports": queries.free_ports(),
        "agents": {agent.id: agent for agent in queries.list_agents()},
        "last_jobs": queries.last_jobs(),
        "state_words": STATE_WORDS,
        "job_words": JOB_WORDS,
        "kind_words": KIND_WORDS,
        "driver_titles": {driver.name: driver.title for driver in registry.all_drivers()},
        "error_words": error_words,
    }


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
        machines=queries.list_for_cards(),
        present=present,
        state_words=STATE_WORDS,
        next="/" + current.split("/", 3)[3] if current.count("/") >= 3 else "",
    )


def _fill(form: MachineForm) -> None:
    here = [("", _("This server"))]
    form.agent_id.choices = choices([*here, *((agent.id, agent.name) for agent in queries.list_agents())])
    makes = [(driver.name, _(driver.title)) for driver in registry.all_drivers()]
    form.driver.choices = choices([("", _("Find out")), *makes])
    if isinstance(form, NewMachineForm) and not form.request_id.data:
        form.request_id.data = str(uuid.uuid4())


def _machine_dialog(form: MachineForm, *, machine: Any = None, status: int = 200) -> Response:
    _fill(form)
    return render_dialog(
        "encoders/_machine.html",
        status=status,
        dialog_heading=machine.name if machine else _("Add a card machine"),
        form=form,
        machine=machine,
        ports=queries.free_ports(),
        agents={agent.id: agent for agent in queries.list_agents()},
    )


def _confirm(act: str, encoder_id: int) -> Response:
    machine = queries.get_encoder(encoder_id)
    return render_dialog("encoders/_confirm.html", dialog_heading=machine.name, machine=machine, act=act)
