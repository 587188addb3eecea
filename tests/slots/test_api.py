"""The API of what locks store: commands, and the five operations of each kind."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms.core import clock
from pms.core.db import db, transaction
from pms.credentials import service as credentials
from pms.credentials.models import Finger, Fingerprint, FingerState
from pms.encoders.models import EncoderJob, JobKind
from pms.locks.models import Lock
from pms.protocol.command import StoredKind
from pms.slots import queries, rules
from pms.slots.models import Consent, SlotState
from pms.web.openapi import document
from tests import factories
from tests.api import ApiClient
from tests.slots.conftest import DESK, Scene

KINDS = {
    "cards": "04A1B2C3D4E5F6",
    "fingerprints": "AB" * 300,
    "remotes": "0011223344",
    "faces": "CD" * 300,
    "palms": "EF" * 10,
}
_NUMBERS = {"cards": 28, "fingerprints": 33, "remotes": 38, "faces": 43, "palms": 48}


@pytest.fixture
def desk(app, scene) -> ApiClient:
    program = ApiClient(app)
    program.log_in("desk")
    return program


def agree(scene: Scene) -> None:
    with transaction() as session:
        session.add(
            Consent(
                guest_id=scene.guest_id,
                text_version=rules.CONSENT_VERSION,
                given_at=clock.now(),
                recorded_by="Desk",
            )
        )


def data(scene: Scene, **changes) -> dict[str, object]:
    return {"lockId": str(scene.lock_id), "slot": 7, "credentialId": "4294967295", "name": "Claire", **changes}


@pytest.mark.parametrize("path", KINDS)
def test_each_kind_is_reported_listed_shown_changed_and_deleted(desk, scene, house, path):
    user_id = house.accounts["desk"].id
    agree(scene)
    body = data(scene, content=KINDS[path], stayId=str(scene.stay_id), requestId=str(uuid4()))
    given = desk.post(f"/{path}/add", body)
    assert (given["slot"], given["state"], given["origin"], given["kind"]) == (7, "added", "reported", path[:-1])
    assert (given["hasContent"], given["validUntil"]) == (True, "2026-06-14 12:00:00")
    assert "content" not in given
    # Once more, as after a lost answer; and by another program that has no request id.
    assert [desk.post(f"/{path}/add", again)["id"] for again in (body, data(scene))] == [given["id"]] * 2
    lists = {other: desk.get(f"/{other}/findAllByUserId/{user_id}") for other in KINDS}
    assert {other: [row["id"] for row in rows] for other, rows in lists.items() if rows} == {path: [given["id"]]}
    assert desk.get(f"/{path}/{given['id']}") == given
    other = "palms" if path == "cards" else "cards"
    desk.get(f"/{other}/{given['id']}", status=404)
    desk.post(f"/{other}/delete", {"id": given["id"]}, status=404)
    scene.put_in_lock(7, StoredKind[path[:-1].upper()], credential_id=4294967295)
    week = {"weekdays": [1, 7], "startTime": "22:00", "endTime": "06:00"}
    changed = desk.post(
        f"/{path}/update", {"id": given["id"], "name": "Her card", "week": week, "validUntil": "2026-06-13 11:30:00"}
    )
    assert (changed["name"], changed["week"], changed["state"]) == ("Her card", week, "changing")
    scene.carry()
    user = scene.twin.state.users[7]
    assert (user.user.not_after, user.content.hex().upper()) == (1781343000, KINDS[path])
    assert (user.window.weekdays, user.window.start, user.window.end) == (0x41, 1320, 360)
    assert desk.post(f"/{path}/delete", {"id": given["id"]})["state"] == "removing"
    scene.carry()
    assert desk.get(f"/{path}/{given['id']}")["state"] == "removed"
    assert desk.total(f"/{path}/findAllByUserId/{user_id}") == 0
    desk.post(f"/{path}/update", {"id": given["id"], "name": "Ghost"}, status=409)


def test_the_operations_have_the_numbers_and_names_of_the_list(app):
    paths = document(app)["paths"]
    for path, first in _NUMBERS.items():
        routes = ["post add", "post delete", "get findAllByUserId/{userId}", "get {id}", "post update"]
        found = [paths[f"/api/{path}/{tail}"][method] for method, tail in (route.split() for route in routes)]
        assert [one["x-operation-number"] for one in found] == list(range(first, first + 5))
        assert "{word}" not in str(found)


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"slot": 0}, 400, "slot"),
        ({"slot": 301}, 400, "slot"),
        ({"credentialId": "4294967296"}, 400, "credentialId"),
        ({"credentialId": 5}, 400, "credentialId"),
        ({"lockId": 7}, 400, "lockId"),
        ({"lockId": "7"}, 404, None),
        ({"stayId": "7"}, 404, None),
        ({"accountId": "7"}, 404, None),
        ({"name": ""}, 400, "name"),
        ({"name": "   "}, 400, "name"),
        ({"content": "04A1B2C3D"}, 422, "content"),
        ({"content": "04A1"}, 422, "content"),
        ({"content": "XY"}, 400, "content"),
        ({"validUntil": "2026-06-12 12:00:00"}, 422, "validUntil"),
        ({"validFrom": "2026-06-14 12:00:00", "validUntil": "2026-06-13 12:00:00"}, 422, "validUntil"),
        ({"week": {"weekdays": []}}, 400, "week.weekdays"),
        ({"week": {"weekdays": [8]}}, 400, "week.weekdays.0"),
        ({"week": {"weekdays": [1], "startTime": "9:00"}}, 400, "week.startTime"),
        ({"role": "king"}, 400, "role"),
        ({"kind": "card"}, 400, "kind"),
    ],
)
def test_what_is_wrong_with_a_report_is_said(desk, scene, changes, status, field):
    answer = desk.raw("POST", "/cards/add", json=data(scene, **changes))
    assert answer.status_code == status
    assert field is None or field in [fault["field"] for fault in answer.json["data"]]
    assert queries.of_lock(scene.lock_id) == []


def test_a_slot_or_an_id_in_use_is_a_conflict(desk, scene):
    desk.post("/cards/add", data(scene))
    desk.post("/cards/add", data(scene, credentialId="5"), status=409)
    desk.post("/cards/add", data(scene, slot=8), status=409)


def test_a_template_is_not_stored_without_its_owners_consent(desk, scene):
    for owner in ({}, {"stayId": str(scene.stay_id)}, {"accountId": str(scene.account_id)}):
        answer = desk.raw("POST", "/faces/add", json=data(scene, content="AB", **owner))
        assert (answer.status_code, answer.json["data"][0]["field"]) == (422, "content")
    # That there is one, without what it looks like, may be noted.
    given = desk.post("/faces/add", data(scene))
    assert given["hasContent"] is False
    desk.post("/faces/update", {"id": given["id"], "role": "staff"}, status=409)
    assert desk.post("/faces/update", {"id": given["id"], "name": "Tom"})["name"] == "Tom"


def test_lists_are_paged_by_key_and_show_all_to_everybody(app, desk, scene, house):
    ids = [desk.post("/cards/add", data(scene, slot=n, credentialId=str(n)))["id"] for n in range(1, 8)]
    user_id = house.accounts["desk"].id
    path = f"/cards/findAllByUserId/{user_id}"
    first = desk.get(path, limit=3)
    rest = desk.get(path, limit=500, before=first[-1]["id"])
    assert [row["id"] for row in [*first, *rest]] == ids[::-1]
    assert desk.total(path, limit=2) == 7
    desk.get(path, limit=0, status=400)
    desk.get(f"/cards/findAllByUserId/{house.accounts['manager'].id}", status=404)
    manager = ApiClient(app)
    manager.log_in("manager")
    assert manager.total(path) == 7
    manager.get("/cards/findAllByUserId/7", status=404)
    housekeeper = ApiClient(app)
    housekeeper.log_in("housekeeper")
    housekeeper.get(f"/cards/findAllByUserId/{house.accounts['housekeeper'].id}", status=403)


def test_lists_send_as_many_statements_for_one_row_as_for_twenty(desk, scene, house, count_queries):
    path = f"/cards/findAllByUserId/{house.accounts['desk'].id}"
    desk.post("/cards/add", data(scene))
    one = count_queries(lambda: desk.get(path))
    for n in range(10, 30):
        desk.post("/cards/add", data(scene, slot=n, credentialId=str(n)))
    assert count_queries(lambda: desk.get(path)) == one


def test_a_lock_user_is_added_modified_and_deleted_by_commands(desk, scene):
    body = {
        "lockId": str(scene.lock_id),
        "kind": "passcode",
        "content": "246810",
        "name": "Plumber",
        "validUntil": "2026-06-12 18:00:00",
        "requestId": str(uuid4()),
    }
    first = desk.post("/commands/addLockUser", body)
    assert (first["command"], first["state"], first["frameCommandId"]) == ("0100", "sent", first["commandId"])
    assert desk.post("/commands/addLockUser", body) == first
    assert answer(desk, scene, first["frame"]) == []
    assert scene.twin.type_code("246810", scene.at).is_opened
    change = {"lockId": str(scene.lock_id), "slot": 1, "role": "duress", "requestId": str(uuid4())}
    second = desk.post("/commands/modifyLockUser", change)
    assert second["command"] == "0101"
    assert desk.post("/commands/modifyLockUser", change)["commandId"] == second["commandId"]
    answer(desk, scene, second["frame"])
    assert scene.twin.state.users[1].user.role.name == "DURESS"
    # Its end stays as it was, since nobody spoke of it.
    assert scene.twin.state.users[1].user.not_after == scene.at + 6 * 3600
    gone = {"lockId": str(scene.lock_id), "slot": 1, "requestId": str(uuid4())}
    third = desk.post("/commands/deleteLockUser", gone)
    assert third["command"] == "0102"
    answer(desk, scene, third["frame"])
    assert scene.twin.state.users == {}
    # The same request after it was done; and a new one, for which there is nothing.
    assert desk.post("/commands/deleteLockUser", gone)["commandId"] == third["commandId"]
    desk.post("/commands/deleteLockUser", {**gone, "requestId": str(uuid4())}, status=404)
    desk.post("/commands/modifyLockUser", {**change, "requestId": str(uuid4())}, status=404)


def answer(desk: ApiClient, scene: Scene, frame: str) -> list[str]:
    """Carry a frame to the lock and its answer back; the next one."""
    said = scene.twin.receive(bytes.fromhex(frame), scene.at)
    posted = desk.post("/commands/answer", {"lockSn": scene.serial_number, "frame": said.hex().upper()})
    return [] if posted["command"] is None else [posted["command"]]


def test_a_template_travels_in_parts_and_the_last_one_is_the_command(desk, scene):
    agree(scene)
    body = {"lockId": str(scene.lock_id), "kind": "face", "content": "AB" * 500, "name": "Claire"}
    command = desk.post("/commands/addLockUser", {**body, "stayId": str(scene.stay_id)})
    assert (command["state"], command["frameCommandId"] != command["commandId"]) == ("made", True)
    assert scene.carry() == 3
    assert len(scene.twin.state.users[1].content) == 500


def test_what_only_the_lock_knows_of_is_deleted_by_its_slot(desk, scene):
    scene.put_in_lock(5)
    desk.post("/commands/deleteLockUser", {"lockId": str(scene.lock_id), "slot": 5}, status=404)
    command = desk.post("/commands/syncUsers", {"lockId": str(scene.lock_id)})
    assert command["command"] == "0103"
    assert desk.post("/commands/syncUsers", {"lockId": str(scene.lock_id)})["commandId"] == command["commandId"]
    scene.carry()
    assert desk.post("/commands/deleteLockUser", {"lockId": str(scene.lock_id), "slot": 5})["command"] == "0102"
    scene.carry()
    assert scene.twin.state.users == {}
    desk.post("/commands/syncUsers", {"lockId": "7"}, status=404)


def test_commands_that_cannot_be_are_refused(desk, scene):
    body = {"lockId": str(scene.lock_id), "kind": "passcode", "content": "246810", "name": "Plumber"}
    desk.post("/commands/addLockUser", {**body, "content": "123"}, status=422)
    desk.post("/commands/addLockUser", {**body, "content": "12AB34"}, status=422)
    desk.post("/commands/addLockUser", {**body, "kind": "offline"}, status=400)
    desk.post(
        "/commands/addLockUser", {**body, "stayId": str(scene.stay_id), "accountId": str(scene.account_id)}, status=422
    )
    with transaction() as session:
        session.get_one(Lock, scene.lock_id).features = ["card"]
    desk.post("/commands/addLockUser", body, status=422)
    desk.post("/cards/add", data(scene))
    # Nothing was ever asked, and nothing changes.
    refused = desk.message("/commands/modifyLockUser", {"lockId": str(scene.lock_id), "slot": 7}, status=409)
    assert refused == "Nothing changes for the lock, and it was never asked for anything about this slot."
    assert rules.NothingToTell.code == "nothing_to_tell"


def test_a_captured_fingerprint_is_in_the_list_before_and_after_it_is_in_a_lock(app, scene, house):
    agree(scene)
    with transaction() as session:
        machine = factories.encoder()
        session.add(machine)
        session.flush()
        job = EncoderJob(
            id=str(uuid4()),
            encoder_id=machine.id,
            kind=JobKind.FINGER,
            batch_id=str(uuid4()),
            actor_name="Desk",
            created_at=clock.now(),
        )
        session.add(job)
        session.flush()
        row = Fingerprint(
            guest_id=scene.guest_id,
            stay_id=scene.stay_id,
            consent_id=session.scalars(sa.select(Consent.id)).one(),
            job_id=job.id,
            finger=Finger.RIGHT_INDEX,
            credential_id=42,
            state=FingerState.STORED,
            template=b"ridges" * 20,
            valid_until=clock.now(),
            captured_by="Desk",
            captured_at=clock.now(),
            created_at=clock.now(),
        )
        session.add(row)
    number = row.id
    db.remove()
    manager = ApiClient(app)
    manager.log_in("manager")
    path = f"/fingerprints/findAllByUserId/{house.accounts['manager'].id}"
    (listed,) = manager.get(path)
    assert (listed["id"], listed["lockId"], listed["state"]) == (str(number), None, "stored")
    assert (listed["name"], listed["credentialId"]) == ("Claire Moreau", "42")
    assert manager.get(f"/fingerprints/{number}") == listed
    manager.post("/fingerprints/update", {"id": str(number), "name": "x"}, status=409)
    credentials.send(fingerprint_id=number, door_ids=[scene.door_id], actor=DESK, now=clock.now())
    (listed,) = manager.get(path)
    assert (listed["slot"], listed["state"], listed["fingerprintId"]) == (1, "waiting", str(number))
    assert manager.total(path) == 1
    slot_id = int(listed["id"])
    manager.post("/fingerprints/delete", {"id": listed["id"]})
    db.remove()
    assert queries.get(slot_id).state is SlotState.NOT_SENT
    # It is only out of that lock; now it is destroyed here, too.
    assert manager.post("/fingerprints/delete", {"id": str(number)})["state"] == "destroyed"
    assert manager.get(path) == []
