"""What the pages say of scopes, and the audit trail of locks and doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.core.text import N_
from pms.locks import rules
from pms.locks.models import ScopeKind

if TYPE_CHECKING:
    from pms.locks.models import Lock
    from pms.locks.scope_queries import ScopeRow

KIND_WORDS: dict[ScopeKind, str] = {
    ScopeKind.ALL: N_("Every door"),
    ScopeKind.FLOOR: N_("Floor"),
    ScopeKind.SECTION: N_("Section"),
}

ACTIONS = {
    "locks.imported": N_("Imported locks: %(subject)s"),
    "locks.door_given": N_("Gave a door a lock: %(subject)s"),
    "locks.assigned": N_("Hung another lock on the door %(subject)s"),
    "locks.taken_off": N_("Took the lock off the door %(subject)s"),
    "locks.door_renamed": N_("Renamed the door %(subject)s"),
    "locks.area_created": N_("Added the common area %(subject)s"),
    "locks.area_changed": N_("Changed the common area %(subject)s"),
    "locks.section_created": N_("Added the section %(subject)s"),
    "locks.section_changed": N_("Changed the section %(subject)s"),
    "locks.secrets_shown": N_("Looked at the keys of the lock %(subject)s"),
    "locks.secrets_listed": N_("Fetched the keys of %(subject)s locks"),
    "locks.setup_started": N_("Began to set up the lock %(subject)s"),
    "locks.setup_refused": N_("The lock %(subject)s refused to be set up"),
    "locks.set_up": N_("Set up the lock %(subject)s"),
    "locks.registered": N_("Entered the label of the lock %(subject)s"),
    "locks.replaced": N_("Hung another lock in the place of %(subject)s"),
    "locks.bound": N_("The lock %(subject)s reported that it belongs to this house"),
    "locks.forgotten": N_("The lock %(subject)s wiped its keys and all that it stored"),
    "locks.settings_said": N_("The lock %(subject)s told its settings"),
    "locks.settings_written": N_("Changed the settings of the lock %(subject)s"),
    "locks.settings_asked": N_("Asked the lock %(subject)s for its settings"),
    "locks.settings_ordered": N_("Ordered other settings for the lock %(subject)s"),
    "locks.forget_ordered": N_("Ordered the lock %(subject)s to forget everything"),
}
FIELDS = {
    "name": N_("Name"),
    "for_every_guest": N_("For every guest"),
    "door": N_("Door"),
    "doors": N_("Doors"),
    "lock": N_("Lock"),
    "locks": N_("Serial numbers"),
    "key_version": N_("Version of the keys"),
    "settings": N_("Settings"),
    "time_zone": N_("Time zone in quarter hours"),
    "check_out_hour": N_("Check-out hour"),
    "clock": N_("Clock"),
    "scopes": N_("Scopes of staff"),
    "new": N_("New"),
    "new_count": N_("Number of new ones"),
    "known_count": N_("Known already"),
}


def scope_text(row: ScopeRow) -> str:
    """What a scope is called in the reader's language."""
    if row.scope.kind is ScopeKind.ALL:
        return str(_("All doors"))
    if row.scope.kind is ScopeKind.FLOOR:
        floor = str(_("Floor %(name)s", name=row.name))
        return f"{row.building} · {floor}" if row.building else floor
    return row.name


def clock_word(lock: Lock, quarters: int) -> tuple[str, str]:
    """The badge of a lock whose clock is wrong: its kind and its word. `quarters` of an hour is the house's distance from UTC."""
    if lock.is_clock_lost:
        return "bad", str(_("Clock lost"))
    if lock.clock_drift is not None and abs(lock.clock_drift) > rules.MOST_DRIFT:
        return "warn", str(_("Off by %(minutes)s min", minutes=round(lock.clock_drift / 60)))
    if lock.utc_offset_quarters != quarters:
        return "warn", str(_("Counts %(offset)s from UTC", offset=rules.offset_text(lock.utc_offset_quarters)))
    return "ok", str(_("right"))
