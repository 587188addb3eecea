from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.actor import Actor
from pms.core.db import db
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from pms.stays import queries, service
from pms.stays.models import Stay
from tests.client import text_of
from tests.factories import TODAY

DESK = Actor(kind="account", name="Desk", account_id=1)


@pytest.fixture
def stay_id(house, now) -> int:
    fields = GuestFields(family_name="Moreau", given_name="Claire", phone="+33 1 44 55 66 77", note="Late sleeper")
    guest = guests.create_guest(fields=fields, actor=DESK, now=now)
    return service.book(
        guest_id=guest.id,
        room_type_id=house.standard.id,
        room_id=house.rooms["101"].id,
        arrival_date=TODAY,
        departure_date=TODAY + timedelta(days=2),
        note="Quiet room",
        actor=DESK,
        now=now,
    ).id


@pytest.fixture
def browser(client):
    return client.log_in("desk")


def test_the_page_of_a_stay_shows_who_where_when_and_what_can_be_done(browser, stay_id):
    page = browser.get(f"/stays/{stay_id}")
    words = text_of(page)
    for word in ("Claire Moreau", "101", "Fri, Jun 12", "Sun, Jun 14, 12:00", "Quiet room", "Late sleeper", "Booked"):
        assert word in words, word
    for verb in ("check-in", "assign", "extend", "shorten", "change", "cancel", "no-show", "unassign"):
        assert f"/stays/{stay_id}/{verb}" in page.text, verb
    for verb in ("check-out", "move", "undo"):
        assert f"/stays/{stay_id}/{verb}" not in page.text, verb
    assert f"/keys/stays/{stay_id}" in page.text


def test_a_guest_in_house_has_other_verbs(browser, stay_id, now):
    service.check_in(stay_id=stay_id, actor=DESK, now=now)
    page = browser.get(f"/stays/{stay_id}").text
    for verb in ("check-out", "move", "extend", "shorten", "undo"):
        assert f"/stays/{stay_id}/{verb}" in page, verb
    for verb in ("check-in", "assign", "cancel", "no-show"):
        assert f"/stays/{stay_id}/{verb}" not in page, verb
    service.check_out(stay_id=stay_id, actor=DESK, now=now)
    page = browser.get(f"/stays/{stay_id}").text
    assert f"/stays/{stay_id}/undo" in page
    assert f"/stays/{stay_id}/extend" not in page


def test_a_stay_that_does_not_exist_is_said_to_be_so(browser):
    browser.get("/stays/4711", status=404)


def test_the_list_of_stays_is_filtered_and_goes_on(browser, stay_id, house, now, monkeypatch):
    monkeypatch.setattr(queries, "_PAGE", 1)
    guest_id = db.session.scalars(sa.select(Stay.guest_id)).one()
    common = {"guest_id": guest_id, "room_type_id": house.standard.id, "actor": DESK, "now": now}
    later = service.book(arrival_date=TODAY, departure_date=TODAY + timedelta(days=1), **common).id
    page = browser.get("/stays/")
    assert f"/stays/{later}" in page.text
    assert f"before={later}" in page.text
    rows = browser.get(f"/stays/?show=current&before={later}", htmx=True)
    assert f"/stays/{stay_id}" in rows.text
    assert "<table" not in rows.text
    assert "No stay fits" in browser.get("/stays/?show=past").text
    assert f"/stays/{later}" in browser.get("/stays/?q=moreau", htmx=True).text
    assert "No stay fits" in browser.get("/stays/?q=nobody&show=nonsense", htmx=True).text


def test_the_stays_of_a_guest_are_a_part_of_the_guests_page(browser, stay_id):
    guest_id = db.session.scalars(sa.select(Stay.guest_id)).one()
    assert f"/stays/{stay_id}" in browser.get(f"/stays/of-guest/{guest_id}", htmx=True).text
    browser.get(f"/stays/of-guest/{guest_id}")
    assert "No stays yet." in browser.get("/stays/of-guest/1", htmx=True).text


@pytest.mark.parametrize("name", ["housekeeper", "technician"])
def test_others_do_not_see_stays(client, stay_id, name):
    browser = client.log_in(name)
    for url in ("/stays/", f"/stays/{stay_id}", "/stays/of-guest/1"):
        browser.get(url, status=403)


def test_a_manager_finds_the_trail_of_the_stay(client, stay_id):
    assert f"/audit/?stay={stay_id}" in client.log_in("manager").get(f"/stays/{stay_id}").text
