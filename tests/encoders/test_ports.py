"""Who owns the ports, and how the owner follows the table and the cables."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.config import ROOT
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.devices import task, worker
from pms.devices.discovery import FoundPort
from pms.devices.errors import EncoderGone
from pms.devices.port import Port
from pms.encoders import job_course, port_worker, queries, service
from pms.encoders.models import EncoderState, JobKind, JobState
from pms.encoders.office import TableOffice
from pms.encoders.port_ownership import AdvisoryLock, FileLock, ownership_for
from pms.encoders.port_worker import PortOwner, Questions
from pms.protocol.encoder_line import Answer, Signal, SignalPattern, Status
from pms.simulators.ef01 import SimulatedEf01
from pms.simulators.encoder import SimulatedEncoder
from pms.simulators.pn532 import SimulatedPn532
from tests.flows.desk import Desk, Machine, blank, until
from tests.keycards.desk import new_request

TECHNICIAN = Actor(kind="account", name="Tom", account_id=4)

HOLDER = """
import sys
from pathlib import Path
from pms.config import Settings
from pms.core.db import db
from pms.encoders.office import TableOffice
from pms.encoders.port_ownership import ownership_for
home, url = sys.argv[1:]
db.connect(url)
lock = ownership_for(Settings(home=Path(home), database_url=url))
for _ in sys.stdin:
    print(lock.acquire(), flush=True)
"""


@contextmanager
def another_process(settings):
    """A process, and a function that lets it try to become the owner and says what came of it."""
    command = [sys.executable, "-c", HOLDER, str(settings.home), settings.database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:

        def try_it() -> str:
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        try:
            yield process, try_it
        finally:
            process.kill()


def row(machine: Machine):
    db.remove()
    return queries.get_encoder(machine.id)


def change(machine: Machine, now, **values) -> None:
    present = row(machine)
    wanted = {"name": present.name, "url": present.url, **values}
    service.change_encoder(encoder_id=machine.id, actor=TECHNICIAN, now=now, **wanted)


def is_free(path: str) -> bool:
    """Whether another program can have the port."""
    port = Port(path)
    try:
        port.open()
    except EncoderGone:
        return False
    port.close()
    return True


def trail(machine: Machine) -> list[str]:
    db.remove()
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.subject_id == str(machine.id)).order_by(AuditEntry.id)
    )
    return [entry.action for entry in entries]


# --- one owner


def test_the_ports_belong_to_one_process_until_it_dies(any_app):
    settings = any_app.config["SETTINGS"]
    ours = ownership_for(settings)
    with another_process(settings) as (process, try_it):
        assert ours.acquire()
        assert try_it() == "False"
        assert ours.is_held()
        ours.release()
        ours.release()
        assert not ours.is_held()
        assert try_it() == "True"
        assert not ours.acquire()
        assert not ours.is_held()
        process.kill()
        process.wait()
        assert until(ours.acquire)
    ours.release()


def test_what_is_ours_stays_ours_when_it_is_asked_for_again(any_app):
    lock, other = (ownership_for(any_app.config["SETTINGS"]) for _ in range(2))
    assert lock.acquire()
    assert lock.acquire()
    assert not other.acquire()
    lock.release()
    assert other.acquire()
    other.release()


def test_each_database_has_its_kind_of_lock(app, postgres_url):
    settings = app.config["SETTINGS"]
    assert isinstance(ownership_for(settings), FileLock)
    assert isinstance(ownership_for(type(settings)(home=settings.home, database_url=postgres_url)), AdvisoryLock)


def end_the_connection_of_the_owner() -> None:
    with db.engine.connect() as connection:
        ended = connection.execution_options(pms_writes=True).execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        )
        assert ended.scalars().all() == [True]


def test_a_lock_whose_connection_broke_is_noticed(pg_app):
    lock = AdvisoryLock()
    assert lock.acquire()
    end_the_connection_of_the_owner()
    assert not lock.is_held()
    other = AdvisoryLock()
    assert other.acquire()
    assert not lock.acquire()
    other.release()


def test_a_session_that_holds_the_lock_is_ended_by_silence_and_lent_to_nobody_else(pg_app):
    lock = AdvisoryLock()
    assert lock.acquire()
    ask = "SELECT current_setting('idle_session_timeout'), current_setting('idle_in_transaction_session_timeout')"
    assert lock._connection.exec_driver_sql(ask).one() == ("20s", "2min")
    lock.release()
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql(ask).one() == ("0", "2min")


def test_a_second_owner_touches_no_port_and_takes_over_when_the_first_one_ends(any_desk):
    any_desk.open()
    told = []
    second = PortOwner(any_desk.settings, on_owning=lambda: told.append(True))
    second.start()
    try:
        assert not second.wait_until_owner(0.1)
        assert second._machines == {}
        any_desk.owner.stop()
        assert row(any_desk.machine).state is EncoderState.OFFLINE
        assert not any_desk.owner.is_owner
        assert second.wait_until_owner(5)
        any_desk.wait_until_ready()
        assert told == [True]
    finally:
        second.stop()


def test_an_owner_that_lost_its_lock_lets_go_of_the_ports_and_tries_again(brisk, pg_app, tmp_path):
    desk = Desk(pg_app.config["SETTINGS"], tmp_path)
    try:
        desk.open()
        end_the_connection_of_the_owner()
        until(lambda: "encoders.offline" in trail(desk.machine))
        desk.wait_until_ready()
        assert trail(desk.machine) == ["encoders.ready", "encoders.offline", "encoders.ready"]
        assert desk.owner.is_owner
    finally:
        desk.close()


def test_whoever_becomes_the_owner_settles_what_was_left_also_where_no_machine_is_plugged_in(desk, now):
    desk.machine.device.unplug()
    jobs = service.queue_jobs(
        encoder_id=desk.machine.id,
        kind=JobKind.READ,
        subjects=[None, None],
        stay_id=None,
        batch_id=new_request(),
        actor=TECHNICIAN,
        now=now,
    )
    batch_id = jobs[0].batch_id
    job_course.claim_next(encoder_id=desk.machine.id, now=now)
    desk.owner.start()
    left = desk.wait_for(batch_id)
    assert (left.state, left.error_code) == (JobState.FAILED, "restarted")
    assert desk.jobs(batch_id)[1].state is JobState.CANCELLED


def test_no_device_is_talked_to_inside_a_transaction(house):
    office = TableOffice(7)
    with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        office.next_task()
    assert office.next_task() is None


# --- the table is followed


def test_a_machine_that_is_added_is_opened_at_once_and_shows_its_name_plate(desk, now):
    desk.open()
    added = desk.add_machine("Night desk", "0932211c49aeb701")
    desk.wait_until_ready()
    machine = row(added)
    assert (machine.serial_number, machine.model, machine.error_text) == ("0932211c49aeb701", "ZC-20", "")
    assert machine.state_at == now


def test_a_machine_that_is_moved_to_another_port_is_found_there(desk, now, tmp_path):
    desk.open()
    old = desk.machine.device.path
    with SimulatedEncoder("0932211c49aeb701", link=tmp_path / "other") as other:
        change(desk.machine, now, url=other.path)
        until(lambda: row(desk.machine).serial_number == "0932211c49aeb701")
        until(lambda: is_free(old))
        assert not is_free(other.path)
        desk.owner.stop()


def test_a_new_name_disturbs_nobody_at_the_machine(desk, now):
    desk.open()
    thread = desk.owner._machines[desk.machine.id]
    change(desk.machine, now, name="Night desk")
    # The next machine is there: the table was followed meanwhile.
    desk.add_machine("Front desk 2", "0932211c49aeb701")
    desk.wait_until_ready()
    assert desk.owner._machines[desk.machine.id] is thread
    assert thread.is_alive()


def test_a_machine_that_is_unbound_lets_go_of_its_port_and_comes_back(desk, now):
    desk.open()
    assert not is_free(desk.machine.device.path)
    service.unbind_encoder(encoder_id=desk.machine.id, actor=TECHNICIAN, now=now)
    assert row(desk.machine).state is EncoderState.OFFLINE
    until(lambda: is_free(desk.machine.device.path))
    change(desk.machine, now, url=desk.machine.device.path)
    desk.wait_until_ready()


# --- ports that nobody has told of


def test_a_port_is_found_asked_and_bound_and_its_make_found_out(desk, now, monkeypatch, tmp_path):
    monkeypatch.setattr(port_worker, "_LOOK_EVERY", 0.05)
    with SimulatedPn532(link=tmp_path / "module") as module, SimulatedEf01(link=tmp_path / "finger") as finger:
        ports = [FoundPort(device.path, "USB serial") for device in (module, finger)]
        monkeypatch.setattr(port_worker, "find_ports", lambda: ports)
        desk.open()
        rows = until(lambda: free_ports() if len(free_ports()) == 2 else None)
        for found in rows:
            service.ask_port(port_id=found.id, now=now)
        until(lambda: all(found.answered_at for found in free_ports()))
        assert {found.url: found.driver for found in free_ports()} == {module.path: "pn532", finger.path: "ef01"}
        bound = service.add_encoder(name="Left", url=module.path, driver="", actor=TECHNICIAN, now=now).id
        until(lambda: queries.get_encoder(bound).state is EncoderState.READY or db.remove())
        assert (queries.get_encoder(bound).driver, queries.get_encoder(bound).firmware) == ("pn532", "1.6")
        # It is pulled out of the computer for good.
        ports.pop()
        until(lambda: not free_ports())
        desk.owner.stop()


def test_a_port_where_nobody_we_know_answers_says_so(desk, now, monkeypatch):
    monkeypatch.setattr(port_worker, "_LOOK_EVERY", 0.05)
    monkeypatch.setattr(port_worker, "find_ports", lambda: [FoundPort("/dev/no-such-port", "")])
    desk.open()
    (found,) = until(free_ports)
    service.ask_port(port_id=found.id, now=now)
    until(lambda: free_ports()[0].answered_at)
    assert (free_ports()[0].driver, free_ports()[0].error_code) == (None, "gone")


def test_ports_are_asked_one_after_another_whatever_goes_wrong_at_one(monkeypatch):
    asked, answered = [], threading.Semaphore(0)

    def ask(_questions, url):
        asked.append(url)
        answered.release()
        if url == "/dev/odd":
            raise RuntimeError("unforeseen")

    monkeypatch.setattr(Questions, "_ask_at", ask)
    questions = Questions()
    questions.ask([])
    questions.ask(["/dev/odd", "/dev/a"])
    for number in range(200):
        # Each may come just when the one before was the last.
        assert answered.acquire(timeout=5), asked
        questions.ask([f"/dev/{number}"])
    for _ in range(2):
        assert answered.acquire(timeout=5)
    assert len(asked) == len(set(asked)) == 202


def free_ports():
    db.remove()
    return queries.free_ports()


# --- cables


def test_unplugged_and_plugged_in_again(desk):
    desk.open()
    desk.machine.device.unplug()
    until(lambda: row(desk.machine).state is EncoderState.OFFLINE)
    assert row(desk.machine).error_text
    desk.machine.device.plug_in()
    desk.wait_until_ready()
    assert row(desk.machine).error_text == ""
    assert trail(desk.machine) == ["encoders.ready", "encoders.offline", "encoders.ready"]


def test_a_port_that_another_program_holds_is_opened_when_it_is_free(desk):
    held = Port(desk.machine.device.path)
    held.open()
    desk.owner.start()
    until(lambda: row(desk.machine).error_text)
    assert row(desk.machine).state is EncoderState.OFFLINE
    held.close()
    desk.wait_until_ready()


def test_a_device_that_speaks_another_language_is_not_used(desk, now, tmp_path):
    with SimulatedEncoder("0932211c49aeb701", link=tmp_path / "future", version=9) as future:
        change(desk.machine, now, url=future.path)
        desk.owner.start()
        until(lambda: "version 9" in row(desk.machine).error_text)
        assert row(desk.machine).state is EncoderState.OFFLINE
        change(desk.machine, now, url=desk.machine.device.path)
        desk.wait_until_ready()


def test_a_machine_that_vanishes_without_a_word_is_missed(desk, impatient, monkeypatch):
    monkeypatch.setattr(worker, "_HELLO_EVERY", 0.05)
    desk.open()
    desk.machine.device.faults.deaf_frames = 10_000
    until(lambda: row(desk.machine).state is EncoderState.OFFLINE)
    desk.machine.device.faults.deaf_frames = 0
    desk.wait_until_ready()


# --- blinking


def test_the_machine_that_is_meant_blinks(desk, monkeypatch, now):
    monkeypatch.setattr(task, "SIGNAL_SECONDS", 30.0)
    other = desk.add_machine("Front desk 2", "0932211c49aeb701")
    desk.open()
    request_id = service.send_signal(encoder_id=other.id, request_id=new_request(), actor=TECHNICIAN, now=now)
    until(lambda: other.device.signal is SignalPattern.GOOD)
    assert desk.machine.device.signal is SignalPattern.OFF
    # The program ends: nobody waits until the blinking is over.
    desk.owner.stop()
    assert other.device.signal is SignalPattern.OFF
    assert desk.jobs(request_id)[0].state is JobState.DONE
    assert "encoders.signalled" in trail(other)


def test_a_machine_without_a_lamp_answers_at_least_and_still_reads_cards(desk, now):
    desk.open()
    no_lamp(desk.machine.device)
    request_id = service.send_signal(encoder_id=desk.machine.id, request_id=new_request(), actor=TECHNICIAN, now=now)
    job = desk.wait_for(request_id)
    assert (job.state, job.result) == (JobState.DONE, {"has_lamp": False})
    assert desk.read(blank())["kind"] == "blank"


def no_lamp(device: SimulatedEncoder) -> None:
    """Take the lamp out of the machine."""
    device._machine._actions[Signal] = lambda _request: Answer(Status.UNKNOWN_TYPE)
