"""The chart as a clerk works on it: by mouse, by keys, beside a colleague."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.desk import Desk

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Chart(Desk):
    """A week that lies behind everything that the demo has booked: all of its rooms are free."""

    def look(self, weeks: int, *, made: tuple[tuple[str | None, str, int], ...] = (), query: str = "zoom=week") -> None:
        """Open the chart there; each test has a week of its own. `made`: two nights each of (room, guest, day)."""
        self.open("/chart/?today=1&zoom=day&by=floor")
        today = date.fromisoformat(self.grid.get_attribute("data-today"))
        self.first = today + timedelta(days=100 + 7 * weeks)
        for room, name, day in made:
            self._make(room, name, day)
        self.open(f"/chart/?from={self.first}&by=floor&{query}")

    def _make(self, room: str | None, name: str, day: int) -> None:
        """A booking through the form's address, as the dialog sends it."""
        row = self.row(room or "101")
        arrival = self.first + timedelta(days=day)
        form = {
            "csrf_token": self.page.locator("meta[name=csrf-token]").get_attribute("content"),
            "request_id": str(uuid.uuid4()),
            "family_name": name,
            "given_name": "Tilda",
            "new_guest": "1",
            "room_type_id": row.get_attribute("data-t"),
            "room_id": row.get_attribute("id")[1:] if room else "",
            "arrival_date": str(arrival),
            "departure_date": str(arrival + timedelta(days=2)),
            "adults": "1",
            "children": "0",
        }
        answer = self.page.request.post(f"{self.url}/book", form=form, max_redirects=0)
        assert answer.status == 303, answer.text()

    @property
    def grid(self) -> Locator:
        """The chart itself."""
        return self.page.locator("[data-chart]")

    @property
    def said(self) -> Locator:
        """What the chart says about what is held."""
        return self.page.locator("#chart-say")

    def row(self, room: str) -> Locator:
        """A room's row."""
        return self.page.locator(".cm", has=self.page.get_by_role("link", name=room, exact=True))

    def bar(self, room: str, name: str) -> Locator:
        """A stay's bar in that room."""
        return self.row(room).locator(".b", has_text=name)

    def point(self, room: str, day: float) -> tuple[float, float]:
        """Where a day of a room is on the screen; .5 is noon."""
        self.row(room).scroll_into_view_if_needed()
        box = self.row(room).locator(".ct").bounding_box()
        assert box
        return box["x"] + box["width"] * day / 7, box["y"] + box["height"] / 2

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press, pull in steps, let go."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=4)
        self.page.mouse.up()


@pytest.fixture
def chart(demo, open_page):
    """A clerk at the chart."""
    return Chart(open_page(), demo.url)


def press(page: Page, *keys: str) -> int:
    """Press keys one after another; how many."""
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def test_nights_are_booked_by_dragging_and_the_bar_is_dragged_to_another_room_and_back_with_one_key(chart):
    chart.look(0)
    chart.drag(chart.point("101", 1.8), chart.point("101", 2.8))
    for label, day in (("Arrival", 1), ("Departure", 3)):
        field = chart.dialog.get_by_label(label, exact=True)
        expect(field).to_have_value(str(chart.first + timedelta(days=day)))
    chart._enter_guest("Zieher", "Tilda")
    chart.dialog.get_by_role("button", name="Book").click()
    expect(chart.bar("101", "Zieher")).to_be_visible()
    chart.drag(chart.point("101", 2.1), chart.point("103", 3.1))
    expect(chart.dialog).to_contain_text("Move to room 103")
    chart.dialog.get_by_role("button", name="Move").click()
    expect(chart.bar("103", "Zieher")).to_be_visible()
    expect(chart.bar("101", "Zieher")).to_have_count(0)
    expect(chart.page.locator("#chart-undo")).to_contain_text("101 → 103")
    chart.page.keyboard.press("u")
    expect(chart.bar("101", "Zieher")).to_be_visible()
    expect(chart.bar("103", "Zieher")).to_have_count(0)


def test_a_bar_is_moved_by_five_keys_and_whoever_is_in_the_way_is_named_before_it_is_dropped(chart):
    chart.look(1, made=(("101", "Taster", 1), ("103", "Erste", 2)))
    chart.bar("101", "Taster").get_by_role("link").focus()
    keys = press(chart.page, "m", "ArrowDown", "ArrowRight", "Enter")
    expect(chart.dialog.get_by_role("button", name="Move")).to_be_focused()
    keys += press(chart.page, "Enter")
    expect(chart.bar("102", "Taster")).to_have_attribute("aria-colindex", "4")
    expect(chart.bar("102", "Taster").get_by_role("link")).to_be_focused()
    assert keys == 5
    press(chart.page, "m", "ArrowDown")
    expect(chart.said).to_contain_text("103 is taken: Tilda Erste")
    press(chart.page, "Enter", "Escape")
    expect(chart.dialog).to_have_count(0)
    chart.drag(chart.point("102", 3.1), chart.point("103", 3.1))
    expect(chart.said).to_contain_text("103 is taken: Tilda Erste")
    expect(chart.dialog).to_have_count(0)
    expect(chart.bar("102", "Taster")).to_be_visible()


def test_the_edge_changes_the_departure_by_mouse_and_by_keys(chart):
    chart.look(2, made=(("101", "Dehner", 1),))
    bar = chart.bar("101", "Dehner")
    box = bar.bounding_box()
    chart.drag((box["x"] + box["width"] - 2, box["y"] + box["height"] / 2), chart.point("101", 4.6))
    expect(chart.dialog.get_by_role("button", name="Change the dates")).to_be_focused()
    press(chart.page, "Enter")
    expect(bar).to_have_attribute("aria-colspan", "3")
    bar.get_by_role("link").focus()
    press(chart.page, "[", "[", "Enter")
    expect(chart.dialog.get_by_role("button", name="Change the dates")).to_be_focused()
    press(chart.page, "Enter")
    expect(bar).not_to_have_attribute("aria-colspan", re.compile("."))


def test_a_stay_without_a_room_lights_up_the_rooms_that_fit_and_gets_one_in_three_clicks(chart):
    chart.look(3, made=((None, "Sucher", 1), ("102", "Zweite", 2)))
    lane = chart.page.locator("#chart-lane .b", has_text="Sucher")
    lane.click()
    expect(chart.row("101")).to_have_class(re.compile("fits"))
    expect(chart.row("102")).not_to_have_class(re.compile("fits"))
    expect(chart.row("112")).not_to_have_class(re.compile("fits"))
    chart.row("103").locator(".ct").click()
    chart.dialog.get_by_role("button", name="Assign").click()
    expect(chart.bar("103", "Sucher")).to_be_visible()
    expect(lane).to_have_count(0)


def test_what_a_colleague_does_appears_and_a_move_from_an_old_view_says_what_changed(chart, demo, open_page):
    chart.look(4, made=(("101", "Wandrer", 1),))
    colleague = Chart(open_page(), demo.url, "manager")
    colleague.look(4)
    colleague.page.route("**/chart/changes*", lambda route: route.fulfill(status=204))
    chart.bar("101", "Wandrer").get_by_role("link").focus()
    press(chart.page, "m", "ArrowDown", "Enter")
    expect(chart.dialog.get_by_role("button", name="Move")).to_be_focused()
    press(chart.page, "Enter")
    expect(chart.bar("102", "Wandrer")).to_be_visible()
    # The colleague's screen has not heard of it yet.
    colleague.bar("101", "Wandrer").get_by_role("link").focus()
    press(colleague.page, "m", "ArrowRight", "Enter")
    expect(colleague.dialog).to_contain_text(re.compile(r"Mia Sommer changed this stay at \d\d:\d\d: 101 → 102"))
    colleague.page.keyboard.press("Escape")
    colleague.page.unroute("**/chart/changes*")
    expect(colleague.bar("102", "Wandrer")).to_be_visible()
    expect(colleague.bar("101", "Wandrer")).to_have_count(0)


def test_the_chart_remembers_its_place(chart):
    chart.look(6, query="zoom=month")
    chart.page.evaluate("document.querySelector('.chart').scrollTo(0, 700)")
    chart.open("/guests/")
    chart.page.keyboard.press("g")
    chart.page.keyboard.press("c")
    chart.page.wait_for_url(re.compile("/chart/"))
    expect(chart.grid).to_have_attribute("data-first", str(chart.first))
    expect(chart.grid).to_have_attribute("data-zoom", "month")
    assert chart.page.evaluate("document.querySelector('.chart').scrollTop") == 700


def test_a_finger_opens_a_bar_and_a_phone_shows_three_days(demo, open_page):
    phone = Chart(open_page(width=390, height=844, has_touch=True), demo.url)
    phone.open("/chart/")
    expect(phone.grid).to_have_attribute("data-zoom", "three")
    phone.page.locator(".b.in > a").first.tap()
    expect(phone.dialog).to_contain_text("Go to the stay")
