"""The commands as somebody at a terminal types them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pms.cli import main
from pms.config import ROOT
from pms.core.db import db
from pms.demo.build import LOCKS_OF_USER

SETUP = [
    "setup",
    *("--name", "Haus am See", "--time-zone", "Europe/Berlin", "--check-in-hour", "15", "--check-out-hour", "11"),
    *("--username", "ada", "--password", "correct horse battery"),
]


@pytest.fixture
def schema_is_there(installation, tmp_path):
    """The database is there already, empty: most commands need not make it."""
    (tmp_path / "var").mkdir(mode=0o700)
    shutil.copyfile(installation.empty(), tmp_path / "var" / "latchkey.db")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run("setup", …)` in an installation of its own: exit code and what was printed."""
    for name in ("PMS_DATABASE_URL", "PMS_ENV", "PMS_MASTER_KEY", "PMS_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PMS_HOME", str(tmp_path / "var"))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    yield run
    db.dispose()


def test_a_house_is_set_up_once(run, tmp_path):
    assert run(*SETUP) == (0, "Haus am See is set up. Start it with: pms serve\n")
    code, text = run(*SETUP)
    assert code == 1
    assert "Error: " in text
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert {path.name for path in (tmp_path / "var").glob("*.key")} == {"master.key", "secret.key"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "var").glob("*.key"))


@pytest.mark.usefixtures("schema_is_there")
def test_nothing_of_a_house_is_left_when_its_administrator_is_refused(run):
    code, text = run(*SETUP[:-1], "short")
    assert code == 1
    assert "password" in text.casefold()
    assert run(*SETUP)[0] == 0


@pytest.mark.usefixtures("schema_is_there")
def test_locks_are_imported_and_known_the_next_time(run):
    run(*SETUP)
    code, text = run("import-locks", str(LOCKS_OF_USER))
    assert (code, text) == (0, "2 new, 0 known already (their secrets stay as they are)\n")
    assert run("import-locks", str(LOCKS_OF_USER))[1].startswith("0 new, 2 known")


@pytest.mark.usefixtures("schema_is_there")
def test_a_bad_file_of_locks_is_refused_with_its_first_fault(run, tmp_path):
    run(*SETUP)
    (tmp_path / "bad.json").write_text('{"data": [{}]}')
    code, text = run("import-locks", str(tmp_path / "bad.json"))
    assert code == 1
    assert "record 1" in text


@pytest.mark.usefixtures("schema_is_there")
def test_the_trail_is_checked_and_a_change_in_it_found(run):
    run(*SETUP)
    fine = "The audit trail is complete: 2 entries.\nThe door records are as they came in: 0 of them.\n"
    assert run("verify-audit") == (0, fine)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        for name in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit_entry SET actor_name = 'nobody' WHERE id = 1")
    code, text = run("verify-audit")
    assert code == 1
    assert text.startswith("Entry 1 of the audit trail was altered")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PMS_MASTER_KEY", "abc"), ("PMS_ENV", "nonsense"), ("PMS_SESSION_IDLE_MINUTES", "0"), ("PMS_TLS", "perhaps")],
)
def test_a_setting_that_makes_no_sense_is_named(run, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    code, text = run("verify-audit")
    assert code == 1
    assert name in text
    assert "Traceback" not in text


@pytest.mark.usefixtures("schema_is_there")
def test_a_port_that_is_taken_is_a_sentence(run):
    run(*SETUP)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "pms", "serve", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Port ")
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
