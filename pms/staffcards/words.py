"""What the pages say about staff cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.core.text import N_
from pms.core.weeks import Window
from pms.encoders.words import ERROR_WORDS
from pms.keycards.words import STATE_KINDS, STATE_WORDS
from pms.protocol.record import RecordResult
from pms.staffcards.models import StaffCardKind, StaffEnd
from pms.staffcards.rules import Attention, LostAnswer
from pms.web.weeks import window_text

if TYPE_CHECKING:
    from pms.staffcards.models import Shift, StaffCard

KIND_WORDS: dict[StaffCardKind, str] = {
    StaffCardKind.STAFF: N_("Staff card"),
    StaffCardKind.EMERGENCY: N_("Emergency card"),
    StaffCardKind.ONE_SHOT: N_("Visitor's card"),
    StaffCardKind.DENY: N_("Deny card"),
}

KIND_BADGES: dict[StaffCardKind, str] = {
    StaffCardKind.STAFF: "muted",
    StaffCardKind.EMERGENCY: "bad",
    StaffCardKind.ONE_SHOT: "info",
    StaffCardKind.DENY: "warn",
}

END_WORDS: dict[StaffEnd, str] = {
    StaffEnd.LOST: N_("Lost"),
    StaffEnd.RENEWED: N_("Renewed"),
    StaffEnd.ERASED: N_("Erased"),
    StaffEnd.OVERWRITTEN: N_("Overwritten"),
    StaffEnd.USED: N_("Used"),
}

ATTENTION_WORDS: dict[Attention, str] = {
    Attention.TO_DENY: N_("To be denied"),
    Attention.RAISED: N_("To make again"),
    Attention.ENDS_SOON: N_("Ends soon"),
}

LOST_WORDS: dict[LostAnswer, str] = {
    LostAnswer.CARRY: N_("A new card that carries the denial"),
    LostAnswer.BOTH: N_("A deny card, and a new card"),
    LostAnswer.DENY: N_("A deny card only"),
    LostAnswer.RAISE: N_("Make all cards of these doors again"),
    LostAnswer.LATER: N_("Only note it now"),
}

SHOWN_WORDS: dict[str, str] = {
    "live": N_("In use"),
    "soon": N_("End soon"),
    "again": N_("To make again"),
    "deny": N_("To be denied"),
    "all": N_("All"),
}

# Why a card was not taken, in the words of staff cards.
REFUSALS: dict[str, str] = {
    "not_wanted": N_("The card is not wanted any more, or its time is over."),
    "holder_left": N_("Its holder does not work here any more."),
    "card_too_small": N_(
        "There is not enough room on this card for all that it should open. Use a card with more memory."
    ),
}

ACTIONS = {
    "staffcards.requested": N_("Asked for a staff card: %(subject)s"),
    "staffcards.renewed": N_("Asked to renew a staff card: %(subject)s"),
    "staffcards.made_again": N_("Asked to make staff cards again: %(subject)s"),
    "staffcards.made": N_("Made a staff card: %(subject)s"),
    "staffcards.not_made": N_("Did not make a staff card: %(subject)s"),
    "staffcards.unknown": N_("Lost track of a staff card: %(subject)s"),
    "staffcards.lost": N_("Reported a staff card lost: %(subject)s"),
    "staffcards.lost_opened": N_("A lost staff card opened a door: %(subject)s"),
    "staffcards.deny_requested": N_("Asked for a deny card: %(subject)s"),
    "staffcards.erased": N_("Erased a staff card: %(subject)s"),
    "staffcards.overwritten": N_("Overwrote a staff card: %(subject)s"),
    "staffcards.raised": N_("Ended all staff cards of %(subject)s"),
    "staffcards.refused": N_("A door refused a staff card: %(subject)s"),
    "staffcards.shift_created": N_("Added the shift %(subject)s"),
    "staffcards.shift_changed": N_("Changed the shift %(subject)s"),
    "staffcards.shift_deleted": N_("Deleted the shift %(subject)s"),
}
FIELDS = {
    "cards": N_("Cards"),
    "kind": N_("Kind"),
    "valid_until": N_("Until"),
    "until": N_("Until"),
    "shift": N_("Shift"),
    "issue": N_("Issue number"),
    "uid": N_("Card number"),
    "why": N_("Why"),
    "how": N_("What is done"),
    "result": N_("The door said"),
    "at": N_("Time at the door"),
    "name": N_("Name"),
    "weekdays": N_("Days"),
    "start": N_("From"),
    "end": N_("Until"),
}
RESULTS = {
    RecordResult.SUPERSEDED: N_("Ended by a newer key"),
    RecordResult.DENIED: N_("Denied"),
    RecordResult.EXPIRED: N_("Expired"),
    RecordResult.OUTSIDE_HOURS: N_("Outside of its hours"),
    RecordResult.USED: N_("Used already"),
}
VALUES = {
    "kind": {str(key): text for key, text in KIND_WORDS.items()},
    "how": {str(key): text for key, text in LOST_WORDS.items()},
    "result": {result.name.lower(): text for result, text in RESULTS.items()},
    "why": {**ERROR_WORDS, **REFUSALS},
}


def of_pages() -> dict[str, Any]:
    """What the templates need of all this."""
    return {
        "kind_words": KIND_WORDS,
        "kind_badges": KIND_BADGES,
        "end_words": END_WORDS,
        "attention_words": ATTENTION_WORDS,
        "shown_words": SHOWN_WORDS,
        "state_words": STATE_WORDS,
        "state_kinds": STATE_KINDS,
        "hours_of": lambda row: window_text(window_of(row)),
    }


def window_of(row: Shift | StaffCard) -> Window:
    """When a shift is, or a card opens."""
    return Window(row.weekdays, row.start_minute, row.end_minute)
