"""One application for all generated calls, and a database that each operation finds as it was made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from sqlalchemy import event

from pms.app import create_app
from pms.core import clock
from pms.core.db import db
from pms.web import openapi
from tests.api_docs import world
from tests.conftest import NOON
from tests.installation import Installation, settings_for


@dataclass(frozen=True)
class Api:
    """The application, its document as schemathesis reads it, and what exists behind it."""

    app: Flask
    schema: Any
    world: world.World


def operations() -> list[tuple[str, str]]:
    """(method, path) of every operation of the document."""
    paths = _document()["paths"]
    return sorted((method, path) for path, methods in paths.items() for method in methods)


def _document() -> dict[str, Any]:
    """The document of the application, which asks no database."""
    try:
        return openapi.document(create_app(settings_for(Path(), "sqlite://")))
    finally:
        db.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`operation`: a test for each operation of the document, whoever added it."""
    if "operation" in metafunc.fixturenames:
        found = operations()
        metafunc.parametrize("operation", found, ids=[f"{method.upper()} {path}" for method, path in found])


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory, installation: Installation) -> tuple[Flask, Path, world.World, Any]:
    folder = tmp_path_factory.mktemp("api")
    path = folder / "made.db"
    shutil.copyfile(installation.empty(), path)
    app = create_app(settings_for(folder, f"sqlite:///{path}"))
    clock.freeze(NOON)
    try:
        with app.app_context():
            made = world.build(NOON)
            with db.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return app, path, made, schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    finally:
        clock.freeze(None)
        db.dispose()


@pytest.fixture
def api(_made, tmp_path: Path) -> Iterator[Api]:
    """On a database of its own; the clock stands at noon."""
    app, made, what, schema = _made
    path = tmp_path / "latchkey.db"
    shutil.copy(made, path)
    db.connect(f"sqlite:///{path}")
    # Nothing of it is wanted after the test, so nobody waits for the disk.
    event.listen(db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    clock.freeze(NOON)
    yield Api(app, schema, what)
    clock.freeze(None)
    db.dispose()
