"""Words for letters: how the line is protected, what became of them, what the audit trail says."""

from __future__ import annotations

from pms.core.text import N_
from pms.mail.models import LetterState, Security

SECURITY_WORDS: dict[Security, str] = {
    Security.STARTTLS: N_("STARTTLS"),
    Security.TLS: N_("TLS from the start"),
    Security.NONE: N_("None"),
}
# The port that goes with it, where nobody says another.
USUAL_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}

# The badge's kind and its word.
STATE_WORDS: dict[LetterState, tuple[str, str]] = {
    LetterState.QUEUED: ("info", N_("Waiting")),
    LetterState.SENDING: ("accent", N_("Being sent")),
    LetterState.SENT: ("ok", N_("Sent")),
    LetterState.FAILED: ("bad", N_("Not sent")),
    LetterState.UNKNOWN: ("warn", N_("Unknown")),
    LetterState.EXPIRED: ("muted", N_("Dropped: too late")),
}

ACTIONS = {
    "mail.queued": N_("Sent an e-mail: %(subject)s"),
    "mail.sent": N_("The mail server took a letter: %(subject)s"),
    "mail.failed": N_("A letter could not be sent: %(subject)s"),
    "mail.unknown": N_("Nobody knows whether a letter was sent: %(subject)s"),
    "mail.expired": N_("Dropped a letter that came too late: %(subject)s"),
    "mail.server_set": N_("Entered the mail server: %(subject)s"),
    "mail.server_forgotten": N_("Removed the mail server: %(subject)s"),
}
FIELDS = {
    "to": N_("Recipient"),
    "host": N_("Server"),
    "port": N_("Port"),
    "security": N_("Encryption"),
    "sender": N_("Sender"),
    "password": N_("Password"),
}
VALUES = {"security": {security.value: word for security, word in SECURITY_WORDS.items()}}
