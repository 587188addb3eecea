"""The demo hotel: made once, kept in its own folder, gone on with at the next start."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pms import schema
from pms.app import create_app
from pms.config import load_settings
from pms.core.db import db
from pms.demo import build
from pms.demo.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

PASSWORD = build.PASSWORD


@contextmanager
def open_demo(
    home: Path, *, port: int, fresh: bool, say: Callable[[str], object], hour: int | None = None
) -> Iterator[Flask]:
    """The demo's application with its simulated world; the world ends with the block and keeps its state."""
    home = home.resolve()
    settings = load_settings(home, environment="demo")
    # The demo never touches another database or broker, whatever the environment says.
    settings = replace(
        settings, database_url=f"sqlite:///{home / 'latchkey.db'}", broker=None, own_broker_port=_free_port()
    )
    world = World(home / "world.json", carrier=_carrier(port))
    # Without the world's file a hotel was never finished: made anew, whatever was written of it.
    if fresh or not world.file.exists():
        for path in (*home.glob("latchkey.db*"), world.file):
            path.unlink(missing_ok=True)
    app = create_app(settings, world=world)
    schema.upgrade(db.engine)
    with app.app_context():
        if world.file.exists():
            world.load()
        else:
            say("Making the demo hotel; this takes a quarter of a minute.")
            with db.in_haste():
                build.build(world, hour=hour)
        world.carriers.switch_on(world.locks, port=settings.own_broker_port or 0, prefix=settings.topic_prefix)
    db.remove()
    try:
        yield app
    finally:
        world.close()


def welcome(port: int) -> str:
    """What the terminal says when the demo is up."""
    names = "\n".join(f"    {name:<12} {role}" for name, role in build.LOG_INS.items())
    return (
        f"\nThe demo hotel is open: http://127.0.0.1:{port}/\n\n{names}\n\n"
        f"All of them with the password  {PASSWORD}\nStop it with Ctrl-C; it keeps its state.\n"
    )


def _free_port() -> int:
    """For the broker: two demos may run on one computer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _bytes(text: str | None) -> bytes | None:
    return bytes.fromhex(text) if text else None


def _carrier(port: int) -> Callable[[str, bytes, bool], tuple[bytes | None, bytes | None]]:
    """A phone beside the door: posts the lock's sealed frames to the server, brings sealed answers and commands back."""

    def carry(serial_number: str, frame: bytes, is_answer: bool) -> tuple[bytes | None, bytes | None]:
        body = json.dumps({"lockSn": serial_number, "frame": frame.hex()}).encode()
        path = "commands/answer" if is_answer else "reports/record"
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/{path}", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                told = json.load(answer)["data"]
                return _bytes(told.get("frame")), _bytes(told.get("command"))
        except (urllib.error.URLError, TimeoutError, KeyError, TypeError, ValueError, AttributeError):
            return None, None

    return carry
