"""Sends what waits for programs: a few threads in the process that owns the ports. Messages leave within a second."""

from __future__ import annotations

import logging
import threading

from pms import __version__
from pms.alarms import delivery_rules as rules
from pms.alarms import outbox, webhook
from pms.alarms.outbox import Parcel
from pms.core import clock
from pms.core.db import db

_LOOK_SECONDS = 1.0
# A program that does not answer holds up one of them for some seconds.
_THREADS = 3
_log = logging.getLogger(__name__)


class Sender:
    """Looks for messages until it is stopped. `allows_plain`: unencrypted webhooks too, for demo and tests only."""

    def __init__(self, *, allows_plain: bool) -> None:
        self._allows_plain = allows_plain
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._run, name=f"alarm sender {number}", daemon=True)
                for number in range(1, _THREADS + 1)
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End, after the messages that are being sent."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                is_done = not self.send_one()
            except Exception:  # noqa: BLE001 - the database may be away for a moment; sending goes on
                _log.exception("sending alarms had to begin again")
                is_done = True
            finally:
                db.remove()
            if is_done:
                self._stop.wait(_LOOK_SECONDS)

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
