"""Sends what waits for programs: a few threads in the process that owns the ports. Messages leave within a second."""

from __future__ import annotations

import logging

from pms import __version__
from pms.alarms import delivery_rules as rules
from pms.alarms import outbox, webhook
from pms.alarms.outbox import Parcel
from pms.core import clock
from pms.core.db import db
from pms.core.sender import OutboxSender

# A program that does not answer holds up one of them for some seconds.
_THREADS = 3
_log = logging.getLogger(__name__)


class Sender(OutboxSender):
    """`allows_plain`: unencrypted webhooks too, for demo and tests only."""

    def __init__(self, *, allows_plain: bool) -> None:
        super().__init__("sender of alarms", threads=_THREADS)
        self._allows_plain = allows_plain

    def send_one(self) -> bool:
        """Send one message that is due; whether there was one."""
        now = clock.now()
        if outbox.is_idle(now=now):
            return False
        outbox.sweep(now=now)
        parcel = outbox.take(now=now)
        # Nothing of the database is held while a program is talked to.
        db.remove()
        if parcel is None:
            return False
        try:
            status = self._post(parcel)
        except webhook.Fault as fault:
            _log.warning("message %s was not taken: %s %s", parcel.id, fault.code, fault.status or "")
            outbox.put_back(parcel=parcel, code=fault.code, status=fault.status, now=clock.now())
        else:
            outbox.end(parcel=parcel, status=status, now=clock.now())
        return True

    def _post(self, parcel: Parcel) -> int:
        body = parcel.body.encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"Latchkey/{__version__}",
            rules.EVENT_HEADER: parcel.event.value,
            rules.DELIVERY_HEADER: str(parcel.id),
            # By the time of this try, so that a receiver can refuse what somebody has kept and sends again.
            rules.SIGNATURE_HEADER: rules.signature(parcel.secret, body, int(clock.now().timestamp())),
        }
        return webhook.post(
            parcel.url,
            body,
            headers,
            in_own_network=parcel.in_own_network,
            allows_plain=self._allows_plain,
            seconds=rules.STEP_SECONDS,
        )
