"""The desk without a mouse, and with an impatient hand on it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import Desk

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def desk(demo, open_page):
    """The clerk, with an empty machine."""
    desk = Desk(open_page(), demo.url)
    desk.clear_machine()
    return desk


class Counter:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.count += 1


def test_from_a_row_of_the_arrivals_to_the_card_in_four_keys(desk):
    desk.expect_guest("Taster", "Tilda").focus()  # arrows lead there; how many depends on who arrives
    keys = Counter(desk.page)
    keys.press("Enter")
    expect(desk.dialog.get_by_role("button", name="Check in")).to_be_focused()
    keys.press("Enter")
    desk.wait_for("waiting")
    expect(desk.dialog).to_contain_text("Put a card on Front desk 1")
    desk.put_new_card()
    desk.wait_for("done")
    expect(desk.dialog.get_by_role("link", name="Go to the stay")).to_be_focused()
    keys.press("Enter")
    desk.page.wait_for_url(re.compile(r"/stays/\d+$"))
    expect(desk.page.locator("main")).to_contain_text("Confirmed")
    assert keys.count <= 4


def test_from_a_row_of_the_arrivals_to_the_card_in_three_clicks(desk):
    desk.expect_guest("Klicker", "Karl").get_by_role("link", name="Check in").click()
    desk.dialog.get_by_role("button", name="Check in").click()
    desk.wait_for("waiting")
    desk.put_new_card()
    desk.wait_for("done")
    desk.dialog.get_by_role("link", name="Go to the stay").click()
    desk.page.wait_for_url(re.compile(r"/stays/\d+$"))


def test_arrows_letters_and_escape(desk):
    desk.open("/today")
    rows = desk.page.locator("[data-row]")
    expect(rows.first).to_be_focused()
    desk.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    desk.page.keyboard.press("w")
    field = desk.dialog.get_by_label("Name, phone, document or room")
    expect(field).to_be_focused()
    # Letters are letters again inside a field.
    desk.page.keyboard.type("wb")
    expect(field).to_have_value("wb")
    # The first Escape empties the field, the second one closes.
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Escape")
    expect(desk.dialog).to_have_count(0)
    desk.page.keyboard.press("Control+k")
    expect(desk.page.locator("#search")).to_be_focused()
    # However fast: the arrow may meet the answer to "1", and Enter any of them.
    desk.page.keyboard.type("101")
    expect(desk.page.locator("#search-results .hit").first).to_be_visible()
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("dialog[open]").or_(desk.page.locator("h1", has_not_text="Today"))).to_be_visible()
    desk.open("/rooms")
    desk.page.keyboard.press("g")
    desk.page.keyboard.press("t")
    desk.page.wait_for_url("**/today")


def test_a_double_click_checks_in_once(open_page, desk):
    row = desk.expect_guest("Doppler", "Dora")
    row.get_by_role("link", name="Check in").click()
    desk.dialog.get_by_role("button", name="Check in").dblclick()
    desk.wait_for("waiting")
    desk.dialog.get_by_role("button", name="Cancel").click()
    desk.wait_for("cancelled")
    manager = Desk(open_page(), desk.url, "manager")
    manager.open("/audit/")
    for sentence in ("Checked in: Dora Doppler", "Asked for key cards: Dora Doppler"):
        expect(manager.page.get_by_text(sentence)).to_have_count(1)


def test_the_way_back_leads_to_no_second_check_in(desk):
    row = desk.expect_guest("Kehrum", "Kurt")
    address = row.get_by_role("link", name="Check in").get_attribute("href")
    row.get_by_role("link", name="Check in").click()
    desk.dialog.get_by_label("Key cards").select_option("0")
    desk.dialog.get_by_role("button", name="Check in").click()
    # The day's page stays where it is; a browser that went elsewhere comes back to it as it is now.
    expect(desk.dialog).to_have_count(0)
    desk.open("/rooms")
    desk.page.go_back()
    desk.page.wait_for_url("**/today**")
    expect(row).to_have_count(0)
    # Whoever kept the dialog's address is told how things are.
    answer = desk.page.goto(desk.url + address)
    assert answer.status == 409
    expect(desk.page.get_by_text("This cannot be done any more")).to_be_visible()
