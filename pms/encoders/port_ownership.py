"""Only one process owns the ports: whoever holds a lock that the system takes back when the process dies."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from pms.core.db import db

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from pms.config import Settings

_ADVISORY_KEY = 0x4C61_7463_686B_6579  # "Latchkey"
# The owner asks several times a second whether the lock is still its own. A session that has said nothing for so long belongs to
# a process that hangs, or to a computer that is gone: the server ends it, and the lock is free. Milliseconds.
_SILENCE = 20_000
_IDLE_SINCE = 14_00_00
"""The version of PostgreSQL that ends idle sessions; an earlier one notices a computer that is gone, but no process that hangs."""
# For a computer that is gone, whatever the version: probes after 5 s of silence, and given up after three of them (seconds).
_KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


class Ownership(Protocol):
    """A lock that at most one process holds."""

    def acquire(self) -> bool:
        """Whether it is ours now."""

    def is_held(self) -> bool:
        """Whether it still is."""

    def release(self) -> None:
        """Give it back; never fails, and may be called again."""


def ownership_for(settings: Settings) -> Ownership:
    """A file lock beside an embedded database, a lock of the server for PostgreSQL."""
    if settings.database_url.startswith("postgresql"):
        return AdvisoryLock()
    return FileLock(settings.home / "ports.lock")


class FileLock:
    """A lock on a file in the installation's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        if self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(descriptor):
                os.close(descriptor)
                return False
            self._descriptor = descriptor
        return True

    def is_held(self) -> bool:
        return self._descriptor is not None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class AdvisoryLock:
    """A session lock of PostgreSQL on a connection of its own: it ends with the connection, and the connection with its process,
    within 20 s also where that one hangs, or its computer vanished without a word.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        if self._connection is None:
            connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT", pms_writes=True)
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY_KEY))):
                connection.close()
                return False
            self._connection = connection
            _let_silence_end_it(connection)
        return True

    def is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.exec_driver_sql("SELECT 1")
        except sa.exc.SQLAlchemyError:
            self.release()
            return False
        return True

    def release(self) -> None:
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        with suppress(sa.exc.SQLAlchemyError):
            connection.scalar(sa.select(sa.func.pg_advisory_unlock(_ADVISORY_KEY)))
        with suppress(sa.exc.SQLAlchemyError):
            # The pool must not lend it to somebody else with a lock on it.
            connection.invalidate()
            connection.close()


def _let_silence_end_it(connection: Connection) -> None:
    wanted = dict(_KEEPALIVE)
    version = int(connection.scalar(sa.text("SELECT current_setting('server_version_num')")) or 0)
    if version >= _IDLE_SINCE:
        wanted["idle_session_timeout"] = str(_SILENCE)
    for name, value in wanted.items():
        connection.execute(sa.select(sa.func.set_config(name, value, False)))
