"""Alarms in words: what they are called, what more is to be said of one, what the audit trail says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from pms.alarms.models import Alarm, AlarmKind, Channel, DeliveryState, Event, Severity
from pms.core.text import N_
from pms.web import filters

KIND_WORDS: dict[AlarmKind, str] = {
    AlarmKind.DURESS: N_("Duress alarm"),
    AlarmKind.TAMPER: N_("Tamper alarm"),
    AlarmKind.PASSCODE_GUESSING: N_("Somebody tries passcodes"),
    AlarmKind.CHAIN_BROKEN: N_("Door records are not right"),
    AlarmKind.DOOR_LEFT_OPEN: N_("Door left open"),
    AlarmKind.LOCK_OUT: N_("Keypad shut after wrong codes"),
    AlarmKind.OFFLINE: N_("Out of reach"),
    AlarmKind.LOW_BATTERY: N_("Low battery"),
}
SEVERITY_WORDS: dict[Severity, str] = {
    Severity.URGENT: N_("Urgent"),
    Severity.WARNING: N_("Soon"),
    Severity.QUIET: N_("On the next round"),
}
SEVERITY_BADGES: dict[Severity, str] = {Severity.URGENT: "bad", Severity.WARNING: "warn", Severity.QUIET: "muted"}
# The lists of the page, by what its address calls them.
STATE_WORDS: dict[str, str] = {
    "open": N_("Open alarms"),
    "closed": N_("Over or acknowledged"),
    "all": N_("Everything"),
}
CHANNEL_WORDS: dict[Channel, str] = {Channel.EMAIL: N_("E-mail"), Channel.WEBHOOK: N_("Webhook")}
EVENT_WORDS: dict[Event, str] = {
    Event.RAISED: N_("Raised"),
    Event.SETTLED: N_("Over"),
    Event.ACKNOWLEDGED: N_("Acknowledged"),
    Event.TEST: N_("Test"),
}
# The badge's kind and its word.
DELIVERY_WORDS: dict[DeliveryState, tuple[str, str]] = {
    DeliveryState.QUEUED: ("info", N_("Waiting")),
    DeliveryState.SENDING: ("accent", N_("Being sent")),
    DeliveryState.SENT: ("ok", N_("Taken")),
    DeliveryState.FAILED: ("bad", N_("Given up")),
    DeliveryState.DROPPED: ("muted", N_("Dropped")),
}

# What to do about it, in one sentence; for letters and for the dialog.
ADVICE_WORDS: dict[AlarmKind, str] = {
    AlarmKind.DURESS: N_(
        "Somebody opened the door under duress. Call for help, and do not let it be seen at the door."
    ),
    AlarmKind.TAMPER: N_(
        "Somebody works on the lock, or holds cards to it that are not genuine. Send somebody at once."
    ),
    AlarmKind.PASSCODE_GUESSING: N_("Codes that are none are typed again and again. Look who stands there."),
    AlarmKind.CHAIN_BROKEN: N_(
        "Some records of this door were changed, added or taken out, at the lock or here. Look at them before anything else is done."
    ),
    AlarmKind.DOOR_LEFT_OPEN: N_("Somebody should close the door."),
    AlarmKind.LOCK_OUT: N_("The keypad takes no code for a while. Perhaps a guest needs help with theirs."),
    AlarmKind.OFFLINE: N_(
        "See whether it has power and a network. Nothing is opened from here as long as it is out of reach."
    ),
    AlarmKind.LOW_BATTERY: N_("Change the battery before guests stand outside."),
}
_DOUBTS = {
    "chain": N_("Records %(first)s to %(last)s are not as the lock wrote them."),
    "cut": N_("Records %(first)s to %(last)s were cut out of the lock."),
    "differs": N_("Record %(first)s came twice with different content."),
    "altered": N_("Records %(first)s to %(last)s are not as they were stored here."),
    "missing": N_("Records %(first)s to %(last)s were taken out of the database."),
    "added": N_("Records %(first)s to %(last)s were brought by no lock."),
}
_DOUBT = N_("Records %(first)s to %(last)s are not right.")


def explain(alarm: Alarm) -> tuple[str, dict[str, Any]] | None:
    """A sentence with what goes into it, of what more is known; None where nothing is. Instants are given as such."""
    said = alarm.details
    if "percent" in said:
        return N_("The battery is at %(percent)s %%."), {"percent": said["percent"]}
    if "since" in said:
        return N_("Nothing was heard since %(since)s."), {"since": datetime.fromisoformat(said["since"])}
    if "line_since" in said:
        since = datetime.fromisoformat(said["line_since"])
        return N_("The server has had no line to the broker since %(since)s: no gateway is reached."), {"since": since}
    if "doors" in said:
        return N_("Wrong codes at several doors: %(doors)s."), {"doors": ", ".join(said["doors"])}
    if "doubt" in said:
        return _DOUBTS.get(said["doubt"], _DOUBT), {"first": said["first"], "last": said["last"]}
    if alarm.kind is AlarmKind.PASSCODE_GUESSING:
        return N_("%(times)s wrong codes at this door."), {"times": alarm.times}
    return None


def explained(alarm: Alarm) -> str:
    """The same in the reader's language; empty where nothing is known."""
    more = explain(alarm)
    if more is None:
        return ""
    text, values = more
    told = {name: filters.datetime_text(v) if isinstance(v, datetime) else v for name, v in values.items()}
    return str(_(text)) % told


def of_pages() -> dict[str, Any]:
    """What templates of alarms need."""
    return {
        "advice_words": ADVICE_WORDS,
        "explained": explained,
        "kind_words": KIND_WORDS,
        "severity_badges": SEVERITY_BADGES,
        "severity_words": SEVERITY_WORDS,
        "state_words": STATE_WORDS,
    }


ACTIONS = {
    "alarms.raised": N_("Alarm: %(subject)s"),
    "alarms.settled": N_("The reason of an alarm is over: %(subject)s"),
    "alarms.acknowledged": N_("Acknowledged an alarm: %(subject)s"),
    "alarms.exported": N_("Exported the alarms"),
    "alarms.subscribed": N_("Lets somebody hear of alarms: %(subject)s"),
    "alarms.subscription_changed": N_("Changed who hears of alarms: %(subject)s"),
    "alarms.unsubscribed": N_("Lets somebody hear of alarms no more: %(subject)s"),
    "alarms.secret_made": N_("Made a new secret for a webhook: %(subject)s"),
    "alarms.test_sent": N_("Sent a test of alarms: %(subject)s"),
    "alarms.sent_again": N_("Has a message about an alarm sent again: %(subject)s"),
    "alarms.given_up": N_("A message about an alarm could not be delivered: %(subject)s"),
}
FIELDS = {
    "kind": N_("Alarm"),
    "note": N_("Note"),
    "kinds": N_("Alarms"),
    "channel": N_("How"),
    "target": N_("Where to"),
    "floor": N_("Doors"),
    "is_active": N_("Active"),
    "in_own_network": N_("In our own network"),
    "language": N_("Language"),
    "secret": N_("Secret"),
    "error": N_("Fault"),
}
VALUES = {
    "kind": {kind.value: word for kind, word in KIND_WORDS.items()},
    "channel": {channel.value: word for channel, word in CHANNEL_WORDS.items()},
}
