"""What is said of passcodes that locks store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.core.text import N_
from pms.passcodes import words
from pms.passcodes.rules import Life
from pms.slots import words as slot_words
from pms.slots.models import SlotState

if TYPE_CHECKING:
    from pms.passcodes.stored_queries import StoredLine

STORED = N_("Stored in the lock")


def of(line: StoredLine) -> str:
    """What a code that a lock stores does."""
    return str(_("The lock stores it. It opens: %(when)s.", when=slot_words.validity(line.slot)))


def state_of(line: StoredLine) -> tuple[str, str]:
    """Colour and word of its state: what the lock has of it, unless its time says more."""
    if line.life in (Life.COMING, Life.TIME_OVER):
        return words.LIFE_KINDS[line.life], words.LIFE_WORDS[line.life]
    return slot_words.STATE_KINDS[line.slot.state], slot_words.STATE_WORDS[line.slot.state]


def notes(line: StoredLine) -> list[str]:
    """What else should be known of it."""
    found = []
    if line.slot.state in (SlotState.WANTED, SlotState.WAITING) and line.is_alive:
        found.append(_("It opens as soon as somebody with a phone, or a gateway, has brought it to the lock."))
    if line.slot.state is SlotState.CHANGING:
        found.append(_("The lock goes by the earlier times until the change is brought to it."))
    if line.is_alive and not line.has_digits and line.slot.state is not SlotState.REMOVING:
        found.append(_("Only the lock knows its digits."))
    return [str(text) for text in found]


def how_it_ends(line: StoredLine) -> str:
    """What is true of it once nobody wants it any more."""
    state = line.slot.state
    if state is SlotState.REMOVING:
        return str(_("It opens until the lock has been told to let it go."))
    if state is SlotState.REMOVED:
        return str(_("The lock has let it go."))
    return str(_("The lock never stored it, so it opens nothing."))
