"""App, database, client, frozen clock; nothing else."""

from __future__ import annotations

import os
import shutil
from ctypes.util import find_library
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from xdist.scheduler import LoadScopeScheduling

from pms import schema
from pms.app import create_app
from pms.config import Settings
from pms.core import clock
from pms.core.db import db
from tests import factories
from tests.client import PageClient
from tests.postgres import start_server

# A Friday at noon in the house (Europe/Berlin).
NOON = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)


class OneBrowser(LoadScopeScheduling):
    """Gives the workers test by test, but all that needs the browser to one of them: one demo hotel, one Chromium."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/e2e/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneBrowser(config, log)


def settings_for(home: Path, url: str) -> Settings:
    """Settings of a test installation: cheap password hashes, fixed keys."""
    return Settings(
        home=home,
        database_url=url,
        environment="test",
        secret_key="test",
        master_key=bytes(range(32)),
        argon2_memory_kib=8,
        argon2_rounds=1,
    )


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with the present schema; each test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    db.connect(f"sqlite:///{path}")
    schema.upgrade(db.engine)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url():
    """A PostgreSQL server of our own; its tests are skipped, and said to be, where none is installed."""
    with start_server() as url:
        if url is None:
            pytest.skip("no PostgreSQL is installed")
        db.connect(url)
        schema.upgrade(db.engine)
        db.dispose()
        yield url


@pytest.fixture
def now():
    """The clock stands at noon on Friday 12 June 2026 (house time); `clock.freeze` moves it."""
    clock.freeze(NOON)
    yield NOON
    clock.freeze(None)


@pytest.fixture
def app(now, tmp_path, _template):
    """An application on a fresh SQLite database."""
    path = tmp_path / "latchkey.db"
    shutil.copy(_template, path)
    application = create_app(settings_for(tmp_path, f"sqlite:///{path}"))
    with application.app_context():
        yield application
    db.dispose()


@pytest.fixture
def pg_app(now, tmp_path, postgres_url):
    """An application on an emptied PostgreSQL database."""
    application = create_app(settings_for(tmp_path, postgres_url))
    with db.engine.connect().execution_options(pms_writes=True) as connection:
        names = ", ".join(t.name for t in schema.Base.metadata.sorted_tables if t.name != "audit_entry")
        connection.execute(sa.text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        connection.execute(sa.text(f"TRUNCATE {names}, audit_entry CASCADE"))
        connection.execute(sa.text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
        connection.commit()
    with application.app_context():
        yield application
    db.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(request):
    """The same test on both databases."""
    return request.getfixturevalue("app" if request.param == "sqlite" else "pg_app")


@pytest.fixture
def house(app):
    """A small hotel: see `factories.small_house`."""
    return factories.small_house()


@pytest.fixture
def any_house(any_app):
    """The small hotel on both databases."""
    return factories.small_house()


@pytest.fixture
def client(app, house) -> PageClient:
    """A browser without scripts, nobody logged in; `client.log_in("desk")`."""
    return PageClient(app)


@pytest.fixture
def count_queries(app):
    """Says how many statements `do` sends to the database."""

    def count(do) -> int:
        seen = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        db.session.rollback()
        db.session.expire_all()
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            do()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    return count


def pytest_report_header() -> list[str]:
    """Say plainly what cannot be tested here."""
    missing = []
    if not Path(os.environ.get("CHROMIUM", "/usr/bin/chromium")).exists():
        missing.append("no Chromium: the browser tests are skipped")
    if not sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing.append("no PostgreSQL: its tests are skipped")
    if not Path("/usr/bin/nfc-list").exists():
        missing.append("no libnfc: it does not judge the simulated PN532")
    if find_library("usb-1.0") is None:
        missing.append("no libusb: nfcpy does not judge the simulated PN532")
    return missing or ["everything can be tested here: Chromium, PostgreSQL, libnfc and libusb are installed"]
