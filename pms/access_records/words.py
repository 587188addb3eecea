"""What doors note, in words; numbers are the protocol's (section 5)."""

from __future__ import annotations

from typing import Any

from pms.access_records.models import Doubt
from pms.core.text import N_
from pms.protocol.record import ALARMS, RecordEvent, RecordMethod, RecordResult

EVENTS: dict[int, str] = {
    RecordEvent.OPENED: N_("Opened"),
    RecordEvent.REFUSED: N_("Refused"),
    RecordEvent.LOCKED: N_("Locked"),
    RecordEvent.PASSAGE_ON: N_("Passage mode on"),
    RecordEvent.PASSAGE_OFF: N_("Passage mode off"),
    RecordEvent.TAMPER_ALARM: N_("Tamper alarm"),
    RecordEvent.LOW_BATTERY: N_("Low battery"),
    RecordEvent.DOOR_LEFT_OPEN: N_("Door left open"),
    RecordEvent.LOCK_OUT: N_("Keypad shut after wrong codes"),
    RecordEvent.CLOCK_SET: N_("Clock set"),
    RecordEvent.SETTINGS_CHANGED: N_("Settings changed"),
    RecordEvent.USER_CHANGED: N_("Stored key changed"),
    RecordEvent.KEYS_CHANGED: N_("Keys of the lock changed"),
    RecordEvent.EPOCH_MOVED: N_("Older passcodes ended"),
    RecordEvent.DURESS: N_("Duress alarm"),
    RecordEvent.RESTART: N_("Restarted"),
    RecordEvent.VOIDED: N_("Keys voided at the door"),
}

METHODS: dict[int, str] = {
    RecordMethod.NONE: "",
    RecordMethod.PASSCODE: N_("Stored passcode"),
    RecordMethod.CARD: N_("Stored card"),
    RecordMethod.FINGERPRINT: N_("Fingerprint"),
    RecordMethod.REMOTE: N_("Remote control"),
    RecordMethod.FACE: N_("Face"),
    RecordMethod.PALM: N_("Palm"),
    RecordMethod.OFFLINE_PASSCODE: N_("Passcode"),
    RecordMethod.OFFLINE_CARD: N_("Key card"),
    RecordMethod.COMMAND: N_("Remotely"),
    RecordMethod.INSIDE_HANDLE: N_("From inside"),
}

# By these somebody shows a key.
KEYS = frozenset(
    (
        RecordMethod.PASSCODE,
        RecordMethod.CARD,
        RecordMethod.FINGERPRINT,
        RecordMethod.REMOTE,
        RecordMethod.FACE,
        RecordMethod.PALM,
        RecordMethod.OFFLINE_PASSCODE,
        RecordMethod.OFFLINE_CARD,
    )
)

RESULTS: dict[int, str] = {
    RecordResult.OPENED: N_("Opened"),
    RecordResult.TAMPERED: N_("The card is not genuine"),
    RecordResult.LOCKED_OUT: N_("Keypad is shut"),
    RecordResult.NOT_YET: N_("Not valid yet"),
    RecordResult.EXPIRED: N_("Expired"),
    RecordResult.OUTSIDE_HOURS: N_("Outside of its hours"),
    RecordResult.VOIDED: N_("Keys voided"),
    RecordResult.SUPERSEDED: N_("Ended by a newer key"),
    RecordResult.USED: N_("Used already"),
    RecordResult.PRIVACY: N_("Deadbolt thrown from inside"),
    RecordResult.NOT_ADDRESSED: N_("Not for this door"),
    RecordResult.WRONG_CODE: N_("Wrong code"),
    RecordResult.DENIED: N_("Denied"),
    RecordResult.NO_CLOCK: N_("The lock has lost its clock"),
}

# What every list of records needs to show its rows.
OF_ROWS: dict[str, Any] = {"events": EVENTS, "methods": METHODS, "results": RESULTS}

DOUBTS: dict[Doubt, str] = {
    Doubt.CHAIN: N_(
        "Records %(first)s to %(last)s are not as the lock wrote them: one was changed, added or taken out."
    ),
    Doubt.CUT: N_("Records %(first)s to %(last)s were cut out of the lock, which still has older and newer ones."),
    Doubt.DIFFERS: N_("Record %(first)s came twice with different content. The first one is kept."),
    Doubt.ALTERED: N_("Changed in the database after coming in: %(records)s."),
    Doubt.MISSING: N_("Deleted from the database after coming in: %(records)s."),
    Doubt.ADDED: N_("Put into the database by hand, brought by no lock: %(records)s."),
}
ONE_RECORD, RECORDS = N_("record %(first)s"), N_("records %(first)s to %(last)s")
GAP = N_("Records %(first)s to %(last)s are missing: the lock no longer had them when it was asked.")
GAP_CLOSED = N_("Records %(first)s to %(last)s were missing here, and came in later from elsewhere.")

# The filter of the page: value, words.
KINDS: dict[str, str] = {
    "": N_("Everything"),
    "opened": N_("Opened"),
    "refused": N_("Refused"),
    "alarm": N_("Alarms"),
    "other": N_("Other"),
}

ALARM_EVENTS = frozenset(int(event) for event in ALARMS)


def kind_of(event: int) -> str:
    """Which of the filter's kinds an event is."""
    if event == RecordEvent.OPENED:
        return "opened"
    if event == RecordEvent.REFUSED:
        return "refused"
    return "alarm" if event in ALARM_EVENTS else "other"


# What the audit trail says of the doors' reports.
ACTIONS = {
    "access.records_stored": N_("Door records came in: %(subject)s"),
    "access.records_verified": N_("Checked the door records: all are as they came in"),
    "access.records_faulty": N_("Checked the door records: some were tampered with"),
    "access.record_altered": N_("Door records were changed in the database: %(subject)s"),
    "access.record_missing": N_("Door records were deleted from the database: %(subject)s"),
    "access.record_added": N_("Door records were put into the database by hand: %(subject)s"),
    # How openings stood in the trail before the entries of whole batches.
    "access.opened": N_("The door opened: %(subject)s"),
    "access.refused": N_("The door refused: %(subject)s"),
    "access.voided": N_("Keys were voided at the door: %(subject)s"),
    "access.epoch_moved": N_("Older passcodes ended at the door: %(subject)s"),
    "access.alarm": N_("Alarm at the door: %(subject)s"),
    "access.alarm_looked_at": N_("Looked at the alarm of the door: %(subject)s"),
    "access.low_battery": N_("The battery of the lock is low: %(subject)s"),
    "access.lock_bound": N_("The lock answers under its new keys: %(subject)s"),
    "access.lock_deleted": N_("Somebody's phone released the lock: %(subject)s"),
    "access.reported": N_("The lock sent a report: %(subject)s"),
    "access.records_asked": N_("Asked the lock for its records: %(subject)s"),
    "access.gap_found": N_("The lock no longer has some of its records: %(subject)s"),
    "access.gap_closed": N_("Missing records came in after all: %(subject)s"),
    "access.chain_broken": N_("Records are not as the lock wrote them: %(subject)s"),
    "access.records_cut": N_("Records were cut out of the lock: %(subject)s"),
    "access.record_differs": N_("A record came twice with different content: %(subject)s"),
    "access.record_hidden": N_("Hid a door record: %(subject)s"),
    "access.record_shown": N_("Showed a hidden door record again: %(subject)s"),
}
FIELDS = {
    "at": N_("Time at the door"),
    "method": N_("How"),
    "result": N_("Result"),
    "credential_id": N_("Number of the key"),
    "records": N_("Numbers of the records"),
    "marks": N_("Marks of the records"),
    "life": N_("Life of the lock"),
    "checked": N_("Records checked"),
    "faults": N_("Records with a fault"),
    "first_record": N_("First record"),
    "last_record": N_("Last record"),
    "sequence": N_("Number of the record"),
    "reason": N_("Reason"),
}
VALUES = {
    "method": {RecordMethod(number).name.lower(): text for number, text in METHODS.items()},
    "result": {RecordResult(number).name.lower(): text for number, text in RESULTS.items()},
}
