"""Machines are added, renamed, moved to another port, unbound, deleted."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import Actor
from pms.core.db import db
from pms.core.errors import Invalid
from pms.devices.discovery import FoundPort
from pms.devices.encoder import EncoderIdentity
from pms.encoders import machine_states, queries, rules, service
from pms.encoders.models import Encoder, EncoderState, JobKind, JobState
from pms.encoders.queries import NoSuchMachine
from pms.encoders.rules import BadDriver, BadName, BadUrl
from pms.encoders.service import MachineExists, MachineUnbound, NotForThat, PortBound, TooLateToCancel, TooManyJobs
from pms.protocol.encoder_line import Capability
from tests.races import race

TECHNICIAN = Actor(kind="account", name="Tom", account_id=4)


def add(now, name="Front desk 1", url="/dev/ttyUSB0") -> int:
    return service.add_encoder(name=name, url=url, actor=TECHNICIAN, now=now).id


def change(machine_id, now, **values) -> None:
    """Store the form with these values changed."""
    machine = queries.get_encoder(machine_id)
    wanted = {"name": machine.name, "url": machine.url, **values}
    service.change_encoder(encoder_id=machine_id, actor=TECHNICIAN, now=now, **wanted)


def unbind(machine_id, now) -> None:
    service.unbind_encoder(encoder_id=machine_id, actor=TECHNICIAN, now=now)


def bind(machine_id, now) -> None:
    change(machine_id, now, url="/dev/ttyUSB0")


def stored(machine_id) -> Encoder:
    db.remove()
    return queries.get_encoder(machine_id)


def queue(machine_id, now, copies=1, batch_id=None) -> str:
    batch_id = batch_id or str(uuid.uuid4())
    service.queue_jobs(
        encoder_id=machine_id,
        kind=JobKind.READ,
        subjects=[None] * copies,
        stay_id=None,
        batch_id=batch_id,
        actor=TECHNICIAN,
        now=now,
    )
    return batch_id


def trail() -> list[AuditEntry]:
    return list(db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)))


# --- adding


def test_a_new_machine_is_bound_and_not_connected_yet(house, now):
    machine = stored(add(now, name="  Front desk 1 "))
    assert (machine.name, machine.url, machine.is_bound) == ("Front desk 1", "/dev/ttyUSB0", True)
    assert machine.state is EncoderState.OFFLINE
    (entry,) = trail()
    assert (entry.action, entry.actor_name, entry.subject_label) == ("encoders.added", "Tom", "Front desk 1")
    assert entry.after == {"name": "Front desk 1", "url": "/dev/ttyUSB0"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_machine_has_a_name_that_fits(name):
    with pytest.raises(BadName):
        rules.check_machine(name, "/dev/ttyUSB0", "machine", ["machine"])
    rules.check_machine("x" * 40, "/dev/ttyUSB0", "machine", ["machine"])


@pytest.mark.parametrize(
    "url",
    [
        "/dev/ttyUSB0",
        "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0",
        "COM3",
        "socket://10.0.0.7:4001",
        "rfc2217://encoder.example:4001?ign_set_control",
        "hwgrep://0403:6001",
    ],
)
def test_every_kind_of_port_is_taken(url):
    rules.check_machine("Front desk 1", url, "machine", ["machine"])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ttyUSB0",
        "COM",
        "COM1234",
        "/dev/tty USB0",
        "/dev/ttyUSB0\n",
        "/dev/\0",
        "spy:///dev/ttyUSB0?file=/tmp/all.txt",
        "loop://",
        "alt:///dev/ttyUSB0",
        "socket://10.0.0.7",
        "socket://:4001",
        "file:///etc/passwd",
        "/" + "x" * 200,
    ],
)
def test_what_is_no_port_is_refused(url):
    with pytest.raises(BadUrl):
        rules.check_machine("Front desk 1", url, "machine", ["machine"])


@pytest.mark.parametrize(
    ("url", "driver"), [("/dev/ttyUSB0", "typewriter"), ("pcsc://ACR122", "machine"), ("/dev/ttyUSB0", "pcsc")]
)
def test_a_make_that_cannot_be_at_such_a_port_is_refused(house, now, url, driver):
    with pytest.raises(BadDriver):
        service.add_encoder(name="Left", url=url, driver=driver, actor=TECHNICIAN, now=now)


def test_a_port_with_a_machine_is_not_asked_who_is_there(house, now):
    machine_states.note_ports(agent_id=None, ports=[FoundPort("/dev/ttyUSB0", "")], now=now)
    (port,) = queries.free_ports()
    add(now)
    with pytest.raises(PortBound):
        service.ask_port(port_id=port.id, now=now)


def test_a_machine_is_asked_only_for_what_it_has_parts_for(house, now):
    machine = add(now)
    plate = EncoderIdentity("", "R503", "", Capability.FINGERPRINT)
    machine_states.note_ready(encoder_id=machine, driver="machine", identity=plate, actor=TECHNICIAN, now=now)
    with pytest.raises(NotForThat):
        queue(machine, now)
    assert queries.list_for_cards() == []
    assert [row.id for row in queries.list_for_fingers()] == [machine]
    service.send_signal(encoder_id=machine, request_id=str(uuid.uuid4()), actor=TECHNICIAN, now=now)


def test_a_value_that_cannot_be_right_is_the_forms_affair(house, now):
    for values in ({"name": ""}, {"url": "nowhere"}):
        with pytest.raises(Invalid) as caught:
            add(now, **values)
        assert caught.value.status == 422
        assert caught.value.field in values
    assert queries.list_encoders() == []


def test_two_machines_share_neither_name_nor_port(any_house, now):
    add(now)
    for values in ({"name": "Front desk 2"}, {"url": "/dev/ttyUSB1"}):
        with pytest.raises(MachineExists):
            add(now, **values)
    assert [machine.url for machine in queries.list_encoders()] == ["/dev/ttyUSB0"]
    assert len(trail()) == 1


def test_of_two_who_add_the_same_port_at_once_one_succeeds(any_house, now):
    outcomes = race(2, lambda number: add(now, name=f"Front desk {number}"))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["MachineExists", "int"]
    assert len(queries.list_encoders()) == 1


# --- changing


def test_a_new_name_and_port_are_stored_with_what_was_before(house, now):
    machine = add(now)
    change(machine, now, name="Night desk")
    change(machine, now, url="/dev/ttyUSB7")
    row = stored(machine)
    assert (row.name, row.url) == ("Night desk", "/dev/ttyUSB7")
    renamed, moved = trail()[1:]
    assert (renamed.before, renamed.after) == ({"name": "Front desk 1"}, {"name": "Night desk"})
    assert (moved.before, moved.after) == ({"url": "/dev/ttyUSB0"}, {"url": "/dev/ttyUSB7"})


def test_storing_what_is_stored_already_leaves_no_trace(house, now):
    machine = add(now)
    change(machine, now, name=" Front desk 1 ")
    assert [entry.action for entry in trail()] == ["encoders.added"]


def test_a_change_that_is_refused_changes_nothing(any_house, now):
    machine = add(now)
    add(now, name="Front desk 2", url="/dev/ttyUSB1")
    refusals = [
        ({"name": " "}, BadName),
        ({"url": "nowhere"}, BadUrl),
        ({"name": "Front desk 2"}, MachineExists),
        ({"url": "/dev/ttyUSB1"}, MachineExists),
    ]
    for values, refusal in refusals:
        with pytest.raises(refusal):
            change(machine, now, **values)
    row = stored(machine)
    assert (row.name, row.url) == ("Front desk 1", "/dev/ttyUSB0")
    assert len(trail()) == 2


def test_a_machine_that_does_not_exist_is_said_not_to_exist(house, now):
    with pytest.raises(NoSuchMachine):
        service.change_encoder(encoder_id=1, name="Front desk 1", url="/dev/ttyUSB0", actor=TECHNICIAN, now=now)
    with pytest.raises(NoSuchMachine):
        service.queue_jobs(
            encoder_id=1,
            kind=JobKind.READ,
            subjects=[None],
            stay_id=None,
            batch_id="b",
            actor=TECHNICIAN,
            now=now,
        )


# --- switching off


def test_unbinding_ends_what_waits_for_the_machine(any_house, now):
    machine = add(now)
    note(machine, now, EncoderState.READY)
    batches = [queue(machine, now, copies=2), queue(machine, now)]
    unbind(machine, now)
    assert stored(machine).state is EncoderState.OFFLINE
    states = [(job.state, job.error_code) for batch in batches for job in queries.batch(batch)]
    assert states == [
        (JobState.FAILED, "unbound"),
        (JobState.CANCELLED, "earlier_failed"),
        (JobState.FAILED, "unbound"),
    ]


def test_a_machine_that_is_bound_to_nothing_gets_no_jobs_until_it_is_bound_again(house, now):
    machine = add(now)
    unbind(machine, now)
    with pytest.raises(MachineUnbound) as caught:
        queue(machine, now)
    assert caught.value.params == {"name": "Front desk 1"}
    with pytest.raises(MachineUnbound):
        service.send_signal(encoder_id=machine, request_id="r", actor=TECHNICIAN, now=now)
    assert queries.list_bound() == []
    bind(machine, now)
    assert len(queries.batch(queue(machine, now))) == 1


def test_a_job_is_never_left_at_a_machine_that_is_unbound_at_the_same_moment(any_house, now):
    machine = add(now)
    for _ in range(8):
        batch_id = str(uuid.uuid4())
        race(
            2,
            lambda number, batch_id=batch_id: (
                unbind(machine, now) if number else queue(machine, now, batch_id=batch_id)
            ),
        )
        assert not [job for job in queries.batch(batch_id) if not job.state.is_final]
        bind(machine, now)


# --- asking for something


def test_a_batch_is_a_stack_that_somebody_makes_without_going_away(house, now):
    machine = add(now)
    for copies in (0, 49):
        with pytest.raises(TooManyJobs):
            queue(machine, now, copies=copies)
    assert queue(machine, now, copies=48)


def test_the_same_batch_asked_for_twice_is_one(any_house, now):
    machine = add(now)
    batch_id = str(uuid.uuid4())
    outcomes = race(2, lambda _: queue(machine, now, copies=3, batch_id=batch_id))
    assert outcomes == [batch_id, batch_id]
    assert [job.batch_position for job in queries.batch(batch_id)] == [1, 2, 3]


def test_a_queued_job_is_cancelled_at_once_and_once_only(house, now):
    machine = add(now)
    (job,) = queries.batch(queue(machine, now))
    service.cancel_job(job_id=job.id, actor=TECHNICIAN, now=now)
    db.remove()
    assert queries.get_job(job.id).state is JobState.CANCELLED
    assert queries.get_job(job.id).finished_at == now
    for cancel in (
        lambda: service.cancel_job(job_id=job.id, actor=TECHNICIAN, now=now),
        lambda: service.cancel_batch(batch_id=job.batch_id, actor=TECHNICIAN, now=now),
        lambda: service.cancel_job(job_id="nothing", actor=TECHNICIAN, now=now),
    ):
        with pytest.raises(TooLateToCancel):
            cancel()


def test_cancelling_a_batch_ends_all_of_it(house, now):
    machine = add(now)
    batch_id = queue(machine, now, copies=3)
    service.cancel_batch(batch_id=batch_id, actor=TECHNICIAN, now=now)
    db.remove()
    assert {(job.state, job.error_code) for job in queries.batch(batch_id)} == {(JobState.CANCELLED, "cancelled")}


# --- what the owner of the ports reports


def note(machine, now, state, error="") -> None:
    port = Actor(kind="port", name="")
    if state is EncoderState.READY:
        plate = EncoderIdentity("932211c49aeb6f8a", "ZC-20", "line 1", Capability.CLASSIC | Capability.NTAG)
        machine_states.note_ready(encoder_id=machine, driver="machine", identity=plate, actor=port, now=now)
    else:
        machine_states.note_offline(encoder_id=machine, code="gone", text=error, actor=port, now=now)


def test_only_news_of_a_machine_goes_into_the_trail(house, now):
    machine = add(now)
    for _ in range(3):
        note(machine, now, EncoderState.READY)
    note(machine, now, EncoderState.OFFLINE, "reading the port failed")
    note(machine, now, EncoderState.OFFLINE, "opening the port failed")
    row = stored(machine)
    # The name plate is kept, so that one knows which machine is missed.
    assert (row.serial_number, row.model) == ("932211c49aeb6f8a", "ZC-20")
    assert row.error_text == "opening the port failed"
    assert [entry.action for entry in trail()] == ["encoders.added", "encoders.ready", "encoders.offline"]


# --- which machine is meant


@pytest.mark.parametrize(
    ("states", "chosen", "expected"),
    [
        ([], None, None),
        (["offline"], None, 0),
        (["ready", "offline"], None, 0),
        (["offline", "ready"], None, 1),
        (["ready", "ready"], None, None),
        (["offline", "offline"], None, None),
        (["ready", "offline"], 1, 1),
        (["ready", "ready"], 7, None),
        (["ready", "offline"], 7, 0),
    ],
)
def test_the_machine_of_a_desk_is_the_chosen_one_or_the_only_one_that_could_be_meant(states, chosen, expected):
    machines = [
        Encoder(id=number, name=str(number), url=str(number), state=EncoderState(state))
        for number, state in enumerate(states)
    ]
    found = queries.choose(machines, chosen)
    assert (found.id if found else None) == expected
