"""Pictures of the screens for the documentation, taken from the demo hotel: `make pictures`.

Each picture is a page as somebody sees it, at the width of a desk's screen or of a phone. Run it again when screens change.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESK, PHONE = (1366, 768), (390, 844)


def nothing(_page: Page) -> None:
    """The page as it opens."""


def first_dialog(pattern: str) -> Callable[[Page], None]:
    """Opens the dialog of the first link whose address ends like this."""

    def act(page: Page) -> None:
        links = page.locator("main a[data-dialog]")
        addresses = links.evaluate_all("all => all.map(a => a.getAttribute('href'))")
        links.nth(next(i for i, address in enumerate(addresses) if re.search(pattern, address))).click()
        page.locator("dialog[open] .dialog-body").wait_for()

    return act


def group_check_in(page: Page) -> None:
    """Goes on to the check-in of the first group."""
    page.locator("main a[href*='/groups/']").first.click()
    page.wait_for_load_state()


def extend_first(page: Page) -> None:
    """Opens the first guest in house, and the dialog in which the stay is extended by two nights."""
    page.locator("main tbody a[href*='/stays/']").first.click()
    page.wait_for_load_state()
    page.locator("main a[href$='/extend']").first.click()
    field = page.locator("dialog[open] input[type=date]")
    field.wait_for()
    field.fill((date.fromisoformat(field.input_value()) + timedelta(days=1)).isoformat())
    page.wait_for_timeout(1500)


@dataclass(frozen=True)
class Picture:
    """What to open, as whom, and what to do before the picture is taken."""

    name: str
    path: str
    act: Callable[[Page], None] = nothing
    username: str = "manager"
    size: tuple[int, int] = DESK
    theme: str = "light"
    language: str = "en"


PICTURES = (
    Picture("today", "/today"),
    Picture("today-zh-dark", "/today", theme="dark", language="zh"),
    Picture("chart", "/chart/"),
    Picture("chart-dark", "/chart/?zoom=month", theme="dark"),
    Picture("chart-phone", "/chart/", size=PHONE),
    Picture("check-in", "/today?show=arriving", first_dialog(r"/stays/\d+/check-in$")),
    Picture("group", "/today?show=arriving", group_check_in),
    Picture("availability", "/availability/"),
    Picture("booking", "/book"),
    Picture("extend", "/today?show=in_house", extend_first),
    Picture("ledger", "/ledger/"),
    Picture("rooms", "/rooms"),
    Picture("discrepancies", "/rooms/discrepancies"),
    Picture("cleaning-phone", "/rooms/cleaning", username="housekeeper", size=PHONE),
)


def main() -> None:
    """Take all pictures, or those named on the command line."""
    wanted = sys.argv[1:] or [picture.name for picture in PICTURES]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_demo() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            if picture.name in wanted:
                take(browser, url, picture)
                print(f"docs/pictures/{picture.name}.png")
        browser.close()


def take(browser: Browser, url: str, picture: Picture) -> None:
    """One picture, in a browser of its own."""
    width, height = picture.size
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{url}/login")
    page.get_by_label("Log-in name").fill(picture.username)
    page.get_by_label("Password", exact=True).fill("latchkey-demo")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(today|rooms/cleaning|rooms)$"))
    prefer(page, url, picture.language, picture.theme)
    page.goto(url + picture.path)
    picture.act(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    prefer(page, url, "en", "auto")
    context.close()


def prefer(page: Page, url: str, language: str, theme: str) -> None:
    """Choose language and theme on the page of one's own settings."""
    page.goto(f"{url}/accounts/me")
    page.locator(f"main input[name=language][value={language}]").check()
    page.locator(f"main input[name=theme][value={theme}]").check()
    page.locator("main form button.primary").first.click()
    page.wait_for_load_state()


@contextmanager
def running_demo() -> Iterator[str]:
    """A demo hotel of its own, in the middle of an afternoon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pms", "demo", "--port", str(port), "--home", folder, "--hour", "15"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            try:
                while not answers(port):
                    if process.poll() is not None:
                        raise SystemExit("The demo hotel did not start.")
                    time.sleep(0.2)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.send_signal(signal.SIGINT)


def answers(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
