"""The page of the API: Swagger UI lives under our content policy, in both themes, by keyboard, without a network."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.desk import Desk
from tests.e2e.test_look import RULES

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("width", "height", "theme"), [(1366, 768, "light"), (390, 844, "dark")], ids=["desk", "phone"]
)
def test_an_operation_is_found_and_opened_with_the_keyboard(demo, open_page, width, height, theme):
    # Any script or style that the policy refuses is an error on the console, and fails the test.
    desk = Desk(open_page(width=width, height=height), demo.url, "manager")
    desk.prefer("en", theme)
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    desk.open("/api-docs/")
    operation = desk.page.locator("#operations-Auth-accounts_log_in")
    expect(operation).to_be_visible(timeout=30_000)
    operation.locator("button").first.focus()
    desk.page.keyboard.press("Enter")
    expect(operation.get_by_text("cut down to the scopes").first).to_be_visible()
    expect(operation.get_by_text("too many wrong tries").first).to_be_visible()
    assert all(url.startswith((demo.url, "data:")) for url in asked)
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground, ink = desk.page.evaluate(
        """() => [document.body, document.querySelector("#api-docs .opblock-summary-path")].map((element, at) => {
             const style = getComputedStyle(element);
             return (at ? style.color : style.backgroundColor).match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0);
           })"""
    )
    assert (ground > ink) == (theme == "light"), "the page's theme is not that of Swagger UI"
    # What is inside of Swagger UI is its own; the page around it is ours. Its imported styles are not to be fetched again.
    report = Axe().run(desk.page, context={"exclude": [["#api-docs"]]}, options={**RULES, "preload": False})
    assert report.response["violations"] == []
    desk.prefer("en", "auto")
