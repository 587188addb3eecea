"""Calls to the server: HTTPS, the desk's token, and patience where the network is not there for a moment."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

import urllib3
from urllib3.util import Timeout, parse_url

from pms.devices.errors import DeviceError

TRY_AGAIN_AFTER = (0.2, 0.5, 1.0, 2.0)
"""Seconds; the last one goes on for ever."""

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_PACK_SECONDS = 60.0
_PACK = "X-Outage-Pack"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# What a proxy says while the server behind it is being started again.
_SERVER_AWAY = (502, 503, 504)
_SERVER_FAULT = 500
_log = logging.getLogger(__name__)


class ServerAway(DeviceError):
    """The server was not reached for as long as it was worth waiting. To a task: the machine cannot go on."""

    code = "server_away"


class Refused(Exception):
    """The server answered, and says no: `status` is the HTTP status, `text` its sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text

    @property
    def is_fault(self) -> bool:
        """Whether it is no decision, but something that went wrong in the server."""
        return self.status >= _SERVER_FAULT


class BadAddress(ValueError):
    """Not the address of a server that may hear the token."""


class Client:
    """One start of the agent's program, towards one server. Any thread may call."""

    def __init__(self, server: str, token: str, run_id: str, *, ca_file: str | None = None) -> None:
        """`server` is an https:// address; http:// only to this very computer. BadAddress."""
        url = parse_url(server)
        if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
            raise BadAddress("the server's address begins with https://")
        self.run_id = run_id
        self._base = server.rstrip("/") + "/api/agent/"
        self._packs = server.rstrip("/") + "/outage/latest"
        self._pool = urllib3.PoolManager(
            maxsize=8,
            retries=False,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            ca_certs=ca_file,
        )
        self._is_away = False

    def call(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        patience: float | None,
        stop: threading.Event | None = None,
        hold: float = 0.0,
    ) -> Any:
        """The answer's data. The call is repeated for `patience` seconds (None: as long as it takes) while the server is not
        reached; `stop` ends that. `hold` is how long the server may keep the answer back. ServerAway, Refused."""
        deadline = None if patience is None else time.monotonic() + patience
        tries = 0
        while True:
            try:
                return self._ask(path, {"runId": self.run_id, **(body or {})}, hold)
            except ServerAway:
                pause = TRY_AGAIN_AFTER[min(tries, len(TRY_AGAIN_AFTER) - 1)]
                tries += 1
                if deadline is not None and time.monotonic() + pause > deadline:
                    raise
                if stop is not None and stop.wait(pause):
                    raise
                if stop is None:
                    time.sleep(pause)

    def fetch_pack(self, language: str, *, has: str) -> tuple[str, bytes] | None:
        """The house's newest outage pack and by what it is known; None where that is the one that is here. ServerAway, Refused."""
        try:
            response = self._pool.request(
                "GET",
                self._packs,
                fields={"language": language},
                headers={**self._pool.headers, _PACK: has},
                timeout=Timeout(connect=_CONNECT_SECONDS, read=_PACK_SECONDS),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as fault:
            raise ServerAway(f"the server is not reached: {fault}") from fault
        if response.status == 304:
            return None
        if response.status in _SERVER_AWAY or (response.status == 200 and _PACK not in response.headers):
            raise ServerAway(f"the answer, with status {response.status}, is not our server's")
        if response.status != 200:
            raise Refused(response.status, "the server does not hand the outage pack out")
        return response.headers[_PACK], response.data

    def _ask(self, path: str, body: dict[str, Any], hold: float) -> Any:
        try:
            response = self._pool.request(
                "POST",
                self._base + path,
                body=json.dumps(body).encode(),
                timeout=Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS + hold),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as fault:
            self._note_away(str(fault))
            raise ServerAway(f"the server is not reached: {fault}") from fault
        if response.status in _SERVER_AWAY:
            self._note_away(f"status {response.status}")
            raise ServerAway(f"the server answers with status {response.status}")
        return self._read(response)

    def _read(self, response: urllib3.BaseHTTPResponse) -> Any:
        try:
            value = json.loads(response.data)
            text, data = str(value["msg"]), value["data"]
        except (ValueError, KeyError, TypeError):
            if response.status == _SERVER_FAULT:
                raise Refused(response.status, "something went wrong in the server") from None
            # A proxy speaks, a portal of the network, or another program at this address: not one to be sent away by.
            why = f"the answer, with status {response.status}, is not our server's"
            self._note_away(why)
            raise ServerAway(why) from None
        if self._is_away:
            self._is_away = False
            _log.warning("the server is reached again")
        if response.status != 200:
            raise Refused(response.status, text)
        return data

    def _note_away(self, why: str) -> None:
        # Said once when it goes away, once when it is back.
        if not self._is_away:
            self._is_away = True
            _log.warning("the server is not reached: %s", why)
