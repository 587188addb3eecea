"""One demo hotel, and one browser for all tests of this folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from pms.config import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@dataclass(frozen=True)
class Demo:
    """A running demo hotel."""

    url: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`pms demo` in a process of its own, as a newcomer starts it; its hands are on its page "Try a door"."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Relative, as the folder that `pms demo` takes by itself is.
    home = os.path.relpath(folder / "home", ROOT)
    command = [sys.executable, "-m", "pms", "demo", "--port", str(port), "--home", home, "--hour", "15"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            deadline = time.monotonic() + 240
            while not _answers(port):
                text = (folder / "log").read_text()
                assert process.poll() is None, text
                assert time.monotonic() < deadline, text
                time.sleep(0.1)
            yield Demo(f"http://127.0.0.1:{port}")
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0, (folder / "log").read_text()
    assert "Traceback" not in (folder / "log").read_text(), (folder / "log").read_text()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium is installed")
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser):
    """`open_page(width=…, height=…, …)`; any error on the console, a refused script or style too, fails the test."""
    contexts, faults = [], []

    def note(message: ConsoleMessage) -> None:
        # A refused form (422) and a lost race (409) are answers, though the browser calls them errors. A question that nobody
        # waits for any more is dropped, which HTMX calls one.
        if message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
            return
        if message.type == "error" and not any(f"status of {code}" in message.text for code in (409, 422, 429)):
            faults.append(message.text)

    def open_one(*, width: int = 1366, height: int = 768, **options) -> Page:
        # Nothing moves: frames of waiting lines would be drawn all the time.
        calm = {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
        context = browser.new_context(**calm, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not faults, faults
