"""`pms serve` in a process of its own, that can be killed; and a browser without scripts to look at it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from pms.config import ROOT, Settings
from pms.simulators.cards import SimulatedCard
from tests.client import text_of
from tests.factories import PASSWORD
from tests.flows.desk import until


class Server:
    """An installation whose server is started, killed and started again."""

    def __init__(self, settings: Settings, log: Path, **more: str) -> None:
        """`more` is set in its environment besides."""
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PMS_")},
            "PMS_HOME": str(settings.home),
            "PMS_DATABASE_URL": settings.database_url,
            "PMS_MASTER_KEY": settings.master_key.hex(),
            "PMS_SECRET_KEY": settings.secret_key,
            # No broker of its own: several of them run at the same time.
            "PMS_MQTT_PORT": "0",
            **more,
        }
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        command = [sys.executable, "-m", "pms", "serve", "--port", str(self._port)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        until(self._answers, 60, every=0.05)

    def kill(self) -> None:
        """As when the power fails: it is asked nothing and told nothing."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As the system does at its shut-down; the log must be clean."""
        assert self._end(signal.SIGTERM) == 0, self.log.read_text()
        assert "Traceback" not in self.log.read_text(), self.log.read_text()

    def ask_to_stop(self) -> None:
        """The same, without waiting for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Nothing of it goes on, whatever the test did."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _end(self, number: int) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(20)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


class Browser:
    """Somebody logged in at the server; stays so when it is started again."""

    def __init__(self, server: Server, username: str = "desk") -> None:
        self._server = server
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self._token = ""
        self.text, self.path = "", ""
        self.get("/login")
        self.post("/login", {"username": username, "password": PASSWORD})
        assert self.path != "/login", "the log-in was refused"

    @property
    def words(self) -> str:
        """The page as it is read."""
        return text_of(self)

    def get(self, path: str) -> Browser:
        """Go to a page."""
        return self._open(path, None)

    def post(self, path: str, form: dict[str, Any]) -> Browser:
        """Send a form, and go where the answer leads."""
        return self._open(path, urlencode({**form, "csrf_token": self._token}, doseq=True).encode())

    def press(self, action: str) -> Browser:
        """Send the form of the page whose address ends so."""
        form = re.search(rf'<form action="([^"]*{action})".*?</form>', self.text, re.S)
        assert form, f"there is no button for {action} in: {self.words}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
        return self.post(form[1], hidden)

    def _open(self, path: str, body: bytes | None) -> Browser:
        try:
            with self._opener.open(self._server.url + path, body, timeout=20) as answer:
                self.text, self.path = answer.read().decode(), answer.url.removeprefix(self._server.url)
        except HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()[:2000]}") from error
        if token := re.search(r'name="csrf-token" content="([^"]+)"', self.text):
            self._token = token[1]
        return self


class Hold:
    """Stops a card's chip in the middle of something, until it is let go on."""

    def __init__(self, card: SimulatedCard, name: str, is_it: Callable[[], bool]) -> None:
        """`name` is the chip's method; the first call for which `is_it` says so is held."""
        self._step = getattr(card, name)
        self._is_it = is_it
        self.reached, self._go_on = Event(), Event()
        setattr(card, name, self._held)

    def let_go(self) -> None:
        """Go on."""
        self._go_on.set()

    def _held(self, *values: Any) -> Any:
        if not self.reached.is_set() and self._is_it():
            self.reached.set()
            self._go_on.wait(20)
        return self._step(*values)
