"""What runs beside the pages: the owner of the card machines' ports, the scheduler, and whoever sends the letters."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pms import scheduler
from pms.encoders.port_worker import PortOwner
from pms.mail.postman import Postman

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


@contextmanager
def running(app: Flask, *, wanted: bool = True) -> Iterator[PortOwner | None]:
    """Own ports, scheduler and post until the block ends; nothing is started where another process has that task."""
    if not wanted:
        yield None
        return
    settings = app.config["SETTINGS"]
    postman = Postman(writes_to_console=not settings.is_production)

    def begin() -> None:
        scheduler.start(app)
        postman.start()

    owner = PortOwner(settings, on_owning=begin)
    owner.start()
    try:
        yield owner
    finally:
        postman.stop()
        scheduler.stop()
        owner.stop()
