"""The page of backups: which there are, and whether all is well."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from pms.backups import queries, rules
from pms.core import clock
from pms.web.render import render
from pms.web.rights import require

blueprint = Blueprint("backups", __name__)

JOB = "backup of the night"


@blueprint.get("/")
@require("backups:view")
def index() -> Response:
    """All backups, the newest first."""
    newest = queries.newest_at()
    return render(
        "backups/index.html",
        "backups/_list.html",
        backups=queries.list_backups(),
        newest=newest,
        is_late=rules.is_late(newest, None, clock.now()),
        folder=current_app.config["SETTINGS"].backup_folder,
        job=JOB,
    )
