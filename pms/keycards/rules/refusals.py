"""What is said where no key can be made, or none be ended."""

from __future__ import annotations

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_


class NoRoomYet(DomainError):
    """A card opens a door, so a room must be assigned."""

    code = "no_room_yet"
    message = N_("Assign a room first: a key card is made for a door.")


class NoLock(DomainError):
    """The room's door has no lock, or one that does not know the house's keys yet."""

    code = "no_lock"
    message = N_("The door %(door)s has no lock that is set up yet, so no card can open it.")


class StayEnded(DomainError):
    """Keys are for stays that are expected or in house."""

    code = "stay_ended"
    message = N_("This stay is over; no more keys are made for it.")


class TimeIsOver(DomainError):
    """The card would end before it begins."""

    code = "time_is_over"
    message = N_("The keys of this stay ended on %(until)s. Extend the stay first.")


class BadCopies(Invalid):
    """A handful of cards at a time."""

    code = "bad_copies"
    field = "copies"
    message = N_("Make from 1 to %(most)s cards at a time.")


class TooManyDoors(Invalid):
    """A card has room for the main door and six others."""

    code = "too_many_doors"
    message = N_("A card has room for %(most)s doors beside the room's own. Choose fewer.")


class NoSuchArea(Invalid):
    """Common doors are those of the house's areas."""

    code = "no_such_area"
    field = "area_ids"
    message = N_("One of these areas does not exist, or not any more.")


class NotOfTheParty(Invalid):
    """A further room belongs to the same guest or reservation and is in the same state."""

    code = "not_of_the_party"
    field = "further_room_ids"
    message = N_("Only rooms of the same party that are checked in alike can be put on one card.")


class NotLive(DomainError):
    """Only a key that still counts can be reported lost."""

    code = "not_live"
    message = N_("This key is not in use any more.")


class NotToRetry(DomainError):
    """Only what ended without success is tried again."""

    code = "not_to_retry"
    message = N_("This card is being made or is made already. Look at it again.")


class DenyListFull(DomainError):
    """A lock would have to let go of another lost card."""

    code = "deny_list_full"
    message = N_(
        "The lock of %(door)s refuses as many lost cards as it can keep. Replace all cards of the party instead."
    )


class NotDenied(DomainError):
    """Only a lost card that is denied by its own number can be allowed again."""

    code = "not_denied"
    message = N_("This card is not denied, or its time is over.")
