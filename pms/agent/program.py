"""The agent: one line out to the server, one thread a machine, no port open."""

from __future__ import annotations

import logging
import platform
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pms
from pms.devices import wire
from pms.devices.discovery import find_ports
from pms.devices.errors import DeviceError
from pms.devices.port import Port, identify
from pms.devices.worker import MachineThread

from .client import Client, Refused, ServerAway
from .office import RemoteOffice
from .outage import PackKeeper

_LOOK_EVERY = 2.0
_PAUSE = 0.05
_LET_GO = 0.2
_AFTER_FAULT = 2.0
_NOT_HELD = 0.2
"""Seconds until the next question where the server could not hold the one before."""
_log = logging.getLogger(__name__)


@dataclass
class _Machine:
    """A machine at this desk: what the server said of it, who owns its port, and its line to the server."""

    place: dict[str, Any]
    thread: MachineThread
    office: RemoteOffice

    def serves(self, place: dict[str, Any]) -> bool:
        """Whether its thread is at this port, with this make (or has found out that it is one)."""
        port = self.thread.port
        return self.thread.is_alive() and port.url == place["url"] and port.driver in ("", place["driver"])


class SentAway(Exception):
    """The server does not want this program: the token was revoked, or another program has it."""


class Agent:
    """One start of the program."""

    def __init__(
        self,
        server: str,
        token: str,
        desk: str,
        *,
        ca_file: str | None = None,
        outage_pack: Path | None = None,
        language: str = "en",
    ) -> None:
        """BadAddress for an address that the token may not be sent to."""
        self._desk = desk
        self._client = Client(server, token.strip(), str(uuid.uuid4()), ca_file=ca_file)
        self._packs = PackKeeper(self._client, outage_pack, language) if outage_pack else None
        self._stop = threading.Event()
        self._news = threading.Event()
        self._machines: dict[str, _Machine] = {}
        self._lock = threading.Lock()
        self._answers: list[dict[str, Any]] = []
        self._hold = 0.0
        self._sent_away: Refused | None = None

    def stop(self) -> None:
        """End soon; a card that is being written is finished first."""
        self._stop.set()
        self._news.set()

    def run(self) -> None:
        """Work until `stop`; SentAway."""
        self._begin()
        for name, work in (("reports", self._report), ("orders", self._take_orders)):
            # Nobody waits for them in the end: the server may hold a question for half a minute.
            threading.Thread(target=self._guard, args=(work,), name=f"agent {name}", daemon=True).start()
        if self._packs is not None:
            threading.Thread(target=self._packs.run, args=(self._stop,), name="outage packs", daemon=True).start()
        self._stop.wait()
        self._end()
        if self._sent_away is not None:
            raise SentAway(self._sent_away.text)

    def _begin(self) -> None:
        body = {"desk": self._desk, "host": platform.node()[:80], "version": pms.__version__}
        try:
            self._hold = float(self._client.call("start", body, patience=None, stop=self._stop)["holdSeconds"])
        except Refused as refusal:
            raise SentAway(refusal.text) from refusal
        except ServerAway:
            return
        _log.warning("at the desk “%s”, waiting for work", self._desk)

    def _end(self) -> None:
        with self._lock:
            threads = [machine.thread for machine in self._machines.values()]
        for thread in threads:
            thread.ask_to_stop()
        for thread in threads:
            thread.join()
        if self._sent_away is None:
            # The machines are let go now; the pages should not find out by waiting.
            with suppress(Refused, ServerAway):
                self._client.call("report", self._seen(), patience=0.0)

    def _guard(self, work: Any) -> None:
        """Do `work` again and again until the program ends or the server sends it away."""
        while not self._stop.is_set():
            try:
                work()
            except ServerAway:
                continue
            except Refused as refusal:
                if refusal.status in (401, 404, 409):
                    self._sent_away = refusal
                    self.stop()
                    return
                _log.error("the server refuses: %s", refusal)
                self._stop.wait(_AFTER_FAULT)
            except Exception:  # noqa: BLE001 - without this line the desk would look away, and nobody would know why
                _log.exception("%s has to begin again", threading.current_thread().name)
                self._stop.wait(_AFTER_FAULT)

    # --- what the server should know

    def _report(self) -> None:
        self._news.clear()
        body = self._seen()
        self._client.call("report", body, patience=None, stop=self._stop)
        with self._lock:
            self._answers = self._answers[len(body["answers"]) :]
        self._news.wait(_LOOK_EVERY)
        # Several things at once are told at once.
        self._stop.wait(_PAUSE)

    def _seen(self) -> dict[str, Any]:
        """Ports, machines and answers as they are now."""
        ports = [{"url": port.url, "description": port.description[:120]} for port in find_ports()]
        with self._lock:
            machines = [machine.office.report for machine in self._machines.values()]
            return {"ports": ports[:64], "machines": machines, "answers": list(self._answers)}

    # --- what there is to do

    def _take_orders(self) -> None:
        offices = [machine.office for machine in self._machines.values()]
        body = {
            "machines": [machine.place for machine in self._machines.values()],
            "underWay": [office.job_id for office in offices if office.job_id is not None],
            "heardCancels": [office.unwanted for office in offices if office.unwanted is not None],
            "wait": self._hold,
        }
        asked_at = time.monotonic()
        orders = self._client.call("orders", body, patience=None, stop=self._stop, hold=self._hold)
        if self._stop.is_set():
            return
        self._obey(orders, offices)
        if time.monotonic() - asked_at < _NOT_HELD and orders["machines"] == body["machines"] and not orders["tasks"]:
            # More agents ask than the server can hold.
            self._stop.wait(_NOT_HELD)

    def _obey(self, orders: dict[str, Any], offices: list[RemoteOffice]) -> None:
        self._follow(orders["machines"])
        for task in orders["tasks"]:
            if task["encoderId"] in self._machines:
                self._machines[task["encoderId"]].office.give(wire.task_from_json(task))
        for job_id in orders["cancelled"]:
            for office in offices:
                office.cancel(job_id)
        if orders["questions"]:
            threading.Thread(target=self._look, args=(orders["questions"],), name="who is there", daemon=True).start()

    def _follow(self, wanted: list[dict[str, Any]]) -> None:
        """The machines that the server says are at this desk: new ones are opened, others let go."""
        places = {place["id"]: place for place in wanted}
        for encoder_id, machine in list(self._machines.items()):
            place = places.get(encoder_id)
            if place is not None and machine.serves(place):
                machine.place = place
                continue
            machine.thread.ask_to_stop()
            if machine.thread.is_alive():
                # A card is finished first; the server is asked again meanwhile.
                self._stop.wait(_LET_GO)
            else:
                with self._lock:
                    del self._machines[encoder_id]
        for encoder_id, place in places.items():
            if encoder_id not in self._machines:
                with self._lock:
                    self._machines[encoder_id] = self._open(place)

    def _open(self, place: dict[str, Any]) -> _Machine:
        office = RemoteOffice(place["id"], self._client, self._news.set, self._stop)
        thread = MachineThread(Port(place["url"], place["driver"]), office)
        thread.start()
        return _Machine(place, thread, office)

    def _look(self, urls: list[str]) -> None:
        """Say hello at ports where nobody knows who is there."""
        for url in urls:
            found: dict[str, Any] = {"url": url, "driver": "", "identity": None, "errorCode": ""}
            try:
                driver, identity = identify(url)
            except DeviceError as fault:
                found["errorCode"] = fault.code
            except Exception:  # noqa: BLE001 - whoever asked waits for an answer, also from the ports after this one
                _log.exception("asking who is at %s failed", url)
                found["errorCode"] = DeviceError.code
            else:
                found |= {"driver": driver.name, "identity": wire.identity_to_json(identity)}
            with self._lock:
                self._answers.append(found)
            self._news.set()
