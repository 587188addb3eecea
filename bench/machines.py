"""A key card from "laid on the machine" to "checked", over a line as slow as the real one: 115200 baud, 8N1.

Everything is the product's: the job in the table, the driver, the transport, the sealed grants, the read-back. Only the
machine is software, in a process of its own; it lets every byte take its time on the wire. The floor is that time alone: the bytes that went over the
line for this card, both ways.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, closing
from pathlib import Path

from bench.measure import Row
from pms import schema
from pms.app import create_app
from pms.config import Settings, load_settings
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.demo import build
from pms.demo.world import World
from pms.devices import registry
from pms.devices.card_content import CardContent
from pms.devices.encoder import Encoder
from pms.devices.task import TaskRun
from pms.devices.transport import SerialTransport
from pms.encoders import job_course, queries, service
from pms.encoders.models import EncoderState, JobState
from pms.encoders.office import TableCourse
from pms.encoders.port_worker import PortOwner
from pms.keycards import service as keycards
from pms.stays import queries as stays

BENCH = Actor(kind="account", name="bench")
BYTE_RATE = 115200 / 10
"""Start bit, 8 data bits, stop bit."""
ROUNDS = 15
MACHINES = 8


def run() -> list[Row]:
    """One card at a time for each make and medium; then eight machines at once beside one alone."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        settings = load_settings(home, environment="demo")
        world = World(home / "world.json")
        app = create_app(settings, world=world)
        schema.upgrade(db.engine)
        with app.app_context():
            build.build(world, floors=1)
            for machine in queries.list_encoders():
                service.delete_encoder(encoder_id=machine.id, actor=BENCH, now=clock.now())
            world.close()
            rows = [
                _one(home, "machine", "Classic 1K", "classic1k"),
                _one(home, "machine", "NTAG215", "ntag215"),
                _one(home, "pn532", "Classic 1K", "classic1k"),
                _one(home, "pn532", "NTAG215", "ntag215"),
                _many(settings, home),
            ]
        db.dispose()
        return rows


class _Meter:
    """Counts the bytes of every line in this process."""

    def __init__(self) -> None:
        self.count = 0
        write, read = SerialTransport.write, SerialTransport.read

        def counted_write(line: SerialTransport, data: bytes) -> None:
            self.count += len(data)
            write(line, data)

        def counted_read(line: SerialTransport, deadline: float) -> bytes:
            data = read(line, deadline)
            self.count += len(data)
            return data

        SerialTransport.write, SerialTransport.read = counted_write, counted_read  # type: ignore[method-assign]


_meter = _Meter()


class _Device:
    """A simulated machine in a process of its own, as a real one has a processor of its own."""

    def __init__(self, link: Path, driver: str, serial_number: str) -> None:
        command = [sys.executable, "-m", "pms", "simulate", driver, "--paced", "--link", str(link)]
        if driver == "machine":
            command += ["--serial-number", serial_number, "--seconds-per-write", "0"]
        self.url = str(link)
        self._program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._hear()

    def say(self, line: str) -> None:
        assert self._program.stdin
        self._program.stdin.write(line + "\n")
        self._program.stdin.flush()
        self._hear()

    def _hear(self) -> None:
        assert self._program.stdout
        answer = self._program.stdout.readline()
        assert answer.startswith("ok"), answer

    def close(self) -> None:
        self._program.terminate()
        self._program.wait()


class _Timed(TableCourse):
    """Notes the instant at which the card is checked and that is stored."""

    checked_at = 0.0
    bytes_by_then = 0

    def written(self, content: CardContent) -> None:
        super().written(content)
        self.checked_at, self.bytes_by_then = time.perf_counter(), _meter.count


def _one(home: Path, driver: str, name: str, medium: str) -> Row:
    """Blank cards made into keys of one stay, one after another: each is read, written and read back whole."""
    with closing(_Device(home / f"{driver}-{medium}", driver, "0000000000000001")) as device:
        encoder_id = service.add_encoder(
            name=f"{driver} {name}", url=device.url, driver=driver, actor=BENCH, now=clock.now()
        ).id
        with closing(registry.get_driver(driver).connect(device.url)) as encoder:
            encoder.hello()
            measured = [_card(device, encoder, encoder_id, medium) for _ in range(ROUNDS)]
    service.unbind_encoder(encoder_id=encoder_id, actor=BENCH, now=clock.now())
    figure = statistics.median(seconds for seconds, _count in measured)
    count = statistics.median(count for _seconds, count in measured)
    return Row(
        what=f"blank {name} to checked key, {driver}",
        figure=f"{figure * 1000:.0f} ms",
        floor=f"{count / BYTE_RATE * 1000:.0f} ms",
        ratio=figure / (count / BYTE_RATE),
        floor_is=f"{count:.0f} bytes at 115200 baud",
    )


def _card(device: _Device, encoder: Encoder, encoder_id: int, medium: str) -> tuple[float, int]:
    """Seconds from the card's being laid down to its being checked, and the bytes of the line in that time."""
    _ask(encoder_id)
    task = job_course.claim_next(encoder_id=encoder_id, now=clock.now())
    assert task is not None
    db.remove()
    course = _Timed(task.id)
    working = threading.Thread(target=TaskRun(encoder, task, course, threading.Event()).run)
    working.start()
    time.sleep(0.3)
    before, begun = _meter.count, time.perf_counter()
    device.say(f"put {medium}")
    working.join()
    if not course.checked_at:
        raise RuntimeError(f"the job ended with {queries.get_job(task.id).error_code}")
    device.say("take")
    return course.checked_at - begun, course.bytes_by_then - before


def _ask(encoder_id: int) -> str:
    # The one that leaves last: at some hours of the day the keys of others are over already.
    stay = max((stay for stay in stays.in_house() if stay.room_id), key=lambda stay: stay.departure_date)
    batch_id = keycards.issue(
        stay_id=stay.id, copies=1, encoder_id=encoder_id, request_id=str(uuid.uuid4()), actor=BENCH, now=clock.now()
    )
    db.remove()
    return batch_id


def _many(settings: Settings, home: Path) -> Row:
    """Eight machines of one server, all asked for a card at the same moment, beside one of them alone."""
    with ExitStack() as ends:
        devices = [
            ends.enter_context(closing(_Device(home / f"desk-{number}", "machine", f"{number:016x}")))
            for number in range(MACHINES)
        ]
        ids = [
            service.add_encoder(name=f"Desk {number}", url=device.url, actor=BENCH, now=clock.now()).id
            for number, device in enumerate(devices)
        ]
        owner = PortOwner(settings)
        ends.callback(owner.stop)
        owner.start()
        while any(queries.get_encoder(number).state is not EncoderState.READY for number in ids):
            db.remove()
            time.sleep(0.05)
        alone = statistics.median(_times(ids[:1], devices) for _ in range(5))
        together = statistics.median(_times(ids, devices) for _ in range(5))
    return Row(
        what=f"{MACHINES} machines at once, the slowest card",
        figure=f"{together * 1000:.0f} ms",
        floor=f"{alone * 1000:.0f} ms",
        ratio=together / alone,
        floor_is="one machine alone, the same way",
    )


def _times(ids: list[int], devices: list[_Device]) -> float:
    """Seconds from the first wish to the last job's end; a fresh blank card lies on every machine."""
    for device in devices[: len(ids)]:
        device.say("put classic1k")
    begun = time.perf_counter()
    batches = [_ask(number) for number in ids]
    _until_done(batches, 0.02)
    took = time.perf_counter() - begun
    for device in devices[: len(ids)]:
        device.say("take")
    return took


def _until_done(batches: list[str], every: float) -> None:
    """Wait until every job is done; a job that ends otherwise ends the measuring."""
    while True:
        jobs = [queries.batch(batch_id)[0] for batch_id in batches]
        states = {(job.state, job.error_code) for job in jobs}
        db.remove()
        if states == {(JobState.DONE, None)}:
            return
        if any(state.is_final and state is not JobState.DONE for state, _code in states):
            raise RuntimeError(f"a job ended with {states}")
        time.sleep(every)
