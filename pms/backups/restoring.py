"""A backup becomes the database of an empty installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.backups import archive, databases, rules
from pms.core.db import transaction

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pms.core.actor import Actor

_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Restored:
    """When the backup was made, in ISO 8601, and by which version of the program."""

    made_at: str
    program: str


def restore(*, file: Path, database_url: str) -> Restored:
    """Put the database back. The vault holds the master key of then. NotABackup, OtherDatabase, NotEmpty; WrongKey, Damaged."""
    with file.open("rb") as source:
        header = archive.read_header(source)
        ours = databases.kind_of(database_url)
        if header.database != ours:
            raise rules.OtherDatabase(theirs=_NAMES.get(header.database, header.database), ours=_NAMES[ours])
        if not databases.is_empty(database_url):
            raise rules.NotEmpty(place=_place(database_url))
        source.seek(0)
        databases.put_back(database_url, archive.read(source))
    return Restored(header.made_at, header.program)


def note(*, restored: Restored, epochs: int, actor: Actor, now: datetime) -> None:
    """Say so in the trail that was restored; joins the caller's transaction."""
    with transaction():
        audit.record(
            actor=actor,
            action="backups.restored",
            subject=audit.Subject(kind="backup", id="", label=restored.made_at),
            now=now,
            after={"made_at": restored.made_at, "epochs": epochs},
        )


def _place(database_url: str) -> str:
    """The password in the address is nobody's to read."""
    return sa.make_url(database_url).render_as_string(hide_password=True)
