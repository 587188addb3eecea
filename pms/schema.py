"""The database's schema: brings it up to date, and says whether it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pms.config import ROOT
from pms.core.db import UtcDateTime
from pms.models import Base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

    from sqlalchemy.engine import Connection, Engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`; running it again changes nothing."""
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the schema back; "base" drops every table."""
    _run(engine, command.downgrade, revision)


def write_revision(engine: Engine, message: str, revision: str) -> None:
    """Draft a migration from the difference between models and database (for developers)."""
    _run(engine, lambda config, name: command.revision(config, message, autogenerate=True, rev_id=name), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database has every migration of this version of the program."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(_config()).get_current_head()


def differences(engine: Engine) -> list[Any]:
    """What models and database disagree on; empty when all is well."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _run(engine: Engine, do: Any, revision: str) -> None:
    config = _config()
    with engine.connect().execution_options(pms_writes=True) as connection, _tables_may_be_rebuilt(connection):
        config.attributes.update(connection=connection, metadata=Base.metadata, render_item=_render)
        do(config, revision)
        connection.commit()


@contextmanager
def _tables_may_be_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by building it anew; rows of others that point at it must not stand in the way meanwhile."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # The switch has no effect inside a transaction, so it is set beneath SQLAlchemy, which would begin one.
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if broken := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"after the migration rows point at nothing: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Migrations must not import the program: its own column types are written as what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False
