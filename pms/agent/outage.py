"""Keeps the newest outage pack of the house in a file at the desk, so that it is there when the server is not."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from .client import Client, Refused, ServerAway

LOOK_EVERY = 300.0
_EARLIER = 2
_NOTHING_YET = 404
_log = logging.getLogger(__name__)


class PackKeeper:
    """Fetches each new pack once, and keeps the ones before beside it as NAME.1.html and NAME.2.html."""

    def __init__(self, client: Client, path: Path, language: str) -> None:
        self._client = client
        self._path = path
        self._language = language
        self._has = ""

    def look(self) -> bool:
        """Fetch the newest pack where it is another one; whether there was one. ServerAway, Refused, OSError."""
        try:
            found = self._client.fetch_pack(self._language, has=self._has)
        except Refused as refusal:
            if refusal.status == _NOTHING_YET:
                return False
            raise
        if found is None:
            return False
        self._has, content = found
        self._keep(content)
        return True

    def run(self, stop: threading.Event) -> None:
        """Look every five minutes until `stop`; a network or a disk that fails is waited for."""
        while not stop.is_set():
            try:
                self.look()
            except (ServerAway, Refused) as fault:
                _log.warning("the outage pack was not fetched: %s", fault)
            except OSError:
                self._has = ""
                _log.exception("the outage pack cannot be written to %s", self._path)
            stop.wait(LOOK_EVERY)

    def _keep(self, content: bytes) -> None:
        """Whoever opens the file meanwhile sees the old one or the new one, whole."""
        fresh = self._path.with_name(self._path.name + ".part")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        for age in range(_EARLIER, 0, -1):
            younger = self._earlier(age - 1) if age > 1 else self._path
            if not younger.exists():
                continue
            if age > 1:
                younger.replace(self._earlier(age))
            else:
                self._copy_name(younger, self._earlier(1))
        fresh.replace(self._path)

    def _copy_name(self, path: Path, other: Path) -> None:
        """The same file under a second name, so that the first one is never missing; a copy where disks know no links."""
        other.unlink(missing_ok=True)
        try:
            other.hardlink_to(path)
        except OSError:
            other.write_bytes(path.read_bytes())
            other.chmod(0o600)

    def _earlier(self, age: int) -> Path:
        return self._path.with_name(f"{self._path.stem}.{age}{self._path.suffix}")
