"""Every write to staff cards and shifts, behind one import."""

from __future__ import annotations

from pms.staffcards.service.at_doors import add_denied, denied_cards, note_denied, seen_at_door
from pms.staffcards.service.forgetting import forget_visitors
from pms.staffcards.service.lost import make_deny_card, raise_scope, report_lost
from pms.staffcards.service.making import make, make_again, make_visitor, renew, retry
from pms.staffcards.service.shifts import change_shift, create_shift, delete_shift

__all__ = [
    "add_denied",
    "change_shift",
    "create_shift",
    "delete_shift",
    "denied_cards",
    "forget_visitors",
    "make",
    "make_again",
    "make_deny_card",
    "make_visitor",
    "note_denied",
    "raise_scope",
    "renew",
    "report_lost",
    "retry",
    "seen_at_door",
]
