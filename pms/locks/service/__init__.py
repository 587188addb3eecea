"""Every write to locks, doors and areas, behind one import."""

from __future__ import annotations

from pms.locks.service.binding import Label, bind_lock, place_lock, register_lock, replace_lock
from pms.locks.service.doors import assign_lock, change_area, create_area, give_door, rename_door, take_lock_off
from pms.locks.service.importing import BadDocument, ImportResult, import_locks, plan_import
from pms.locks.service.reported import (
    note_alive,
    note_bound,
    note_deleted,
    note_passage,
    note_settings,
    note_written,
)
from pms.locks.service.scopes import (
    change_section,
    create_section,
    ensure_scopes,
    note_scope_issues,
    note_told,
    raise_scope_issue,
    scopes_to_tell,
)
from pms.locks.service.secrets import LockSecrets, note_looks, reveal_secrets
from pms.locks.service.setup import Heard, confirm_setup, finish_setup, put_reports, settle_setup, start_setup

__all__ = [
    "BadDocument",
    "Heard",
    "ImportResult",
    "Label",
    "LockSecrets",
    "assign_lock",
    "bind_lock",
    "change_area",
    "change_section",
    "confirm_setup",
    "create_area",
    "create_section",
    "ensure_scopes",
    "finish_setup",
    "give_door",
    "import_locks",
    "note_alive",
    "note_bound",
    "note_deleted",
    "note_looks",
    "note_passage",
    "note_scope_issues",
    "note_settings",
    "note_told",
    "note_written",
    "place_lock",
    "plan_import",
    "put_reports",
    "raise_scope_issue",
    "register_lock",
    "rename_door",
    "replace_lock",
    "reveal_secrets",
    "scopes_to_tell",
    "settle_setup",
    "start_setup",
    "take_lock_off",
]
