"""App, database, client, frozen clock; nothing else."""

from __future__ import annotations

import gc
import os
from ctypes.util import find_library
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import event
from xdist.scheduler import LoadScopeScheduling

from pms.core import clock
from pms.core.db import db
from pms.devices import transport
from tests.client import PageClient
from tests.installation import Installation, settings_for
from tests.postgres import start_server

# A Friday at noon in the house (Europe/Berlin).
NOON = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)


# How long an example takes says something about the machine, not about the code.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")
# pyserial looks at the clock once the bytes are gone: a computer that stops us there for two seconds makes a frame lost that was
# sent. The limit has a test of its own.
transport.WRITE_TIMEOUT = 30.0


class OneBrowser(LoadScopeScheduling):
    """Gives the workers test by test, but all that needs the browser to one of them: one demo hotel, one Chromium; and so for
    the generated calls of the API.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/e2e/"):
            return "browser"
        # A house for all operations to be asked about takes longer to build than most of them take to answer.
        return "operations" if nodeid.startswith("tests/api_docs/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneBrowser(config, log)


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The application and the databases of this worker."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    return Installation(tmp_path_factory.mktemp("installation"), shared)


@pytest.fixture(scope="session")
def postgres_url():
    """A PostgreSQL server of our own; its tests are skipped, and said to be, where none is installed."""
    with start_server() as url:
        if url is None:
            pytest.skip("no PostgreSQL is installed")
        yield url


@pytest.fixture
def now():
    """The clock stands at noon on Friday 12 June 2026 (house time); `clock.freeze` moves it."""
    clock.freeze(NOON)
    yield NOON
    clock.freeze(None)


@pytest.fixture
def app(now, tmp_path, installation):
    """An application on a fresh SQLite database."""
    installation.connect_sqlite()
    application = installation.application(settings_for(tmp_path, installation.sqlite_url))
    with application.app_context():
        yield application
    db.dispose()


@pytest.fixture
def pg_app(now, tmp_path, installation, postgres_url):
    """An application on an emptied PostgreSQL database."""
    installation.connect_postgres(postgres_url)
    application = installation.application(settings_for(tmp_path, postgres_url))
    with application.app_context():
        yield application
    db.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(request):
    """The same test on both databases."""
    return request.getfixturevalue("app" if request.param == "sqlite" else "pg_app")


@pytest.fixture
def house(app, installation):
    """A small hotel: see `factories.small_house`."""
    return installation.build_house()


@pytest.fixture
def any_house(any_app, installation):
    """The small hotel on both databases."""
    return installation.build_house()


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
    if not Path("/usr/sbin/mosquitto").exists():
        missing.append("no Mosquitto: the embedded broker alone is tried")
    if not Path("/usr/bin/nfc-list").exists():
        missing.append("no libnfc: it does not judge the simulated PN532")
    if find_library("usb-1.0") is None:
        missing.append("no libusb: nfcpy does not judge the simulated PN532")
    return missing or [
        "everything can be tested here: Chromium, PostgreSQL, Mosquitto, libnfc and libusb are installed"
    ]
