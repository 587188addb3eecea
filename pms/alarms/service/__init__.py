"""Everything that is done with alarms, behind one import."""

from __future__ import annotations

from pms.alarms.service.acknowledging import acknowledge, note_export
from pms.alarms.service.raising import raise_alarm, settle
from pms.alarms.service.records import History, Noted, from_records
from pms.alarms.service.subscribing import (
    May,
    Wanted,
    change_subscription,
    renew_secret,
    send_again,
    send_test,
    shown_target,
    subscribe,
    unsubscribe,
)
from pms.alarms.service.watching import watch

__all__ = [
    "History",
    "May",
    "Noted",
    "Wanted",
    "acknowledge",
    "change_subscription",
    "from_records",
    "note_export",
    "raise_alarm",
    "renew_secret",
    "send_again",
    "send_test",
    "settle",
    "shown_target",
    "subscribe",
    "unsubscribe",
    "watch",
]
