"""Nightly: a backup of everything."""

from __future__ import annotations

from flask import current_app

from pms.backups import service
from pms.core import clock
from pms.core.actor import Actor
from pms.core.outcome import Outcome
from pms.core.text import N_

_SCHEDULER = Actor(kind="job", name="backup of the night")


def make() -> Outcome:
    """Save the database, read the file back, put old ones away."""
    settings = current_app.config["SETTINGS"]
    place = service.Place(settings.database_url, settings.backup_folder, settings.home)
    row = service.make(place=place, actor=_SCHEDULER, now=clock.now())
    return Outcome(
        N_("%(name)s, %(kilobytes)s kB, read back and compared."),
        {"name": row.name, "kilobytes": max(1, row.size // 1000)},
    )
