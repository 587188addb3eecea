"""Who may be asked for a finger, until when it is kept, and what may be said of where it is: decided on plain values."""

from __future__ import annotations

from datetime import datetime, timedelta

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.credentials.models import FingerState
from pms.stays.models import StayState

STAFF_KEPT = timedelta(days=366)
"""After that a fingerprint of staff is destroyed, and taken again from whoever still works here."""


class NotOnePerson(Invalid):
    """A finger is one person's."""

    code = "not_one_person"
    field = "stay_id"
    message = N_("Say whose finger it is: that of a stay's guest, or that of somebody who works here.")


class NotInHouse(DomainError):
    """A guest's finger opens doors during a stay."""

    code = "not_in_house"
    message = N_("Fingerprints are taken from guests who are checked in.")


class NotAtWork(DomainError):
    """A finger of staff opens doors while its owner works here."""

    code = "not_at_work"
    message = N_("This account is switched off.")


class NotStored(DomainError):
    """Without the template nothing can be sent to a lock."""

    code = "not_stored"
    message = N_("This fingerprint is not stored here, or not any more. Take it again.")


class NoSuchDoor(Invalid):
    """Only doors whose lock knows this house can be told of a finger."""

    code = "no_such_door"
    field = "door_ids"
    message = N_("One of these doors has no lock that takes fingerprints.")


def check_person(stay_id: int | None, account_id: int | None) -> None:
    """NotOnePerson."""
    if (stay_id is None) == (account_id is None):
        raise NotOnePerson


def check_stay(state: StayState) -> None:
    """NotInHouse."""
    if state is not StayState.IN_HOUSE:
        raise NotInHouse


def check_account(*, is_active: bool) -> None:
    """NotAtWork."""
    if not is_active:
        raise NotAtWork


def staff_until(now: datetime) -> datetime:
    """Until when a fingerprint of staff is kept."""
    return now + STAFF_KEPT


def is_open(state: FingerState) -> bool:
    """Whether the fingerprint is here, or about to be."""
    return state in (FingerState.CAPTURING, FingerState.STORED)
