"""The database: one session a thread, one transaction a thing that staff do.

Reads run in a snapshot of their own; writes only inside `transaction()`, which takes SQLite's write lock at once, so that
what is read there is still true when it is written. The outermost `transaction()` commits; inner ones join it.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from pms.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from enum import StrEnum

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import Dialect

_WRITES = {"pms_writes": True}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant; stored in UTC, with microseconds. Naive values are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive instant reached the database")
        at = value.astimezone(UTC)
        return at if dialect.name == "postgresql" else at.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Mother of all tables: constraint names are fixed, so that migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads the plain class attribute
        datetime: UtcDateTime,
        dict[str, Any]: sa.JSON(none_as_null=True),
        list[Any]: sa.JSON(none_as_null=True),
    }


class HasId:
    """A row with a program-made 63-bit id (`core.ids`), set when the object is made."""

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)

    def __init__(self, **values: Any) -> None:
        values.setdefault("id", new_id())
        # The id goes first: sealed attributes are bound to it.
        self.id = values.pop("id")
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name}")
            setattr(self, name, value)


def enum_column(kind: type[StrEnum], *, length: int = 20) -> sa.Enum:
    """A text column that holds only the values of `kind`, by constraint of the database."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=length,
        values_callable=lambda members: [member.value for member in members],
        name=kind.__name__.lower(),
    )


# Compared byte by byte on both databases, so that an index serves "begins with".
BinaryText = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")


# A database server that is gone without a word is noticed within 20 s (seconds; the last one is milliseconds).
_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


def open_engine(url: str, *, pool_size: int = 20) -> Engine:
    """An engine for an SQLAlchemy URL, with the transactions that this program has."""
    options: dict[str, Any] = {}
    if not url.startswith("sqlite"):
        options = {"pool_size": pool_size, "max_overflow": 10, "pool_pre_ping": True, "connect_args": _KEEPALIVE}
    engine = sa.create_engine(url, **options)
    _prepare(engine)
    return engine


class Database:
    """The engine and the sessions of this process; `connect` is called once, by the application factory."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._sessions: scoped_session[Session] | None = None

    def connect(self, url: str, *, pool_size: int = 20) -> None:
        """Open the database at an SQLAlchemy URL; an earlier one is closed first."""
        self.use(open_engine(url, pool_size=pool_size))

    def use(self, engine: Engine) -> None:
        """Go on with an engine of `open_engine`; what it knows of statements is kept where it was used before."""
        self.dispose()
        self._engine = engine
        self._sessions = scoped_session(sessionmaker(engine, expire_on_commit=False))
        event.listen(self._sessions, "before_flush", _refuse_stray_writes)

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        if self._engine is None:
            raise RuntimeError("the database is not connected")
        return self._engine

    @property
    def session(self) -> Session:
        """This thread's session."""
        if self._sessions is None:
            raise RuntimeError("the database is not connected")
        return self._sessions()

    def remove(self) -> None:
        """End this thread's session (at the end of a request, of a job, before waiting for a device)."""
        if self._sessions is not None:
            self._sessions.remove()

    def dispose(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self.remove()
            self._engine.dispose()
        self._engine = self._sessions = None

    @contextmanager
    def in_haste(self) -> Iterator[None]:
        """SQLite does not wait for the disk: for what is made anew anyway if it is not finished."""
        if self.engine.dialect.name != "sqlite":
            yield
            return
        self.remove()
        self.engine.dispose()
        event.listen(self.engine, "connect", _do_not_wait)
        try:
            yield
        finally:
            event.remove(self.engine, "connect", _do_not_wait)
            self.remove()
            self.engine.dispose()

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside `transaction()`; a device must not be talked to then."""
        return bool(self.session.info.get("depth", 0))


db = Database()


@contextmanager
def transaction(*, outermost: bool = False) -> Iterator[Session]:
    """Everything inside is stored, or nothing.

    Re-entrant: only the outermost commits. An error rolls back all of it, even where somebody inside swallowed it.
    `outermost=True` asserts that nobody is outside, for functions that must take their locks first.
    """
    session = db.session
    info = session.info
    if info.get("depth", 0):
        if outermost:
            raise RuntimeError("this must be the outermost transaction")
        with _joined(session):
            yield session
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("there are unsaved changes from outside of a transaction")
    session.rollback()
    # After a commit no transaction is open, so the rollback alone would keep rows as they were once read.
    session.expire_all()
    info.update(depth=1, broken=False, before_commit=[], after_commit=[], notes={})
    try:
        session.connection(execution_options=_WRITES)
        yield session
        if info["broken"]:
            raise RuntimeError("an inner step failed; nothing was stored")
        while info["before_commit"]:
            info["before_commit"].pop(0)(session)
        session.commit()
        wishes: list[Callable[[], None]] = info["after_commit"]
    except BaseException:
        session.rollback()
        raise
    finally:
        info["depth"] = 0
        info.pop("notes", None)
    for wish in wishes:
        wish()


@contextmanager
def _joined(session: Session) -> Iterator[None]:
    session.info["depth"] += 1
    try:
        yield
        session.flush()
    except BaseException:
        session.info["broken"] = True
        raise
    finally:
        session.info["depth"] -= 1


def before_commit(step: Callable[[Session], None]) -> None:
    """Run `step` as the last thing inside the present transaction (the audit trail takes its lock there)."""
    db.session.info["before_commit"].append(step)


def after_commit(wish: Callable[[], None]) -> None:
    """Run `wish` once the present transaction is stored, and only then."""
    db.session.info["after_commit"].append(wish)


def transaction_notes() -> dict[str, Any]:
    """A place for what a part of the program collects until the present transaction ends."""
    notes: dict[str, Any] = db.session.info["notes"]
    return notes


def insert_into(model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, for whichever database is connected."""
    table = cast("sa.Table", model.__table__)
    return postgresql.insert(table) if db.engine.dialect.name == "postgresql" else sqlite.insert(table)


def count_changed(session: Session, statement: sa.Delete | sa.Update) -> int:
    """Carry out an UPDATE or DELETE; how many rows it met."""
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount


def _refuse_stray_writes(session: Session, *_: object) -> None:
    if not session.info.get("depth", 0):
        raise RuntimeError("rows are written inside transaction() only")


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _bound_idleness)
        event.listen(engine, "begin", _begin_postgresql)


def _set_pragmas(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite says which kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _do_not_wait(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _begin_sqlite(connection: Connection) -> None:
    kind = "IMMEDIATE" if connection.get_execution_options().get("pms_writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {kind}")


def _bound_idleness(connection: Any, _record: object) -> None:
    # What a process that hangs has locked is free again after two minutes.
    connection.execute("SET idle_in_transaction_session_timeout = '2min'")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("pms_writes"):
        # A page is one snapshot, and a write outside transaction() fails here rather than in production.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
