"""Passcodes that locks store stand beside those that are computed: in lists, details and changes, for programs and on the page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.locks.models import Lock, LockSetup
from pms.passcodes import rules, service
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import StoredKind
from pms.slots import service as slots
from tests.api import ApiClient
from tests.client import text_of
from tests.passcodes.conftest import CLERK


@pytest.fixture
def program(app, door) -> ApiClient:
    return ApiClient(app).log_in("desk")


@pytest.fixture
def store(door, now):
    """`store("271828", name=…)`: the id of a code that the lock is to store."""

    def stored(digits: str, **values) -> int:
        given = {"name": "Plumber Weiss", "valid_from": None, "valid_until": now + timedelta(days=2), **values}
        content = encode_bcd(digits)
        slot = slots.store(
            lock_id=door.lock_id, kind=StoredKind.PASSCODE, content=content, actor=CLERK, now=clock.now(), **given
        )
        slot_id = slot.id
        db.remove()
        return slot_id

    return stored


@pytest.fixture
def path(house) -> str:
    return f"/passwords/findAllByUserId/{house.accounts['desk'].id}"


def looks() -> list[tuple[str, str]]:
    db.remove()
    rows = db.session.execute(sa.select(AuditEntry.subject_kind, AuditEntry.action).order_by(AuditEntry.id))
    return [(row[0], row[1]) for row in rows if row[1] == "passcodes.shown"]


def test_a_stored_code_is_listed_at_once_and_says_what_it_does(program, door, store, path):
    slot_id = store("271828")
    (row,) = program.get(path)
    assert (row["passwordId"], row["online"], row["kind"], row["state"]) == (str(slot_id), True, "stored", "waiting")
    assert (row["passwordName"], row["doorName"], row["password"]) == ("Plumber Weiss", "101", None)
    assert row["words"] == "The lock stores it. It opens: until Sun, Jun 14, 12:00."
    assert (row["startTime"], row["endTime"]) == ("2026-06-12 12:00:00", "2026-06-14 12:00:00")
    door.carry()
    (row,) = program.get(path)
    assert (row["state"], row["confirmed"], row["notes"]) == ("opens", True, [])
    clock.freeze(clock.now() + timedelta(days=3))
    program.log_in("desk")
    assert [one["state"] for one in program.get(path, show="ended")] == ["time_over"]
    assert program.get(path, show="alive") == []


def test_the_list_goes_on_by_key_over_both_sorts_in_the_order_of_their_making(
    program, door, store, path, count_queries
):
    made = []
    for number in range(3):
        made += [store(f"2718{number}"), door.make("single", start=clock.now()).passcode.id]
    wanted = [str(one) for one in sorted(made, reverse=True)]
    seen, before = [], {}
    while rows := program.get(path, limit=2, **before):
        seen += [row["passwordId"] for row in rows]
        before = {"before": rows[-1]["passwordId"]}
    assert seen == wanted
    assert program.total(path, limit=1) == 6
    program.get(path, lockId=str(door.lock_id + 1), status=404)
    assert count_queries(lambda: program.get(path, limit=2)) == count_queries(lambda: program.get(path))


def test_details_have_the_digits_for_who_may_make_codes_and_the_look_is_noted(app, program, door, store):
    slot_id = store("271828")
    assert program.get(f"/passwords/{slot_id}")["password"] == "271828"
    assert looks() == [("slot", "passcodes.shown")]
    viewer = ApiClient(app).log_in("desk", scopes=["keys:view"])
    assert viewer.get(f"/passwords/{slot_id}")["password"] is None
    assert len(looks()) == 1
    slots.remove(slot_id=slot_id, actor=CLERK, now=clock.now())
    db.remove()
    gone = program.get(f"/passwords/{slot_id}")
    assert (gone["password"], gone["state"]) == (None, "not_sent")
    with pytest.raises(rules.NotAlive):
        service.show_stored(slot_id=slot_id, actor=CLERK, now=clock.now())
    program.get(f"/passwords/{slot_id + 1}", status=404)
    card = slots.store(
        lock_id=door.lock_id,
        kind=StoredKind.CARD,
        content=bytes(4),
        name="Card",
        valid_from=None,
        valid_until=None,
        actor=CLERK,
        now=clock.now(),
    ).id
    db.remove()
    program.get(f"/passwords/{card}", status=404)


def test_deleting_one_has_the_lock_let_it_go(app, program, door, store):
    slot_id = store("271828")
    door.carry()
    wish = {"passwordId": str(slot_id), "requestId": str(uuid.uuid4())}
    (fault,) = program.post("/passwords/delete", {**wish, "withClearCode": True}, status=422)
    assert (fault["field"], fault["error"]) == ("withClearCode", rules.StoredHasNoClearCode.message)
    narrow = ApiClient(app).log_in("desk", scopes=["keys:view", "passcodes:make"])
    narrow.post("/passwords/delete", wish, status=403)
    ending = program.post("/passwords/delete", wish)
    assert (ending["password"]["state"], ending["command"]["command"]) == ("being_revoked", "0102")
    assert ending["words"] == "It opens until the lock has been told to let it go."
    assert program.post("/passwords/delete", wish)["command"]["commandId"] == ending["command"]["commandId"]
    assert door.type("271828") == "opened"
    door.carry()
    assert door.type("271828") == "wrong_code"
    again = program.post("/passwords/delete", wish)
    assert (again["password"]["state"], again["command"]) == ("revoked", None)
    assert again["words"] == "The lock has let it go."
    never = program.post("/passwords/delete", {"passwordId": str(store("31415"))})
    assert (never["password"]["state"], never["command"]) == ("not_sent", None)
    assert never["words"] == "The lock never stored it, so it opens nothing."


def test_changing_one_changes_it_in_the_lock(app, program, door, store, now):
    slot_id = store("271828")
    door.carry()
    wish = {"passwordId": str(slot_id), "passwordName": "Painter", "endTime": "2026-06-12 14:00:00"}
    for field, value in (("note", "x"), ("pattern", "daily"), ("startHour", 9)):
        (fault,) = program.post("/passwords/update", {**wish, field: value}, status=422)
        assert (fault["field"], fault["error"]) == (field, rules.NotOfStored.message)
    (fault,) = program.post("/passwords/update", {**wish, "endTime": "2026-06-12 11:00:00"}, status=422)
    assert fault["field"] == "endTime"
    (fault,) = program.post("/passwords/update", {**wish, "passwordName": ""}, status=422)
    assert fault["field"] == "passwordName"
    narrow = ApiClient(app).log_in("desk", scopes=["keys:view", "passcodes:make"])
    narrow.post("/passwords/update", wish, status=403)
    change = program.post("/passwords/update", {**wish, "requestId": str(uuid.uuid4())})
    assert (change["replacement"], change["command"]["command"]) == (None, "0101")
    assert (change["password"]["passwordName"], change["password"]["endTime"]) == ("Painter", "2026-06-12 14:00:00")
    assert "The lock goes by the earlier times until the change is brought to it." in change["words"]
    door.carry()
    assert door.type("271828", now + timedelta(hours=2)) == "opened"
    assert door.type("271828", now + timedelta(hours=2, seconds=1)) == "expired"
    renamed = program.post("/passwords/update", {"passwordId": str(slot_id), "passwordName": "Mason"})
    assert (renamed["password"]["passwordName"], renamed["command"]) == ("Mason", None)
    program.post("/passwords/delete", {"passwordId": str(slot_id)})
    program.post("/passwords/update", wish, status=409)


@pytest.fixture
def desk(client, door):
    client.log_in("desk")
    return client


def test_the_page_lists_both_sorts_and_leads_to_the_lock_for_changes(desk, door, store, now):
    slot_id = store("271828")
    visitor = door.make("timed", start=now, until=now + timedelta(hours=5))
    page = desk.get("/passcodes/")
    assert "waits for somebody at the lock" in text_of(page)
    assert f'href="/slots/locks/{door.lock_id}"' in page.text
    assert f'href="/passcodes/{visitor.passcode.id}"' in page.text
    assert "271828" not in page.text

    def shown(query: str) -> tuple[bool, bool]:
        text = text_of(desk.get(f"/passcodes/?{query}", htmx=True))
        return "Plumber Weiss" in text, "Ms Kim" in text

    assert shown("kind=stored") == (True, False)
    assert shown("kind=hours") == (False, True)
    assert shown("q=weiss") == (True, False)
    assert shown("q=101") == (True, True)
    assert shown("q=102") == (False, False)
    look = desk.post(f"/passcodes/stored/{slot_id}/show", htmx=True, status=200)
    assert "271 828" in text_of(look)
    assert looks() == [("slot", "passcodes.shown")]
    clock.freeze(now + timedelta(days=2, seconds=1))
    desk.log_in("desk")
    assert "Time over" in text_of(desk.get("/passcodes/?kind=stored&show=ended"))
    desk.post(f"/passcodes/stored/{slot_id}/show", htmx=True, status=409)


def test_the_dialog_of_new_codes_leads_to_digits_of_ones_own_choice_where_the_lock_can_store_them(desk, house, door):
    url = f"/passcodes/new/timed?door={house.doors['101'].id}"
    link = f"/slots/locks/{door.lock_id}/new"
    assert link in desk.get(url, htmx=True).text
    assert link not in desk.get("/passcodes/new/timed", htmx=True).text
    for values in ({"features": ["card"]}, {"features": [], "setup": LockSetup.MOVED}):
        with transaction() as session:
            lock = session.get_one(Lock, door.lock_id)
            for name, value in values.items():
                setattr(lock, name, value)
        assert link not in desk.get(url, htmx=True).text


def test_whose_digits_they_are_is_found_whole_only_and_the_look_is_noted(desk, client, door, store, now):
    store("271828")
    shown = door.make("timed", start=now, until=now + timedelta(hours=5))
    assert looks() == []
    for text in ("27182", shown.digits[:9], "999999"):
        assert "Nothing is found" in desk.post("/search/", {"q": text}, htmx=True).text
    assert looks() == []
    stored = desk.post("/search/", {"q": "271 828 #"}, htmx=True)
    assert f'href="/slots/locks/{door.lock_id}"' in stored.text
    assert "Plumber Weiss" in text_of(stored)
    made = desk.post("/search/", {"q": shown.digits}, htmx=True)
    assert f'href="/passcodes/{shown.passcode.id}"' in made.text
    assert looks() == [("slot", "passcodes.shown"), ("passcode", "passcodes.shown")]
    # Not by an address, which logs keep, nor for who may not see digits.
    assert "Nothing is found" in desk.get(f"/search/?q={shown.digits}", htmx=True).text
    technician = client.__class__(client.app).log_in("technician")
    assert "Nothing is found" in technician.post("/search/", {"q": shown.digits}, htmx=True).text
    assert len(looks()) == 2
    clock.freeze(now + timedelta(days=3))
    client.log_in("desk")
    assert "Nothing is found" in desk.post("/search/", {"q": "271828"}, htmx=True).text
