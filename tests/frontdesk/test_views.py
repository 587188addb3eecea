from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from pms.core.db import db
from pms.frontdesk import service
from pms.guests.models import Guest
from pms.stays.models import Stay, StayState, StayStep
from tests.client import text_of


@pytest.fixture
def browser(client, desk):
    return client.log_in("desk")


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that goes to the database meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def hidden(answer, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', answer.text) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', answer.text
    )
    assert found, f"no field {name}"
    return found.group(1)


def is_chosen(desk, number: str, page) -> bool:
    """Whether the sheet proposes that room."""
    return bool(re.search(rf'name="room_id" value="{desk.house.rooms[number].id}" checked', page.text))


def fresh(stay_id: int) -> Stay:
    db.remove()
    return db.session.get_one(Stay, stay_id)


def check_in_form(browser, desk, stay_id: int, **values):
    page = browser.get(f"/stays/{stay_id}/check-in")
    return {
        "request_id": hidden(page, "request_id"),
        "version": hidden(page, "version"),
        "room_id": str(desk.house.rooms["101"].id),
        "departure_date": desk.day(2).isoformat(),
        "cards": "1",
        "encoder_id": str(desk.encoder_id),
        **values,
    }


def walk_in_form(browser, desk, url: str = "/walk-in", **values):
    page = browser.get(url)
    return {
        "request_id": hidden(page, "request_id"),
        "new_guest": "1",
        "family_name": "Berger",
        "given_name": "Tom",
        "phone": "+49 170 5550",
        "arrival_date": desk.day(0).isoformat(),
        "departure_date": desk.day(1).isoformat(),
        "adults": "2",
        "children": "0",
        "room_type_id": str(desk.house.standard.id),
        "room_id": str(desk.house.rooms["102"].id),
        "cards": "0",
        "encoder_id": str(desk.encoder_id),
        **values,
    }


def test_the_first_page_of_everybody_is_one_that_they_may_see(client, desk):
    for name, first in [("desk", "/today"), ("housekeeper", "/rooms"), ("technician", "/rooms")]:
        browser = client.__class__(client.app).log_in(name)
        answer = browser.get("/", status=303)
        assert answer.location.startswith(first)


def test_today_shows_each_guest_with_the_next_verb(browser, desk):
    arriving = desk.book("101", guest_id=desk.guest("Moreau"))
    leaving = desk.book("102", (-1, 0), guest_id=desk.guest("Okafor"), now=desk.now - timedelta(days=1))
    service.check_in(stay_id=leaving.id, cards=0, encoder_id=None, **desk.act(now=desk.now - timedelta(days=1)))
    page = browser.get("/today")
    assert f"/stays/{arriving.id}/check-in" in page.text
    assert f"/stays/{leaving.id}/check-out" in page.text
    assert f"/stays/{leaving.id}/check-in" not in page.text
    for show, name in [("arriving", "Moreau"), ("leaving", "Okafor"), ("in_house", "Okafor")]:
        part = browser.get(f"/today?show={show}", htmx=True)
        assert name in part.text
        assert "<html" not in part.text


def test_today_says_what_is_overdue_and_which_keys_are_to_do(browser, desk):
    late = desk.book("101", (-1, 2), now=desk.now - timedelta(days=1))
    gone = desk.book("102", (-3, -1), now=desk.now - timedelta(days=3))
    service.check_in(stay_id=gone.id, cards=0, encoder_id=None, **desk.act(now=desk.now - timedelta(days=2)))
    here = desk.book("103", (0, 2))
    service.check_in(stay_id=here.id, cards=0, encoder_id=None, **desk.act())
    page = text_of(browser.get("/today"))
    assert page.count("Overdue since Jun 11") == 2
    keys = browser.get("/today?show=keys").text
    assert f"/stays/{here.id}#keys" in keys
    assert f"/stays/{gone.id}#keys" not in keys, "who leaves needs no card any more"
    assert late.id


def test_today_asks_the_database_as_often_for_four_guests_as_for_one(browser, desk):
    desk.book("101")
    browser.get("/today")
    with counted() as few:
        browser.get("/today")
    for room in ("102", "103", "201"):
        stay = desk.book(room)
        service.check_in(stay_id=stay.id, cards=1, encoder_id=desk.encoder_id, **desk.act())
    browser.get("/today")
    with counted() as many:
        browser.get("/today")
    assert len(many) <= len(few) + 4, "the keys' own queries, once each"
    stay = desk.book("202")
    service.check_in(stay_id=stay.id, cards=1, encoder_id=desk.encoder_id, **desk.act())
    browser.get("/today")
    with counted() as more:
        browser.get("/today")
    assert len(more) == len(many)


def test_check_in_goes_on_to_the_machine(browser, desk):
    stay = desk.book("101")
    answer = browser.post(f"/stays/{stay.id}/check-in", check_in_form(browser, desk, stay.id), htmx=True, status=303)
    assert "/keys/batches/" in answer.location
    assert fresh(stay.id).state is StayState.IN_HOUSE
    assert "dialog:open" in browser.get(answer.location, htmx=True).headers["HX-Trigger-After-Swap"]


def test_check_in_opens_at_what_is_missing(browser, desk):
    complete = browser.get(f"/stays/{desk.book('101').id}/check-in", htmx=True).text
    assert re.search(r"<button[^>]*data-autofocus", complete)
    without = desk.book("102", guest_id=desk.guest(document=""))
    page = browser.get(f"/stays/{without.id}/check-in", htmx=True).text
    assert re.search(r'name="document_kind"[^>]*data-autofocus|data-autofocus[^>]*name="document_kind"', page)
    assert not re.search(r"<button[^>]*data-autofocus", page)


def test_check_in_proposes_a_clean_room_of_the_booked_type_and_says_why(browser, desk):
    from pms.rooms import service as rooms

    stay = desk.book(None)
    rooms.mark_dirty(room_id=desk.house.rooms["101"].id, actor=desk.clerk, now=desk.now)
    page = browser.get(f"/stays/{stay.id}/check-in")
    assert is_chosen(desk, "102", page)
    assert "<strong>102</strong>: Standard as booked, clean" in page.text
    part = browser.get(
        f"/stays/{stay.id}/check-in/rooms?room_id={desk.house.rooms['101'].id}&departure_date={desk.day(2)}", htmx=True
    )
    assert is_chosen(desk, "101", part)
    assert "Standard as booked, not clean yet" in part.text
    # It is not ready: what can be done now is waiting for it, and that stands where the check-in stood.
    assert re.search(r'id="check-in-foot" hx-swap-oob="true".*name="ahead"', part.text, re.DOTALL)


def test_the_loser_of_a_race_reads_who_has_the_room_and_keeps_what_was_typed(browser, desk):
    stay = desk.book(None, guest_id=desk.guest("Garcia", document=""))
    form = check_in_form(browser, desk, stay.id, document_kind="passport", document_number="P99887766", cards="3")
    desk.book("101", guest_id=desk.guest("Faster"))
    answer = browser.post(f"/stays/{stay.id}/check-in", form, htmx=True, status=422)
    assert "Room 101 is taken" in answer.text
    assert "Faster" in answer.text
    assert 'value="P99887766"' in answer.text
    assert is_chosen(desk, "101", answer)
    assert re.search(r'<option selected value="3">', answer.text)
    assert hidden(answer, "request_id") == form["request_id"]
    assert fresh(stay.id).state is StayState.CONFIRMED


def test_a_form_that_is_older_than_the_stay_is_refused_in_the_dialog(browser, desk):
    stay = desk.book("101")
    form = check_in_form(browser, desk, stay.id)
    service.assign_room(stay_id=stay.id, room_id=desk.house.rooms["102"].id, **desk.act())
    answer = browser.post(f"/stays/{stay.id}/check-in", form, htmx=True, status=422)
    assert "Somebody else changed this" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"room_id": ""},
        {"departure_date": "soon"},
        {"cards": "99"},
        {"request_id": "again"},
        {"encoder_id": "", "cards": "1"},
        {"room_id": "1"},
        {"departure_date": "2026-06-12"},
    ],
)
def test_bad_input_at_check_in_changes_nothing(browser, desk, wrong):
    stay = desk.book("101")
    form = {**check_in_form(browser, desk, stay.id), **wrong}
    browser.post(f"/stays/{stay.id}/check-in", form, htmx=True, status=422)
    assert fresh(stay.id).state is StayState.CONFIRMED


def test_a_walk_in_of_a_new_guest_ends_on_the_stay(browser, desk):
    answer = browser.post("/walk-in", walk_in_form(browser, desk), status=303)
    stay = db.session.scalars(sa.select(Stay)).one()
    assert answer.location == f"/stays/{stay.id}"
    assert stay.state is StayState.IN_HOUSE
    assert "No card was made" in browser.get(answer.location).text


def test_a_walk_in_that_is_refused_loses_no_typed_character(browser, desk):
    desk.book("102")
    form = walk_in_form(browser, desk, stay_note="Late bus", document_kind="passport", document_number="AB123456")
    answer = browser.post("/walk-in", form, htmx=True, status=422)
    assert "Room 102 is taken" in answer.text
    for value in ("Berger", "Tom", "+49 170 5550", "AB123456", form["request_id"]):
        assert value in answer.text, value
    assert db.session.scalars(sa.select(sa.func.count()).select_from(Guest)).one() == 1


def test_a_walk_in_without_a_name_is_told_so_beside_the_field(browser, desk):
    answer = browser.post("/walk-in", walk_in_form(browser, desk, family_name=""), htmx=True, status=422)
    assert "Enter a family name." in answer.text


def test_choosing_a_known_guest_keeps_the_dates_that_were_typed(browser, desk):
    guest_id = desk.guest("Moreau")
    hits = browser.get("/guest-hits?guest_q=more&cards=2", htmx=True)
    assert str(guest_id) in hits.text
    assert "New guest “more”" in hits.text
    page = browser.get(
        f"/walk-in?guest_id={guest_id}&departure_date={desk.day(5)}&cards=2&room_type_id={desk.house.suite.id}",
        htmx=True,
    )
    assert "Claire Moreau" in page.text
    assert f'value="{desk.day(5)}"' in page.text
    assert re.search(rf'value="{desk.house.suite.id}" checked', page.text)
    form = walk_in_form(browser, desk, guest_id=str(guest_id), family_name="")
    browser.post("/walk-in", form, status=303)
    assert db.session.scalars(sa.select(Stay.guest_id)).one() == guest_id


def test_a_number_in_the_search_begins_a_new_guest_with_the_telephone(browser, desk):
    assert "&#34;phone&#34;: &#34;0170 5550&#34;" in browser.get(
        "/guest-hits?guest_q=0170+5550", htmx=True
    ).text.replace('"', "&#34;")


def test_the_offers_follow_the_dates(browser, desk):
    for room in ("201", "202"):
        desk.book(room, (1, 2))
    query = f"/offers?arrival_date={desk.day(0)}&departure_date=%s&room_type_id={desk.house.suite.id}"
    assert "2 free" in text_of(browser.get(query % desk.day(1), htmx=True))
    assert "none left" in text_of(browser.get(query % desk.day(2), htmx=True))
    assert "1 night" in text_of(browser.get(query % "rubbish", htmx=True))


def test_a_booking_without_a_room_is_made_and_shown(browser, desk):
    form = walk_in_form(browser, desk, "/book", room_id="", arrival_date=desk.day(3).isoformat())
    form["departure_date"] = desk.day(6).isoformat()
    answer = browser.post("/book", form, status=303)
    page = browser.get(answer.location)
    assert "No room yet" in page.text
    assert "Booked." in page.text
    again = browser.post("/book", form, status=303)
    assert again.location == answer.location, "the same form books once"


def test_a_sold_out_type_is_named_beside_the_types(browser, desk):
    for room in ("201", "202"):
        desk.book(room)
    form = walk_in_form(browser, desk, "/book", room_id="", room_type_id=str(desk.house.suite.id))
    answer = browser.post("/book", form, htmx=True, status=422)
    assert "No Suite is left on" in answer.text


def do(browser, stay_id: int, verb: str, *, status: int = 303, **values):
    page = browser.get(f"/stays/{stay_id}/{verb}", htmx=True)
    form = {"request_id": hidden(page, "request_id"), "version": hidden(page, "version"), **values}
    return browser.post(f"/stays/{stay_id}/{verb}", form, status=status)


def test_every_verb_of_a_booking_works_from_its_dialog(browser, desk):
    stay = desk.book(None)
    do(browser, stay.id, "assign", room_id=str(desk.house.rooms["102"].id))
    assert fresh(stay.id).room_id == desk.house.rooms["102"].id
    do(browser, stay.id, "unassign")
    do(browser, stay.id, "extend", departure_date=desk.day(4).isoformat())
    do(browser, stay.id, "shorten", departure_date=desk.day(1).isoformat())
    do(
        browser,
        stay.id,
        "change",
        arrival_date=desk.day(1).isoformat(),
        departure_date=desk.day(3).isoformat(),
        adults="1",
        children="2",
        room_type_id=str(desk.house.suite.id),
    )
    row = fresh(stay.id)
    assert (row.arrival_date, row.departure_date, row.children, row.room_id) == (desk.day(1), desk.day(3), 2, None)
    do(browser, stay.id, "cancel")
    assert fresh(stay.id).state is StayState.CANCELLED


def test_every_verb_of_a_guest_in_house_works_from_its_dialog(browser, desk):
    stay = desk.book("101")
    service.check_in(stay_id=stay.id, cards=0, encoder_id=None, **desk.act())
    do(browser, stay.id, "move", room_id=str(desk.house.rooms["103"].id))
    do(browser, stay.id, "extend", departure_date=desk.day(4).isoformat())
    answer = do(browser, stay.id, "check-out")
    assert answer.location == "/today"
    assert fresh(stay.id).state is StayState.CHECKED_OUT


def test_a_no_show_and_its_undo(browser, desk):
    stay = desk.book("101")
    do(browser, stay.id, "no-show")
    page = browser.get(f"/stays/{stay.id}")
    assert "Undo: No-show" in page.text
    step_id = hidden(browser.get(f"/stays/{stay.id}/undo"), "step_id")
    browser.post(f"/stays/{stay.id}/undo", {"step_id": step_id}, status=303)
    assert fresh(stay.id).state is StayState.CONFIRMED
    browser.post(f"/stays/{stay.id}/undo", {"step_id": step_id}, status=303)
    assert fresh(stay.id).state is StayState.CONFIRMED, "twice the same is safe"
    assert "Undone" in browser.get(f"/stays/{stay.id}").text


def test_refusals_of_the_verbs_stay_in_their_dialogs(browser, desk):
    stay = desk.book("101")
    desk.book("101", (2, 4), guest_id=desk.guest("After"))
    answer = do(browser, stay.id, "extend", status=422, departure_date=desk.day(3).isoformat())
    assert "After" in answer.text
    assert f'value="{desk.day(3)}"' in answer.text
    assert do(browser, stay.id, "assign", status=422, room_id="").status_code == 422
    assert do(browser, stay.id, "shorten", status=422, departure_date="").status_code == 422
    assert do(browser, stay.id, "cancel", status=422, version="77").status_code == 422
    changed = {"arrival_date": "", "departure_date": "", "adults": "0", "room_type_id": ""}
    assert do(browser, stay.id, "change", status=422, **changed).status_code == 422
    assert db.session.scalars(sa.select(sa.func.count()).select_from(StayStep)).one() == 2


def test_an_undo_that_is_too_late_says_why(browser, desk):
    stay = desk.book("101")
    do(browser, stay.id, "cancel")
    step_id = hidden(browser.get(f"/stays/{stay.id}/undo"), "step_id")
    desk.book("101", guest_id=desk.guest("Faster"))
    answer = browser.post(f"/stays/{stay.id}/undo", {"step_id": step_id}, htmx=True, status=422)
    assert "Faster" in answer.text
    browser.post(f"/stays/{stay.id}/undo", {"step_id": "17"}, status=404)
    browser.get(f"/stays/{desk.book('102').id}/undo", status=404)


def test_what_dies_with_a_check_out_is_said_before(browser, desk):
    from tests.frontdesk.test_service import make_written

    stay = desk.book("101")
    service.check_in(stay_id=stay.id, cards=2, encoder_id=desk.encoder_id, **desk.act())
    make_written(stay.id)
    page = text_of(browser.get(f"/stays/{stay.id}/check-out"))
    assert "Key card 1 of 2 opens 101 until Sun, Jun 14, 12:15, or until the next guest’s card is used there" in page
    answer = do(browser, stay.id, "extend", departure_date=desk.day(3).isoformat())
    assert "2 cards must be made again before Sun, Jun 14, 12:00." in text_of(browser.get(answer.location))
    assert "2 cards to write again" in text_of(browser.get("/today?show=keys"))


@pytest.mark.parametrize("name", ["housekeeper", "technician"])
def test_others_do_not_reach_the_desk(client, desk, name):
    stay = desk.book("101")
    browser = client.log_in(name)
    for url in ("/today", "/walk-in", "/book", f"/stays/{stay.id}/check-in", f"/stays/{stay.id}/check-out"):
        browser.get(url, status=403)
    browser.post(f"/stays/{stay.id}/cancel", status=403)
    assert fresh(stay.id).state is StayState.CONFIRMED
