"""Programs list card machines, bind them here and at other desks, let them go, and ask what became of a job."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.encoders import desk_service, queries, service
from pms.encoders.models import Encoder, EncoderState, FoundPort, JobKind, JobState
from pms.encoders.rules import RequestUsed
from tests.api import ApiClient
from tests.keycards.desk import machine_row, new_request

TECHNICIAN = Actor(kind="account", name="Tom", account_id=4)
AT = "/cardMachines"
HERE = {"name": "Front desk 1", "url": "/dev/ttyUSB0"}


@pytest.fixture
def program(app, house) -> ApiClient:
    return ApiClient(app).log_in("technician")


def trail() -> list[str]:
    db.remove()
    rows = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in rows if action.startswith("encoders.")]


def count() -> int:
    db.remove()
    return db.session.scalars(sa.select(sa.func.count()).select_from(Encoder)).one()


def test_a_machine_is_bound_to_a_port_of_the_server_let_go_and_bound_again(program):
    made = program.post(f"{AT}/bindLocal", HERE)
    assert (made["name"], made["url"], made["deskId"], made["isOnline"]) == (
        "Front desk 1",
        "/dev/ttyUSB0",
        None,
        False,
    )
    chosen = {"machineId": made["machineId"]}
    loose = program.post(f"{AT}/unbind", chosen)
    assert loose["url"] is None
    assert program.post(f"{AT}/unbind", chosen) == loose
    again = program.post(f"{AT}/bindLocal", {**HERE, **chosen, "url": "/dev/ttyUSB1", "driver": "machine"})
    assert (again["machineId"], again["url"]) == (made["machineId"], "/dev/ttyUSB1")
    program.post(f"{AT}/delete", chosen)
    assert program.get(AT) == []
    assert trail() == ["encoders.added", "encoders.unbound", "encoders.changed", "encoders.deleted"]
    for act in ("unbind", "delete"):
        (fault,) = program.post(f"{AT}/{act}", chosen, status=404)
        assert fault["field"] == "machineId"


def test_asking_twice_with_one_id_adds_one_machine(program):
    wish = {**HERE, "requestId": new_request()}
    first = program.post(f"{AT}/bindLocal", wish)
    assert program.post(f"{AT}/bindLocal", wish) == first
    assert count() == 1
    assert trail() == ["encoders.added"]
    (fault,) = program.post(f"{AT}/bindLocal", {**wish, "url": "/dev/ttyUSB7"}, status=409)
    assert fault["field"] == "requestId"
    program.post(f"{AT}/delete", {"machineId": first["machineId"]})
    program.post(f"{AT}/bindLocal", wish, status=409)


def test_the_page_adds_one_machine_for_a_double_click(client):
    client.log_in("technician")
    form = {**HERE, "agent_id": "", "driver": "", "request_id": new_request()}
    client.post("/encoders/new", form, status=303)
    client.post("/encoders/new", form, status=303)
    assert count() == 1
    refused = client.post("/encoders/new", {**form, "name": "Another"}, status=422)
    assert "This request id was used for something else already." in refused.text


def test_a_machine_at_another_desk_is_bound_through_its_agent(program, now):
    agent, _token = desk_service.add_agent(name="North house", actor=TECHNICIAN, now=now)
    wish = {**HERE, "deskId": str(agent.id), "requestId": new_request()}
    made = program.post(f"{AT}/bindAgent", wish)
    assert made["deskId"] == str(agent.id)
    assert program.post(f"{AT}/bindAgent", wish) == made
    # The same port of another computer is another port.
    program.post(f"{AT}/bindLocal", {**HERE, "name": "Here"})
    (fault,) = program.post(f"{AT}/bindAgent", {**HERE, "name": "X", "deskId": "7"}, status=404)
    assert fault["field"] == "deskId"
    assert {row["name"] for row in program.get(AT)} == {"Front desk 1", "Here"}


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"url": "not a port"}, 422, "url"),
        ({"url": "/dev/ttyUSB0", "driver": "none"}, 422, "driver"),
        ({"name": "  "}, 400, "name"),
        ({"name": "x" * 41}, 400, "name"),
        ({"name": "a\nb"}, 400, "name"),
        ({"url": 5}, 400, "url"),
        ({"machineId": "5"}, 404, "machineId"),
        ({"requestId": "5"}, 400, "requestId"),
        ({"more": 1}, 400, "more"),
    ],
)
def test_what_cannot_be_bound_is_said_beside_the_field(program, change, status, field):
    faults = program.post(f"{AT}/bindLocal", {**HERE, **change}, status=status)
    assert [fault["field"] for fault in faults] == [field]
    assert count() == 0


def test_a_port_has_one_machine(program):
    program.post(f"{AT}/bindLocal", HERE)
    assert program.message(f"{AT}/bindLocal", {**HERE, "name": "Other"}, status=409).startswith("Another machine")
    program.language = "zh"
    assert "发卡机" in program.message(f"{AT}/bindLocal", {**HERE, "name": "Other"}, status=409)


def test_ports_without_a_machine_are_listed_with_who_answered_there(program, now):
    with transaction() as session:
        for url in ("/dev/ttyUSB0", "/dev/ttyUSB1"):
            session.add(FoundPort(url=url, description="USB", seen_at=now, driver="machine", model="ZC-20"))
    program.post(f"{AT}/bindLocal", HERE)
    (port,) = program.get(f"{AT}/ports")
    assert (port["url"], port["driver"], port["model"], port["deskId"]) == ("/dev/ttyUSB1", "machine", "ZC-20", None)


def test_a_job_says_what_became_of_it_in_the_callers_language(program, house):
    machine_id = machine_row()
    batch_id = service.send_signal(encoder_id=machine_id, request_id=new_request(), actor=TECHNICIAN, now=clock.now())
    (job,) = queries.batch(batch_id)
    db.remove()
    seen = program.get(f"{AT}/jobs/{job.id}")
    assert (seen["state"], seen["kind"], seen["machineName"], seen["isFinal"]) == (
        "queued",
        "signal",
        "Front desk 1",
        False,
    )
    assert program.get(AT)[0]["openJobs"] == 1
    service.unbind_encoder(encoder_id=machine_id, actor=TECHNICIAN, now=clock.now())
    seen = program.get(f"{AT}/jobs/{job.id}")
    assert (seen["state"], seen["error"]) == ("failed", "unbound")
    assert seen["errorText"] == "The machine was unbound from its port meanwhile."
    program.language = "zh"
    assert "端口" in program.get(f"{AT}/jobs/{job.id}")["errorText"]
    program.get(f"{AT}/jobs/none-such", status=404)


def test_a_batch_stands_for_one_kind_of_thing(house, now):
    batch_id = service.send_signal(encoder_id=machine_row(), request_id=new_request(), actor=TECHNICIAN, now=now)
    assert [job.state for job in queries.batch_of(batch_id, JobKind.SIGNAL)] == [JobState.QUEUED]
    with pytest.raises(RequestUsed):
        queries.batch_of(batch_id, JobKind.WRITE)
    with pytest.raises(RequestUsed):
        queries.batch_of(batch_id, JobKind.SIGNAL, stay_id=5)


def test_who_may_not_set_up_machines_sees_them_only(app, house):
    machine_row()
    clerk = ApiClient(app).log_in("desk")
    assert [row["isOnline"] for row in clerk.get(AT)] == [queries.list_encoders()[0].state is EncoderState.READY]
    for path, body in (("bindLocal", HERE), ("unbind", {"machineId": "1"}), ("delete", {"machineId": "1"})):
        clerk.post(f"{AT}/{path}", body, status=403)
    clerk.get(f"{AT}/ports", status=403)
    ApiClient(app).log_in("housekeeper").get(AT, status=403)
