"""What the audit trail says of locks and doors."""

from __future__ import annotations

from pms.core.text import N_

ACTIONS = {
    "locks.imported": N_("Imported locks: %(subject)s"),
    "locks.door_given": N_("Gave a door a lock: %(subject)s"),
    "locks.assigned": N_("Hung another lock on the door %(subject)s"),
    "locks.taken_off": N_("Took the lock off the door %(subject)s"),
    "locks.door_renamed": N_("Renamed the door %(subject)s"),
    "locks.area_created": N_("Added the common area %(subject)s"),
    "locks.area_changed": N_("Changed the common area %(subject)s"),
    "locks.secrets_shown": N_("Looked at the keys of the lock %(subject)s"),
    "locks.setup_started": N_("Began to set up the lock %(subject)s"),
    "locks.setup_refused": N_("The lock %(subject)s refused to be set up"),
    "locks.set_up": N_("Set up the lock %(subject)s"),
}
FIELDS = {
    "name": N_("Name"),
    "for_every_guest": N_("For every guest"),
    "door": N_("Door"),
    "lock": N_("Lock"),
    "key_version": N_("Version of the keys"),
    "new": N_("New"),
    "new_count": N_("Number of new ones"),
    "known_count": N_("Known already"),
}
