"""The desks that are not the server's: their agents' tokens."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.encoders import desk_service, queries
from pms.encoders.blueprint import blueprint
from pms.encoders.forms import AgentForm
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require


@blueprint.get("/desks")
@require("encoders:edit")
def desks() -> Response:
    """The desks, whether their agents speak, and which machines stand there."""
    return render(
        "encoders/desks.html",
        "encoders/_desks.html",
        agents=queries.list_agents(),
        machines=queries.list_encoders(),
        is_away=desk_service.is_away,
        now=clock.now(),
    )


@blueprint.get("/desks/new")
@require("encoders:edit")
def new_desk() -> Response:
    """The name of another desk."""
    return _desk_form(AgentForm())


@blueprint.post("/desks/new")
@require("encoders:edit")
def add_desk() -> Response:
    """Make its token, and show it this once."""
    form = AgentForm()
    if form.validate():
        with errors.shown_in(form):
            agent, token = desk_service.add_agent(name=form.name.data or "", actor=login.actor(), now=clock.now())
            response = render_dialog(
                "encoders/_desk_token.html",
                dialog_heading=agent.name,
                agent=agent,
                token=token,
                server=request.host_url.rstrip("/"),
            )
            # Shown this once, and kept nowhere.
            response.headers["Cache-Control"] = "no-store"
            return response
    return _desk_form(form, status=422)


@blueprint.get("/desks/<int:agent_id>/revoke")
@require("encoders:edit")
def ask_revoke(agent_id: int) -> Response:
    """What revoking the token does."""
    agent = queries.get_agent(agent_id)
    return render_dialog(
        "encoders/_revoke_desk.html",
        dialog_heading=agent.name,
        agent=agent,
        machines=queries.machines_of_agent(agent_id),
    )


@blueprint.post("/desks/<int:agent_id>/revoke")
@require("encoders:edit")
def revoke_desk(agent_id: int) -> Response:
    """The agent may not speak any more, and the machines there are bound to nothing."""
    agent = queries.get_agent(agent_id)
    desk_service.revoke_agent(agent_id=agent_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("encoders.desks"), _("The token of %(name)s is revoked.", name=agent.name))


def _desk_form(form: AgentForm, *, status: int = 200) -> Response:
    return render_dialog("encoders/_new_desk.html", status=status, dialog_heading=_("Add a desk"), form=form)
