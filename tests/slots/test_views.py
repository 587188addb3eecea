"""The page of what a lock stores, and the list on a stay's page."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from pms.core import clock
from pms.core.db import db, transaction
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import StoredKind
from pms.slots import queries, service
from pms.slots.models import SlotState
from tests.client import PageClient, text_of
from tests.slots.conftest import DESK, LISTED_UNTIL, Scene


@pytest.fixture
def desk(client, scene) -> PageClient:
    return client.log_in("desk")


def wish(**values) -> dict[str, object]:
    hours = {"weekdays": [str(day) for day in range(7)], "start": "00:00", "end": "00:00", "role": "guest"}
    return {"kind": "passcode", "name": "Plumber", "content": "24 68 10", "request_id": str(uuid4()), **hours, **values}


def home(scene: Scene) -> str:
    return f"/slots/locks/{scene.lock_id}"


def test_a_code_is_stored_shown_in_words_changed_and_removed(desk, scene):
    assert "Nothing is stored in this lock" in text_of(desk.get(home(scene)))
    dialog = desk.get(f"{home(scene)}/new", htmx=True)
    assert "Claire Moreau: it ends with the stay" in text_of(dialog)
    form = wish(valid_until="2026-06-12T18:00", weekdays=["0", "1", "4"], start="09:00", end="11:00")
    for _ in range(2):
        assert desk.post(f"{home(scene)}/new", form, status=303).location.endswith(home(scene))
    page = text_of(desk.get(home(scene)))
    assert "1 of 300 slots" in page
    assert re.search(r"1 Passcode Plumber until Fri,? Jun 12, 18:00; Mon, Tue, Fri, 09:00–11:00", page)
    assert "waits for somebody at the lock" in page
    assert "246810" not in page
    scene.carry()
    assert scene.twin.state.users[1].content.hex() == "246810"
    page = text_of(desk.get(home(scene)))
    assert "in the lock Fri" in page
    (slot,) = queries.of_lock(scene.lock_id)
    number = slot.id
    db.remove()
    dialog = desk.get(f"/slots/{number}/change", htmx=True)
    assert 'value="2026-06-12T18:00"' in dialog.text
    desk.post(
        f"/slots/{number}/change", {**form, "content": "", "role": "duress", "request_id": str(uuid4())}, status=303
    )
    assert "in the lock; the change waits for somebody there" in text_of(desk.get(home(scene)))
    scene.carry()
    assert (scene.twin.state.users[1].user.role.name, scene.twin.state.users[1].content.hex()) == ("DURESS", "246810")
    assert "“Plumber” opens this door until somebody is at the lock" in text_of(
        desk.get(f"/slots/{number}/remove", htmx=True)
    )
    desk.post(f"/slots/{number}/remove", status=303)
    assert "still in the lock until somebody is there" in text_of(desk.get(home(scene)))
    scene.carry()
    assert "Nothing is stored in this lock" in text_of(desk.get(home(scene)))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"content": "12"}, "A passcode in a lock has 4 to 12 digits."),
        ({"kind": "card", "content": "04A1"}, "The number of a card has 4, 7 or 10 bytes"),
        ({"valid_until": "2026-06-12T11:00"}, "This end is past already."),
        ({"weekdays": []}, "Choose one day of the week at least."),
        ({"start": "9"}, "Enter a time such as 06:00."),
        ({"name": ""}, "This field is required."),
        ({"kind": "face"}, "Not a valid choice."),
        ({"stay_id": "7"}, "Not a valid choice."),
        ({"request_id": "x"}, "Load the page again."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(desk, scene, values, sentence):
    answer = desk.post(f"{home(scene)}/new", wish(**values), htmx=True, status=422)
    assert sentence in text_of(answer)
    assert values.get("name") == "" or 'value="Plumber"' in answer.text
    assert queries.of_lock(scene.lock_id) == []


def test_differences_are_said_in_words_and_mended_with_a_button_each_or_all_at_once(desk, scene):
    page = text_of(desk.get(home(scene)))
    assert "The lock was never asked for all that it stores." in page
    for digits in ("1111", "2222", "3333"):
        scene.code(digits)
    scene.carry()
    desk.post(f"{home(scene)}/compare", status=303)
    assert "The lock is asked for its list" in text_of(desk.get(home(scene)))
    scene.carry()
    assert "The book and the lock agree." in text_of(desk.get(home(scene)))
    users = scene.twin.state.users
    ours = users[2].user.credential_id
    del users[1]
    scene.put_in_lock(2, StoredKind.PASSCODE, credential_id=ours)
    scene.put_in_lock(3)
    scene.put_in_lock(9, StoredKind.FACE, not_after=LISTED_UNTIL)
    scene.sync()
    answer = desk.get(home(scene))
    page = text_of(answer)
    assert "Slot 1 The book has “Code 11” here; the lock has nothing. Send again Strike off the book" in page
    assert (
        "“Code 22” opens at other times or with another role. The book: without an end, Guest. The lock: until" in page
    )
    assert "Slot 3 The book has “Code 33” here; the lock has something else: Card, until" in page
    assert "Slot 9 The lock has something that the book does not know: Face, until" in page
    assert page.count("the lock says otherwise") == 3
    buttons = re.findall(rf'action="({home(scene)}/mend/\d+/\w+)"', answer.text)
    assert len(buttons) == 2 + 3 + 3 + 2
    desk.post(f"{home(scene)}/mend/9/take_away", status=303)
    desk.post(f"{home(scene)}/mend/9/take_away", status=409)
    desk.post(f"{home(scene)}/mend/1/burn", status=404)
    dialog = text_of(desk.get(f"{home(scene)}/mend", htmx=True))
    assert dialog.count("It is sent to the lock again.") == 3
    desk.post(f"{home(scene)}/mend", status=303)
    scene.carry()
    assert sorted(scene.twin.state.users) == [1, 2, 3]
    assert "The book and the lock do not differ." in text_of(desk.get(f"{home(scene)}/mend", htmx=True))


def test_what_only_the_lock_knew_is_said_to_be_struck_off(desk, scene):
    scene.put_in_lock(4)
    scene.sync()
    desk.post(f"{home(scene)}/mend/4/take_over", status=303)
    page = text_of(desk.get(home(scene)))
    assert "4 Card – found in the lock until" in page
    (slot,) = queries.of_lock(scene.lock_id)
    number = slot.id
    db.remove()
    assert "only the name can be changed" in text_of(desk.get(f"/slots/{number}/change", htmx=True))
    same = wish(name="Found card", content="", valid_until="2033-05-18T05:33")
    desk.post(f"/slots/{number}/change", same, status=303)
    assert "Found card" in text_of(desk.get(home(scene)))
    refused = desk.post(f"/slots/{number}/change", {**same, "role": "staff"}, htmx=True, status=422)
    assert "Only the lock knows what slot 4 opens for." in text_of(refused)
    scene.twin.state.users.clear()
    scene.sync()
    assert "It is struck off the book" in text_of(desk.get(f"{home(scene)}/mend", htmx=True))


def test_what_the_lock_refused_stays_visible_with_its_word(desk, scene):
    scene.put_in_lock(1)
    scene.store()
    scene.carry()
    page = text_of(desk.get(home(scene)))
    assert "Refused by the lock" in page
    assert "The lock says: it has this already" in page


def test_a_lock_that_is_not_set_up_or_takes_nothing_typed_says_so(desk, scene):
    with transaction() as session:
        lock = session.get_one(Lock, scene.lock_id)
        lock.setup, lock.features = LockSetup.MOVED, ["fingerprint"]
    assert "This lock is not set up for this house" in text_of(desk.get(home(scene)))
    assert "takes no codes, cards or remote controls" in text_of(desk.get(f"{home(scene)}/new", htmx=True))
    desk.post(f"{home(scene)}/compare", status=409)


def test_who_may_only_see_locks_sees_no_buttons_that_store(client, scene):
    slot = scene.store()
    technician = client.log_in("technician")
    answer = technician.get(home(scene))
    assert "Claire's card" in text_of(answer).replace("&#39;", "'")
    assert "Store in the lock" not in text_of(answer)
    assert "Compare with the lock" in text_of(answer)
    technician.post(f"/slots/{slot.id}/remove", status=403)
    technician.post(f"{home(scene)}/mend", status=403)
    assert "Stored in the lock" in text_of(technician.get(f"/locks/{scene.lock_id}"))


def test_the_page_sends_as_many_statements_for_one_slot_as_for_twenty(desk, scene, count_queries):
    scene.store()
    one = count_queries(lambda: desk.get(home(scene)))
    for number in range(20):
        scene.code(f"47{number:02}", owner=scene.owner)
    assert count_queries(lambda: desk.get(home(scene))) == one


def test_a_stays_page_lists_what_locks_store_for_it_and_notes_the_consent(desk, scene):
    slot = scene.store(owner=scene.owner)
    url = f"/fingerprints/stays/{scene.stay_id}"
    page = text_of(desk.get(url))
    assert "Stored in locks for this stay Card: Claire" in page
    assert "waits for somebody at the lock 101 , until Sun" in page
    assert "the face or the palm" in text_of(desk.get(f"{url}/agree", htmx=True))
    for _ in range(2):
        desk.post(f"{url}/agree", status=303)
    db.remove()
    assert queries.present_consent(guest_id=scene.guest_id, account_id=None) is not None
    assert "The consent is on record." in text_of(desk.get(url))
    service.remove(slot_id=slot.id, actor=DESK, now=clock.now())
    assert "Stored in locks for this stay" not in text_of(desk.get(url))


def test_the_consent_of_staff_is_the_managers_affair(client, scene):
    manager = client.log_in("manager")
    url = f"/fingerprints/staff/{scene.account_id}/agree"
    assert "Note the consent" in text_of(manager.get(url, htmx=True))
    manager.post(url, status=303)
    db.remove()
    template = {"kind": StoredKind.FACE, "content": b"face", "owner": service.Owner(account_id=scene.account_id)}
    assert scene.row(scene.store(**template)).state is SlotState.WAITING


def test_what_a_phone_stored_is_written_down_once_and_found_among_all_of_its_kind(desk, scene):
    assert "No lock stores anything of this kind" in text_of(desk.get("/slots/?kind=face"))
    assert "Write down what is in the lock" in text_of(desk.get(home(scene)))
    assert "By this number the lock" in text_of(desk.get(f"{home(scene)}/report", htmx=True))
    form = wish(kind="face", slot="12", credential_id="5012", content="", name="Claire's face")
    for wrong in ({"credential_id": "4294967296"}, {"credential_id": "x"}, {"slot": "301"}, {"name": ""}):
        desk.post(f"{home(scene)}/report", {**form, **wrong}, htmx=True, status=422)
    for request_id in (form["request_id"], str(uuid4())):
        desk.post(f"{home(scene)}/report", {**form, "request_id": request_id}, status=303)
    other = desk.post(
        f"{home(scene)}/report", {**form, "credential_id": "5013", "request_id": str(uuid4())}, status=422
    )
    assert "is in use for something else" in text_of(other)
    (slot,) = queries.of_lock(scene.lock_id)
    assert (slot.number, slot.credential_id, slot.origin.value, slot.content_sealed) == (12, 5012, "reported", None)
    page = text_of(desk.get("/slots/?kind=face&before=x"))
    assert "101 12 Claire" in page.replace("&#39;", "'")
    assert "reported by a phone" in text_of(desk.get(home(scene)))


def test_the_list_of_all_locks_goes_on_below_its_last_row(desk, scene, monkeypatch):
    monkeypatch.setattr("pms.slots.list_views.PAGE_SIZE", 2)
    for number in range(3):
        scene.code(f"47{number:02}")
    first = desk.get("/slots/?kind=passcode").text
    assert "Code 02" in first
    assert "Code 00" not in first
    more = re.search(r"/slots/\?kind=passcode&amp;before=\d+", first)
    assert more
    rest = desk.get(more.group().replace("&amp;", "&"), htmx=True).text
    assert "Code 00" in rest
    assert "Code 01" not in rest
    assert "before=" not in rest
