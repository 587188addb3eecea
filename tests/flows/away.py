"""A desk that is not the server's: the real agent, over real HTTP, to the application of the test."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from flask import Flask
from waitress.server import create_server

from pms.agent.client import Client, ServerAway
from pms.agent.program import Agent
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.encoders import desk_service, service
from tests.flows.desk import Desk, Machine, until

TECHNICIAN = Actor(kind="account", name="Tom", account_id=4)


class Site:
    """The server's side: the application behind a port of this computer. It can be down for a while."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = create_server(self._app, host="127.0.0.1", port=self._port, threads=8)
        # As a setting it is whole seconds; each end of a test would wait for them.
        self._server.adj.asyncore_loop_timeout = 0.05
        self._port = self._server.effective_port
        self._thread = threading.Thread(target=self._run, name="site", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Its sockets are closed under its feet: the loop has no other way to be ended from another thread.
        with suppress(OSError):
            self._server.run()

    def stop(self) -> None:
        self._server.close()
        self._server.asyncore.close_all(self._server._map)
        # What is held back ends first: nothing of this test may go on in the next one.
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=10)
        self._thread.join(5)


class Line:
    """Loses what goes over the line: a call before the server hears it (`unsent`), or its answer (`unheard`)."""

    def __init__(self, monkeypatch) -> None:
        self.losses: list[tuple[str, str]] = []
        self.said: list[str] = []
        whole = Client._ask

        def ask(client, path, body, hold):
            step = path.rsplit("/", 1)[-1]
            kind = next((kind for wanted, kind in self.losses if wanted == step), None)
            if kind is not None:
                self.losses.remove((step, kind))
            if kind == "unsent":
                raise ServerAway("lost on the way")
            self.said.append(step)
            answer = whole(client, path, body, hold)
            if kind == "unheard":
                raise ServerAway("the answer was lost")
            return answer

        monkeypatch.setattr(Client, "_ask", ask)


class AgentThread:
    """Stands where the owner of the ports stands in a desk: the agent, in threads of this process."""

    def __init__(self, site: Site, token: str, name: str) -> None:
        self._make = lambda: Agent(site.url, token, name)
        self.is_owner = False
        self.fault: BaseException | None = None

    def start(self) -> None:
        self.agent = self._make()
        self.is_owner = True
        self._thread = threading.Thread(target=self._run, name="agent")
        self._thread.start()

    def _run(self) -> None:
        try:
            self.agent.run()
        except BaseException as fault:
            self.fault = fault

    def stop(self) -> None:
        if self.is_owner:
            self.agent.stop()
            self._thread.join(20)
            assert not self._thread.is_alive()
            self.is_owner = False


class AwayDesk(Desk):
    """A desk whose machines an agent has."""

    def __init__(self, app: Flask, folder: Path) -> None:
        super().__init__(app.config["SETTINGS"], folder)
        self.site = Site(app)
        row, self.token = desk_service.add_agent(name="North house", actor=TECHNICIAN, now=clock.now())
        self.agent_id = row.id
        self.bind(self.machine)
        self.owner = AgentThread(self.site, self.token, "North house")

    def bind(self, machine: Machine) -> None:
        """The machine stands at this desk."""
        db.remove()
        service.change_encoder(
            encoder_id=machine.id,
            name=f"Machine {machine.id}",
            url=machine.device.path,
            agent_id=self.agent_id,
            actor=TECHNICIAN,
            now=clock.now(),
        )

    def restart(self) -> None:
        self.owner.stop()
        self.owner = AgentThread(self.site, self.token, "North house")
        self.open()

    def close(self) -> None:
        super().close()
        self.site.stop()


__all__ = ["AwayDesk", "Line", "Site", "until"]
