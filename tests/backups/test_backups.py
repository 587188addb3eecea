"""Backups of both databases are made while others write, read back, listed, put away, and restored into an empty place."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from pms import cli, restoring, scheduler
from pms.accounts import log_in
from pms.accounts.models import StaffSession
from pms.audit import queries as trail
from pms.audit import service as audit
from pms.audit.models import AuditEntry
from pms.backups import archive, databases, jobs, queries, rules, service
from pms.backups import restoring as backup_restoring
from pms.backups.models import Backup
from pms.config import ROOT
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.guests import service as guests
from pms.guests.models import Guest
from pms.guests.rules import GuestFields
from pms.locks.models import Lock, LockSetup
from pms.mail import service as mail
from pms.mail.models import Letter, LetterState
from tests.client import PageClient, text_of
from tests.factories import PASSWORD
from tests.flows.desk import until

DESK = Actor(kind="account", name="Mia", account_id=1)


@pytest.fixture
def place(any_app, any_house, now) -> service.Place:
    settings = any_app.config["SETTINGS"]
    return service.Place(settings.database_url, settings.backup_folder, settings.home)


@dataclass
class Made:
    """A backup as it was noted, whatever sessions do later."""

    name: str
    size: int
    entries: int
    verified_at: datetime


def make(place, now) -> Made:
    row = service.make(place=place, actor=DESK, now=now)
    return Made(row.name, row.size, row.entries, row.verified_at)


def files(place) -> list[str]:
    return sorted(path.name for path in place.folder.iterdir())


def enter(name: str, now) -> int:
    return guests.create_guest(fields=GuestFields(family_name=name), actor=DESK, now=now).id


def test_a_backup_is_made_read_back_listed_and_private(place, now):
    enter("Moreau", now)
    row = make(place, now)
    path = place.folder / row.name
    assert files(place) == ["latchkey-20260612T100000Z.backup"]
    assert (path.stat().st_mode & 0o777, place.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (row.size, row.entries, row.verified_at) == (path.stat().st_size, 1, now)
    assert b"Moreau" not in path.read_bytes()
    # Nothing that lay open meanwhile is left.
    assert [left.name for left in place.home.iterdir() if left.name.startswith(".backup")] == []
    assert db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()[-1] == "backups.made"
    assert [backup.name for backup in queries.list_backups()] == [row.name]


def test_what_others_write_meanwhile_disturbs_neither_them_nor_the_backup(place, now, any_app):
    stop, written, faults = threading.Event(), [], []

    def write() -> None:
        with any_app.app_context():
            try:
                while not stop.is_set():
                    written.append(enter(f"Guest {len(written)}", now))
            except Exception as fault:
                faults.append(fault)
            finally:
                db.remove()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(written) > 3)
        rows = [make(place, now + timedelta(seconds=second)) for second in range(2)]
    finally:
        stop.set()
        writer.join()
    assert faults == []
    assert 3 < rows[0].entries <= rows[1].entries < trail.newest_number()


def test_a_backup_whose_trail_is_another_one_is_not_called_one(place, now, monkeypatch):
    enter("Moreau", now)
    monkeypatch.setattr(trail, "digest_of", lambda _number: "0" * 64)
    with pytest.raises(rules.Damaged, match="damaged"):
        make(place, now)
    assert files(place) == []
    assert db.session.scalars(sa.select(Backup)).all() == []


@pytest.mark.parametrize("step", ["write", "dump", "read"])
def test_a_full_disk_leaves_nothing_that_looks_like_a_backup(place, now, monkeypatch, step):
    def fail(*_args, **_values):
        raise OSError(errno.ENOSPC, "No space left on device")

    target = {"write": (archive, "_put"), "dump": (databases, "dump"), "read": (databases, "look_into")}[step]
    monkeypatch.setattr(*target, fail)
    with pytest.raises(OSError, match="No space"):
        make(place, now)
    assert files(place) == []
    monkeypatch.undo()
    assert make(place, now).name in files(place)


def test_where_there_is_no_room_nothing_is_begun(place, now, monkeypatch):
    usage = shutil.disk_usage(place.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(rules.NoSpace):
        make(place, now)
    assert files(place) == []


def test_half_files_of_killed_processes_are_swept_and_of_living_ones_not(place, now):
    place.folder.mkdir()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f".part-{dead.pid}-latchkey-20260611T100000Z.backup", ".part-x", f".part-{os.getpid()}-other"):
        (place.folder / name).write_bytes(b"half")
    make(place, now)
    assert files(place) == [f".part-{os.getpid()}-other", "latchkey-20260612T100000Z.backup"]


def test_old_ones_are_put_away_by_their_names_and_nothing_else_is(place, now):
    (place.folder).mkdir()
    (place.folder / "notes.txt").write_text("mine")
    (place.folder / "latchkey-20200101T000000Z.backup").mkdir()
    for day in range(9, -1, -1):
        make(place, now - timedelta(days=day))
    names = files(place)
    assert {"notes.txt", "latchkey-20200101T000000Z.backup"} <= set(names)
    # Seven days; besides them the newest of last week and of last month are the same ones as of the days, or older.
    kept = {rules.made_at(name) for name in names} - {None, rules.made_at("latchkey-20200101T000000Z.backup")}
    assert kept == rules.to_keep(now - timedelta(days=day) for day in range(10))
    assert {row.name for row in queries.list_backups()} == {rules.name_at(at) for at in kept}
    deleted = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "backups.deleted")).all()
    assert len(deleted) == 10 - len(kept)


def test_a_file_that_somebody_took_away_is_listed_as_gone_and_counts_no_more(place, now):
    first = make(place, now - timedelta(days=3))
    (place.folder / first.name).rename(place.home / "elsewhere")
    assert queries.newest_at() == now - timedelta(days=3)
    make(place, now)
    assert [row.gone_at for row in queries.list_backups()] == [None, now]


def test_without_postgresqls_programs_it_is_said_plainly(pg_app, tmp_path, now, monkeypatch):
    settings = pg_app.config["SETTINGS"]
    place = service.Place(settings.database_url, settings.backup_folder, settings.home)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(rules.NoTool) as refusal:
        make(place, now)
    assert refusal.value.params == {"tool": "pg_dump"}
    monkeypatch.undo()
    monkeypatch.setattr(databases, "_target", lambda _url: ["--dbname=postgresql://nobody@127.0.0.1:1/nowhere"])
    with pytest.raises(rules.DumpFailed):
        make(place, now)
    assert files(place) == []


def test_the_password_of_the_database_is_on_no_command_line():
    command = databases._target("postgresql+psycopg://pms:s3cret@db.example:5433/house?sslmode=require")
    assert command == ["--dbname=postgresql://pms@db.example:5433/house?sslmode=require"]


# --- restoring


@pytest.fixture
def empty_place(tmp_path, monkeypatch):
    """Makes an empty installation that has an application's master key, as the command line finds it; the URL of its database."""
    engines = []

    def build(app) -> str:
        settings, home = app.config["SETTINGS"], tmp_path / "elsewhere"
        home.mkdir()
        url = f"sqlite:///{home / 'latchkey.db'}"
        if settings.database_url.startswith("postgresql"):
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT", pms_writes=True) as connection:
                connection.exec_driver_sql("DROP DATABASE IF EXISTS restored")
                connection.exec_driver_sql("CREATE DATABASE restored")
            url = sa.make_url(settings.database_url).set(database="restored").render_as_string(hide_password=False)
        for name in [name for name in os.environ if name.startswith("PMS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PMS_HOME", str(home))
        monkeypatch.setenv("PMS_DATABASE_URL", url)
        monkeypatch.setenv("PMS_MASTER_KEY", settings.master_key.hex())
        engines.append(db.engine)
        return url

    yield build
    # The restore connected the program to another database.
    for engine in engines:
        db.use(engine)


def run(file: Path):
    return CliRunner().invoke(cli.main, ["restore", str(file)])


def test_a_backup_is_restored_and_what_may_have_happened_since_is_mended(place, now, any_app, empty_place, any_house):
    elsewhere = empty_place(any_app)
    enter("Moreau", now)
    ids = [door.lock_id for door in any_house.doors.values()]
    with transaction() as session:
        # One lock is a generation ahead already, one in the last.
        session.get_one(Lock, ids[1]).code_epoch = 1
        last = session.get_one(Lock, ids[2])
        last.known_epoch = last.code_epoch = 255
        stuck = {session.get_one(Lock, number).name for number in ids[1:3]}
        session.get_one(Lock, ids[3]).setup = LockSetup.IMPORTED
    log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    about = audit.Subject(kind="guest", id=1)
    mail.queue(
        recipient="a@example.org",
        title="Code",
        text="…",
        about=about,
        request_id="r",
        expires_at=now + timedelta(days=9),
        actor=DESK,
        now=now,
    )
    row = make(place, now)
    enter("Later", now)
    db.remove()
    result = run(place.folder / row.name)
    assert result.exit_code == 0, result.output
    assert db.engine.url.render_as_string(hide_password=False) == elsewhere
    assert [guest.family_name for guest in db.session.scalars(sa.select(Guest))] == ["Moreau"]
    locks = {lock.id: (lock.known_epoch, lock.code_epoch) for lock in db.session.scalars(sa.select(Lock))}
    assert (locks[ids[0]], locks[ids[1]], locks[ids[2]], locks[ids[3]]) == ((0, 1), (0, 1), (255, 255), (0, 0))
    assert all(name in result.output for name in stuck)
    assert [letter.state for letter in db.session.scalars(sa.select(Letter))] == [LetterState.UNKNOWN]
    assert db.session.scalars(sa.select(StaffSession.ended_at)).all() != [None]
    check = trail.verify()
    assert check.is_intact
    last = db.session.get_one(AuditEntry, check.entries)
    assert (last.action, last.after["epochs"]) == ("backups.restored", len(ids) - 3)
    # What is there is not overwritten.
    db.remove()
    with pytest.raises(rules.NotEmpty):
        backup_restoring.restore(file=place.folder / row.name, database_url=elsewhere)
    again = run(place.folder / row.name)
    assert again.exit_code == 1
    assert "There is a database already" in again.output


def test_a_restore_says_what_is_wrong_and_leaves_nothing(app, house, now, empty_place, monkeypatch, tmp_path):
    empty_place(app)
    settings = app.config["SETTINGS"]
    place = service.Place(settings.database_url, settings.backup_folder, settings.home)
    file = place.folder / make(place, now).name
    home = Path(os.environ["PMS_HOME"])
    damaged = tmp_path / "damaged"
    data = file.read_bytes()
    for broken, words in ((data[:-30], "damaged"), (b"some other file", "no backup of Latchkey")):
        damaged.write_bytes(broken)
        result = run(damaged)
        assert (result.exit_code, words in result.output) == (1, True), result.output
    monkeypatch.setenv("PMS_MASTER_KEY", "00" * 32)
    assert "cannot be opened with this master key" in run(file).output
    monkeypatch.delenv("PMS_MASTER_KEY")
    assert "Put that file here first" in run(file).output
    assert not (home / "master.key").exists()
    (home / "master.key").write_text(settings.master_key.hex())
    monkeypatch.setenv("PMS_DATABASE_URL", "postgresql+psycopg://nobody@/nowhere")
    with pytest.raises(rules.OtherDatabase):
        backup_restoring.restore(file=file, database_url=os.environ["PMS_DATABASE_URL"])
    assert "This is a backup of SQLite" in run(file).output
    assert {path.name for path in home.iterdir()} == {"master.key", "secret.key"}


def test_a_trail_that_was_tampered_with_before_the_backup_is_found_by_the_restore(app, house, now, empty_place):
    empty_place(app)
    settings = app.config["SETTINGS"]
    enter("Moreau", now)
    enter("Fischer", now)
    db.remove()
    with sqlite3.connect(sa.make_url(settings.database_url).database) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit_entry SET actor_name = 'Eve' WHERE id = 1")
    connection.close()
    place = service.Place(settings.database_url, settings.backup_folder, settings.home)
    file = place.folder / make(place, now).name
    db.remove()
    with pytest.raises(restoring.RestoreError, match="not whole"):
        list(restoring.run(file))


# --- pages and programs


def test_the_job_the_page_and_the_command_line(app, house, now, monkeypatch):
    page = PageClient(app).log_in("manager")
    assert "No backups yet" in text_of(page.get("/property/backups/"))
    PageClient(app).log_in("desk").get("/property/backups/", status=403)
    outcome = jobs.make()
    assert outcome.params["name"] == "latchkey-20260612T100000Z.backup"
    shown = text_of(page.get("/property/backups/"))
    assert "Read back and compared" in shown
    assert "Make a backup now" in shown
    assert "older than two days" not in shown
    clock.freeze(now + timedelta(hours=49))
    page = PageClient(app).log_in("manager")
    assert "older than two days" in text_of(page.get("/property/backups/"))
    assert "older than two days" not in text_of(page.get("/today"))
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], environment="production"))
    assert "older than two days" in text_of(page.get("/today"))
    assert "older than two days" not in text_of(PageClient(app).log_in("desk").get("/today"))
    job = next(job for job in scheduler.JOBS if job.name == "backup of the night")
    scheduler.run(app, job)
    assert "older than two days" not in text_of(page.get("/today"))


def test_a_backup_is_made_by_a_program_beside_the_running_server(app, house, now, tmp_path):
    settings = app.config["SETTINGS"]
    enter("Moreau", now)
    db.remove()
    environment = {
        **os.environ,
        "PMS_HOME": str(settings.home),
        "PMS_DATABASE_URL": settings.database_url,
        "PMS_MASTER_KEY": settings.master_key.hex(),
        "PMS_BACKUP_DIR": str(tmp_path / "disk two"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pms", "backup"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "read back and compared" in done.stdout
    (file,) = (tmp_path / "disk two").iterdir()
    with file.open("rb") as source:
        assert databases.look_into("sqlite", archive.read(source), tmp_path).entries == 1
