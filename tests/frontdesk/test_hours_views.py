"""The dialogs that say what they will do, the hours, and what opens."""

from __future__ import annotations

import pytest

from pms.core.db import db
from pms.frontdesk import service
from pms.stays.models import Stay
from tests.client import text_of
from tests.frontdesk.test_service import make_written
from tests.frontdesk.test_views import do


@pytest.fixture
def browser(client, desk):
    return client.log_in("desk")


@pytest.fixture
def guest(desk) -> Stay:
    """In 101 with one card, until day 2; somebody else comes then."""
    stay = desk.book("101")
    service.check_in(stay_id=stay.id, cards=1, encoder_id=desk.encoder_id, **desk.act())
    make_written(stay.id)
    desk.book("101", days=(2, 4), guest_id=desk.guest("Berger", "Tom"))
    return stay


def test_a_late_departure_is_agreed_with_its_fee_its_neighbour_and_the_time_of_the_lock(browser, desk, guest):
    page = text_of(browser.get(f"/stays/{guest.id}/means/hours?departure_hour=14", htmx=True))
    assert "opens 101 until Sun, Jun 14, 12:00 and must be written again by then." in page
    assert "cards on Sun, Jun 14, 14:00, with 15 minutes of grace" in page
    assert "Tom Berger arrives on Sun, Jun 14 at 15:00" in page
    assert "Only 1 hour is left to clean the room between this guest and Tom Berger." in page
    answer = do(browser, guest.id, "hours", departure_hour="14", arrival_hour="")
    page = browser.get(answer.location)
    assert "The hours are agreed. 1 card must be made again before Sun, Jun 14, 12:00." in text_of(page)
    assert f'<a href="/stays/{guest.id}/undo" data-dialog>Undo</a>' in page.text
    assert "Sun, Jun 14, 14:00 Late departure" in text_of(page)
    db.remove()
    assert db.session.get_one(Stay, guest.id).departure_hour == 14
    refused = do(browser, guest.id, "hours", departure_hour="16", status=422)
    assert "Tom Berger arrives then" in text_of(refused)


def test_what_a_dialog_means_is_asked_anew_with_each_choice_and_stores_nothing(browser, desk, guest):
    version, guest_id = db.session.get_one(Stay, guest.id).version, guest.id
    taken = text_of(browser.get(f"/stays/{guest.id}/means/extend?departure_date={desk.day(3)}", htmx=True))
    assert "Berger" in taken
    moved = text_of(browser.get(f"/stays/{guest.id}/means/move?room_id={desk.house.rooms['102'].id}", htmx=True))
    assert "or until the next guest’s card is used there" in moved
    assert "Room 101 is marked dirty." in moved
    assert text_of(browser.get(f"/stays/{guest.id}/means/extend?departure_date=soon", htmx=True)) == ""
    browser.get("/stays/17/means/move", status=404)
    db.remove()
    assert db.session.get_one(Stay, guest_id).version == version


def test_what_opens_stands_on_the_stay_with_what_is_to_do(browser, desk, guest):
    page = text_of(browser.get(f"/stays/{guest.id}/opens"))
    assert "Key card · 101 Opens until Sun, Jun 14, 12:15" in page
    service.shorten(stay_id=guest.id, departure_date=desk.day(1), **desk.act())
    page = text_of(browser.get(f"/stays/{guest.id}/opens", htmx=True))
    assert "1 card to write again before Sat, Jun 13, 12:00" in page
    assert "It opens longer than the guest stays." in page


def test_undo_says_what_comes_back(browser, desk, guest):
    do(browser, guest.id, "check-out")
    page = text_of(browser.get(f"/stays/{guest.id}/undo"))
    # A card that was made in the same minute cannot be taken back by a button.
    assert "A key card was made for this stay since then" in page


@pytest.mark.parametrize("name", ["housekeeper", "technician"])
def test_others_see_neither_hours_nor_what_they_would_mean(client, guest, name):
    browser = client.log_in(name)
    for path in ("hours", "means/move"):
        browser.get(f"/stays/{guest.id}/{path}", status=403)
