"""What rooms, floors and types may be called, and what can be done to a room; decided on plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.rooms.models import HousekeepingStatus, Sight

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_NUMBER = 12
MAX_FLOOR = 40
MAX_BUILDING = 60
MAX_REASON = 200
MAX_NOTE = 300
MAX_PRICE = 10**10
MAX_OVERBOOKING = 99

HOUSEKEEPING_WORDS: dict[HousekeepingStatus, str] = {
    HousekeepingStatus.DIRTY: N_("Dirty"),
    HousekeepingStatus.CLEAN: N_("Clean"),
    HousekeepingStatus.INSPECTED: N_("Inspected"),
}

SIGHT_WORDS: dict[Sight, str] = {
    Sight.OCCUPIED: N_("Occupied"),
    Sight.EMPTY: N_("Empty"),
    Sight.LUGGAGE: N_("Luggage only"),
}

# How a difference between housekeeping and the desk was settled without another step of a stay.
SETTLED_WORDS: dict[str, str] = {
    "still_here": N_("Still here"),
    "nobody_there": N_("Nobody there after all"),
    "left_behind": N_("Things left behind"),
}

# What a room has; guests wish for the same words.
FEATURE_WORDS: dict[str, str] = {
    "quiet": N_("Quiet"),
    "high_floor": N_("High floor"),
    "low_floor": N_("Low floor"),
    "view": N_("View"),
    "balcony": N_("Balcony"),
    "bath": N_("Bathtub"),
    "accessible": N_("Step-free"),
    "near_lift": N_("Near the lift"),
    "connecting": N_("Connecting door"),
    "pets": N_("Pets welcome"),
}
FEATURES = tuple(FEATURE_WORDS)


class EmptyName(Invalid):
    """A thing has a name, and not a whole story."""

    code = "empty_name"
    field = "name"
    message = N_("Give it a name of at most %(most)s characters.")


class BadRoomNumber(Invalid):
    """A room number is what guests read on the door."""

    code = "bad_room_number"
    field = "number"
    message = N_("A room number has 1 to 12 characters.")


class BadBeds(Invalid):
    """Somebody must be able to sleep there."""

    code = "bad_beds"
    field = "beds"
    message = N_("The number of beds must be from 1 to 20.")


class UnknownFeature(Invalid):
    """Features are chosen from a list, so that guests' wishes can be met by them."""

    code = "unknown_feature"
    field = "features"
    message = N_("One of these features is not on the list.")


class UnknownOutcome(Invalid):
    """A difference is settled by a word of the list, so that others understand it."""

    code = "unknown_outcome"
    message = N_("Choose how this was settled.")


class SeenAgain(DomainError):
    """Somebody has looked again since; what was found then counts no more."""

    code = "seen_again"
    message = N_("Somebody has looked into room %(room)s again since. Look at the newest finding.")


class FloorTaken(DomainError):
    """A floor is cleaned by one person."""

    code = "floor_taken"
    message = N_("%(name)s has this floor today.")


class NoFault(Invalid):
    """Whoever repairs it wants to know what."""

    code = "no_fault"
    field = "text"
    message = N_("Say in a few words what is broken (at most 200 characters).")


class NoteFull(DomainError):
    """A note is a few lines, no diary."""

    code = "note_full"
    field = "text"
    message = N_("The note of this room is full. Have a look at what stands there, and shorten it.")


class BadPrice(Invalid):
    """A night costs nothing, or a sum that a guest would pay."""

    code = "bad_price"
    field = "night_price"
    message = N_("The price must not be below zero, nor too large to be meant.")


class BadOverbooking(Invalid):
    """How many rooms too many may be promised."""

    code = "bad_overbooking"
    field = "overbooking_limit"
    message = N_("The number must be from 0 to 99.")


class NoReason(Invalid):
    """Whoever reads the board wants to know why."""

    code = "no_reason"
    field = "reason"
    message = N_("Say in a few words why the room is out of order (at most 200 characters).")


class NameTaken(DomainError):
    """Two things of one kind do not share a name."""

    code = "name_taken"
    field = "name"
    message = N_("There is already one called “%(name)s”.")


class NumberTaken(DomainError):
    """A room number stands on one door only."""

    code = "number_taken"
    field = "number"
    message = N_("There is already a room %(number)s.")


class CodeTaken(DomainError):
    """A type's code is on every list; two alike would be mistaken."""

    code = "code_taken"
    field = "code"
    message = N_("There is already a room type with the code %(code)s.")


def is_ready(housekeeping: HousekeepingStatus) -> bool:
    """Whether guests may be let in: clean or, where somebody looks again, inspected."""
    return housekeeping is not HousekeepingStatus.DIRTY


def clean_name(name: str, most: int) -> str:
    """The name without spaces around; EmptyName where nothing is left or it is too long."""
    text = " ".join(name.split())
    if not 1 <= len(text) <= most:
        raise EmptyName(most=most)
    return text


def check_sale(night_price: int, overbooking_limit: int) -> None:
    """BadPrice, BadOverbooking."""
    if not 0 <= night_price <= MAX_PRICE:
        raise BadPrice
    if not 0 <= overbooking_limit <= MAX_OVERBOOKING:
        raise BadOverbooking


def clean_number(number: str) -> str:
    """A room number as it is printed; BadRoomNumber where it is empty or too long."""
    text = number.strip()
    if not 1 <= len(text) <= MAX_NUMBER:
        raise BadRoomNumber
    return text


def clean_reason(reason: str) -> str:
    """Why a room is out of order; NoReason where it says nothing."""
    text = reason.strip()
    if not 1 <= len(text) <= MAX_REASON:
        raise NoReason
    return text


def clean_fault(text: str) -> str:
    """What is broken, in one line; NoFault."""
    line = " ".join(text.split())
    if not 1 <= len(line) <= MAX_REASON:
        raise NoFault
    return line


def note_with(note: str, line: str) -> str:
    """The note with one more line; NoteFull."""
    text = f"{note}\n{line}".strip()
    if len(text) > MAX_NOTE:
        raise NoteFull
    return text


def check_beds(beds: int) -> None:
    """BadBeds outside of 1 to 20."""
    if not 1 <= beds <= 20:
        raise BadBeds


def clean_features(features: Collection[str]) -> list[str]:
    """The features in the order of the list, each once; UnknownFeature."""
    if any(feature not in FEATURE_WORDS for feature in features):
        raise UnknownFeature
    return [feature for feature in FEATURES if feature in features]


def number_key(number: str) -> tuple[int, str]:
    """Sorts room numbers as people do: 9 before 10, 101 before 101A."""
    digits = ""
    for character in number:
        if not character.isdecimal():
            break
        digits += character
    return (int(digits) if digits else 10**9, number)
