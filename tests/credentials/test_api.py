"""Programs have fingers taken at a machine, stop that, and send what was taken to locks."""

from __future__ import annotations

import pytest

from pms.accounts.models import Account
from pms.core import clock
from pms.core.db import db, transaction
from pms.credentials.rules import NotAtWork, NotOnePerson
from pms.encoders import service as encoders
from pms.encoders.models import Encoder, JobState
from pms.locks import queries as locks
from pms.locks.models import Lock
from pms.simulators.encoder import finger_called
from pms.slots.models import SlotState
from tests.api import ApiClient
from tests.flows.desk import until
from tests.keycards.desk import DESK, new_request

START, STOP, SYNC = (f"/cardMachines/{name}Fingerprint" for name in ("start", "stop", "sync"))


@pytest.fixture
def program(scene, app) -> ApiClient:
    return ApiClient(app).log_in("desk")


def wish(scene, **values) -> dict[str, object]:
    body = {"stayId": str(scene.stay_id), "machineId": str(scene.desk.machine.id), "agreed": True, **values}
    return {name: value for name, value in body.items() if value is not None}


def lock_of(scene) -> str:
    db.remove()
    return str(locks.get_door(scene.door_id).lock_id)


def test_a_finger_is_taken_sent_and_opens_the_door(program, scene):
    body = wish(scene, requestId=new_request(), finger="left_thumb")
    asked = program.post(START, body)
    assert (asked["state"], asked["job"]["kind"]) == ("capturing", "finger")
    assert program.post(START, body)["fingerprintId"] == asked["fingerprintId"]
    scene.desk.machine.device.put_finger(finger_called("Claire"))
    scene.desk.wait_for(asked["batchId"], JobState.DONE)
    assert program.post(START, body)["state"] == "stored"
    # 512 bytes are three commands; asking again asks the lock nothing new.
    order = {"fingerprintId": asked["fingerprintId"], "lockIds": [lock_of(scene)]}
    commands = program.post(SYNC, order)
    assert [command["command"] for command in commands] == ["0100"] * 3
    assert [command["state"] for command in commands] == ["sent", "made", "made"]
    assert [row["commandId"] for row in program.post(SYNC, order)] == [row["commandId"] for row in commands]
    assert scene.carry() == 3
    assert scene.touch() == "opened"
    assert [command["state"] for command in program.post(SYNC, order)] == ["answered"] * 3
    assert scene.row(int(asked["fingerprintId"])).places[0].state is SlotState.ADDED


def test_a_capture_is_stopped_and_stopping_again_changes_nothing(program, scene):
    batch_id = program.post(START, wish(scene))["batchId"]
    until(lambda: scene.desk.jobs(batch_id)[0].state is JobState.WAITING)
    program.post(STOP, {"batchId": batch_id})
    scene.desk.wait_for(batch_id, JobState.CANCELLED)
    stopped = program.post(STOP, {"batchId": batch_id})
    assert (stopped["state"], stopped["job"]["state"]) == ("not_taken", "cancelled")
    taken = scene.take()
    db.remove()
    assert "too late" in program.message(STOP, {"batchId": _batch(taken)}, status=409)
    program.post(STOP, {"batchId": new_request()}, status=404)
    cards = scene.desk.ask(scene.stay_id)
    program.post(STOP, {"batchId": cards}, status=404)
    program.post(START, wish(scene, requestId=cards), status=409)
    scene.desk.cancel(cards)


def _batch(row) -> str:
    from pms.encoders import queries

    return queries.get_job(row.job_id).batch_id


def test_nothing_is_taken_without_consent_or_of_two_people_or_of_nobody(program, scene, house):
    (fault,) = program.post(START, wish(scene, agreed=False), status=422)
    assert fault["field"] == "agreed"
    program.post(START, wish(scene, agreed="yes"), status=400)
    (fault,) = program.post(START, wish(scene, stayId=None), status=422)
    assert fault["field"] == "stayId"
    manager = ApiClient(program.app).log_in("manager")
    desk_id = str(house.accounts["desk"].id)
    manager.post(START, wish(scene, userId=desk_id), status=422)
    # Fingers of staff are for who may change accounts.
    program.post(START, wish(scene, stayId=None, userId=desk_id), status=403)
    manager.post(START, wish(scene, stayId=None, userId="7"), status=404)
    with transaction() as session:
        session.get_one(Account, int(desk_id)).is_active = False
    db.remove()
    manager.post(START, wish(scene, stayId=None, userId=desk_id), status=409)
    for values, refusal in (
        ({"account_id": int(desk_id), "stay_id": None}, NotAtWork),
        ({"stay_id": None}, NotOnePerson),
    ):
        with pytest.raises(refusal):
            scene.start(**values)


def test_a_busy_or_missing_machine_or_lock_is_said(program, scene, house):
    cards = scene.desk.ask(scene.stay_id)
    program.post(START, wish(scene), status=423)
    scene.desk.cancel(cards)
    scene.desk.wait_for(cards)
    (fault,) = program.post(START, wish(scene, machineId="7"), status=404)
    assert fault["field"] == "machineId"
    program.post(START, wish(scene, lockIds=["7"]), status=404)
    other = house.doors["203"].lock_id
    with transaction() as session:
        session.get_one(Lock, other).features = ["card"]
    db.remove()
    (fault,) = program.post(START, wish(scene, lockIds=[str(other)]), status=422)
    assert fault["field"] == "lockIds"
    db.remove()
    encoders.unbind_encoder(encoder_id=scene.desk.machine.id, actor=DESK, now=clock.now())
    program.post(START, wish(scene), status=409)
    with transaction() as session:
        session.get_one(Encoder, scene.desk.machine.id).url = "/dev/none"
    db.remove()
    program.post(START, wish(scene), status=503)


def test_only_what_is_stored_is_sent(program, scene):
    order = {"fingerprintId": "7", "lockIds": [lock_of(scene)]}
    program.post(SYNC, order, status=404)
    program.post(SYNC, {**order, "lockIds": []}, status=400)
    asked = program.post(START, wish(scene))
    assert "not stored" in program.message(SYNC, {**order, "fingerprintId": asked["fingerprintId"]}, status=409)
    ApiClient(program.app).log_in("housekeeper").post(SYNC, order, status=403)
