"""A backup is made, read back, and only then called one; older ones are put away by the rule."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

import pms
from pms.audit import queries as trail
from pms.audit import service as audit
from pms.backups import archive, databases, rules
from pms.backups.models import Backup
from pms.core.db import db, transaction

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pms.backups.databases import Found
    from pms.core.actor import Actor

_PART = ".part-"


@dataclass(frozen=True, slots=True)
class Place:
    """What is saved, where to, and a folder as safe as the database's own for what must lie open for a moment."""

    database_url: str
    folder: Path
    home: Path


def make(*, place: Place, actor: Actor, now: datetime) -> Backup:
    """Save the database into a file of its own, read the file back, compare; then put old ones away.

    NoSpace, NoTool, DumpFailed; Damaged where what was written is not what should have been. Nothing is left of one that failed.
    """
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(place.folder)
    _check_space(place)
    # Nothing of the database is held meanwhile.
    db.remove()
    name = rules.name_at(now)
    part = place.folder / f"{_PART}{os.getpid()}-{name}"
    try:
        _write(part, place, now)
        found = _read_back(part, place)
        size = part.stat().st_size
        part.replace(place.folder / name)
        _store_folder(place.folder)
    finally:
        part.unlink(missing_ok=True)
    row = _note(name, size, found, actor, now)
    _put_old_ones_away(place.folder, actor, now)
    return row


def _write(part: Path, place: Place, now: datetime) -> None:
    database = databases.kind_of(place.database_url)
    header = archive.Header.new(database=database, made_at=now.isoformat(), program=pms.__version__)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, databases.dump(place.database_url, place.home) as content:
        archive.write(file, header, content)
        file.flush()
        os.fsync(file.fileno())


def _read_back(part: Path, place: Place) -> Found:
    """Open what was written as a restore would, and hold its trail against that of the house. Damaged."""
    with part.open("rb") as file:
        found = databases.look_into(databases.kind_of(place.database_url), archive.read(file), place.home)
    digest = trail.digest_of(found.entries)
    db.remove()
    if digest != found.digest:
        raise rules.Damaged(what="its audit trail is not that of the house")
    return found


def _note(name: str, size: int, found: Found, actor: Actor, now: datetime) -> Backup:
    with transaction() as session:
        # Two within one second are one file: the later one is in it.
        session.execute(sa.delete(Backup).where(Backup.name == name))
        row = Backup(
            name=name, made_at=now, size=size, entries=found.entries, verified_at=now, made_by=actor.name, gone_at=None
        )
        session.add(row)
        session.flush()
        audit.record(
            actor=actor,
            action="backups.made",
            subject=audit.Subject(kind="backup", id=row.id, label=name),
            now=now,
            after={"size": size, "entries": found.entries},
        )
        return row


def _put_old_ones_away(folder: Path, actor: Actor, now: datetime) -> None:
    """By the names of the files: what else lies in the folder is nobody's to delete."""
    there = {at: path for path in folder.iterdir() if (at := rules.made_at(path.name)) is not None and path.is_file()}
    kept = rules.to_keep(there)
    deleted = [path.name for at, path in there.items() if at not in kept]
    with transaction() as session:
        session.execute(sa.delete(Backup).where(Backup.name.in_(deleted)))
        names = [path.name for path in there.values()]
        session.execute(
            sa.update(Backup).where(Backup.gone_at.is_(None), Backup.name.not_in(names)).values(gone_at=now)
        )
        for name in deleted:
            subject = audit.Subject(kind="backup", id=name, label=name)
            audit.record(actor=actor, action="backups.deleted", subject=subject, now=now)
    for name in deleted:
        (folder / name).unlink(missing_ok=True)


def _check_space(place: Place) -> None:
    wanted = databases.size_of(place.database_url)
    for folder in (place.folder, place.home):
        free = shutil.disk_usage(folder).free
        if free < wanted:
            raise rules.NoSpace(wanted=wanted // 10**6 + 1, free=free // 10**6)


def _sweep(folder: Path) -> None:
    """What processes that were killed have left half. One that is being written belongs to a process that lives."""
    for path in folder.glob(f"{_PART}*"):
        owner = path.name.removeprefix(_PART).partition("-")[0]
        if not owner.isdecimal() or not _lives(int(owner)):
            path.unlink(missing_ok=True)


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _store_folder(folder: Path) -> None:
    """The new name survives a loss of power too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
