"""What the audit trail says of data that were removed."""

from __future__ import annotations

from pms.core.text import N_

ACTIONS = {
    "retention.changed": N_("Changed how long guests’ data are kept"),
    "retention.anonymised": N_("Removed the data of %(subject)s"),
}
FIELDS = {"months": N_("Months"), "reason": N_("Reason")}
VALUES = {"reason": {"time_over": N_("Their time was over"), "demanded": N_("The guest demanded it")}}
