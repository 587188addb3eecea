"""The sheet of a check-in, and the page of a group, as browsers see them."""

from __future__ import annotations

import re
import uuid

import pytest

from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import service as stays
from pms.stays.models import Stay, StayState
from tests.frontdesk.test_views import check_in_form, fresh, hidden


@pytest.fixture
def browser(client, desk):
    return client.log_in("desk")


def test_a_room_that_is_not_ready_is_waited_for(browser, desk):
    stay = desk.book("101")
    rooms.mark_dirty(room_id=desk.house.rooms["101"].id, actor=desk.clerk, now=desk.now)
    page = browser.get(f"/stays/{stay.id}/check-in", htmx=True)
    assert re.search(r'<select[^>]*data-autofocus[^>]*id="expected_at"|id="expected_at"[^>]*data-autofocus', page.text)
    assert re.search(r'<option selected value="2026-06-12T12:00:00\+00:00">14:00</option>', page.text)
    form = check_in_form(browser, desk, stay.id, ahead="1", expected_at="2026-06-12T13:30:00+00:00")
    answer = browser.post(f"/stays/{stay.id}/check-in", form, htmx=True)
    assert answer.headers["HX-Redirect"] == "/today"
    today = browser.get("/today").text
    assert "Waiting since 12:00" in today
    assert "room expected at 15:30" in today
    sheet = browser.get(f"/stays/{stay.id}/check-in", htmx=True).text
    assert re.search(r'<option selected value="2026-06-12T13:30:00\+00:00">15:30</option>', sheet), (
        "what was said before"
    )
    rooms.set_housekeeping(
        room_id=desk.house.rooms["101"].id, status=HousekeepingStatus.CLEAN, actor=desk.clerk, now=desk.now
    )
    assert "101 is ready: make the cards" in browser.get("/today?show=keys").text


@pytest.mark.parametrize("at", ["soon", "2026-06-12T13:30:00", "2026-06-12T09:00:00+00:00"])
def test_a_room_cannot_be_expected_at_no_time_or_in_the_past(browser, desk, at):
    stay = desk.book("101")
    form = check_in_form(browser, desk, stay.id, ahead="1", expected_at=at)
    browser.post(f"/stays/{stay.id}/check-in", form, htmx=True, status=422)
    assert fresh(stay.id).waiting_since is None


def test_the_sheet_says_what_is_special_about_the_stay(browser, desk):
    [stay] = stays.book_many(
        guest_id=desk.guest(),
        wishes=[
            stays.RoomWish(
                room_type_id=desk.house.rooms["101"].room_type_id,
                arrival_date=desk.day(0),
                departure_date=desk.day(1),
                arrival_hour=11,
                wishes=["quiet", "cot"],
                note="Speaks French only",
            )
        ],
        group_name="FC Linden",
        actor=desk.clerk,
        now=desk.now,
    )
    page = browser.get(f"/stays/{stay.id}/check-in", htmx=True).text
    for words in (
        "Quiet",
        "Cot",
        "Early arrival from 11:00",
        "Speaks French only",
        "FC Linden",
        "not as wished: Quiet",
    ):
        assert words in page


def test_the_registration_card_is_paper_with_lines_for_what_is_not_known(browser, desk):
    stay = desk.book("101")
    page = browser.get(f"/stays/{stay.id}/registration-card").text
    for words in ("Registration card", "Moreau", "Signature", "number noted"):
        assert words in page
    assert "X1234567" not in page


def group_of(desk, *numbers: str) -> list[Stay]:
    wishes = [
        stays.RoomWish(
            room_type_id=desk.house.rooms[number].room_type_id,
            room_id=desk.house.rooms[number].id,
            arrival_date=desk.day(0),
            departure_date=desk.day(2),
            guest_id=desk.guest(f"Player {number}"),
        )
        for number in numbers
    ]
    return stays.book_many(
        guest_id=desk.guest("Coach"), wishes=wishes, group_name="FC Linden", actor=desk.clerk, now=desk.now
    )


def group_form(browser, desk, url: str, members, **values):
    return {
        "request_id": hidden(browser.get(url), "request_id"),
        "stay_ids": [str(stay.id) for stay in members],
        "accepts": "clean",
        "cards": "adults",
        "encoder_id": str(desk.encoder_id),
        **values,
    }


def test_a_group_goes_straight_to_the_machine_when_everybody_can_go(browser, desk):
    members = group_of(desk, "101", "102")
    assert f"/groups/{members[0].reservation_id}/check-in" in browser.get("/today").text
    url = f"/groups/{members[0].reservation_id}/check-in"
    form = group_form(browser, desk, url, members)
    answer = browser.post(url, form, htmx=True, status=303)
    dialog = browser.get(answer.location, htmx=True)
    assert "Player 101" in dialog.text
    assert "1 of 2 in all" in dialog.text
    assert browser.post(url, form, htmx=True, status=303).location == answer.location, "a double click"
    assert "Go on with the cards" in browser.get(url).text


def test_a_group_reads_first_who_could_not_be_checked_in_and_why(browser, desk):
    members = group_of(desk, "101", "102")
    rooms.mark_dirty(room_id=desk.house.rooms["102"].id, actor=desk.clerk, now=desk.now)
    url = f"/groups/{members[0].reservation_id}/check-in"
    answer = browser.post(url, group_form(browser, desk, url, members), htmx=True)
    page = browser.get(answer.headers["HX-Redirect"]).text
    assert page.index("Room 102 is not ready.") < page.index("In house")
    assert "1 room could not be checked in" in page
    assert "Go on with the cards" in page


def test_cards_for_a_group_can_be_made_later(browser, desk):
    members = group_of(desk, "101", "102")
    url = f"/groups/{members[0].reservation_id}/check-in"
    browser.post(url, group_form(browser, desk, url, members, cards="none"), status=303)
    form = group_form(browser, desk, url, [])
    answer = browser.post(url.replace("check-in", "cards"), form, htmx=True, status=303)
    assert "/keys/batches/" in answer.location
    # Nobody is without a card now: back to the page.
    again = {**form, "request_id": str(uuid.uuid4())}
    assert browser.post(url.replace("check-in", "cards"), again, status=303).location == url


@pytest.mark.parametrize(
    "wrong", [{"stay_ids": []}, {"stay_ids": ["7"]}, {"accepts": "dirty"}, {"cards": "many"}, {"request_id": "x"}]
)
def test_bad_input_for_a_group_changes_nothing(browser, desk, wrong):
    members = group_of(desk, "101", "102")
    url = f"/groups/{members[0].reservation_id}/check-in"
    browser.post(url, {**group_form(browser, desk, url, members), **wrong}, htmx=True, status=422)
    assert {fresh(stay.id).state for stay in members} == {StayState.CONFIRMED}


def test_a_group_without_a_machine_is_checked_in_and_says_what_is_missing(browser, desk):
    members = group_of(desk, "101")
    url = f"/groups/{members[0].reservation_id}/check-in"
    browser.post(url, group_form(browser, desk, url, members, encoder_id=""), status=303)
    assert fresh(members[0].id).state is StayState.IN_HOUSE
    assert "Choose the card machine" in browser.get(url).text


def test_a_group_of_nobody_says_so(browser, desk):
    browser.get("/groups/7/check-in", status=404)
    later = desk.book("101", (3, 4))
    assert "Nobody of this booking arrives today" in browser.get(f"/groups/{later.reservation_id}/check-in").text
