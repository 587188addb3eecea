"""Every kind of page, as the checker of accessibility and a narrow screen see it."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.desk import Desk

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Every rule is tried at every place; only the lists of what is well are not brought over.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# What stands around every page is looked at on the first one.
FRAME = {"include": [["html"]], "exclude": [[".rail"], ["header.bar"]]}
# What another width and other colours can change; the rest of the page is the same.
LAYOUT_RULES = {
    "runOnly": ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"],
    "resultTypes": ["violations"],
}
LISTS = (
    "/today",
    "/today?show=in_house",
    "/today?show=unready",
    "/today?show=alarms",
    "/search/?q=10",
    "/search/?q=we&kind=guests",
    "/chart/?zoom=weeks&by=floor",
    "/chart/?zoom=month&by=type",
    "/rooms",
    "/availability/",
    "/availability/?days=31",
    "/availability/free",
    "/rooms/cleaning",
    "/rooms/cleaning?show=all",
    "/rooms/discrepancies",
    "/rooms/closed",
    "/rooms/setup",
    "/rooms/import",
    "/guests/",
    "/stays/",
    "/keys/",
    "/keys/read",
    "/passcodes/",
    "/passcodes/new/timed",
    "/passcodes/new/single",
    "/passcodes/new/cyclic",
    "/passcodes/new/permanent",
    "/passcodes/new/clear",
    "/passcodes/add",
    "/locks/",
    "/locks/areas",
    "/locks/bind",
    "/locks/import",
    "/locks/scopes",
    "/locks/scopes/new",
    "/staff-cards/",
    "/staff-cards/?show=deny",
    "/staff-cards/new",
    "/staff-cards/emergency",
    "/staff-cards/visitor",
    "/staff-cards/scopes",
    "/staff-cards/shifts",
    "/staff-cards/shifts/new",
    "/records/",
    "/alarms/",
    "/alarms/?state=all",
    "/alarms/subscriptions",
    "/alarms/subscriptions/new/email",
    "/alarms/subscriptions/new/webhook",
    "/ledger/",
    "/ledger/?check=staff",
    "/ledger/paper",
    "/commands/",
    "/slots/",
    "/gateways/",
    "/gateways/new",
    "/outage/",
    "/outage/settings",
    "/audit/",
    "/encoders/",
    "/encoders/new",
    "/encoders/jobs",
    "/encoders/desks",
    "/accounts",
    "/accounts/me",
    "/accounts/registration",
    "/tokens",
    "/tokens/new",
    "/property/",
    "/property/prices",
    "/property/alarms",
    "/property/mail/",
    "/property/mail/test",
    "/property/jobs/",
    "/property/jobs/check the audit trail",
    "/walk-in",
    "/book",
    "/book?add_rooms=2",
    "/demo/doors",
)
# A list, and the pattern of the first link on it that is followed.
DETAILS = (
    ("/chart/?zoom=weeks&by=floor", r"/stays/\d+$"),
    ("/today?show=arriving", r"/stays/\d+/check-in$"),
    ("/today?show=arriving", r"/groups/\d+/check-in$"),
    ("/today?show=leaving", r"/stays/\d+/check-out$"),
    ("/today?show=in_house", r"/stays/\d+$"),
    ("/guests/", r"/guests/\d+$"),
    ("/rooms", r"/rooms/\d+$"),
    ("/locks/", r"/locks/\d+$"),
    ("/records/", r"/records/\d+/hide$"),
    ("/staff-cards/?show=deny", r"/staff-cards/\d+$"),
    ("/staff-cards/", r"/staff-cards/\d+/lost$"),
    ("/staff-cards/?show=soon", r"/staff-cards/\d+/renew$"),
    ("/passcodes/", r"/passcodes/\d+$"),
    ("/commands/", r"/commands/\d+$"),
    ("/alarms/", r"/alarms/\d+/acknowledge$"),
    ("/gateways/", r"/gateways/\d+/hang$"),
    ("/gateways/", r"/gateways/\d+/unbind$"),
)
# Rows of a list are made by one template: so many of them are looked at.
ROWS = 5
SHORTEN = (
    "most => [...document.querySelectorAll('tbody')].map(all => [...all.rows])"
    ".concat([[...document.querySelectorAll('.chart .cm')]])"
    ".forEach(rows => rows.slice(most).forEach(row => row.remove()))"
)


def details(page: Page, url: str) -> list[str]:
    """The addresses of what lists lead to."""
    found = []
    for path, pattern in DETAILS:
        page.goto(url + path)
        links = page.locator("main a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        found.append(next(link for link in links if re.search(pattern, link)))
    lock = next(link for link in found if re.fullmatch(r"/locks/\d+", link))
    code = next(link for link in found if re.fullmatch(r"/passcodes/\d+", link))
    stay = next(link for link in found if re.fullmatch(r"/stays/\d+", link))
    folio = stay.replace("/stays/", "/folios/stays/")
    commands = lock.replace("/locks/", "/commands/lock/")
    return [
        *found,
        f"/chart{stay}",
        f"/chart{stay}/move?version=1",
        f"{stay}/registration-card",
        *(f"{code}/{verb}" for verb in ("change", "mail", "revoke")),
        *(f"{lock}/{page}" for page in ("settings", "replace", "setup", "forget")),
        *(f"{commands}{page}" for page in ("", "/do/unlock", "/module")),
        *(f"/slots{lock}{page}" for page in ("", "/new", "/report")),
        f"/online-cards{lock}/new",
        *(f"{folio}/{page}" for page in ("payment", "charge", "statement")),
        stay.replace("/stays/", "/folios/of-stay/"),
    ]


# The lists and what they lead to are two tests, so that each ends in time on a busy computer too.
@pytest.mark.parametrize("find", [lambda _page, _url: LISTS, details], ids=["lists", "details"])
@pytest.mark.parametrize(
    ("width", "height", "language", "theme", "rules"),
    [(1366, 768, "en", "light", RULES), (390, 844, "zh", "dark", LAYOUT_RULES)],
    ids=["desk", "phone"],
)
def test_pages_are_accessible_and_fit(demo, open_page, find, width, height, language, theme, rules):
    desk = Desk(open_page(width=width, height=height), demo.url, "manager")
    desk.prefer(language, theme)
    faults = []
    for number, path in enumerate(find(desk.page, demo.url)):
        desk.open(path)
        if desk.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path}: wider than the screen")
        desk.page.evaluate(SHORTEN, ROWS)
        faults += [
            f"{path}: {found['id']}: {found['nodes'][0]['target']}"
            for found in Axe().run(desk.page, FRAME if number else None, rules).response["violations"]
        ]
        if desk.page.locator("html").get_attribute("lang") != {"en": "en", "zh": "zh-Hans"}[language]:
            faults.append(f"{path}: not in the reader's language")
    desk.prefer("en", "auto")
    assert not faults, "\n".join(faults)


def test_a_housekeeper_cleans_a_room_with_one_tap(demo, open_page):
    desk = Desk(open_page(width=390, height=844, has_touch=True), demo.url, "housekeeper")
    desk.open("/rooms/cleaning")
    buttons = desk.page.get_by_role("button", name="is clean")
    count = buttons.count()
    buttons.first.tap()
    expect(buttons).to_have_count(count - 1)
    expect(desk.page.get_by_role("button", name="Undo")).to_be_visible()
