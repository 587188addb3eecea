"""What the pages say about machines and jobs."""

from __future__ import annotations

from pms.core.text import N_
from pms.encoders.models import EncoderState, JobKind, JobState

STATE_WORDS: dict[EncoderState, str] = {
    EncoderState.READY: N_("Connected"),
    EncoderState.OFFLINE: N_("Not connected"),
}

KIND_WORDS: dict[JobKind, str] = {
    JobKind.WRITE: N_("Key card"),
    JobKind.READ: N_("Read a card"),
    JobKind.ERASE: N_("Erase a card"),
    JobKind.SIGNAL: N_("Show itself"),
    JobKind.STAFF: N_("Staff card"),
    JobKind.FINGER: N_("Fingerprint"),
    JobKind.ONLINE: N_("Online card"),
}

JOB_WORDS: dict[JobState, str] = {
    JobState.QUEUED: N_("Waiting for the machine"),
    JobState.WAITING: N_("At the machine"),
    JobState.WRITING: N_("Writing"),
    JobState.CHECKING: N_("Reading back"),
    JobState.DONE: N_("Done"),
    JobState.FAILED: N_("Not done"),
    JobState.CANCELLED: N_("Cancelled"),
    JobState.UNKNOWN: N_("Unknown"),
}

# Why a job ended without being done, where the feature whose job it was has no words of its own (`answers.Work.refusals`).
ERROR_WORDS: dict[str, str] = {
    "timeout": N_("No card was put on the machine in time."),
    "gone": N_("The machine is not connected. Check its cable and its power."),
    "silent": N_("The machine does not answer. Unplug it, plug it in again and repeat."),
    "port_in_use": N_("Another program on the computer uses the machine's port. Close that program."),
    "port_denied": N_("The computer does not let this program open the machine's port. Ask whoever looks after it."),
    "busy": N_("The machine was busy with something else."),
    "no_card": N_("The card was taken away too early."),
    "card_changed": N_("Another card was put on the machine meanwhile."),
    "wrong_key": N_("The card is locked with somebody else's keys; it cannot be written here. Use another card."),
    "write_failed": N_("The card did not take the data. It may be worn out; use another card."),
    "verify_failed": N_("What was read back is not what was written."),
    "protocol": N_("The machine gave an answer that makes no sense. Unplug it, plug it in again and repeat."),
    "unsupported": N_("This machine cannot do that, or its firmware is too old."),
    "card_too_small": N_("There is not enough room on this card for all its doors. Use a card with more memory."),
    "cancelled": N_("It was cancelled before anything was written."),
    "desk_away": N_("The program at that desk is not heard of. Look whether its computer runs and has a network."),
    "server_away": N_("The desk's program could not reach the server."),
    "restarted": N_("The program was restarted before anything was written."),
    "interrupted": N_("The program was stopped while the card was being written."),
    "earlier_failed": N_("It was not begun, because the card before it did not succeed."),
    "poor_image": N_("The finger was not clear enough. Clean the glass, dry or moisten the finger, and try again."),
    "device": N_("Something went wrong with the machine."),
    "unbound": N_("The machine was unbound from its port meanwhile."),
    "foreign_card": N_("The card on the machine holds something that should not be lost without a question."),
    "internal": N_("Something went wrong in the program; it is written in its log."),
}

UNKNOWN_ERROR = ERROR_WORDS["device"]


def error_words(code: str | None) -> str:
    """The sentence for an error code of a machine; `answers.why` says it of a job. Translate it where it is shown."""
    return ERROR_WORDS.get(code or "", UNKNOWN_ERROR)


ACTIONS = {
    "encoders.added": N_("Added the card machine %(subject)s"),
    "encoders.changed": N_("Changed the card machine %(subject)s"),
    "encoders.ready": N_("The card machine %(subject)s was connected"),
    "encoders.offline": N_("The card machine %(subject)s was disconnected"),
    "encoders.signalled": N_("Let the card machine %(subject)s blink"),
    "encoders.unbound": N_("Unbound the card machine %(subject)s from its port"),
    "encoders.deleted": N_("Deleted the card machine %(subject)s"),
    "encoders.cancelled": N_("Cancelled a job at a card machine"),
    "encoders.agent_added": N_("Added the desk %(subject)s"),
    "encoders.agent_revoked": N_("Revoked the token of the desk %(subject)s"),
    "encoders.agent_started": N_("The program at the desk %(subject)s started"),
    "encoders.keys_sent": N_("Sent the sector keys of card %(subject)s to a desk"),
}
FIELDS = {
    "name": N_("Name"),
    "url": N_("Port"),
    "driver": N_("Make"),
    "agent_id": N_("Desk"),
    "state": N_("State"),
}
VALUES = {"state": {str(key): text for key, text in STATE_WORDS.items()}}
