"""What the audit trail says of backups."""

from __future__ import annotations

from pms.core.text import N_

ACTIONS = {
    "backups.made": N_("Made the backup %(subject)s"),
    "backups.deleted": N_("Deleted the old backup %(subject)s"),
    "backups.restored": N_("Restored the backup of %(subject)s"),
}
FIELDS = {"size": N_("Bytes"), "made_at": N_("Made"), "epochs": N_("Locks whose passcodes were moved on")}
