"""Passcodes on pages: lists, the dialog that foresees, digits in answers to POSTs only, letters, paper."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest

from pms.core import clock
from pms.core.db import db, transaction
from pms.guests.models import Guest, GuestWord
from pms.mail import queries as letters
from pms.passcodes import queries, service
from pms.passcodes.filters import Filters
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import StoredKind
from pms.slots import service as slots
from pms.stays import queries as stays
from tests.client import text_of
from tests.keycards.desk import stay
from tests.passcodes.conftest import CLERK


@pytest.fixture
def desk(client, door):
    client.log_in("desk")
    return client


def form_of(house, **values):
    return {
        "request_id": str(uuid.uuid4()),
        "door_id": str(house.doors["101"].id),
        "stay_id": "",
        "password_name": "Ms Kim",
        "note": "",
        **values,
    }


def timed(house, **values):
    return form_of(house, **{"start_time": "2026-06-12T12:00", "end_time": "2026-06-12T17:00", "unit": "", **values})


def grouped(digits: str) -> str:
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def test_a_visitor_gets_a_code_and_the_door_takes_it(desk, house, door):
    asked = desk.get("/passcodes/new/timed")
    assert "Make and show it" in asked.text
    made = desk.post("/passcodes/new/timed", timed(house), status=200)
    (line,) = queries.list_page(Filters(), now=clock.now()).rows
    digits = re.search(r"(\d{3}) (\d{3}) (\d{4}) #", text_of(made))
    assert door.type("".join(digits.groups())) == "opened"
    assert "From Fri, Jun 12, 12:00 to Fri, Jun 12, 17:00." in text_of(made)
    assert made.headers["Cache-Control"] == "no-store"
    assert line.holder == "Ms Kim"


@pytest.mark.parametrize(
    ("what", "values", "sentence"),
    [
        ("single", {"start_time": "2026-06-12T13:00"}, "Opens once, between 13:00 today and 13:00 tomorrow."),
        ("permanent", {}, "Opens until it is revoked."),
        (
            "cyclic",
            {"pattern": "1", "start_hour": "9", "hours": "2", "last_month": "2026-07"},
            "Every weekday 09:00–11:00 until July 31.",
        ),
        ("clear", {}, "it ends all passcodes of 101 that were made before; it opens nothing."),
    ],
)
def test_what_a_code_does_is_said_before_it_is_made_and_after(desk, house, what, values, sentence):
    desk.get(f"/passcodes/new/{what}?door={house.doors['101'].id}")
    form = form_of(house, **values)
    assert sentence in text_of(desk.post(f"/passcodes/preview/{what}", form, status=200, htmx=True))
    assert sentence in text_of(desk.post(f"/passcodes/new/{what}", {**form, "preview": "1"}, status=200))
    assert queries.count(Filters(), now=clock.now()) == 0
    db.remove()
    assert sentence in text_of(desk.post(f"/passcodes/new/{what}", form, status=200))


def test_a_length_that_no_code_can_say_is_answered_with_two_buttons_that_work(desk, house):
    long = timed(house, end_time="2026-06-15T20:00")
    answer = desk.post("/passcodes/new/timed", long, status=422)
    assert "72 hours" in text_of(answer)
    assert "4 nights" in text_of(answer)
    offers = re.findall(r'name="take" value="([^"]+)"', answer.text)
    assert len(offers) == 2
    taken = desk.post("/passcodes/new/timed", {**long, "take": offers[1]}, status=200)
    assert 'value="2026-06-16T12:00"' in taken.text
    assert "to Tue, Jun 16, 12:00." in text_of(taken)
    made = desk.post("/passcodes/new/timed", {**long, "end_time": "2026-06-16T12:00", "unit": "nights"}, status=200)
    assert "Guest passcode" in text_of(made)
    for nonsense in ("", "weeks 1 2", "hours x y", "hours 99999999999 1"):
        assert desk.post("/passcodes/new/timed", {**long, "take": nonsense}).status_code == 200


def test_who_is_shut_out_is_said_before(desk, house, door):
    service.issue_for_stay(stay_id=stay(house), request_id=str(uuid.uuid4()), actor=_clerk(), now=clock.now())
    db.remove()
    form = timed(house, start_time="2026-06-12T14:00", end_time="2026-06-20T12:00")
    said = text_of(desk.post("/passcodes/preview/timed", form, htmx=True))
    assert "Its first use ends one other passcode of this door: Claire Moreau (Guest passcode)." in said
    assert "It ends one passcode: Claire Moreau" in text_of(
        desk.post("/passcodes/preview/clear", form_of(house), htmx=True)
    )


@pytest.mark.parametrize(
    ("what", "values", "said"),
    [
        ("timed", {"end_time": ""}, "This field is required."),
        ("timed", {"door_id": ""}, "Choose a door."),
        ("timed", {"door_id": "7"}, "This does not exist, or no longer."),
        ("timed", {"password_name": ""}, "Say whom the passcode is for"),
        ("timed", {"end_time": "2026-06-12T11:00"}, "The end must come after the start."),
        ("timed", {"start_time": "2027-03-28T02:30", "end_time": "2027-03-28T08:00"}, "There is no such time"),
        ("timed", {"request_id": "nonsense"}, "Load the page again."),
        ("single", {"start_time": "2026-06-12T12:30"}, "It must begin with a full hour"),
        ("cyclic", {"pattern": "1", "start_hour": "9", "hours": "2", "last_month": "July"}, "Choose a month."),
        ("cyclic", {"pattern": "1", "start_hour": "9", "hours": "2", "last_month": "2028-01"}, "at the latest"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(desk, house, what, values, said):
    form = timed(house, **values) if what == "timed" else form_of(house, **values)
    assert said in text_of(desk.post(f"/passcodes/new/{what}", form, status=422))
    assert queries.count(Filters(), now=clock.now()) == 0


def test_the_list_finds_codes_by_door_name_guest_and_kind(desk, house, door):
    door.make("permanent")
    stay_id = stay(house, "102")
    with transaction() as session:
        session.add(GuestWord(word="moreau", guest_id=stays.get_stay(stay_id).guest_id))
    service.issue_for_stay(stay_id=stay_id, request_id=str(uuid.uuid4()), actor=_clerk(), now=clock.now())
    db.remove()
    for query, seen, unseen in (
        ("q=101", "Ms Kim", "Moreau"),
        ("q=kim", "Ms Kim", "Moreau"),
        ("q=moreau", "Moreau", "Ms Kim"),
        ("kind=permanent", "Ms Kim", "Moreau"),
    ):
        page = desk.get(f"/passcodes/?{query}", htmx=True).text
        assert seen in page
        assert unseen not in page
    assert "There is no passcode that this filter shows." in desk.get("/passcodes/?show=ended").text
    assert desk.get("/passcodes/?before=x&kind=nonsense&show=nonsense").status_code == 200


def test_the_list_of_one_door_is_a_click_away_from_its_lock(desk, house, door):
    here, other = house.doors["101"], house.doors["102"]
    desk.post("/passcodes/new/timed", timed(house), status=200)
    assert f"/passcodes/?door={here.id}" in desk.get(f"/locks/{here.lock_id}").text
    page = desk.get(f"/passcodes/?door={here.id}")
    assert "Ms Kim" in text_of(page)
    # What is made from there is for that door, and the list keeps to it.
    assert f"/passcodes/new/timed?door={here.id}" in page.text
    assert f"show=all&amp;door={here.id}" in page.text
    assert "Ms Kim" not in text_of(desk.get(f"/passcodes/?door={other.id}"))


def test_the_list_goes_on_by_key(desk, door, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    monkeypatch.setattr(queries.list_page, "__kwdefaults__", {"before_id": None, "size": 2})
    for _ in range(3):
        door.make("permanent")
    page = desk.get("/passcodes/")
    more = re.search(r'href="(/passcodes/\?[^"]*before=\d+)"', page.text).group(1).replace("&amp;", "&")
    assert desk.get(more, htmx=True).text.count("<tr data-row") == 1


def test_the_page_of_a_code_shows_what_the_door_saw_and_no_digits(desk, door):
    shown = door.make("permanent")
    door.type(shown.digits)
    door.carry()
    url = f"/passcodes/{shown.passcode.id}"
    page = desk.get(url)
    assert "Opens until it is revoked." in text_of(page)
    assert shown.digits not in page.text
    assert "Opened" in desk.get(f"/records/passcodes/{shown.passcode.id}").text
    assert grouped(shown.digits) in text_of(desk.post(f"{url}/show", status=200))
    for way in ("paper", "large"):
        answer = desk.post(f"{url}/{way}", status=200)
        assert grouped(shown.digits) in text_of(answer)
        assert "Type the ten digits at the door, then #." in text_of(answer)
    desk.get("/passcodes/7", status=404)


def test_a_letter_goes_to_the_guest_in_the_language_that_was_chosen(desk, house, door):
    stay_id = stay(house)
    with transaction() as session:
        session.get(Guest, stays.get_stay(stay_id).guest_id).email = "claire@example.org"
    shown = service.issue_for_stay(stay_id=stay_id, request_id=str(uuid.uuid4()), actor=_clerk(), now=clock.now())
    code_id, digits = shown.passcode.id, shown.digits
    db.remove()
    url = f"/passcodes/{code_id}/mail"
    assert 'value="claire@example.org"' in desk.get(url).text
    form = {"request_id": str(uuid.uuid4()), "recipient": "claire@example.org", "language": "zh"}
    for _ in range(2):
        desk.post(url, form, status=303)
    (letter,) = letters.of_subject("passcode", code_id)
    assert grouped(digits) in letter.text
    assert "在门上输入这十位数字，然后按 #。" in letter.text
    assert "Linden House" in letter.title
    assert letter.expires_at == queries.get_passcode(code_id).valid_until
    db.remove()
    english = {**form, "request_id": str(uuid.uuid4()), "language": "en"}
    desk.post(url, english, status=303)
    assert "Type the ten digits at the door, then #." in letters.of_subject("passcode", code_id)[0].text
    db.remove()
    assert text_of(desk.get(f"/passcodes/{code_id}")).count("claire@example.org") == 2
    bad = {**form, "request_id": str(uuid.uuid4()), "recipient": "claire"}
    assert "This is no e-mail address." in text_of(desk.post(url, bad, status=422))


def test_a_dead_code_is_not_sent(desk, door):
    shown = door.make("single", start=None)
    clock.freeze(clock.now() + timedelta(days=3))
    desk.log_in("desk")
    form = {"request_id": str(uuid.uuid4()), "recipient": "a@example.org", "language": "en"}
    answer = desk.post(f"/passcodes/{shown.passcode.id}/mail", form, status=422)
    assert "NotForLetters" not in answer.text
    assert "so it is not sent" in text_of(answer)


def test_revoking_says_what_follows_and_does_it(desk, house, door):
    shown, other = door.make("permanent"), door.make("permanent")
    url = f"/passcodes/{shown.passcode.id}/revoke"
    asked = text_of(desk.get(url))
    assert "With a clear code one other passcode of this door dies" in asked
    form = {"request_id": str(uuid.uuid4())}
    desk.post(url, {**form, "how": "without"}, status=303)
    assert "until the lock has been told" in text_of(desk.get(f"/passcodes/{shown.passcode.id}"))
    door.carry()
    assert door.type(shown.digits) == "wrong_code"
    desk.post(url, {"request_id": str(uuid.uuid4()), "how": "without"}, status=422)
    cleared = desk.post(
        f"/passcodes/{other.passcode.id}/revoke", {"request_id": str(uuid.uuid4()), "how": "clear"}, status=200
    )
    digits = "".join(re.search(r"(\d{3}) (\d{3}) (\d{4}) #", text_of(cleared)).groups())
    assert door.type(digits) == "voided"


def test_changing_the_end_shows_another_code_and_says_that_the_old_one_opens(desk, house, door, now):
    shown = door.make("timed", start=now, until=now + timedelta(hours=5))
    url = f"/passcodes/{shown.passcode.id}/change"
    assert 'value="2026-06-12T17:00"' in desk.get(url).text
    form = {"request_id": str(uuid.uuid4()), "password_name": "Mr Adeyemi", "note": "Lift"}
    desk.post(url, {**form, "end_time": "2026-06-12T17:00"}, status=303)
    assert "Mr Adeyemi" in desk.get(f"/passcodes/{shown.passcode.id}").text
    refused = desk.post(url, {**form, "end_time": "2026-06-12T15:30"}, status=422)
    offers = re.findall(r'name="take" value="([^"]+)"', refused.text)
    taken = desk.post(url, {**form, "take": offers[0]}, status=200)
    assert 'value="2026-06-12T15:00"' in taken.text
    changed = text_of(desk.post(url, {**form, "end_time": "2026-06-12T15:00"}, status=200))
    assert "This is another passcode. The one before: The door does not know" in changed
    cleaner = door.make("cyclic", pattern=0, start_hour=9, hours=2, last_month=now.date())
    url = f"/passcodes/{cleaner.passcode.id}/change"
    desk.get(url)
    cycle = {"pattern": "0", "start_hour": "9", "hours": "2", "last_month": "2026-06"}
    desk.post(url, {**form, "request_id": str(uuid.uuid4()), **cycle}, status=303)
    other = desk.post(url, {**form, "request_id": str(uuid.uuid4()), **cycle, "hours": "4"}, status=200)
    assert "09:00–13:00" in text_of(other)
    permanent = door.make("permanent")
    desk.get(f"/passcodes/{permanent.passcode.id}/change")


def test_a_code_made_by_a_phone_is_written_down(desk, house, door):
    shown = door.make("permanent")
    desk.get("/passcodes/add")
    form = form_of(house, password=f"{grouped(shown.digits)}#")
    assert desk.post("/passcodes/add", form, status=303).location.endswith(f"/passcodes/{shown.passcode.id}")
    assert "are no passcode of 101" in text_of(desk.post("/passcodes/add", {**form, "password": "123"}, status=422))


def test_the_stays_page_leads_here(desk, house, door):
    stay_id = stay(house)
    page = desk.get(f"/passcodes/stay/{stay_id}")
    link = re.search(r'href="(/passcodes/new/timed[^"]+)"', page.text).group(1).replace("&amp;", "&")
    assert "Left empty, it is for the guest." in desk.get(link).text
    made = desk.post("/passcodes/new/timed", timed(house, stay_id=str(stay_id), password_name=""), status=200)
    assert "Claire Moreau" in text_of(made)
    assert "Passcode for hours" in desk.get(f"/passcodes/stay/{stay_id}").text


def _clerk():
    from tests.passcodes.conftest import CLERK

    return CLERK


def test_the_doors_records_name_who_has_the_code_and_are_found_by_that_name(client, house, door, now):
    visitor = door.make("timed", start=now, until=now + timedelta(hours=5))
    slots.store(
        lock_id=door.lock_id,
        kind=StoredKind.PASSCODE,
        content=encode_bcd("271828"),
        name="Plumber Weiss",
        valid_from=None,
        valid_until=None,
        actor=CLERK,
        now=now,
    )
    door.carry()
    assert (door.type(visitor.digits), door.type("271828")) == ("opened", "opened")
    door.carry()
    client.log_in("manager")
    page = client.get("/records/?kind=opened")
    assert "Opened Passcode Ms Kim" in text_of(page)
    assert "Opened Stored passcode Plumber Weiss" in text_of(page)
    assert f"/passcodes/{visitor.passcode.id}" in page.text
    assert f"/slots/locks/{door.lock_id}" in page.text
    for text, found in (("kim", (True, False)), ("weiss", (False, True))):
        shown = text_of(client.get(f"/records/?q={text}", htmx=True))
        assert ("Ms Kim" in shown, "Plumber Weiss" in shown) == found
