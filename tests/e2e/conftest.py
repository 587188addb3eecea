"""One demo hotel, served as `pms demo` serves it, and one browser for all tests of this folder."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from waitress.server import create_server

from pms import background
from pms.demo import hotel

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@dataclass(frozen=True)
class Demo:
    """A running demo hotel."""

    url: str
    app: Flask


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Pages, card machines behind pseudo-terminals, doors, and the owner of the ports: all as in `pms demo`."""
    home: Path = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with hotel.open_demo(home, port=port, fresh=False, say=lambda _text: None) as app:
        server = create_server(app, host="127.0.0.1", port=port, threads=8)
        thread = threading.Thread(target=server.run, daemon=True)
        with background.running(app):
            thread.start()
            yield Demo(f"http://127.0.0.1:{port}", app)
            server.close()
            thread.join(10)


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
        # A refused form (422) and a lost race (409) are answers, though the browser calls them errors.
        if message.type == "error" and not any(f"status of {code}" in message.text for code in (409, 422, 429)):
            faults.append(message.text)

    def open_one(*, width: int = 1366, height: int = 768, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
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
