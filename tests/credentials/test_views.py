"""The pages of fingerprints: asked for with consent, live, sent, removed; by whom."""

from __future__ import annotations

import re

from pms.core import clock
from pms.core.db import db
from pms.credentials import queries, service
from pms.encoders.models import JobState
from pms.simulators.encoder import finger_called
from tests.client import text_of
from tests.flows.desk import until
from tests.keycards.desk import DESK, new_request


def wish(scene, **values) -> dict[str, object]:
    machine = {"encoder_id": str(scene.desk.machine.id), "finger": "right_index", "request_id": new_request()}
    return {**machine, "agreed": "y", "door_ids": [str(scene.door_id)], **values}


def test_a_finger_is_asked_for_with_the_text_that_the_person_reads(clerk, scene):
    assert "None was taken." in text_of(clerk.get(f"/fingerprints/stays/{scene.stay_id}"))
    dialog = clerk.get(f"/fingerprints/stays/{scene.stay_id}/new", htmx=True)
    assert "It is destroyed here when the stay or the work ends" in text_of(dialog)
    assert re.search(rf'<input checked[^>]*value="{scene.door_id}"', dialog.text)
    url = f"/fingerprints/stays/{scene.stay_id}/new"
    refused = clerk.post(url, wish(scene, agreed=""), htmx=True, status=422)
    assert "Ask first, and note that the person agrees." in text_of(refused)
    answer = clerk.post(url, wish(scene), status=303)
    batch_id = answer.location.rsplit("/", 1)[-1]
    until(lambda: scene.desk.jobs(batch_id)[0].state is JobState.WAITING)
    page = clerk.get(f"/fingerprints/batches/{batch_id}")
    assert "Put the finger on the machine" in text_of(page)
    seen = re.search(r"seen=([^\"&]+)", page.text)[1]
    clerk.get(f"/fingerprints/batches/{batch_id}/part?seen={seen}", htmx=True, status=204)
    scene.desk.machine.device.put_finger(finger_called("Claire"))
    scene.desk.wait_for(batch_id)
    done = text_of(clerk.get(f"/fingerprints/batches/{batch_id}/part?seen={seen}", htmx=True))
    assert "The fingerprint is taken" in done
    assert "These doors get it as soon as somebody is at the lock: 101" in done
    section = text_of(clerk.get(f"/fingerprints/stays/{scene.stay_id}", htmx=True))
    assert "Right index finger Stored, sealed" in section
    assert "101 waits for somebody at the lock" in section
    assert "Right index finger" in text_of(clerk.get(f"/fingerprints/guests/{scene.guest_id}", htmx=True))


def test_it_is_stopped_with_a_button_and_tried_again(clerk, scene):
    batch_id = scene.start()
    until(lambda: scene.desk.jobs(batch_id)[0].state is JobState.WAITING)
    clerk.post(f"/fingerprints/batches/{batch_id}/stop", status=303)
    scene.desk.wait_for(batch_id)
    page = clerk.get(f"/fingerprints/batches/{batch_id}")
    assert "Stopped" in text_of(page)
    assert f"/fingerprints/stays/{scene.stay_id}/new" in page.text
    # Stopping twice is stopping once.
    clerk.post(f"/fingerprints/batches/{batch_id}/stop", status=303)


def test_it_is_sent_to_more_doors_and_removed(clerk, scene):
    row = scene.take(doors=False)
    number = row.id
    assert "101" in text_of(clerk.get(f"/fingerprints/{number}/send", htmx=True))
    clerk.post(f"/fingerprints/{number}/send", {"door_ids": [str(scene.door_id)]}, status=303)
    assert scene.carry() == 3
    bad = clerk.post(f"/fingerprints/{number}/send", {"door_ids": ["7"]}, htmx=True, status=422)
    assert "error" in bad.text
    assert "cannot be brought back" in text_of(clerk.get(f"/fingerprints/{number}/remove", htmx=True))
    for _ in range(2):
        clerk.post(f"/fingerprints/{number}/remove", status=303)
    section = text_of(clerk.get(f"/fingerprints/stays/{scene.stay_id}", htmx=True))
    assert "still in the lock until somebody is there" in section
    again = clerk.post(f"/fingerprints/{number}/send", {"door_ids": [str(scene.door_id)]}, htmx=True, status=422)
    assert "This fingerprint is not stored here, or not any more." in text_of(again)


def test_the_consent_is_withdrawn_with_one_button(clerk, scene):
    row = scene.take()
    clerk.post(f"/fingerprints/guests/{scene.guest_id}/withdraw", status=303)
    db.remove()
    assert queries.get(row.id).template_sealed is None
    assert "The consent is on record." not in text_of(clerk.get(f"/fingerprints/stays/{scene.stay_id}"))


def test_the_fingers_of_staff_are_the_managers_affair(client, scene):
    manager = client.log_in("manager")
    with db.engine.connect() as connection:
        number = connection.exec_driver_sql("SELECT id FROM account WHERE username = 'housekeeper'").scalar()
    db.remove()
    url = f"/fingerprints/staff/{number}"
    assert "None was taken." in text_of(manager.get(url, htmx=True))
    answer = manager.post(f"{url}/new", wish(scene), status=303)
    scene.desk.machine.device.put_finger(finger_called("Hanna"))
    scene.desk.wait_for(answer.location.rsplit("/", 1)[-1])
    assert "Stored, sealed" in text_of(manager.get(url, htmx=True))
    assert "Fingerprints" in text_of(manager.get("/accounts"))
    manager.post(f"{url}/withdraw", status=303)
    assert "Destroyed" in text_of(manager.get(url, htmx=True))


def test_no_page_and_no_trail_shows_anything_of_the_template(client, scene):
    row = scene.take()
    template = row.template
    admin = client.log_in("admin")
    service.send(fingerprint_id=row.id, door_ids=[scene.door_id], actor=DESK, now=clock.now())
    db.remove()
    pages = [f"/fingerprints/stays/{scene.stay_id}", f"/stays/{scene.stay_id}", "/audit/", "/encoders/jobs"]
    for page in pages:
        text = admin.get(page).text
        for start in range(0, len(template), 64):
            assert template[start : start + 8].hex() not in text.lower()
