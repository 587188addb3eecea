"""Who may be asked for a finger, until when it is kept, and what may be said of where it is: decided on plain values."""

from __future__ import annotations

from datetime import datetime, timedelta

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.credentials.models import FingerState, PlaceState
from pms.stays.models import StayState

CONSENT_VERSION = 1
"""Of the text in `templates/credentials/_consent.html`; a changed text has another number."""
STAFF_KEPT = timedelta(days=366)
"""After that a fingerprint of staff is destroyed, and taken again from whoever still works here."""
LARGEST_SLOT = 300

# What the lock may hold, whatever the book wants of it.
MAY_HOLD = frozenset({PlaceState.WAITING, PlaceState.ADDED, PlaceState.REMOVING})


class NoConsent(Invalid):
    """Nothing of a body is stored before its owner has agreed."""

    code = "no_consent"
    field = "agreed"
    message = N_("Ask first, and note that the person agrees.")


class NotInHouse(DomainError):
    """A guest's finger opens doors during a stay."""

    code = "not_in_house"
    message = N_("Fingerprints are taken from guests who are checked in.")


class NotStored(DomainError):
    """Without the template nothing can be sent to a lock."""

    code = "not_stored"
    message = N_("This fingerprint is not stored here, or not any more. Take it again.")


class NoSuchDoor(Invalid):
    """Only doors whose lock knows this house can be told of a finger."""

    code = "no_such_door"
    field = "door_ids"
    message = N_("One of these doors has no lock that takes fingerprints.")


class LockFull(DomainError):
    """A lock has room for so many people."""

    code = "lock_full"
    message = N_("The lock of %(door)s has no room for another fingerprint. Remove one there first.")


def check_stay(state: StayState) -> None:
    """NotInHouse."""
    if state is not StayState.IN_HOUSE:
        raise NotInHouse


def staff_until(now: datetime) -> datetime:
    """Until when a fingerprint of staff is kept."""
    return now + STAFF_KEPT


def free_slot(taken: set[int]) -> int | None:
    """The lowest slot of a lock that nobody has; None if it is full."""
    return next((slot for slot in range(1, LARGEST_SLOT + 1) if slot not in taken), None)


def is_open(state: FingerState) -> bool:
    """Whether the fingerprint is here, or about to be."""
    return state in (FingerState.CAPTURING, FingerState.STORED)


def after_destruction(state: PlaceState, *, is_sent: bool) -> PlaceState:
    """What is to become of a place when the fingerprint ends: a lock that may have heard of it must be told."""
    if state in (PlaceState.WANTED, PlaceState.WAITING) and not is_sent:
        return PlaceState.NOT_SENT
    if state in (PlaceState.WANTED, PlaceState.WAITING, PlaceState.ADDED):
        return PlaceState.REMOVING
    return state
