"""Every write to locks, doors and areas, behind one import."""

from __future__ import annotations

from pms.locks.service.doors import assign_lock, change_area, create_area, give_door, rename_door, take_lock_off
from pms.locks.service.importing import BadDocument, ImportResult, import_locks, plan_import
from pms.locks.service.secrets import LockSecrets, reveal_secrets
from pms.locks.service.setup import confirm_setup, finish_setup, note_report, start_setup

__all__ = [
    "BadDocument",
    "ImportResult",
    "LockSecrets",
    "assign_lock",
    "change_area",
    "confirm_setup",
    "create_area",
    "finish_setup",
    "give_door",
    "import_locks",
    "note_report",
    "plan_import",
    "rename_door",
    "reveal_secrets",
    "start_setup",
    "take_lock_off",
]
