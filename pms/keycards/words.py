"""What the pages say about keys."""

from __future__ import annotations

from pms.core.text import N_
from pms.encoders.words import ERROR_WORDS
from pms.keycards.models import CardReason, EndReason
from pms.keycards.rules import CardKindSeen, FoundAct, KeyState, LostReason, LostWay, MakeAgain

STATE_WORDS: dict[KeyState, str] = {
    KeyState.IN_MAKING: N_("Being made"),
    KeyState.NOT_MADE: N_("Not made"),
    KeyState.CONFIRMED: N_("Confirmed"),
    KeyState.BELIEVED: N_("Believed"),
    KeyState.UNKNOWN: N_("Unknown"),
    KeyState.TIME_OVER: N_("Time over"),
    KeyState.STILL_OPENS: N_("Ended, still opens"),
    KeyState.UNKNOWN_STILL: N_("Ended, may still open"),
    KeyState.DEAD: N_("Dead"),
}

# The kind of the badge: see docs/look.md.
STATE_KINDS: dict[KeyState, str] = {
    KeyState.IN_MAKING: "info",
    KeyState.NOT_MADE: "muted",
    KeyState.CONFIRMED: "ok",
    KeyState.BELIEVED: "info",
    KeyState.UNKNOWN: "bad",
    KeyState.TIME_OVER: "muted",
    KeyState.STILL_OPENS: "warn",
    KeyState.UNKNOWN_STILL: "bad",
    KeyState.DEAD: "muted",
}

AGAIN_WORDS: dict[MakeAgain, str] = {
    MakeAgain.LOST: N_(
        "Make again: another card of the party was lost. This one ends when a new one is used at the door."
    ),
    MakeAgain.TOO_SHORT: N_("Make again: it ends before the guest leaves."),
    MakeAgain.TOO_LONG: N_("Make again or erase: it opens longer than the guest stays."),
    MakeAgain.NEWER_USED: N_("Make again: a newer card may have been used at the door, which ends this one."),
    MakeAgain.TOO_EARLY: N_("Make again: it was made ahead and does not open yet."),
    MakeAgain.TOO_SOON: N_("Make again or erase: it opens before the guest is expected."),
}

REASON_WORDS: dict[CardReason, str] = {
    CardReason.NEW: N_("First card"),
    CardReason.DUPLICATE: N_("Further card"),
    CardReason.REPLACEMENT: N_("For a lost one"),
    CardReason.REMADE: N_("Made again"),
}

END_WORDS: dict[EndReason, str] = {
    EndReason.CHECKED_OUT: N_("Checked out"),
    EndReason.LOST: N_("Lost"),
    EndReason.REMADE: N_("Replaced by a card made again"),
    EndReason.MOVED: N_("Moved to another room"),
    EndReason.CANCELLED: N_("Cancelled"),
    EndReason.ERASED: N_("Erased"),
    EndReason.OVERWRITTEN: N_("Overwritten"),
}

LOST_WORDS: dict[LostWay, str] = {
    LostWay.DENY: N_("Refuse this one card"),
    LostWay.REPLACE: N_("Replace all cards"),
}
LOST_REASONS: dict[LostReason, str] = {
    LostReason.ALL_ONLINE: N_(
        "All its doors are online, so they refuse it within a minute, and nobody else must come."
    ),
    LostReason.NOT_ONLINE: N_(
        "Not every door is online: until somebody with a phone was there the card would open it. A new card ends it at once."
    ),
    LostReason.NO_OTHERS: N_("The party has no other card that would go on opening, so there is nothing to spare."),
    LostReason.LIST_FULL: N_("A lock refuses as many lost cards as it can keep, so only replacing is left."),
}

SEEN_WORDS: dict[CardKindSeen, str] = {
    CardKindSeen.BLANK: N_("Blank card"),
    CardKindSeen.OWN: N_("A key of this stay"),
    CardKindSeen.GUEST: N_("Another guest's key"),
    CardKindSeen.DEAD: N_("A key that is over"),
    CardKindSeen.STAFF: N_("Staff card"),
    CardKindSeen.FOREIGN: N_("A card that is not readable here"),
}

# The sentence of what to do, and of why.
FOUND_WORDS: dict[FoundAct, str] = {
    FoundAct.GIVE_BACK: N_("Give it back to %(guest)s in %(room)s."),
    FoundAct.KEEP_FOR_ARRIVAL: N_("Keep it for %(guest)s, who is expected in %(room)s."),
    FoundAct.MAKE_AGAIN: N_("Make it again for %(guest)s in %(room)s before you give it back."),
    FoundAct.ALLOW: N_("Allow it again for %(guest)s in %(room)s, or erase it."),
    FoundAct.ERASE: N_("Erase it. Then it can be used for anybody."),
    FoundAct.USE: N_("Put it to the blank cards."),
    FoundAct.TO_HOLDER: N_("Give it back to %(guest)s."),
    FoundAct.TO_MANAGER: N_("Hand it to the manager. Do not leave it at the desk."),
    FoundAct.LOST_PROPERTY: N_("It opens nothing here. Put it to the lost property."),
}

SHOWN_WORDS: dict[str, str] = {
    "live": N_("In use"),
    "unknown": N_("Unknown"),
    "again": N_("To make again"),
    "ended": N_("Ended, still opens"),
    "all": N_("All"),
}

# Why a card was not taken, in the words of keys.
REFUSALS = {
    "stay_ended": N_("The stay was changed while the machine waited; this card is not wanted any more."),
}

PROGRESS_WORDS: dict[str, str] = {
    "online": N_("Store a card in a lock"),
    "write": N_("Key cards"),
    "read": N_("Read a card"),
    "erase": N_("Erase a card"),
    "signal": N_("Let it blink"),
    "staff": N_("Staff card"),
}

ACTIONS = {
    "keycards.requested": N_("Asked for key cards: %(subject)s"),
    "keycards.made": N_("Made a key card: %(subject)s"),
    "keycards.not_made": N_("Did not make a key card: %(subject)s"),
    "keycards.unknown": N_("Lost track of a key card: %(subject)s"),
    "keycards.lost": N_("Reported a key card lost: %(subject)s"),
    "keycards.denied": N_("Had doors refuse a lost key card: %(subject)s"),
    "keycards.allowed": N_("Allowed a key card that was found again: %(subject)s"),
    "keycards.found": N_("A lost key card was found again and is written anew: %(subject)s"),
    "keycards.lost_opened": N_("A lost key card opened a door: %(subject)s"),
    "keycards.ended": N_("Ended key cards: %(subject)s"),
    "keycards.reinstated": N_("Took the end of key cards back: %(subject)s"),
    "keycards.refused": N_("A door refused a key card: %(subject)s"),
    "keycards.erased": N_("Erased a key card: %(subject)s"),
    "keycards.read": N_("Read a key card: %(subject)s"),
    "keycards.read_requested": N_("Asked to read a card"),
    "keycards.erase_requested": N_("Asked to erase a card"),
}
FIELDS = {
    "cards": N_("Cards"),
    "doors": N_("Doors"),
    "at": N_("Time at the door"),
    "reason": N_("Reason"),
    "valid_from": N_("From"),
    "valid_until": N_("Until"),
    "until": N_("Until"),
    "issue": N_("Issue number"),
    "uid": N_("Card number"),
    "why": N_("Why"),
    "result": N_("The door said"),
    "overwrite": N_("Overwrite card"),
}
VALUES = {
    "reason": {
        **{str(key): text for key, text in REASON_WORDS.items()},
        **{str(key): text for key, text in END_WORDS.items()},
    },
    "why": ERROR_WORDS,
}
