from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.demo.build import LOCKS_OF_USER
from pms.locks import lock_keys, queries, rules, schemas, service
from pms.locks.models import LockSetup
from pms.simulators.lock import VirtualLock
from tests import factories
from tests.client import text_of

EXAMPLE = LOCKS_OF_USER.read_bytes()
SECRETS = ("AD193DF8A5A233B2", "5214744968050256", "31080904", "1873")


@pytest.fixture
def imported(house, now):
    found, faults = schemas.read(EXAMPLE)
    service.import_locks(found=found, faults=faults, actor=SETUP, now=now)
    return queries.find_lock_by_serial("292E593B0E66")


def _upload(client, document, act="import", status=200):
    files = {"file": (io.BytesIO(document), "locks-of-user.json"), "act": act}
    return client.post("/locks/import", files, content_type="multipart/form-data", status=status)


def test_the_list_says_which_locks_need_somebody(client, imported):
    with transaction() as session:
        session.get_one(type(imported), queries.find_lock_by_serial("26B370EAADFC").id).battery_percent = 20
    client.log_in("desk")
    text = text_of(client.get("/locks/", status=200))
    assert "Waits for an installer's phone" in text
    assert "Wait for a phone 2" in text
    assert "Z-4000DC" in text_of(client.get("/locks/?show=low", status=200))
    assert "Z-4000DF" not in text_of(client.get("/locks/?show=low", htmx=True, status=200))
    assert "Room 101" in text_of(client.get("/locks/?q=101", status=200))
    assert "No lock is like this" in text_of(client.get("/locks/?q=%25%25&show=nonsense", status=200))


def test_the_list_asks_the_database_as_often_for_many_locks_as_for_few(client, house, now):
    client.log_in("technician")

    def count() -> int:
        asked = []

        def note(*args):
            asked.append(args[2])

        client.get("/locks/", status=200)
        sa.event.listen(db.engine, "before_cursor_execute", note)
        client.get("/locks/", status=200)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    few = count()
    with transaction() as session:
        session.add_all([factories.lock() for _ in range(40)])
    assert count() == few


def test_a_lock_shows_its_settings_raw_and_no_secret(client, imported):
    client.log_in("admin")
    text = client.get(f"/locks/{queries.find_lock_by_serial('26B370EAADFC').id}/settings", status=200).text
    for raw in ("3001", "3102", "37FFFF", "E1", "1E", "doorDirection"):
        assert raw in text
    whole = client.get(f"/locks/{imported.id}", status=200).text
    assert not [secret for secret in SECRETS if secret in whole]
    client.get("/locks/1", status=404)


def test_a_lock_that_missed_the_change_of_the_clocks_says_so(client, house, now):
    lock_id = house.doors["101"].lock_id
    client.log_in("desk")
    words = "The clocks were put forward or back"
    assert words not in text_of(client.get(f"/locks/{lock_id}", status=200))
    clock.freeze(now.replace(month=11))
    client.log_in("desk")
    assert words in text_of(client.get(f"/locks/{lock_id}", status=200))


def test_secrets_are_shown_once_to_whoever_may_and_the_trail_says_so(client, imported):
    client.log_in("admin")
    url = f"/locks/{imported.id}/secrets"
    asked = client.get(url, htmx=True, status=200).text
    shown = client.post(url, htmx=True, status=200)
    assert not [secret for secret in SECRETS if secret in asked]
    assert [secret for secret in SECRETS if secret in shown.text] == list(SECRETS)
    assert shown.headers["Cache-Control"] == "no-store"
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "locks.secrets_shown")).one()
    assert (entry.actor_name, entry.lock_id) == ("Admin", imported.id)


@pytest.mark.parametrize("username", ["desk", "technician", "manager"])
def test_secrets_are_not_for_others(client, imported, username):
    client.log_in(username)
    assert "Show secrets" not in client.get(f"/locks/{imported.id}", status=200).text
    client.post(f"/locks/{imported.id}/secrets", status=403)


def test_a_file_is_checked_then_imported_then_known(client, house):
    client.log_in("manager")
    client.get("/locks/import", status=200)
    assert "2 new locks, 0 known" in text_of(_upload(client, EXAMPLE, act="check"))
    assert queries.find_lock_by_serial("292E593B0E66") is None
    assert "2 new locks" in text_of(_upload(client, EXAMPLE))
    assert "0 new locks, 2 known already" in text_of(_upload(client, EXAMPLE))


def test_a_bad_file_says_where_and_a_missing_one_that_it_is_missing(client, house):
    client.log_in("manager")
    text = text_of(_upload(client, EXAMPLE.replace(b'"31080904"', b'"3108"'), status=422))
    assert "Record 1 pwAdmin must be 8 decimal digits" in text
    assert "Choose a file." in text_of(_upload(client, b"", status=422))
    client.post("/locks/import", {"act": "import"}, status=422)


def test_a_lock_gets_its_door_and_keys_by_way_of_a_phone(client, imported, now):
    service.take_lock_off(door_id=queries.list_doors()[1].id, actor=SETUP, now=now)
    room_id = next(door.room_id for door in queries.list_doors() if door.lock_id is None)
    client.log_in("technician")
    client.get(f"/locks/hang?lock_id={imported.id}&room_id={room_id}", htmx=True, status=200)
    client.post("/locks/hang", {"lock_id": str(imported.id), "room_id": str(room_id)}, status=303)
    url = f"/locks/{imported.id}/setup"
    client.get(url, htmx=True, status=200)
    page = client.post(url, htmx=True, status=200).text
    frame = queries.get_lock(imported.id).setup_frame
    assert frame.hex().upper() in page
    twin = VirtualLock.fresh(
        lock_keys.serial_of(imported), lock_keys.mac_of(imported), bytes.fromhex("AD193DF8A5A233B2"), version=7
    )
    twin.state.is_bound, twin.state.server_keys = True, "5214744968050256"
    answer = twin.receive(frame, int(now.timestamp()))
    refused = client.post(f"{url}/answer", {"answer": "00 11 2"}, htmx=True, status=422)
    assert "not this lock&#39;s answer" in refused.text
    client.post(f"{url}/answer", {"answer": "xyz"}, status=422)
    client.post(f"{url}/answer", {"answer": answer.hex()}, status=303)
    db.session.rollback()
    assert queries.get_lock(imported.id).setup is LockSetup.READY


def test_a_lock_without_a_door_is_told_so(client, imported):
    client.log_in("technician")
    assert "Give the lock a door first" in text_of(client.get(f"/locks/{imported.id}/setup", htmx=True, status=200))
    client.post(f"/locks/{imported.id}/setup", status=409)


def test_hanging_a_lock_nowhere_or_on_two_places_keeps_what_was_chosen(client, imported, house):
    client.log_in("technician")
    for extra in ({}, {"room_id": str(house.rooms["101"].id), "area_id": str(house.lobby.id)}):
        answer = client.post("/locks/hang", {"lock_id": str(imported.id), **extra}, htmx=True, status=422)
        assert f'value="{imported.id}"' in answer.text


def test_areas_are_made_changed_and_get_doors(client, house, imported):
    client.log_in("manager")
    client.get("/locks/areas/new", htmx=True, status=200)
    client.post("/locks/areas/new", {"name": "Gym"}, status=303)
    client.post("/locks/areas/new", {"name": "Gym"}, htmx=True, status=422)
    client.post("/locks/areas/new", {"name": ""}, htmx=True, status=422)
    area = next(area for area in queries.list_areas() if area.name == "Gym")
    assert not area.for_every_guest
    client.get(f"/locks/areas/{area.id}", htmx=True, status=200)
    client.post(f"/locks/areas/{area.id}", {"name": "Gym", "for_every_guest": "y"}, status=303)
    client.post(
        "/locks/hang", {"lock_id": str(imported.id), "area_id": str(area.id), "name": "Gym, garden side"}, status=303
    )
    db.session.rollback()
    assert [area.name for area in queries.areas_for_guests()] == ["Lobby", "Gym"]
    assert "Gym, garden side" in text_of(client.get("/locks/areas", status=200))
    door = queries.door_of_lock(imported.id)
    assert door.number not in {queries.get_area(area.id).number, *(d.number for d in house.doors.values())}
    client.get(f"/locks/doors/{door.id}", htmx=True, status=200)
    client.post(f"/locks/doors/{door.id}", {"name": "Gym back"}, status=303)
    client.get(f"/locks/doors/{door.id}/take-off", htmx=True, status=200)
    client.post(f"/locks/doors/{door.id}/take-off", status=303)
    db.session.rollback()
    assert queries.get_door(door.id).name == "Gym back"
    assert queries.door_of_lock(imported.id) is None


@pytest.mark.parametrize(("name", "refusal"), [("", rules.BadAreaName), ("x" * 61, rules.BadAreaName)])
def test_an_area_has_a_name(house, now, name, refusal):
    with pytest.raises(refusal):
        service.create_area(name=name, actor=SETUP, now=now)
    with pytest.raises(rules.AreaNameTaken):
        service.create_area(name="Lobby", actor=SETUP, now=now)
    with pytest.raises(rules.BadDoorName):
        service.rename_door(door_id=house.doors["101"].id, name=name, actor=SETUP, now=now)
    with pytest.raises(queries.NoSuchLock):
        service.reveal_secrets(lock_id=1, actor=SETUP, now=now)
