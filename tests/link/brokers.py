"""Real brokers for tests: Mosquitto with the files that the program writes for it, plain and with TLS; and the program's own."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from pms.config import ROOT, BrokerAddress
from pms.gateways import log_ins
from pms.link import broker_files
from pms.link.broker import EmbeddedBroker
from tests.mail.server import self_signed

MOSQUITTO = Path("/usr/sbin/mosquitto")
PREFIX = "latchkey"


class Broker(Protocol):
    """Where the server finds it, and whether the server's processes share its frames."""

    address: BrokerAddress
    is_shared: bool

    def learn(self) -> None:
        """Look the passwords of the database up again."""

    def stop(self) -> None: ...


def until(is_so: Callable[[], bool], seconds: float = 8.0) -> None:
    """Wait for it; AssertionError."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Embedded:
    """The program's own broker; it asks the database itself."""

    is_shared = False

    def __init__(self) -> None:
        self._broker = EmbeddedBroker(port=0, prefix=PREFIX)
        self._broker.start()
        self.address = self._broker.address

    def learn(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        self._broker.stop()


class Mosquitto:
    """Debian's Mosquitto with the sample configuration of the docs, in a folder of its own."""

    is_shared = True

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        certificate = self_signed(folder, "localhost", "127.0.0.1") if tls else None
        self.address = BrokerAddress(
            host="localhost" if tls else "127.0.0.1",
            port=free_port(),
            username="latchkey-server",
            password="of-the-server-42",
            is_tls=tls,
            ca_file=certificate,
        )
        self._write_configuration(certificate)
        self.write({})

    def start(self) -> None:
        """Listen; a broker that was stopped goes on with what it had."""
        # It takes connections before it minds signals, and says this after both.
        self._until_it_says("running", self._run)

    def _run(self) -> None:
        with (self._folder / "log").open("ab") as log:
            command = [MOSQUITTO, "-c", str(self._folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def write(self, hashes: Mapping[str, str]) -> None:
        """The files of those who may log in, as `pms broker-files` writes them."""
        broker_files.write(self._folder, hashes=hashes, server=self.address, prefix=PREFIX)

    def learn(self) -> None:
        self.write(log_ins.password_hashes())
        # What it says before it reads them; it answers nobody until it has.
        self._until_it_says("Reloading config", lambda: self._signal(signal.SIGHUP))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """As when the power fails."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _until_it_says(self, words: str, do: Callable[[], None]) -> None:
        """Do it, and wait until the log, which goes on over restarts, says so once more."""
        log = self._folder / "log"
        before = log.read_text().count(words) if log.exists() else 0
        do()

        def is_said() -> bool:
            text = log.read_text()
            assert self._process is not None
            assert self._process.poll() is None, text
            return text.count(words) > before

        until(is_said)

    def _write_configuration(self, certificate: Path | None) -> None:
        text = (ROOT / "docs" / "mosquitto.conf").read_text()
        text = text.replace("listener 8883", f"listener {self.address.port} 127.0.0.1")
        lines = []
        for line in text.replace("/etc/mosquitto/latchkey", str(self._folder)).splitlines():
            if line.startswith(("cafile", "certfile", "keyfile", "tls_version")):
                if certificate is None:
                    continue
                line = line if line.startswith("tls") else f"{line.split()[0]} {certificate}"
            lines.append(line)
        if os.geteuid() == 0:
            # It would become a user who may not read the folder of the test.
            lines.append("user root")
        (self._folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")


def with_password(address: BrokerAddress, password: str) -> BrokerAddress:
    """The same place, with another password."""
    return dataclasses.replace(address, password=password)
