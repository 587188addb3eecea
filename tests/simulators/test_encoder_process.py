"""The simulated machine as a program of its own: what it answers, and that it outlives the program that uses it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from pms.devices.card_writer import write_card
from pms.devices.port import Port
from pms.protocol.card_layout import Medium
from pms.simulate_cli import simulate
from pms.simulators.cards import SimulatedCard
from pms.simulators.control import run_control
from pms.simulators.encoder import SimulatedEncoder
from tests.devices.plastic import EMPTY, OURS_1, unit


@contextmanager
def program(link):
    """The running program and a function that gives it a command and brings its answer."""
    command = [sys.executable, "-m", "pms", "simulate", "machine", "--link", str(link)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        assert running.stdout.readline() == f"ok {link}\n"

        def ask(line):
            running.stdin.write(line + "\n")
            running.stdin.flush()
            return running.stdout.readline().strip() if line != "quit" else ""

        try:
            yield running, ask
        finally:
            running.kill()


def test_a_card_is_made_through_a_machine_in_another_process(tmp_path):
    with program(tmp_path / "desk") as (running, ask):
        uid = ask("put ntag213").removeprefix("ok ")
        port = Port(str(tmp_path / "desk"))
        port.open()
        presence = port.encoder.wait_for_card(2, lambda: False)
        assert presence.uid.hex() == uid
        plan = {1: unit("101"), 3: unit("lobby")}
        write_card(port.encoder, presence, OURS_1, plan, main_slot=1, on_progress=lambda *_: None)
        port.close()
        card = SimulatedCard.from_json(json.loads(ask("take").removeprefix("ok ")))
        assert card.read_units() == [unit("101"), EMPTY, unit("lobby")]
        ask("quit")
        assert running.wait(5) == 0
    assert not (tmp_path / "desk").is_symlink()


HOST = """
import sys
from pms.devices.port import Port
port = Port(sys.argv[1])
port.open()
port.encoder.wait_for_card(60, lambda: bool(print("waiting", flush=True)))
"""


def test_a_host_that_is_killed_leaves_a_port_that_the_next_one_can_use(tmp_path):
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk") as machine:
        with subprocess.Popen([sys.executable, "-c", HOST, machine.path], stdout=subprocess.PIPE, text=True) as host:
            assert host.stdout
            assert host.stdout.readline() == "waiting\n"
            host.send_signal(signal.SIGKILL)
            host.wait(5)
        port = Port(machine.path)
        port.open()
        machine.put_card(SimulatedCard.blank(Medium.NTAG215))
        assert port.encoder.wait_for_card(2, lambda: False).medium is Medium.NTAG215
        port.close()


def test_the_control_understands_its_words(tmp_path):
    said = []
    card = SimulatedCard.blank(Medium.CLASSIC_1K, bytes.fromhex("ee1a153a"))
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk") as machine:
        lines = ["show", f"put {json.dumps(card.to_json())}", "show", "unplug", "plug", "cut 2 torn unplug", "take"]
        run_control(machine, [*lines, "quit", "take"], said.append)
        assert said[0] == "ok null"
        assert said[1] == "ok ee1a153a"
        assert json.loads(said[2].removeprefix("ok ")) == card.to_json()
        assert said[3:6] == ["ok", f"ok {tmp_path / 'desk'}", "ok"]
        assert json.loads(said[6].removeprefix("ok ")) == card.to_json()
        assert len(said) == 7
        assert machine.faults.cut.write == 2


@pytest.mark.parametrize(
    "line",
    [
        "",
        "take",
        "put",
        "put paper",
        "put ntag213 twice",
        "put {}",
        "put nonsense",
        "cut 1 torn",
        "cut x torn take",
        "fault nonsense",
        "fault tear=4",
        "fly",
    ],
)
def test_the_control_refuses_other_words(line):
    said = []
    with SimulatedEncoder("932211c49aeb6f8a") as machine:
        run_control(machine, [line], said.append)
    assert len(said) == 1
    assert said[0].startswith("error ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["machine", "--link", "FILE"], "there is a file, and no link"),
        (["pn532", "--link", "FILE/desk"], "cannot appear there"),
        (["ef01", "--tcp", "TAKEN"], "cannot appear there"),
        (["ef01", "--link", "LINK", "--tcp", "127.0.0.1:0"], "either --link or --tcp"),
        (["machine", "--serial-number", "12"], "16 hex digits"),
        (["machine", "--link", "LINK", "--fault", "fire"], "silence, wrong-crc, late-ack"),
        (["ef01", "--link", "LINK", "--fault", "fire"], "short-data"),
    ],
)
def test_what_cannot_be_simulated_is_said_and_nothing_is_overwritten(tmp_path, options, said):
    file = tmp_path / "file"
    file.write_text("somebody's")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        names = {"FILE": str(file), "LINK": str(tmp_path / "desk"), "TAKEN": f"127.0.0.1:{taken.getsockname()[1]}"}
        words = [names.get(word, word.replace("FILE", names["FILE"])) for word in options]
        result = CliRunner().invoke(simulate, words)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert file.read_text() == "somebody's"
    assert not (tmp_path / "desk").is_symlink()


def test_the_link_of_a_killed_program_is_taken_over(tmp_path):
    (tmp_path / "desk").symlink_to("/dev/pts/no-more")
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "desk"):
        assert (tmp_path / "desk").exists()
