"""What the pages and the trail say about slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from pms.core.text import N_
from pms.core.weeks import Window
from pms.protocol.command import AnswerStatus
from pms.slots.comparing import Fault, Mend
from pms.slots.models import SlotKind, SlotOrigin, SlotRole, SlotState
from pms.web import filters
from pms.web.weeks import window_text

if TYPE_CHECKING:
    from datetime import datetime

    from pms.slots.comparing import Difference
    from pms.slots.models import Slot

KIND_WORDS: dict[SlotKind, str] = {
    SlotKind.PASSCODE: N_("Passcode"),
    SlotKind.CARD: N_("Card"),
    SlotKind.FINGERPRINT: N_("Fingerprint"),
    SlotKind.REMOTE: N_("Remote control"),
    SlotKind.FACE: N_("Face"),
    SlotKind.PALM: N_("Palm"),
}
KIND_ICONS: dict[SlotKind, str] = {
    SlotKind.PASSCODE: "passcode",
    SlotKind.CARD: "card",
    SlotKind.FINGERPRINT: "finger",
    SlotKind.REMOTE: "remote",
    SlotKind.FACE: "face",
    SlotKind.PALM: "palm",
}
ROLE_WORDS: dict[SlotRole, str] = {
    SlotRole.GUEST: N_("Guest"),
    SlotRole.STAFF: N_("Staff"),
    SlotRole.ADMINISTRATOR: N_("Administrator of the lock"),
    SlotRole.DURESS: N_("Duress: opens, and raises a silent alarm"),
}
STATE_WORDS: dict[SlotState, str] = {
    SlotState.WANTED: N_("to be sent"),
    SlotState.WAITING: N_("waits for somebody at the lock"),
    SlotState.ADDED: N_("in the lock"),
    SlotState.CHANGING: N_("in the lock; the change waits for somebody there"),
    SlotState.REFUSED: N_("refused by the lock"),
    SlotState.REMOVING: N_("still in the lock until somebody is there"),
    SlotState.REMOVED: N_("removed, the lock says so"),
    SlotState.NOT_SENT: N_("never sent"),
}
STATE_KINDS: dict[SlotState, str] = {
    SlotState.WANTED: "info",
    SlotState.WAITING: "info",
    SlotState.ADDED: "ok",
    SlotState.CHANGING: "info",
    SlotState.REFUSED: "bad",
    SlotState.REMOVING: "warn",
    SlotState.REMOVED: "muted",
    SlotState.NOT_SENT: "muted",
}
ORIGIN_WORDS: dict[SlotOrigin, str] = {
    SlotOrigin.MADE_HERE: N_("stored from here"),
    SlotOrigin.REPORTED: N_("reported by a phone"),
    SlotOrigin.FOUND: N_("found in the lock"),
}
ANSWER_WORDS: dict[AnswerStatus, str] = {
    AnswerStatus.DONE: N_("done"),
    AnswerStatus.UNKNOWN_COMMAND: N_("it does not know this command"),
    AnswerStatus.BAD_TLV: N_("it does not understand the data"),
    AnswerStatus.REFUSED: N_("it refuses"),
    AnswerStatus.FULL: N_("it has no room"),
    AnswerStatus.NO_SUCH_ITEM: N_("it has no such thing"),
    AnswerStatus.ALREADY_THERE: N_("it has this already"),
    AnswerStatus.BUSY: N_("it is busy"),
    AnswerStatus.NOT_BOUND: N_("it is not set up"),
    AnswerStatus.LOW_BATTERY: N_("its battery is too low"),
    AnswerStatus.TOO_LATE: N_("it came too late"),
}
MEND_WORDS: dict[Mend, str] = {
    Mend.SEND: N_("Send again"),
    Mend.TAKE_AWAY: N_("Take away from the lock"),
    Mend.TAKE_OVER: N_("Take into the book"),
}
FAULT_WORDS: dict[Fault, str] = {
    Fault.MISSING: N_("missing in the lock"),
    Fault.UNKNOWN: N_("unknown here"),
    Fault.OTHER: N_("something else in the slot"),
    Fault.DIFFERENT: N_("other times or role"),
}

ACTIONS = {
    "slots.stored": N_("Stored a credential for %(subject)s in a lock"),
    "slots.reported": N_("Noted that a phone stored a credential for %(subject)s in a lock"),
    "slots.changed": N_("Changed the credential of %(subject)s in a lock"),
    "slots.taken_away": N_("Had the credential of %(subject)s taken out of a lock"),
    "slots.added": N_("The lock stored the credential of %(subject)s"),
    "slots.removed": N_("The lock let the credential of %(subject)s go"),
    "slots.refused": N_("The lock refused the credential of %(subject)s"),
    "slots.change_taken": N_("The lock took the change of %(subject)s"),
    "slots.answer_refused": N_("The lock did not do what it was asked about %(subject)s"),
    "slots.not_moved": N_("The credential of %(subject)s could not follow into the other room's lock"),
    "slots.mended": N_("Mended a difference between the book and a lock about %(subject)s"),
    "slots.all_mended": N_("Mended all differences between the book and the lock of %(subject)s"),
    "slots.list_asked": N_("Asked the lock of %(subject)s for all that it stores"),
    "slots.listed": N_("The lock of %(subject)s listed what it stores"),
    "slots.list_refused": N_("The lock of %(subject)s did not list what it stores"),
    "slots.wiped": N_("The lock of %(subject)s has wiped all that it stored"),
}
FIELDS = {
    "kind": N_("Kind"),
    "door": N_("Door"),
    "slot": N_("Slot"),
    "name": N_("Name"),
    "role": N_("Role in the lock"),
    "valid_from": N_("From"),
    "valid_until": N_("Until"),
    "status": N_("The lock's answer"),
    "reason": N_("Reason"),
    "fault": N_("Difference"),
    "way": N_("How"),
    "count": N_("In the lock"),
    "differences": N_("Differences"),
    **{str(fault): text for fault, text in FAULT_WORDS.items()},
}
VALUES = {
    "kind": {str(key): text for key, text in KIND_WORDS.items()},
    "role": {str(key): text for key, text in ROLE_WORDS.items()},
    "fault": {str(key): text for key, text in FAULT_WORDS.items()},
    "way": {str(key): text for key, text in MEND_WORDS.items()},
    "status": {key.name.lower(): text for key, text in ANSWER_WORDS.items()},
    "reason": {
        "stay_over": N_("the stay is over"),
        "withdrawn": N_("consent withdrawn"),
        "time_over": N_("its time is over"),
        "left": N_("the account was switched off"),
    },
}


def of_pages() -> dict[str, Any]:
    """What the templates need to speak of slots."""
    return {
        "kind_words": KIND_WORDS,
        "kind_icons": KIND_ICONS,
        "role_words": ROLE_WORDS,
        "slot_state_words": STATE_WORDS,
        "slot_state_kinds": STATE_KINDS,
        "origin_words": ORIGIN_WORDS,
        "answer_text": answer_text,
        "mend_text": mend_text,
        "validity": validity,
        "difference_text": difference_text,
        "all_mended_by": all_mended_by,
    }


def answer_text(status: int) -> str:
    """The lock's own word, for a sentence."""
    return str(_(ANSWER_WORDS[AnswerStatus(status)]))


def validity(slot: Slot) -> str:
    """When it opens: "from Fri 12 Jun, 12:00 until Sun 14 Jun, 12:00; Mon–Fri, 09:00–11:00"."""
    text = _span(slot.valid_from, slot.valid_until)
    window = Window(slot.weekdays, slot.window_start, slot.window_end)
    return text if window.is_always else f"{text}; {window_text(window)}"


def _span(valid_from: datetime | None, valid_until: datetime | None) -> str:
    start, end = filters.datetime_text(valid_from), filters.datetime_text(valid_until)
    if valid_until is None:
        return str(_("without an end") if valid_from is None else _("from %(start)s on", start=start))
    return str(_("until %(end)s", end=end) if valid_from is None else _("%(start)s – %(end)s", start=start, end=end))


def difference_text(one: Difference) -> str:
    """What differs in a slot, as a sentence."""
    slot, listed = one.slot, one.listed
    said = {"name": slot.name or _("a credential without a name") if slot else ""}
    if listed is not None:
        said["kind"] = _(KIND_WORDS[listed.kind])
        said["there"] = f"{_span(listed.valid_from, listed.valid_until)}, {_(ROLE_WORDS[listed.role])}"
    if slot is not None:
        said["here"] = f"{_span(slot.valid_from, slot.valid_until)}, {_(ROLE_WORDS[slot.role])}"
    return str(_(_DIFFERENCES[one.fault])) % said


_DIFFERENCES: dict[Fault, str] = {
    Fault.MISSING: N_("The book has “%(name)s” here; the lock has nothing."),
    Fault.UNKNOWN: N_("The lock has something that the book does not know: %(kind)s, %(there)s."),
    Fault.OTHER: N_("The book has “%(name)s” here; the lock has something else: %(kind)s, %(there)s."),
    Fault.DIFFERENT: N_(
        "“%(name)s” opens at other times or with another role. The book: %(here)s. The lock: %(there)s."
    ),
}


def mend_text(one: Difference, way: Mend) -> str:
    """What a button does."""
    is_struck = way is Mend.TAKE_OVER and one.fault is Fault.MISSING
    return str(_("Strike off the book") if is_struck else _(MEND_WORDS[way]))


def all_mended_by(one: Difference) -> str:
    """What "mend all" does about a difference."""
    way = one.ways[0]
    if way is Mend.TAKE_OVER and one.fault is Fault.MISSING:
        return str(_("It is struck off the book, since only the lock knew what it held."))
    return str(_(_MENDED[way]))


_MENDED: dict[Mend, str] = {
    Mend.SEND: N_("It is sent to the lock again."),
    Mend.TAKE_AWAY: N_("It is taken away from the lock."),
    Mend.TAKE_OVER: N_("The book follows the lock."),
}
