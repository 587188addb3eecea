"""What a worker makes once, because making it takes longer than most tests: an application, engines, a house ready to copy."""

from __future__ import annotations

import fcntl
import pickle
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine

from pms import schema
from pms.accounts import passwords
from pms.app import create_app
from pms.config import Settings
from pms.core import clock
from pms.core.db import db, open_engine
from pms.core.sealing import Vault, use_vault
from tests import factories

# Leaves out the triggers too: the audit trail's forbids to delete from it.
_EMPTY = ("SET LOCAL session_replication_role = replica", *(f"DELETE FROM {t}" for t in schema.Base.metadata.tables))


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


@dataclass
class Installation:
    """Each test finds it as a new one would be: an empty database of its own, and the configuration of the beginning."""

    folder: Path
    # What all workers of a run use: whoever needs it first makes it.
    shared: Path
    _engines: dict[str, Engine] = field(default_factory=dict)
    _houses: dict[datetime, bytes] = field(default_factory=dict)
    _application: Flask | None = None
    _config: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._path = self.folder / "latchkey.db"
        self.sqlite_url = f"sqlite:///{self._path}"

    def application(self, settings: Settings) -> Flask:
        """The application, as if it was made for these settings; its database is the one that is connected."""
        if self._application is None:
            engine = db.engine
            self._application = create_app(settings)
            self._application.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(self.shared))
            self._config = dict(self._application.config)
            db.use(engine)
        use_vault(Vault(settings.master_key))
        passwords.set_cost(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds)
        self._application.config.clear()
        self._application.config.update(self._config, SETTINGS=settings)
        return self._application

    def connect_sqlite(self) -> None:
        """Connect an empty SQLite database."""
        self._lay("empty.db")

    def connect_postgres(self, url: str) -> None:
        """Connect the PostgreSQL database, emptied."""
        db.use(self._engine(url))
        with db.engine.connect().execution_options(pms_writes=True) as connection:
            connection.exec_driver_sql(";".join(_EMPTY))
            connection.commit()

    def build_house(self) -> factories.House:
        """The small house in the connected database, which is empty. SQLite's is copied with all that is in it."""
        if db.engine.dialect.name != "sqlite":
            return factories.small_house()
        at = clock.now()
        name = f"house-{at.timestamp()}.db"
        if at in self._houses:
            self._lay(name)
        else:
            self._houses[at] = pickle.dumps(factories.small_house())
            self._keep(name)
        return pickle.loads(self._houses[at])

    def _engine(self, url: str) -> Engine:
        if url not in self._engines:
            engine = self._engines[url] = open_engine(url)
            if engine.dialect.name == "sqlite":
                # No computer loses its power during a test.
                event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
            db.use(engine)
            if engine.dialect.name == "sqlite":
                shutil.copyfile(self.empty(), self.folder / "empty.db")
                shutil.copyfile(self.empty(), self._path)
            else:
                schema.upgrade(engine)
        return self._engines[url]

    def empty(self) -> Path:
        """A SQLite database with the present schema and nothing in it."""
        path = self.shared / "empty.db"
        with (self.shared / "empty.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                made = path.with_suffix(".made")
                engine = open_engine(f"sqlite:///{made}")
                schema.upgrade(engine)
                with engine.connect() as connection:
                    connection.exec_driver_sql("ROLLBACK")
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                engine.dispose()
                made.rename(path)
        return path

    def _keep(self, name: str) -> None:
        """Keep the SQLite database that is connected, to be laid where the next test looks for it."""
        engine = db.engine
        db.dispose()
        with engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        shutil.copyfile(self._path, self.folder / name)
        db.use(engine)

    def _lay(self, name: str) -> None:
        engine = self._engine(self.sqlite_url)
        db.dispose()
        for path in self.folder.glob(f"{self._path.name}*"):
            path.unlink()
        shutil.copyfile(self.folder / name, self._path)
        db.use(engine)
