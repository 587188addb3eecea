"""A card is read at the machine, stored in the lock, opens the door, and is taken away again; by a program and by a clerk."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.encoders.models import JobState
from pms.encoders.rules import RequestUsed
from pms.locks import queries as locks
from pms.locks.models import Lock
from pms.online_cards import service
from pms.protocol.card_layout import Medium
from pms.protocol.command import StoredKind
from pms.slots.models import Slot
from pms.slots.rules import LockNotReady
from tests.api import ApiClient
from tests.client import text_of
from tests.flows.desk import blank
from tests.keycards.desk import DESK, new_request

MAKE, SAVE, DELETE = (f"/cardMachines/{name}OnlineCard" for name in ("make", "save", "delete"))
UID = "04A1B2C3D4E5F6"


@pytest.fixture
def program(scene, app) -> ApiClient:
    return ApiClient(app).log_in("desk", scopes=["keys:make"])


@pytest.fixture
def lock_id(scene) -> int:
    found = locks.get_door(scene.door_id).lock_id
    db.remove()
    return found


def wish(scene, lock_id, **values) -> dict[str, object]:
    return {"lockId": str(lock_id), "machineId": str(scene.desk.machine.id), "name": "Claire", **values}


def opens(scene, uid: str) -> bool:
    """Whether the door opens for a card with this number."""
    return scene.twin.show_credential(StoredKind.CARD, bytes.fromhex(uid), scene.at).result.name == "OPENED"


def stored() -> int:
    db.remove()
    return db.session.scalars(sa.select(sa.func.count()).select_from(Slot)).one()


def test_a_card_is_read_stored_opens_and_is_taken_away_again(program, scene, lock_id):
    body = wish(scene, lock_id, requestId=new_request(), validUntil="2026-06-13 12:00:00")
    asked = program.post(MAKE, body)
    assert (asked["card"], asked["job"]["kind"]) == (None, "online")
    card = scene.desk.machine.put(blank(Medium.CLASSIC_1K))
    scene.desk.wait_for(body["requestId"], JobState.DONE)
    read = program.post(MAKE, body)
    assert read["job"]["cardUid"] == card.uid.hex().upper()
    assert (read["card"]["state"], read["card"]["command"]["command"]) == ("waiting", "0100")
    assert scene.carry() == 1
    assert program.post(MAKE, body)["card"]["state"] == "added"
    assert opens(scene, card.uid.hex())
    assert stored() == 1
    chosen = {"cardId": read["card"]["cardId"]}
    assert program.post(DELETE, chosen)["command"]["command"] == "0102"
    assert program.post(DELETE, chosen)["state"] == "removing"
    assert scene.carry() == 1
    assert program.post(DELETE, chosen)["state"] == "removed"
    assert not opens(scene, card.uid.hex())
    actions = list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions.count("online_cards.asked") == actions.count("slots.stored") == 1


def test_a_card_whose_number_is_known_is_saved_once(program, scene, lock_id):
    body = {"lockId": str(lock_id), "cardUid": UID.lower(), "name": "Claire", "requestId": new_request()}
    first = program.post(SAVE, body)
    assert program.post(SAVE, body)["cardId"] == first["cardId"]
    assert stored() == 1
    scene.carry()
    assert opens(scene, UID)
    (fault,) = program.post(SAVE, {**body, "lockId": str(_other_lock(lock_id))}, status=409)
    assert fault["field"] == "requestId"


def test_one_that_the_lock_never_heard_of_is_gone_at_once(program, scene, lock_id):
    saved = program.post(MAKE, wish(scene, lock_id))
    scene.desk.cancel(saved["job"]["batchId"])
    with transaction():
        slot = service.slots.store(
            lock_id=lock_id,
            kind=StoredKind.CARD,
            content=bytes.fromhex(UID),
            name="x",
            valid_from=None,
            valid_until=None,
            actor=DESK,
            now=clock.now(),
        )
    gone = program.post(DELETE, {"cardId": str(slot.id)})
    assert gone["state"] == "not_sent"
    finger = scene.take()
    assert program.post(DELETE, {"cardId": str(finger.places[0].id)}, status=404) is None
    program.post(DELETE, {"cardId": "7"}, status=404)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"lockId": "7"}, 404, None),
        ({"machineId": "7"}, 404, "machineId"),
        ({"name": " "}, 400, "name"),
        ({"role": "administrator"}, 400, "role"),
        ({"validUntil": "2026-06-12 11:00:00"}, 422, "validUntil"),
        ({"validFrom": "2026-06-14 11:00:00", "validUntil": "2026-06-13 11:00:00"}, 422, "validUntil"),
        ({"stayId": "7"}, 404, None),
        ({"userId": "7"}, 404, None),
        ({"stayId": "7", "userId": "7"}, 422, "stayId"),
    ],
)
def test_what_is_wrong_is_said_before_a_card_lies_there(program, scene, lock_id, change, status, field):
    faults = program.post(MAKE, wish(scene, lock_id, **change), status=status) or []
    assert [fault["field"] for fault in faults] == ([field] if field else [])
    same = {name: value for name, value in change.items() if name != "machineId"}
    if same:
        body = {"lockId": str(lock_id), "cardUid": UID, "name": "Claire", **same}
        program.post(SAVE, body, status=status)
    assert stored() == 0


def test_numbers_of_other_sizes_are_no_cards(program, scene, lock_id):
    for uid in ("", "04A1", UID + "00", "zz" * 7):
        (fault,) = program.post(SAVE, {"lockId": str(lock_id), "cardUid": uid, "name": "x"}, status=400)
        assert fault["field"] == "cardUid"


def test_a_busy_machine_a_used_id_a_lock_without_a_reader_and_missing_rights(program, scene, lock_id):
    cards = scene.desk.ask(scene.stay_id)
    program.post(MAKE, wish(scene, lock_id), status=423)
    program.post(MAKE, wish(scene, lock_id, requestId=cards), status=409)
    scene.desk.cancel(cards)
    scene.desk.wait_for(cards)
    body = wish(scene, lock_id, requestId=new_request())
    program.post(MAKE, body)
    program.post(MAKE, {**body, "lockId": str(_other_lock(lock_id))}, status=409)
    scene.desk.cancel(body["requestId"])
    scene.desk.wait_for(body["requestId"])
    with transaction() as session:
        session.get_one(Lock, lock_id).features = ["fingerprint"]
    db.remove()
    program.post(MAKE, wish(scene, lock_id), status=422)
    other = ApiClient(program.app).log_in("desk", scopes=["keys:view"])
    for path, body in ((MAKE, wish(scene, lock_id)), (SAVE, {"lockId": "1"}), (DELETE, {"cardId": "1"})):
        other.post(path, body, status=403)


def _other_lock(lock_id: int) -> int:
    found = next(door.lock_id for door in locks.doors() if door.lock_id not in (None, lock_id))
    db.remove()
    return found


def test_what_changed_while_the_machine_waited_is_said_in_words(program, scene, lock_id, now):
    body = wish(scene, lock_id, requestId=new_request(), validUntil="2026-06-12 12:01:00")
    program.post(MAKE, body)
    clock.freeze(now + timedelta(minutes=2))
    scene.desk.machine.put(blank())
    scene.desk.wait_for(body["requestId"], JobState.FAILED)
    job = program.post(MAKE, body)["job"]
    assert (job["error"], job["errorText"]) == ("already_over", "Its time was over before the card was read.")
    assert stored() == 0


def test_a_clerk_stores_a_card_from_the_locks_page_and_sees_each_step(clerk, scene, lock_id):
    url = f"/online-cards/locks/{lock_id}/new"
    assert f'href="{url}"' in clerk.get(f"/locks/{lock_id}").text
    dialog = clerk.get(url, htmx=True)
    assert "the lock of 101 opens for that number" in text_of(dialog)
    form = {
        "name": "Claire",
        "valid_from": "",
        "valid_until": "2026-06-13T12:00",
        "encoder_id": str(scene.desk.machine.id),
        "request_id": re.search(r'name="request_id"[^>]*value="([^"]+)"', dialog.text)[1],
    }
    assert "Say whose card it is." in text_of(clerk.post(url, {**form, "name": ""}, status=422))
    assert "This end is past already." in text_of(
        clerk.post(url, {**form, "valid_until": "2026-06-11T12:00"}, status=422)
    )
    place = clerk.post(url, form, status=303).location
    assert clerk.post(url, form, status=303).location == place
    assert "Put a card on Front desk 1" in text_of(clerk.get(place)) or scene.desk.jobs(form["request_id"])
    card = scene.desk.machine.put(blank())
    scene.desk.wait_for(form["request_id"], JobState.DONE)
    done = clerk.get(place)
    assert f"Its number is {card.uid.hex().upper()}" in text_of(done)
    assert "Claire: 101, until Sat, Jun 13, 12:00" in text_of(done)
    assert f'href="/locks/{lock_id}"' in done.text
    assert stored() == 1


def test_a_clerk_tries_again_after_nothing_was_put_there(clerk, scene, lock_id):
    batch_id = service.make(
        lock_id=lock_id,
        encoder_id=scene.desk.machine.id,
        name="Claire",
        valid_from=None,
        valid_until=None,
        request_id=new_request(),
        actor=DESK,
        now=clock.now(),
    )
    scene.desk.cancel(batch_id)
    job = scene.desk.wait_for(batch_id, JobState.CANCELLED)
    place = clerk.post(f"/keys/jobs/{job.id}/retry", {"request_id": new_request()}, status=303).location
    scene.desk.machine.put(blank())
    scene.desk.wait_for(place.rsplit("/", 1)[-1], JobState.DONE)
    assert stored() == 1


def test_an_id_stands_for_one_lock_and_a_lock_must_know_the_house(scene, lock_id):
    values = {"encoder_id": scene.desk.machine.id, "name": "x", "valid_from": None, "valid_until": None}
    who = {"request_id": new_request(), "actor": DESK, "now": clock.now()}
    service.make(lock_id=lock_id, **values, **who)
    with pytest.raises(RequestUsed):
        service.make(lock_id=_other_lock(lock_id), **values, **who)
    scene.desk.cancel(who["request_id"])
    with transaction() as session:
        loose = session.get_one(Lock, lock_id)
        loose.setup = type(loose.setup)("imported")
    with pytest.raises(LockNotReady):
        service.make(lock_id=lock_id, **values, **{**who, "request_id": new_request()})
