"""What one act at the desk means for stays, keys, passcodes and rooms: one transaction each.

Every function can be called twice with the same `request_id` (a double click, a lost answer): the second call changes
nothing and gives the same outcome.
"""

from __future__ import annotations

from pms.frontdesk.service.booking import Wish, add_room, book, cancel_all, change, name_guest
from pms.frontdesk.service.check_in import (
    AS_IT_IS,
    CheckedIn,
    MachineMissing,
    Particulars,
    Sheet,
    check_in,
    check_in_ahead,
    walk_in,
)
from pms.frontdesk.service.group import Outcome, check_in_group, make_stack
from pms.frontdesk.service.leaving import cancel, check_out, no_show
from pms.frontdesk.service.placing import agree_hours, assign_room, extend, move_room, rearrange, shorten, unassign_room
from pms.frontdesk.service.undoing import CardMadeSince, undo

__all__ = [
    "AS_IT_IS",
    "CardMadeSince",
    "CheckedIn",
    "MachineMissing",
    "Outcome",
    "Particulars",
    "Sheet",
    "Wish",
    "add_room",
    "agree_hours",
    "assign_room",
    "book",
    "cancel",
    "cancel_all",
    "change",
    "check_in",
    "check_in_ahead",
    "check_in_group",
    "check_out",
    "extend",
    "make_stack",
    "move_room",
    "name_guest",
    "no_show",
    "rearrange",
    "shorten",
    "unassign_room",
    "undo",
    "walk_in",
]
