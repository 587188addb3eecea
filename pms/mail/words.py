"""What the audit trail says of letters."""

from __future__ import annotations

from pms.core.text import N_

ACTIONS = {"mail.queued": N_("Sent an e-mail: %(subject)s")}
FIELDS = {"to": N_("Recipient")}
