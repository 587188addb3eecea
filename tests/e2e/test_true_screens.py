"""The search field and the day's page under quick hands, and while somebody else works."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.desk import Desk

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def desk(demo, open_page):
    return Desk(open_page(), demo.url)


class Answers:
    """Holds the search's answers back, so that a test says when each comes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.held: list[Route] = []
        page.route("**/search/", lambda route: self.held.append(route))

    def wait_for(self, text: str) -> Route:
        """The question for that text, which has been asked by now or soon will."""
        for _ in range(100):
            for route in self.held:
                if f"q={text}" in (route.request.post_data or ""):
                    return route
            self.page.wait_for_timeout(20)
        raise AssertionError(f"nobody asked for {text}")

    def let_all_through(self) -> None:
        self.page.unroute("**/search/")


def hit(desk: Desk):
    return desk.page.locator("#search-results [data-hit].hit")


def test_a_guest_is_found_and_checked_in_by_keys_alone(desk):
    desk.expect_guest("Suchbaum", "Selma")
    desk.open("/rooms")
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("suchb")
    # Pressed before the answer is there: it waits for the answer to what was typed.
    desk.page.keyboard.press("Enter")
    expect(desk.dialog.get_by_role("button", name="Check in", exact=True)).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(desk.dialog).to_have_count(0)
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("suchb")
    expect(hit(desk).first).to_be_visible()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        desk.page.keyboard.press(key)
    desk.page.wait_for_url(re.compile(r"/(stays|guests)/\d+$"))


def test_a_late_answer_keeps_what_was_chosen_and_takes_no_focus(desk):
    desk.open("/rooms")
    field = desk.page.locator("#search")
    field.focus()
    field.press_sequentially("10")
    expect(hit(desk)).not_to_have_count(0)
    answers = Answers(desk.page)
    field.press_sequentially("1")
    late = answers.wait_for("101")
    # The old answer is still there, and somebody has gone on to its second line.
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("ArrowDown")
    late.continue_()
    expect(hit(desk).locator(".found-room", has_text="102")).to_have_count(0)
    expect(hit(desk).first).to_be_focused()
    answers.let_all_through()
    # What is still there keeps the focus, wherever it stands now.
    href = hit(desk).first.get_attribute("href")
    desk.page.keyboard.press("Escape")
    expect(hit(desk)).to_have_count(0)
    field.focus()
    field.fill("")
    field.press_sequentially("101")
    expect(hit(desk).first).to_have_attribute("href", href or "")


def test_enter_counts_for_the_text_that_was_typed_and_escape_leads_back(desk):
    desk.open("/today")
    row = desk.page.locator("[data-row]").first
    expect(row).to_be_focused()
    desk.page.keyboard.press("/")
    answers = Answers(desk.page)
    desk.page.keyboard.type("10")
    early = answers.wait_for("10")
    desk.page.keyboard.press("Enter")
    # Typing on takes the Enter back.
    desk.page.keyboard.type("1")
    early.continue_()
    answers.wait_for("101").continue_()
    answers.let_all_through()
    expect(hit(desk).first).to_be_visible()
    expect(desk.page).to_have_url(re.compile("/today$"))
    desk.page.keyboard.press("Escape")
    expect(row).to_be_focused()
    expect(hit(desk)).to_have_count(0)


def test_a_row_does_its_thing_in_place_and_another_screen_hears_of_it(desk, open_page):
    desk.expect_guest("Nebenan", "Nora")
    other = Desk(open_page(), desk.url)
    other.open("/today?show=arriving")
    there = other.page.locator("[data-row]", has_text="Nora Nebenan")
    there.focus()
    arriving = other.page.locator("#day-arriving .count")
    before = int(arriving.inner_text())
    row = desk.page.locator("[data-row]", has_text="Nora Nebenan")
    row.focus()
    desk.page.keyboard.press("Enter")
    desk.dialog.get_by_label("Key cards").select_option("0")
    desk.dialog.get_by_role("button", name="Check in", exact=True).click()
    # No other page, no dialog left: the row is gone, the counts are right, and the keys go on in the list.
    expect(desk.dialog).to_have_count(0)
    expect(row).to_have_count(0)
    expect(desk.page).to_have_url(re.compile(r"/today\?show=arriving$"))
    expect(desk.page.locator("#day-arriving .count")).to_have_text(str(before - 1))
    expect(desk.page.locator("[data-row]:focus, [aria-current]:focus")).to_have_count(1)
    # The other screen was not touched.
    expect(there).to_have_count(0, timeout=15_000)
    expect(arriving).to_have_text(str(before - 1))
    expect(other.page.locator("[data-row]:focus, [aria-current]:focus")).to_have_count(1)


def test_the_keys_go_on_in_the_list_where_it_was_renewed_before_the_dialog_closed(desk):
    desk.expect_guest("Danach", "Dora")
    row = desk.page.locator("[data-row]", has_text="Dora Danach")
    row.focus()
    desk.page.keyboard.press("Enter")
    desk.dialog.get_by_label("Key cards").select_option("0")
    # The server has done it and its answer is on the way; by then the page has asked by itself.
    held = []
    desk.page.route("**/check-in", lambda route: held.append((route, route.fetch())), times=1)
    desk.dialog.get_by_role("button", name="Check in", exact=True).click()
    expect(row).to_have_count(0, timeout=15_000)
    expect(desk.dialog).to_have_count(1)
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(desk.dialog).to_have_count(0)
    expect(desk.page.locator("[data-row]:focus, [aria-current]:focus")).to_have_count(1)


def test_what_a_door_notes_stands_on_an_open_list_and_is_announced_to_who_reads_further_down(demo, open_page):
    clerk, boss = Desk(open_page(), demo.url), Desk(open_page(), demo.url, "manager")
    boss.open("/records/")
    first, news = boss.page.locator("[data-row]").first, boss.page.locator("[data-live-news]")
    first.focus()
    before = first.get_attribute("id") or ""
    clerk.type_code("000000", "101")
    expect(first).to_contain_text("Refused", timeout=20_000)
    expect(boss.page.locator(f"#{before}")).to_be_focused()
    expect(news).to_be_empty()
    # Further down nothing moves: it is said what came in, and one press shows it.
    boss.page.locator("[data-row]").nth(30).scroll_into_view_if_needed()
    top = first.get_attribute("id") or ""
    clerk.type_code("000000", "102")
    show = news.get_by_role("link", name="1 new record")
    expect(show).to_be_visible(timeout=20_000)
    expect(first).to_have_id(top)
    show.click()
    expect(first).not_to_have_id(top)
    expect(first).to_contain_text("102")
    expect(news).to_be_empty()
    assert boss.page.evaluate("scrollY") == 0
