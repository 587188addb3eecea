"""Every write to slots, behind one import."""

from __future__ import annotations

from pms.slots.rules import Owner
from pms.slots.service.following import (
    end,
    end_for_stay,
    end_templates,
    expire,
    fill,
    fill_if_room,
    follow_stay,
    give_up,
    want_fingerprint,
)
from pms.slots.service.forgetting import forget, forget_visitors
from pms.slots.service.hearing import command_answered, commands_sent, forget_lock, list_answered, note_users
from pms.slots.service.steps import SUBJECT
from pms.slots.service.storing import change, remove, report_stored, store
from pms.slots.service.syncing import SUBJECT as SYNC_SUBJECT
from pms.slots.service.syncing import empty, mend, mend_all, sync

__all__ = [
    "SUBJECT",
    "SYNC_SUBJECT",
    "Owner",
    "change",
    "command_answered",
    "commands_sent",
    "empty",
    "end",
    "end_for_stay",
    "end_templates",
    "expire",
    "fill",
    "fill_if_room",
    "follow_stay",
    "forget",
    "forget_lock",
    "forget_visitors",
    "give_up",
    "list_answered",
    "mend",
    "mend_all",
    "note_users",
    "remove",
    "report_stored",
    "store",
    "sync",
    "want_fingerprint",
]
