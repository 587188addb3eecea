"""How each database is saved, looked into and put back. Nothing here talks to the program's own sessions."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import sqlalchemy as sa

from pms.backups import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_log = logging.getLogger(__name__)
_PIECE = 1 << 20
# What of a dump is looked at: the head of the trail.
_HEAD = "audit_head"


@dataclass(frozen=True, slots=True)
class Found:
    """How far the audit trail in a backup goes: how many entries, and the last link of their chain."""

    entries: int
    digest: str


def kind_of(url: str) -> str:
    """sqlite or postgresql."""
    return sa.make_url(url).get_backend_name()


def size_of(url: str) -> int:
    """About how many bytes the database has."""
    if kind_of(url) == "sqlite":
        return sum(path.stat().st_size for path in _files_of(url) if path.exists())
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    finally:
        engine.dispose()


@contextmanager
def dump(url: str, scratch: Path) -> Iterator[Iterable[bytes]]:
    """The database as it is at one instant, while others go on writing. `scratch` is a folder as safe as the database's own.

    NoTool; DumpFailed.
    """
    if kind_of(url) == "sqlite":
        with _private_file(scratch) as path:
            with closing(_connect(_path_of(url), mode="ro")) as source, closing(sqlite3.connect(path)) as copy:
                # In one go: a backup in steps begins anew whenever somebody writes. Readers of a WAL stop nobody.
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
            with path.open("rb") as file:
                yield iter(lambda: file.read(_PIECE), b"")
    else:
        command = [_tool("pg_dump"), "--format=custom", "--compress=0", "--no-owner", "--no-privileges", *_target(url)]
        with _program(command, url, stdout=subprocess.PIPE) as process:
            output = process.stdout
            assert output is not None  # noqa: S101 - it was asked for
            yield iter(lambda: output.read(_PIECE), b"")


def look_into(database: str, content: Iterable[bytes], scratch: Path) -> Found:
    """Read a dump to its end and say how far its trail goes. Damaged; NoTool; DumpFailed."""
    if database == "sqlite":
        with _private_file(scratch) as path:
            _fill(path, content)
            return examine(path)
    command = [_tool("pg_restore"), "--data-only", f"--table={_HEAD}", "--file=-"]
    with _private_file(scratch) as path, path.open("wb") as said:
        with _program(command, "", stdin=subprocess.PIPE, stdout=said) as process:
            _feed(process, content)
        return _head_in(path.read_text(encoding="utf-8"))


def examine(path: Path) -> Found:
    """Whether an SQLite database is sound, and how far its trail goes. Damaged."""
    try:
        with closing(_connect(path, mode="ro")) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if verdict != "ok":
                raise rules.Damaged(what=verdict)
            row = connection.execute("SELECT last_id, digest FROM audit_head").fetchone()
    except sqlite3.DatabaseError as error:
        raise rules.Damaged(what=str(error)) from error
    return Found(*row) if row else Found(0, "")


def is_empty(url: str) -> bool:
    """Whether nothing would be overwritten."""
    if kind_of(url) == "sqlite":
        return not any(path.exists() for path in _files_of(url))
    engine = sa.create_engine(url)
    try:
        return not sa.inspect(engine).get_table_names()
    finally:
        engine.dispose()


def put_back(url: str, content: Iterable[bytes]) -> None:
    """Make the database of a dump, in an empty place, all of it or nothing. Damaged; NoTool; DumpFailed."""
    if kind_of(url) == "sqlite":
        place = _path_of(url)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _private_file(place.parent) as path:
            _fill(path, content)
            examine(path)
            # A name that is taken meanwhile is not taken away from whoever has it.
            os.link(path, place)
        return
    command = [_tool("pg_restore"), "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    with _program([*command, *_target(url)], url, stdin=subprocess.PIPE) as process:
        _feed(process, content)


def _files_of(url: str) -> list[Path]:
    path = _path_of(url)
    return [path, path.with_name(f"{path.name}-wal")]


def _path_of(url: str) -> Path:
    return Path(sa.make_url(url).database or "")


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=60)


@contextmanager
def _private_file(folder: Path) -> Iterator[Path]:
    """A file that nobody else may read, for as long as the block lasts."""
    descriptor, name = tempfile.mkstemp(prefix=".backup-", dir=folder)
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
    finally:
        for left in (path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _fill(path: Path, content: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for data in content:
            file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _feed(process: subprocess.Popen[bytes], content: Iterable[bytes]) -> None:
    target = process.stdin
    assert target is not None  # noqa: S101 - it was asked for
    for data in content:
        # It may need no more, or fail, which its end tells; the rest of the backup is read and judged all the same.
        with suppress(BrokenPipeError):
            target.write(data)
    with suppress(BrokenPipeError):
        target.close()


def _head_in(script: str) -> Found:
    lines = script.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("COPY ") and f".{_HEAD} (" in line:
            columns = line.partition("(")[2].partition(")")[0].split(", ")
            row = dict(zip(columns, lines[number + 1].split("\t"), strict=False))
            return Found(int(row["last_id"]), row["digest"]) if "last_id" in row and "digest" in row else Found(0, "")
    raise rules.Damaged(what="it has no audit trail")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise rules.NoTool(tool=name)
    return found


def _target(url: str) -> list[str]:
    # The password goes by the environment: a command line is there for everybody to read.
    whole = sa.make_url(url)
    plain = sa.URL.create("postgresql", whole.username, None, whole.host, whole.port, whole.database, whole.query)
    return [f"--dbname={plain.render_as_string(hide_password=False)}"]


@contextmanager
def _program(
    command: list[str], url: str, *, stdin: int | None = None, stdout: int | IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The running program; DumpFailed where it does not end well, with what it said in the log."""
    password = sa.make_url(url).password if url else None
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
            command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, stderr=said, env=environment
        ) as process,
    ):
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        if process.stdout is not None:
            process.stdout.close()
        if process.wait() != 0:
            said.seek(0)
            _log.error("%s: %s", Path(command[0]).name, said.read(4000).decode(errors="replace"))
            raise rules.DumpFailed(tool=Path(command[0]).name)
