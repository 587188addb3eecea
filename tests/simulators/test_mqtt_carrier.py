"""A simulated gateway as a program of its own at a real broker: what it says there, and what it obeys."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from random import Random

import pytest
from click.testing import CliRunner
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from pms.config import BrokerAddress
from pms.gateways import passwords
from pms.link import acl
from pms.protocol import kdf
from pms.protocol.command import ACKNOWLEDGED, Operate, Operation
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.topics import CarrierName, CarrierSort, CarrierState
from pms.simulate_cli import simulate
from pms.simulators import lock_file
from pms.simulators.control import run_control
from pms.simulators.gateway import Radio, SimulatedGateway
from pms.simulators.lock import VirtualLock
from pms.simulators.mqtt import Account, OnlineCarrier
from tests.link.brokers import MOSQUITTO, Mosquitto, until

from . import lock_world as world

PREFIX = "latchkey"
SERIAL = "5A0C4E1B2D90"
TOPIC = f"{PREFIX}/gateways/{SERIAL}"


class Server:
    """The other end of the broker: hears everything, and says what it is told to."""

    def __init__(self, address: BrokerAddress) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="server")
        self._client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.username_pw_set(address.username, address.password)
        self._client.connect(address.host, address.port)
        filters = [*acl.frame_filters(PREFIX), *acl.state_filters(PREFIX)]
        self._client.subscribe([(text, 1) for text in filters])
        self._client.loop_start()
        assert subscribed.wait(10)

    def send(self, lock: VirtualLock, frame: bytes) -> None:
        self._client.publish(f"{TOPIC}/{lock.state.sn.hex().upper()}/down", frame, qos=1)

    def wait(self, topic: str, direction: Direction | None = None) -> bytes:
        """The next message there, of the frames one of that direction; it is not given again."""

        found: list[bytes] = []

        def is_there() -> bool:
            for topic_of_it, payload in self.heard:
                is_it = direction is None or peek_header(payload).direction is direction
                if topic_of_it == topic and is_it:
                    self.heard.remove((topic_of_it, payload))
                    found.append(payload)
                    return True
            return False

        until(is_there)
        return found[0]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def program(broker: Mosquitto, tmp_path):
    """The running gateway, and a function that gives it a command and brings its answer."""
    (tmp_path / "password").write_text("secret\n")
    command = [
        sys.executable,
        "-m",
        "pms",
        "simulate",
        "gateway",
        "--broker",
        f"mqtt://127.0.0.1:{broker.address.port}",
    ]
    command += ["--user", SERIAL.lower(), "--password-file", str(tmp_path / "password")]
    command += ["--locks", str(tmp_path / "locks.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        assert running.stdout.readline() == f"ok mqtt://{SERIAL}@127.0.0.1:{broker.address.port}\n"

        def ask(line):
            running.stdin.write(line + "\n")
            running.stdin.flush()
            return running.stdout.readline().strip()

        try:
            yield running, ask
        finally:
            running.kill()


def acknowledgement(lock: VirtualLock, report: bytes) -> bytes:
    head = peek_header(report)
    answer = Frame(head.version, head.command, Direction.ACKNOWLEDGEMENT, head.counter, ACKNOWLEDGED)
    return seal_frame(kdf.command_key(lock.state.k_lock()), lock.state.sn, answer)


@pytest.mark.skipif(not MOSQUITTO.exists(), reason="no Mosquitto is installed")
def test_a_gateway_of_software_carries_frames_over_mosquitto_loses_its_power_and_forgets_nothing_of_its_locks(tmp_path):
    lock, path = world.bound_lock(), tmp_path / "locks.json"
    serial = lock.state.sn.hex().upper()
    lock_file.save(path, {serial: lock})
    broker = Mosquitto(tmp_path)
    broker.write({SERIAL: passwords.hash_password("secret")})
    broker.start()
    server = Server(broker.address)
    try:
        with program(broker, tmp_path) as (running, ask):
            assert CarrierState.decode(server.wait(f"{TOPIC}/state")) == CarrierState(True, "2.1")
            assert ask(f"open {serial}") == "ok"
            report = server.wait(f"{TOPIC}/{serial}/up", Direction.REPORT)
            server.send(lock, acknowledgement(lock, report))
            # A request is answered, and what came of it is reported.
            server.send(lock, world.request(lock, Operate(Operation.UNLOCK, 0xFFFF_FFFF)))
            server.wait(f"{TOPIC}/{serial}/up", Direction.ANSWER)
            assert ask(f"code {serial} 1234567890") == "ok wrong_code"
            shown = json.loads(ask("show").removeprefix("ok "))
            assert (shown["power"], shown["connected"]) == (True, True)
            assert [(one["lockSn"], one["records"]) for one in shown["locks"]] == [(serial, 3)]

            assert ask("power off") == "ok"
            assert CarrierState.decode(server.wait(f"{TOPIC}/state")) == CarrierState(False)
            assert ask(f"open {serial}") == "ok"
            assert ask("power on") == "ok"
            assert CarrierState.decode(server.wait(f"{TOPIC}/state")).is_online
            # The first one may have been said twice before its acknowledgement was there.
            second = report
            while second == report:
                second = server.wait(f"{TOPIC}/{serial}/up", Direction.REPORT)
            assert peek_header(second).counter == peek_header(report).counter + 1
            running.send_signal(signal.SIGKILL)
            running.wait(10)
        kept = lock_file.load(path)[serial].state
        assert (kept.newest_sequence, kept.report_counter) == (4, peek_header(second).counter)
        assert path.stat().st_mode & 0o077 == 0
        open_frame(kdf.command_key(kept.k_lock()), kept.sn, kept.outstanding)

        assert CarrierState.decode(server.wait(f"{TOPIC}/state")) == CarrierState(False)
        with program(broker, tmp_path) as (running, ask):
            # What was not acknowledged is said once more, byte for byte.
            assert CarrierState.decode(server.wait(f"{TOPIC}/state")).is_online
            assert server.wait(f"{TOPIC}/{serial}/up") == second
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 0
        assert CarrierState.decode(server.wait(f"{TOPIC}/state")) == CarrierState(False)
    finally:
        server.close()
        broker.stop()


@pytest.fixture
def unplugged():
    """A gateway without power, and a lock."""
    lock = world.bound_lock()
    carrier = SimulatedGateway(CarrierName(CarrierSort.GATEWAY, SERIAL), lock_file.by_serial([lock]), Radio(Random(1)))
    carrier.cut_power()
    with OnlineCarrier(carrier, Account("127.0.0.1", 1, SERIAL, "secret"), now=lambda: world.NOW) as device:
        yield device


def test_the_control_understands_its_words(unplugged):
    said, (serial,) = [], unplugged.carrier.locks
    lock = unplugged.carrier.locks[serial]
    request = world.request(lock, Operate(Operation.UNLOCK, world.NOW + 20)).hex()
    words = [
        "loss 0.25",
        "delay 1",
        "delay 1 2.5",
        f"range {serial} out",
        f"range {serial.lower()} in",
        f"bring {serial} {request}",
    ]
    run_control(
        unplugged,
        [*words, f"battery {serial} 0", f"open {serial}", f"battery {serial} 80", "unplug", "plug", "show"],
        said.append,
    )
    assert said[:5] == ["ok"] * 5
    assert peek_header(bytes.fromhex(said[5].removeprefix("ok "))).direction is Direction.ANSWER
    assert said[6:9] == ["ok", "error the lock's battery is empty", "ok"]
    assert said[10] == f"ok mqtt://{SERIAL}@127.0.0.1:1"
    assert json.loads(said[11].removeprefix("ok "))["locks"] == [
        {
            "lockSn": serial,
            "mac": lock.state.mac.hex(":").upper(),
            "lockKeys": lock.state.lock_keys.hex().upper(),
            "isBound": True,
            "battery": 80,
            "inRange": True,
            "records": lock.state.newest_sequence,
        }
    ]
    assert (unplugged.carrier.radio.loss, unplugged.carrier.radio.delay, lock.clock_lost) == (0.25, (1, 2.5), True)


@pytest.mark.parametrize(
    "line",
    ["", "fly", "power", "power maybe", "loss 2", "loss x", "delay 3 1", "delay 1 2 3", "open FFFFFFFFFFFF", "battery {} 101", "bring {} 5", "range {}", "open {} now"],
)  # fmt: skip
def test_the_control_refuses_other_words(unplugged, line):
    said = []
    run_control(unplugged, [line.format(*unplugged.carrier.locks)], said.append)
    assert len(said) == 1
    assert said[0].startswith("error ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["gateway", "--user", "5A0C"], "a carrier's name is not one"),
        (["gateway", "--user", SERIAL, "--broker", "http://x"], "mqtt://HOST:PORT is wanted"),
        (["gateway", "--user", SERIAL, "--broker", "mqtt://x:99999"], "Port out of range"),
        (["gateway", "--user", SERIAL, "--prefix", "a b"], "a prefix of topics"),
        (["gateway", "--user", SERIAL, "--locks", "BROKEN"], "The locks cannot be read: it holds no list of locks"),
        (["gateway", "--user", SERIAL, "--locks", "EMPTY"], "There is no lock in the file."),
        (["module", "--user", "12"], "a carrier's name is not one"),
        (["module", "--user", "490154203237518", "--sim", "12"], "15 digits are wanted"),
    ],
)
def test_what_cannot_be_simulated_is_said(tmp_path, options, said):
    (tmp_path / "password").write_text("secret")
    (tmp_path / "broken").write_text('{"locks": 1}')
    (tmp_path / "empty").write_text("[]")
    names = {"BROKEN": str(tmp_path / "broken"), "EMPTY": str(tmp_path / "empty")}
    all_options = [*[names.get(option, option) for option in options], "--password-file", str(tmp_path / "password")]
    if "--broker" not in options:
        all_options += ["--broker", "mqtt://127.0.0.1:1"]
    done = CliRunner().invoke(simulate, all_options)
    assert done.exit_code
    assert said in " ".join(done.output.split())
