"""The desk opens a door that a gateway reaches, and is told at once that it cannot when the gateway has no power."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import Desk

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOM = "101"


def test_a_door_behind_a_gateway_opens_and_without_the_gateway_nothing_is_sent(demo, open_page):
    clerk, hands, boss = (Desk(open_page(), demo.url, who) for who in ("desk", "desk", "manager"))
    boss.open("/commands/")
    orders = boss.page.locator("[data-row]", has_text="Open the door")
    before = orders.count()

    _ask_to_open(clerk)
    clerk.dialog.get_by_role("button", name="Open the door").click()
    state = clerk.page.locator("#command-state")
    expect(state).to_have_attribute("data-state", "answered", timeout=20_000)
    expect(state).to_contain_text("The door is open.")
    boss.open("/records/")
    opened = boss.page.locator("[data-row]", has_text="Mia Sommer").first
    expect(opened).to_contain_text(ROOM, timeout=20_000)

    # The power fails while the question stands on the clerk's screen.
    _ask_to_open(clerk)
    hands.press_power(ROOM, "Cut its power")
    boss.open("/gateways/")
    expect(boss.page.locator("main")).to_contain_text("Offline", timeout=20_000)
    clerk.dialog.get_by_role("button", name="Open the door").click()
    refusal = clerk.dialog.get_by_role("alert")
    expect(refusal).to_contain_text("has been offline since")
    expect(refusal).to_contain_text("Nothing was sent.")
    # Who asks now is not offered it, but somebody with a phone beside the lock.
    _ask_to_open(clerk)
    expect(clerk.dialog.get_by_role("button", name="A phone is at the lock")).to_be_visible()
    expect(clerk.dialog.get_by_role("button", name="Open the door")).to_have_count(0)

    hands.press_power(ROOM, "Give it power")
    expect(boss.page.locator("main")).not_to_contain_text("Offline", timeout=20_000)
    _ask_to_open(clerk)
    clerk.dialog.get_by_role("button", name="Open the door").click()
    expect(state).to_have_attribute("data-state", "answered", timeout=20_000)
    boss.open("/commands/")
    expect(orders).to_have_count(before + 2)


def _ask_to_open(desk: Desk) -> None:
    desk.open("/rooms")
    desk.page.locator("main a.tile", has=desk.page.get_by_text(ROOM, exact=True)).first.click()
    desk.page.get_by_role("link", name="Open the door").click()
    expect(desk.dialog).to_be_visible()
