"""What may be stored in a lock, and what becomes of it: decided on plain values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.protocol.bcd import decode_bcd, encode_bcd
from pms.protocol.command import AddUser, AnswerStatus, DeleteUser, ModifyUser
from pms.protocol.errors import MalformedError, UsageError
from pms.slots.models import SlotKind, SlotState
from pms.stays.models import StayState

if TYPE_CHECKING:
    from pms.locks.models import Lock

LARGEST_SLOT = 300
CONSENT_VERSION = 1
"""Of the text in `templates/credentials/_consent.html`; a changed text has another number."""
MAX_NAME = 80
MAX_CREDENTIAL_ID = 2**32 - 1
SHORTEST_CODE, LONGEST_CODE = 4, 12
UID_SIZES = (4, 7, 10)
MAX_REMOTE = 16
MAX_TEMPLATE = 8192
NEVER = 0xFFFF_FFFF
"""What the wire has for "no end"."""

TEMPLATES = frozenset({SlotKind.FINGERPRINT, SlotKind.FACE, SlotKind.PALM})
"""Kinds that are of somebody's body."""
UNUSED = frozenset({SlotState.REMOVED, SlotState.NOT_SENT, SlotState.REFUSED})
"""What needs no room in the lock."""
# What the lock may hold, whatever the book wants of it.
MAY_HOLD = frozenset({SlotState.WAITING, SlotState.ADDED, SlotState.CHANGING, SlotState.REMOVING})
# What is meant to open.
WANTED = frozenset({SlotState.WANTED, SlotState.WAITING, SlotState.ADDED, SlotState.CHANGING})

# Whose things open doors.
STAYS_WITH_KEYS = frozenset({StayState.CONFIRMED, StayState.IN_HOUSE})


class NoConsent(Invalid):
    """Nothing of a body is stored before its owner has agreed."""

    code = "no_consent"
    field = "agreed"
    message = N_("Ask first, and note that the person agrees.")


class LockFull(DomainError):
    """A lock has room for so many people."""

    code = "lock_full"
    message = N_("The lock of %(door)s has no room for another credential. Remove one there first.")


class LockNotReady(DomainError):
    """Only a lock that knows this house's keys can be told anything."""

    code = "lock_not_ready"
    message = N_("The lock of %(door)s is not set up yet. Set it up with a phone first.")


class KindNotThere(Invalid):
    """The lock has no reader for this."""

    code = "kind_not_there"
    field = "kind"
    message = N_("The lock of %(door)s takes no credentials of this kind.")


class SlotTaken(DomainError):
    """One slot, one credential."""

    code = "slot_taken"
    field = "slot"
    message = N_("Slot %(number)s of this lock is in use for something else. Compare with the lock first.")


class BadSlot(Invalid):
    """Slots have numbers from 1 on."""

    code = "bad_slot"
    field = "slot"
    message = N_("A slot has a number from 1 to %(most)s.")


class CredentialTaken(DomainError):
    """Doors name credentials by their ids."""

    code = "credential_taken"
    field = "credential_id"
    message = N_("This lock has another credential with this id in slot %(number)s.")


class AlreadyOver(Invalid):
    """What would never open is not stored."""

    code = "already_over"
    field = "valid_until"
    message = N_("This end is past already.")


class EndsBeforeItBegins(Invalid):
    """A span has some length."""

    code = "ends_before_it_begins"
    field = "valid_until"
    message = N_("The end must be later than the beginning.")


class NoName(Invalid):
    """Somebody must find it again."""

    code = "no_name"
    field = "name"
    message = N_("Say whom or what it is for, in at most 80 characters.")


class BadCode(Invalid):
    """Digits that a person types."""

    code = "bad_code"
    field = "content"
    message = N_("A passcode in a lock has %(least)s to %(most)s digits.")


class BadUid(Invalid):
    """Cards have numbers of three sizes."""

    code = "bad_uid"
    field = "content"
    message = N_("The number of a card has 4, 7 or 10 bytes: 8, 14 or 20 hexadecimal digits.")


class BadRemote(Invalid):
    """Remote controls have short ids."""

    code = "bad_remote"
    field = "content"
    message = N_("The id of a remote control has 1 to %(most)s bytes, two hexadecimal digits each.")


class BadTemplate(Invalid):
    """Templates have a size."""

    code = "bad_template"
    field = "content"
    message = N_("A template has 1 to %(most)s bytes, two hexadecimal digits each.")


class NoContent(DomainError):
    """A lock takes a change only with the whole credential."""

    code = "no_content"
    message = N_("Only the lock knows what slot %(number)s opens for. Take it away there and store it anew.")


class NotInLock(DomainError):
    """What is going, or was never there, is not changed."""

    code = "not_in_lock"
    message = N_("This is not in the lock, or is being removed from it.")


class NothingToTell(DomainError):
    """A command endpoint gives a command."""

    code = "nothing_to_tell"
    message = N_("Nothing changes for the lock, and it was never asked for anything about this slot.")


class NoSuchDifference(DomainError):
    """Somebody else mended it, or the lock has told something new."""

    code = "no_such_difference"
    message = N_("The book and the lock do not differ there any more. Look at it again.")


class CannotMendSo(DomainError):
    """Not every difference can be mended in each way."""

    code = "cannot_mend_so"
    message = N_("This difference cannot be mended so.")


class StayOver(DomainError):
    """Who has left opens nothing."""

    code = "stay_over"
    field = "stay_id"
    message = N_("This stay is over, so nothing is stored for it.")


class BadOwner(Invalid):
    """A slot belongs to one person at most."""

    code = "bad_owner"
    field = "stay_id"
    message = N_("A credential is of a stay or of somebody who works here, not of both.")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose it is: nobody's, a stay's and its guest's, or an account's."""

    stay_id: int | None = None
    account_id: int | None = None


def check_name(name: str) -> str:
    """The name without spaces around it; NoName."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME:
        raise NoName
    return name


def check_number(number: int) -> None:
    """BadSlot."""
    if not 1 <= number <= LARGEST_SLOT:
        raise BadSlot(most=LARGEST_SLOT)


def check_span(valid_from: datetime | None, valid_until: datetime | None, now: datetime) -> None:
    """AlreadyOver or EndsBeforeItBegins."""
    if valid_until is not None and valid_until <= now:
        raise AlreadyOver
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise EndsBeforeItBegins


def check_owner(owner: Owner) -> None:
    """BadOwner."""
    if owner.stay_id is not None and owner.account_id is not None:
        raise BadOwner


def check_stay(state: StayState) -> None:
    """StayOver."""
    if state not in STAYS_WITH_KEYS:
        raise StayOver


def check_kind(lock: Lock, kind: SlotKind, door: str) -> None:
    """KindNotThere; a lock that does not say what it has is believed to have it."""
    if not takes(lock, kind):
        raise KindNotThere(door=door)


def takes(lock: Lock, kind: SlotKind) -> bool:
    """Whether a lock has a reader for this."""
    return not lock.features or kind.value in lock.features


def check_content(kind: SlotKind, content: bytes) -> None:
    """BadCode, BadUid, BadRemote or BadTemplate."""
    if kind is SlotKind.PASSCODE:
        _check_code(content)
    elif kind is SlotKind.CARD:
        if len(content) not in UID_SIZES:
            raise BadUid
    elif kind is SlotKind.REMOTE:
        if not 1 <= len(content) <= MAX_REMOTE:
            raise BadRemote(most=MAX_REMOTE)
    elif not 1 <= len(content) <= MAX_TEMPLATE:
        raise BadTemplate(most=MAX_TEMPLATE)


def _check_code(content: bytes) -> None:
    refusal = BadCode(least=SHORTEST_CODE, most=LONGEST_CODE)
    try:
        digits = decode_bcd(content)
    except MalformedError:
        raise refusal from None
    if not SHORTEST_CODE <= len(digits) <= LONGEST_CODE or len(content) != (len(digits) + 1) // 2:
        raise refusal


def packed(kind: SlotKind, text: str) -> bytes:
    """Digits of a passcode, or hexadecimal digits, as tag 04 has them; nothing, which `check_content` refuses, where they
    cannot be read."""
    try:
        return encode_bcd(text) if kind is SlotKind.PASSCODE else bytes.fromhex(text)
    except (UsageError, ValueError):
        return b""


def free_slot(taken: Collection[int]) -> int | None:
    """The lowest slot of a lock that nobody has; None if it is full."""
    return next((slot for slot in range(1, LARGEST_SLOT + 1) if slot not in taken), None)


def seconds(at: datetime | None, *, otherwise: int) -> int:
    """An instant on the wire; `otherwise` where there is no limit."""
    return otherwise if at is None else min(max(int(at.timestamp()), 0), NEVER)


def instant(number: int) -> datetime | None:
    """The instant of a number on the wire; None for those that mean "no limit"."""
    return None if number in (0, NEVER) else datetime.fromtimestamp(number, UTC)


def after_removal(state: SlotState, *, is_sent: bool) -> SlotState:
    """What is to become of a slot that is not wanted any more: a lock that may have heard of it must be told."""
    if state in (SlotState.WANTED, SlotState.WAITING) and not is_sent:
        return SlotState.NOT_SENT
    return SlotState.REMOVING if state in WANTED else state


def why_over(valid_until: datetime | None, stay: StayState | None, *, has_left: bool, now: datetime) -> str | None:
    """Why something opens nothing any more: its time, its stay, or who it belongs to has left; None while it does."""
    if valid_until is not None and valid_until <= now:
        return "time_over"
    if stay is not None and stay not in STAYS_WITH_KEYS:
        return "stay_over"
    return "left" if has_left else None


def is_to_be_sent(command: int, state: SlotState, *, is_over: bool) -> bool:
    """Whether a lock is still to be told something of a slot. Where it is not, and the lock may have heard of the slot already,
    an order to let it go stands in the line: a frame that comes late after that one is refused by the lock."""
    if command == DeleteUser.command:
        return state not in (SlotState.REMOVED, SlotState.NOT_SENT)
    return state in WANTED and not is_over


def after_answer(state: SlotState, command: int, status: AnswerStatus, *, is_more_to_come: bool) -> SlotState | None:
    """What a lock's answer makes of a slot; None where it stays as it is."""
    is_done = status is AnswerStatus.DONE
    if command == DeleteUser.command:
        is_gone = is_done or status is AnswerStatus.NO_SUCH_ITEM
        return SlotState.REMOVED if is_gone and state is SlotState.REMOVING else None
    if command == AddUser.command and state is SlotState.WAITING and not is_done:
        return SlotState.REFUSED
    if command in (AddUser.command, ModifyUser.command) and state in (SlotState.WAITING, SlotState.CHANGING):
        return SlotState.CHANGING if is_more_to_come else SlotState.ADDED
    return None
