"""What runs beside the pages: the owner of the card machines' ports, and the scheduler."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pms import scheduler
from pms.encoders.port_worker import PortOwner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


@contextmanager
def running(app: Flask, *, wanted: bool = True) -> Iterator[PortOwner | None]:
    """Own ports and scheduler until the block ends; nothing is started where another process has that task."""
    if not wanted:
        yield None
        return
    owner = PortOwner(app.config["SETTINGS"], on_owning=lambda: scheduler.start(app))
    owner.start()
    try:
        yield owner
    finally:
        scheduler.stop()
        owner.stop()
