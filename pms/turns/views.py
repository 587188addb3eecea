"""What the house does by itself, and how it went."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.ids import read_id
from pms.turns import queries, service, words
from pms.web import login
from pms.web.render import go_to, render
from pms.web.rights import require

blueprint = Blueprint("turns", __name__)


@blueprint.get("/")
@require("turns:view")
def index() -> Response:
    """Every job with its last and next turn."""
    lines = queries.list_jobs(clock.now())
    return render("turns/index.html", "turns/_jobs.html", lines=lines, words=words)


@blueprint.get("/<name>")
@require("turns:view")
def history(name: str) -> Response:
    """The turns of one job, newest first."""
    page = queries.list_turns(name, before_id=read_id(request.args.get("before", "")))
    return render("turns/history.html", "turns/_turns.html", name=name, turns=page, words=words)


@blueprint.post("/<name>/run")
@require("turns:run")
def run(name: str) -> Response:
    """Ask for a turn now."""
    service.ask(job=name, actor=login.actor(), now=clock.now())
    return go_to(url_for("turns.index"), _("The job begins within seconds."))
