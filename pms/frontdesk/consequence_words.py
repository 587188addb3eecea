"""What an act means, in sentences: one for each key, and the price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext

from pms.core.text import N_
from pms.frontdesk.fate_rules import Fate
from pms.frontdesk.key_rules import KeySort, Stance
from pms.frontdesk.task_rules import TaskKind
from pms.keycards.rules import MakeAgain
from pms.web import filters

if TYPE_CHECKING:
    from pms.frontdesk.fate_rules import Outcome
    from pms.frontdesk.key_rules import Key
    from pms.frontdesk.task_rules import Task

SORT_WORDS: dict[KeySort, str] = {
    KeySort.CARD: N_("Key card"),
    KeySort.PASSCODE: N_("Passcode"),
    KeySort.STORED_CARD: N_("Card stored in the lock"),
    KeySort.STORED_PASSCODE: N_("Passcode stored in the lock"),
    KeySort.FINGERPRINT: N_("Fingerprint"),
    KeySort.REMOTE: N_("Remote control"),
    KeySort.FACE: N_("Face"),
    KeySort.PALM: N_("Palm"),
}
SORT_ICONS: dict[KeySort, str] = {
    KeySort.CARD: "card",
    KeySort.PASSCODE: "passcode",
    KeySort.STORED_CARD: "card",
    KeySort.STORED_PASSCODE: "passcode",
    KeySort.FINGERPRINT: "finger",
    KeySort.REMOTE: "remote",
    KeySort.FACE: "face",
    KeySort.PALM: "palm",
}
STANCE_WORDS: dict[Stance, str] = {
    Stance.MAKING: N_("Being made"),
    Stance.OPENS: N_("Opens"),
    Stance.UNSURE: N_("May open"),
    Stance.WAITING: N_("Not in the lock yet"),
    Stance.CHANGING: N_("Change on its way"),
    Stance.LEAVING: N_("Not wanted, still opens"),
    Stance.LEFT: N_("Not wanted, still opens"),
    Stance.REFUSED: N_("Refused by the lock"),
    Stance.GONE: N_("Dead"),
}
STANCE_KINDS: dict[Stance, str] = {
    Stance.MAKING: "info",
    Stance.OPENS: "ok",
    Stance.UNSURE: "warn",
    Stance.WAITING: "info",
    Stance.CHANGING: "info",
    Stance.LEAVING: "warn",
    Stance.LEFT: "warn",
    Stance.REFUSED: "bad",
    Stance.GONE: "muted",
}
FATE_KINDS: dict[Fate, str] = {
    Fate.KEEPS: "ok",
    Fate.ENDS_EARLY: "warn",
    Fate.ENDS_LATE: "warn",
    Fate.BEGINS_LATE: "warn",
    Fate.BEGINS_SOON: "warn",
    Fate.OUTDATED: "warn",
    Fate.LEFT: "warn",
    Fate.NOT_MADE: "muted",
    Fate.CHANGED: "info",
    Fate.UNCHANGED: "warn",
    Fate.STORED: "info",
    Fate.TAKEN_AWAY: "info",
    Fate.COUNTS_AGAIN: "ok",
    Fate.GONE: "muted",
}

_CARDS: dict[Fate, str] = {
    Fate.KEEPS: N_("opens %(doors)s until %(ends)s, as it should."),
    Fate.ENDS_EARLY: N_("opens %(doors)s until %(ends)s and must be written again by then."),
    Fate.ENDS_LATE: N_("opens %(doors)s until %(until)s, longer than the guest stays: write it again or erase it."),
    Fate.BEGINS_LATE: N_("does not open yet when the guest comes: write it again."),
    Fate.BEGINS_SOON: N_("opens %(doors)s before the guest is expected: write it again or erase it."),
    Fate.OUTDATED: N_("must be written again: a newer card may have been used at the door."),
    Fate.LEFT: N_("opens %(doors)s until %(until)s, or until the next guest’s card is used there: ask for it."),
    Fate.NOT_MADE: N_("is not written any more."),
    Fate.COUNTS_AGAIN: N_("counts again and opens %(doors)s until %(ends)s."),
    Fate.GONE: N_("opens nothing any more."),
}
_CODES: dict[Fate, str] = {
    Fate.KEEPS: N_("stays valid for %(doors)s until %(ends)s."),
    Fate.ENDS_EARLY: N_("stays valid for %(doors)s and dies on %(ends)s: tell the guest another one before."),
    Fate.ENDS_LATE: N_(
        "opens %(doors)s until %(until)s, longer than the guest stays: what was told cannot be shortened. The next guest’s "
        "code or a clear code ends it."
    ),
    Fate.BEGINS_LATE: N_("does not open yet when the guest comes: tell another one."),
    Fate.BEGINS_SOON: N_("opens %(doors)s before the guest is expected: what was told cannot be changed."),
    Fate.LEFT: N_("opens %(doors)s until %(until)s, or until the next guest’s code or a clear code is used there."),
    Fate.COUNTS_AGAIN: N_("counts again, until %(ends)s."),
    Fate.GONE: N_("opens nothing any more."),
}
_STORED: dict[Fate, str] = {
    Fate.KEEPS: N_("opens %(doors)s until %(ends)s, as it should."),
    Fate.CHANGED: N_(
        "ends on %(ends)s once the lock of %(doors)s is told, %(how)s. Until then the lock has %(opened)s."
    ),
    Fate.UNCHANGED: N_(
        "keeps its end, %(opened)s: only the lock of %(doors)s knows what it stores. Store it anew at the door."
    ),
    Fate.STORED: N_("opens %(doors)s once its lock is told to store it, %(how)s."),
    Fate.TAKEN_AWAY: N_("opens %(doors)s until its lock is told to let it go, %(how)s."),
    Fate.NOT_MADE: N_("is not stored."),
    Fate.COUNTS_AGAIN: N_("counts again, until %(ends)s."),
    Fate.GONE: N_("is not kept here any more and does not come back: store it anew."),
}
_BY_THE_WAY = {True: N_("at once by its gateway"), False: N_("as soon as somebody is at the door with the app")}

_AGAIN: dict[MakeAgain, str] = {
    MakeAgain.TOO_SHORT: N_("ends before the guest leaves"),
    MakeAgain.TOO_LONG: N_("opens longer than the guest stays"),
    MakeAgain.TOO_EARLY: N_("does not open yet"),
    MakeAgain.TOO_SOON: N_("opens before the guest is expected"),
    MakeAgain.LOST: N_("another card was lost"),
    MakeAgain.NEWER_USED: N_("a newer card may have been used at the door"),
}

_NEEDS: dict[MakeAgain, str] = {
    MakeAgain.TOO_SHORT: N_("It ends before the guest leaves."),
    MakeAgain.TOO_LONG: N_("It opens longer than the guest stays."),
    MakeAgain.TOO_EARLY: N_("It does not open yet."),
    MakeAgain.TOO_SOON: N_("It opens before the guest is expected."),
    MakeAgain.LOST: N_("Another card of the party was lost: the next new card ends it."),
    MakeAgain.NEWER_USED: N_("A newer card may have been used at the door, which ends it."),
}
_WAITS: dict[Stance, str] = {
    Stance.WAITING: N_("The lock is told to store it, %(how)s."),
    Stance.UNSURE: N_("Its writing was interrupted: it may open."),
    Stance.LEAVING: N_("The lock is told to let it go, %(how)s."),
    Stance.REFUSED: N_("The lock would not store it."),
}
_LEFT_CARD = N_("Nobody wants it any more; the door learns that from the next guest’s card.")
_LEFT_CODE = N_("Nobody wants it any more; the door learns that from the next guest’s code or a clear code.")


def name(key: Key) -> str:
    """What a key is called among those of its stay."""
    word = str(_(SORT_WORDS[key.sort]))
    if key.sort is KeySort.CARD and key.of > 1:
        return str(_("Key card %(number)d of %(of)d", number=key.number, of=key.of))
    return word


def sentence(outcome: Outcome) -> str:
    """What becomes of a key."""
    key = outcome.key
    words = _CARDS if key.sort is KeySort.CARD else _CODES if key.sort is KeySort.PASSCODE else _STORED
    return str(_(words[outcome.fate])) % {
        "doors": ", ".join(key.doors),
        "ends": filters.datetime_text(key.ends),
        "until": filters.datetime_text(key.opens_until),
        "opened": filters.datetime_text(outcome.opened_until),
        "how": _(_BY_THE_WAY[key.is_reached]),
    }


def why(key: Key) -> str:
    """Why a key opens, or does not, as it stands: what is known of it, and what it waits for."""
    how = _(_BY_THE_WAY[key.is_reached])
    if key.stance is Stance.CHANGING:
        return str(_("The lock is told the new end, %(ends)s, %(how)s.", ends=filters.datetime_text(key.ends), how=how))
    if key.stance in _WAITS:
        return str(_(_WAITS[key.stance])) % {"how": how}
    if key.stance is Stance.LEFT and key.is_denied:
        return str(_("Reported lost: these doors are not known to have heard that they must refuse it."))
    if key.stance is Stance.LEFT:
        return str(_(_LEFT_CARD if key.sort is KeySort.CARD else _LEFT_CODE))
    if key.status is not None:
        return str(_("The lock would not take the change: it opens as before."))
    if key.again is not None:
        return str(_(_NEEDS[key.again]))
    if key.stance is Stance.MAKING:
        return str(_("It is on a machine, or about to be."))
    return str(_("The door or a machine has seen it.") if key.is_proved else _("Nobody has seen it at the door yet."))


def task(one: Task) -> str:
    """What is to do, in a few words."""
    if one.kind is TaskKind.MAKE_CARDS:
        return str(_("No card yet"))
    if one.kind is TaskKind.WRITE_AGAIN:
        return str(ngettext("%(num)d card to write again", "%(num)d cards to write again", one.count))
    if one.kind is TaskKind.TELL_CODE:
        return str(_("Tell another code"))
    return str(_("Go to the lock of %(doors)s", doors=", ".join(one.doors)))


def reason(one: Task) -> str:
    """Why it is to be done; nothing where the task says it."""
    if one.kind is TaskKind.VISIT_LOCK:
        return str(_("it has not been told what changed"))
    return str(_(_AGAIN[one.again])) if one.again is not None else ""
