"""Why a passcode is not made, shown or ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.passcodes.rules.stay import Choice


class NoRoomYet(DomainError):
    """A code opens a door, so a room must be assigned."""

    code = "passcode_no_room"
    message = N_("Assign a room first: a passcode is made for a door.")


class NoLock(DomainError):
    """The room's door has no lock, or one that does not know this server's keys yet."""

    code = "passcode_no_lock"
    message = N_("The door %(door)s has no lock that is set up yet, so no passcode can open it.")


class StayEnded(DomainError):
    """Codes are for stays that are expected or in house."""

    code = "passcode_stay_ended"
    message = N_("This stay is over; no more passcodes are made for it.")


class TimeIsOver(DomainError):
    """The code would end before it begins."""

    code = "passcode_time_is_over"
    message = N_("The stay ended on %(until)s. Extend it first, then make a passcode.")


class TooLong(DomainError):
    """The longest code lasts 400 days."""

    code = "passcode_too_long"
    message = N_("A passcode lasts at most 400 days. Shorten the stay, or make a new code later.")


class LockTooFarBehind(DomainError):
    """Two series of codes ahead of the lock is one too many."""

    code = "lock_too_far_behind"
    message = N_(
        "The lock of %(door)s has not been heard of since the last change of codes. Have the clear code that was given out "
        "typed at the door, or reach the lock, then make the passcode."
    )


class LockUsedUp(DomainError):
    """The lock's 256 series of codes are used up."""

    code = "lock_used_up"
    message = N_("All series of codes of the lock of %(door)s are used up. It must be set up again with a phone.")


class NotAlive(DomainError):
    """What is dead at the door need not be revoked."""

    code = "passcode_not_alive"
    message = N_("This passcode does not open the door any more.")


class LockHangsNowhere(DomainError):
    """A code is for a door."""

    code = "passcode_lock_hangs_nowhere"
    message = N_("The lock %(lock)s hangs on no door. Give it a door first, then make the passcode.")
    field = "lock_id"


class LockMoved(DomainError):
    """It was set up for the door that it hung on before."""

    code = "passcode_lock_moved"
    message = N_(
        "The lock of %(door)s was set up for another door. Set it up for this one first, then make the passcode."
    )


class LockBetweenKeys(DomainError):
    """It may hold the old keys or the new ones."""

    code = "passcode_lock_between_keys"
    message = N_(
        "New keys are on their way to the lock of %(door)s, and they end every passcode made before. Make the passcode once "
        "the lock has taken them."
    )


class NotExpressible(Invalid):
    """Codes have room for certain lengths only. `options` are the nearest that can be made, below and above."""

    code = "passcode_not_expressible"
    message = N_(
        "No passcode lasts exactly from %(start)s to %(until)s. The nearest that can be made are offered instead."
    )
    field = "end_time"

    def __init__(self, *, options: Sequence[Choice], **params: object) -> None:
        super().__init__(**params)
        self.options = options


class EndsBeforeItBegins(Invalid):
    """An hour is the least."""

    code = "passcode_ends_before_it_begins"
    message = N_("The end must come after the start.")
    field = "end_time"


class StartIsPast(Invalid):
    """The present hour is the earliest."""

    code = "passcode_start_is_past"
    message = N_("The start lies in the past. The present hour is the earliest.")
    field = "start_time"


class StartTooFar(Invalid):
    """Hours and days are counted round a clock of some years."""

    code = "passcode_start_too_far"
    message = N_("A passcode can be made at most a year ahead.")
    field = "start_time"


class NotAFullHour(Invalid):
    """A code that opens once begins with an hour."""

    code = "passcode_not_a_full_hour"
    message = N_("It must begin with a full hour: %(before)s or %(after)s.")
    field = "start_time"


class MonthTooFar(Invalid):
    """The last month is this one, or one of the eleven that follow."""

    code = "passcode_month_too_far"
    message = N_("A code of certain days holds for at most a year. The last month can be %(most)s at the latest.")
    field = "last_month"


class MonthIsOver(Invalid):
    """None of its days is left."""

    code = "passcode_month_is_over"
    message = N_("None of these days is left until the end of that month. Choose a later one.")
    field = "last_month"


class NobodyNamed(Invalid):
    """A code is for a guest of a stay, or for somebody with a name."""

    code = "passcode_nobody_named"
    message = N_("Say whom the passcode is for, with a name of at most 60 characters.")
    field = "password_name"


class StartTaken(DomainError):
    """The lock tells guests apart by their start only."""

    code = "passcode_start_taken"
    message = N_(
        "Another party has a passcode of this door that begins at the same hour, and the lock could not tell the two apart. "
        "Begin an hour later or earlier, or choose a code of hours."
    )
    field = "start_time"


class SameCode(DomainError):
    """The same permission is the same ten digits."""

    code = "passcode_same_code"
    message = N_(
        "This very passcode was given to %(holder)s already: the digits would be the same. Show that one, or choose other "
        "times."
    )


class SinglesUsedUp(DomainError):
    """Sixteen for each hour."""

    code = "passcode_singles_used_up"
    message = N_(
        "Sixteen codes that open this door once were made for this hour, more it cannot tell apart. Choose another hour."
    )
    field = "start_time"


class SerialsUsedUp(DomainError):
    """256 in one series of codes."""

    code = "passcode_serials_used_up"
    message = N_(
        "All 256 permanent passcodes of the lock %(door)s are given out or revoked. A clear code typed at the door ends them and makes "
        "room for new ones."
    )


class NotThereYet(DomainError):
    """The lock forgets revoked ones when it goes on to the next series."""

    code = "passcode_lock_not_there_yet"
    message = N_(
        "The lock of %(door)s is not known to have gone on to the series that this passcode is from, so it cannot be told to "
        "revoke it. Have the clear code typed at the door, or reach the lock, then revoke it."
    )


class NotOfThisLock(Invalid):
    """What was typed in is no code, or none that means anything now."""

    code = "passcode_not_of_this_lock"
    message = N_("These digits are no passcode of %(door)s: its key makes nothing of them, or what it makes is over.")
    field = "password"


class NothingToChange(DomainError):
    """A code that opens once, a permanent one and a clear code have no times to choose."""

    code = "passcode_nothing_to_change"
    message = N_("The times of such a passcode cannot be changed. Make another one, and revoke this one.")


class NotForLetters(DomainError):
    """A code that is dead is not sent."""

    code = "passcode_not_for_letters"
    message = N_("This passcode does not open the door any more, so it is not sent.")


class ClearCodeStays(DomainError):
    """It is known to whoever got it, and the lock knows it by itself."""

    code = "passcode_clear_code_stays"
    message = N_("A clear code cannot be taken back: whoever has it can type it until %(until)s.")


class StoredHasNoClearCode(Invalid):
    """A clear code moves the epoch on, which what a lock stores does not know."""

    code = "passcode_stored_has_no_clear_code"
    message = N_("No clear code ends a passcode that the lock stores. Delete it without one: the lock is told.")
    field = "with_clear_code"


class NotOfStored(Invalid):
    """It has a name and a span; its days and hours are those of its slot."""

    code = "passcode_not_of_stored"
    message = N_(
        "A passcode that the lock stores has only a name, a beginning and an end here. Change more at its slot."
    )
