"""What the pages and the trail say about cards that were read for locks."""

from __future__ import annotations

from pms.core.text import N_

# Why the lock's book did not take a card, by the code of its refusal.
REFUSALS = {
    "lock_full": N_("The lock has no room for another credential. Remove one there first."),
    "lock_not_ready": N_("The lock is not set up any more. Set it up with a phone first."),
    "kind_not_there": N_("The lock has no reader for cards."),
    "already_over": N_("Its time was over before the card was read."),
    "stay_over": N_("The stay was over before the card was read."),
}

ACTIONS = {
    "online_cards.asked": N_("Asked for a card to be read for a lock: %(subject)s"),
}
FIELDS = {"door": N_("Door")}
