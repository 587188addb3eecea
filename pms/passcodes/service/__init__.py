"""Every write to passcodes, behind one import. The digits exist only in the answer to whoever may see them."""

from __future__ import annotations

from pms.passcodes.service.at_doors import epoch_moved, reckon_ends, seen_at_door
from pms.passcodes.service.changing import Times, change_times, rename, update
from pms.passcodes.service.common import SUBJECT, Holder, ShownPasscode
from pms.passcodes.service.ending import Ending, clear_door, command_answered, delete, keys_changed, revoke
from pms.passcodes.service.forgetting import forget_stays, forget_visitors
from pms.passcodes.service.making import Chooser, add, cyclic, make, permanent, single, timed
from pms.passcodes.service.of_stay import end_elsewhere, end_for_stay, issue_for_stay, reinstate
from pms.passcodes.service.restored import MovedOn, move_epochs_on
from pms.passcodes.service.showing import find_by_digits, for_sealing, send, show_again
from pms.passcodes.service.stored import show_stored

__all__ = [
    "SUBJECT",
    "Chooser",
    "Ending",
    "Holder",
    "MovedOn",
    "ShownPasscode",
    "Times",
    "add",
    "change_times",
    "clear_door",
    "command_answered",
    "cyclic",
    "delete",
    "end_elsewhere",
    "end_for_stay",
    "epoch_moved",
    "find_by_digits",
    "for_sealing",
    "forget_stays",
    "forget_visitors",
    "issue_for_stay",
    "keys_changed",
    "make",
    "move_epochs_on",
    "permanent",
    "reckon_ends",
    "reinstate",
    "rename",
    "revoke",
    "seen_at_door",
    "send",
    "show_again",
    "show_stored",
    "single",
    "timed",
    "update",
]
