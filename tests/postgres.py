"""A private PostgreSQL server for the tests, also as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def start_server() -> Iterator[str | None]:
    """Yields the server's URL, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or not (found[-1] / "initdb").exists():
        yield None
        return
    programs = found[-1]
    folder = Path(tempfile.mkdtemp(prefix="latchkey-pg-"))
    before = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        before = ["runuser", "-u", "postgres", "--"]

    def run(*words: str) -> None:
        subprocess.run([*before, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run(
        f"{programs}/initdb",
        "-D",
        f"{folder}/data",
        "-U",
        "pms",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=120"
    run(f"{programs}/pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://pms@/postgres?host={folder}"
    finally:
        run(f"{programs}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder)
