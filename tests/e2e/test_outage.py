"""The outage pack in the hour for which it is made: opened from a disk, with no network."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pms.demo.money import DESK_PASSWORD
from tests.e2e.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_pack_opens_from_the_disk_and_its_codes_with_the_desk_password(demo, open_page, tmp_path):
    desk = Desk(open_page(accept_downloads=True), demo.url, "desk")
    desk.open("/outage/")
    with desk.page.expect_download() as download:
        desk.page.keyboard.press("d")
    file = tmp_path / "pack.html"
    download.value.save_as(file)

    page = open_page(offline=True)
    page.goto(file.as_uri())
    expect(page.locator("#age")).to_be_visible()
    present = page.locator("#in-house tbody tr")
    name = present.first.locator("td .strong").inner_text()
    page.get_by_label("Show only rows with").fill(name)
    expect(present.first).to_be_visible()
    expect(page.locator("#rooms tbody tr:visible").first).to_contain_text(name)
    page.get_by_label("Show only rows with").fill("")

    page.get_by_label("Desk password").fill(DESK_PASSWORD.upper())
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the desk password")
    expect(page.locator("#codes tr")).to_have_count(0)
    page.get_by_label("Desk password").fill(DESK_PASSWORD)
    page.keyboard.press("Enter")
    codes = page.locator("#codes tr")
    expect(codes.first.locator("td.code")).to_have_text(re.compile(r"^\d{3} \d{3} \d{4}$"))
    page.get_by_role("button", name="Hide them again").click()
    expect(codes).to_have_count(0)
    expect(page.get_by_label("Desk password")).to_have_value("")


def test_a_payment_is_taken_by_keyboard(demo, open_page):
    desk = Desk(open_page(), demo.url, "desk")
    desk.open("/today?show=arriving")
    link = desk.page.locator("main a[href^='/stays/'][href$='/check-in']").first.get_attribute("href")
    desk.open(str(link).removesuffix("/check-in"))
    expect(desk.page.locator("#account")).to_contain_text("To pay")
    desk.page.keyboard.press("y")
    expect(desk.dialog.get_by_label("Amount")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#account")).to_contain_text("All paid")
