"""Sends the letters that are due: one thread in the process that owns the ports. Letters leave within seconds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pms.core import clock
from pms.core.db import db
from pms.core.sender import OutboxSender
from pms.mail import outbox, queries, rules, smtp
from pms.mail.models import LetterState
from pms.properties import queries as properties

if TYPE_CHECKING:
    from pms.mail.outbox import Parcel

_log = logging.getLogger(__name__)
# Where no mail server is set, outside of production: what the house would have sent.
_console = logging.getLogger("pms.mail.console")


class Postman(OutboxSender):
    """`writes_to_console`: where no server is set, letters go to the log instead of waiting for one, for demo and tests only."""

    def __init__(self, *, writes_to_console: bool) -> None:
        super().__init__("postman")
        self._writes_to_console = writes_to_console

    def send_one(self) -> bool:
        """Send one letter that is due; whether there was one."""
        now = clock.now()
        if outbox.is_idle(now=now):
            return False
        outbox.sweep(now=now)
        route = _route()
        if route is None and not self._writes_to_console:
            return False
        parcel = outbox.take(now=now)
        house = properties.find_property()
        sender_name = house.name if house else ""
        # Nothing of the database is held while the server is talked to.
        db.remove()
        if parcel is None:
            return False
        if route is None:
            _console.warning("To: %s\nSubject: %s\n\n%s", parcel.recipient, parcel.title, parcel.text)
            outbox.end(parcel=parcel, state=LetterState.SENT, code="console", now=clock.now())
        else:
            _send(parcel, route, sender_name)
        return True


def _route() -> smtp.Route | None:
    server = queries.find_server()
    if server is None:
        return None
    return smtp.Route(
        host=server.host,
        port=server.port,
        security=server.security,
        sender=server.sender,
        username=server.username,
        password=server.password or "",
    )


def _send(parcel: Parcel, route: smtp.Route, sender_name: str) -> None:
    try:
        message = smtp.compose(
            number=parcel.id,
            sender=route.sender,
            sender_name=rules.one_line(sender_name, 120),
            recipient=parcel.recipient,
            title=parcel.title,
            text=parcel.text,
            now=clock.now(),
        )
        smtp.deliver(route, message)
    except smtp.MayPass as fault:
        _log.warning("letter %s waits for its next try: %s", parcel.id, fault.code)
        outbox.put_back(parcel=parcel, code=fault.code, text=fault.text, now=clock.now())
    except smtp.BrokenOff as fault:
        _log.warning("nobody knows what became of letter %s", parcel.id)
        outbox.end(parcel=parcel, state=LetterState.UNKNOWN, code=fault.code, text=fault.text, now=clock.now())
    except smtp.Refused as fault:
        _log.warning("letter %s was refused: %s", parcel.id, fault.code)
        outbox.end(parcel=parcel, state=LetterState.FAILED, code=fault.code, text=fault.text, now=clock.now())
    else:
        outbox.end(parcel=parcel, state=LetterState.SENT, now=clock.now())
