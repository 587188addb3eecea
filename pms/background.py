"""What runs beside the pages: the owner of the card machines' ports, the scheduler, whoever sends letters and alarms, and the line
to gateways and 4G modules."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pms import scheduler
from pms.alarms.sender import Sender
from pms.encoders.port_worker import PortOwner
from pms.mail.postman import Postman

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from pms.config import Settings


@contextmanager
def running(app: Flask, *, wanted: bool = True) -> Iterator[PortOwner | None]:
    """Own ports, scheduler and post until the block ends, unless another process has that task or they are not wanted here; and
    keep the line to the carriers, which every process has where the house has a broker."""
    settings = app.config["SETTINGS"]
    with ExitStack() as stack:
        owner = stack.enter_context(_owning(app)) if wanted else None
        stack.enter_context(_linked(settings, owner))
        yield owner


@contextmanager
def _owning(app: Flask) -> Iterator[PortOwner]:
    """Whoever loses the ownership (the database was away, the process hung) begins nothing any more within a second, and begins
    again when it gets it back.
    """
    settings = app.config["SETTINGS"]
    senders = (
        Postman(writes_to_console=not settings.is_production),
        Sender(allows_plain=not settings.is_production),
    )

    def begin() -> None:
        scheduler.start(app)
        for sender in senders:
            sender.start()

    def pause() -> None:
        scheduler.stop(wait=False)
        for sender in senders:
            sender.stop(wait=False)

    owner = PortOwner(settings, on_owning=begin, on_losing=pause)
    owner.start()
    try:
        yield owner
    finally:
        for sender in senders:
            sender.stop()
        scheduler.stop()
        owner.stop()


@contextmanager
def _linked(settings: Settings, owner: PortOwner | None) -> Iterator[None]:
    if settings.broker is None and (owner is None or settings.own_broker_port is None):
        yield
        return
    # Loaded only where it is used: most commands never talk to a broker.
    from pms.link.runner import Runner

    runner = Runner(settings, is_owner=lambda: owner is not None and owner.is_owner)
    runner.start()
    try:
        yield
    finally:
        runner.stop()
