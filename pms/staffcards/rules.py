"""How long a staff card may live, what is on it, what needs a look, what a door's answer proves: decided on plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.intervals import ONE_DAY, at_local
from pms.core.text import N_
from pms.core.weeks import Window
from pms.keycards.rules import GRACE
from pms.locks.models import ScopeKind
from pms.protocol.record import RecordResult
from pms.staffcards.models import StaffCardKind

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LONGEST: dict[StaffCardKind, timedelta] = {
    StaffCardKind.STAFF: timedelta(days=92),
    StaffCardKind.EMERGENCY: timedelta(days=31),
    # What the protocol lets a lock take.
    StaffCardKind.ONE_SHOT: timedelta(hours=24),
}
SOON = timedelta(days=14)
"""Cards that end within this are listed for renewal."""
MAX_GRANTS = 4
"""What the larger media have room for; an NTAG213 has room for one."""
MAX_NAME = 80
MAX_SHIFT_NAME = 40


class NoHolder(Invalid):
    """A card belongs to somebody, or has a place."""

    code = "no_holder"
    field = "holder_name"
    message = N_("Say who will hold the card: somebody who works here, or a name of at most 80 characters.")


class HolderLeft(DomainError):
    """Whoever is switched off gets no cards."""

    code = "holder_left"
    field = "account_id"
    message = N_("%(name)s does not work here any more, so no card is made.")


class NothingToOpen(Invalid):
    """A staff card opens something."""

    code = "nothing_to_open"
    field = "scope_ids"
    message = N_("Choose what the card opens.")


class TooManyOnCard(Invalid):
    """A card has four places."""

    code = "too_many_on_card"
    field = "scope_ids"
    message = N_("A card has room for %(most)s floors or sections. Choose fewer, or all doors.")


class NoRoomForDenial(Invalid):
    """The lost card's denial takes a place of the new card."""

    code = "no_room_for_denial"
    field = "how"
    message = N_("The new card opens %(count)s floors or sections and has no room for the denial. Make a deny card.")


class EndsTooEarly(Invalid):
    """The card would end before it begins."""

    code = "ends_too_early"
    field = "valid_until"
    message = N_("This day is over already.")


class EndsTooLate(Invalid):
    """Cards must be renewed now and then."""

    code = "ends_too_late"
    field = "valid_until"
    message = N_("A card of this kind is good for at most %(days)s days. Choose %(last)s or an earlier day.")


class BadHours(Invalid):
    """A visitor's card lives for some hours."""

    code = "bad_hours"
    field = "hours"
    message = N_("Choose from 1 to 24 hours.")


class BadShiftName(Invalid):
    """A shift has a name."""

    code = "bad_shift_name"
    field = "name"
    message = N_("Give the shift a name of at most 40 characters.")


class ShiftNameTaken(DomainError):
    """Shifts are told apart by their names."""

    code = "shift_name_taken"
    field = "name"
    message = N_("There is already a shift called “%(name)s”.")


class NothingToMakeAgain(DomainError):
    """Every card carries its scopes' present numbers."""

    code = "nothing_to_make_again"
    message = N_("None of these cards must be made again.")


class NotLost(DomainError):
    """Only the denial of a card that was reported lost, and could still open something, is carried to doors."""

    code = "not_lost"
    message = N_("This card was not reported lost, or no door takes it any more.")


# --- how long


def clean_shift_name(name: str) -> str:
    """BadShiftName."""
    text = " ".join(name.split())
    if not 1 <= len(text) <= MAX_SHIFT_NAME:
        raise BadShiftName
    return text


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """A card is good through its last day, on the wall clock of the house."""
    return at_local(day + ONE_DAY, 0, zone)


def last_day(kind: StaffCardKind, now: datetime, zone: ZoneInfo) -> date:
    """The latest day that a card made now may be good through."""
    day = (now + LONGEST[kind]).astimezone(zone).date()
    return day if end_of(day, zone) <= now + LONGEST[kind] else day - ONE_DAY


def check_end(kind: StaffCardKind, until: datetime, now: datetime, zone: ZoneInfo) -> None:
    """EndsTooEarly, EndsTooLate."""
    if until <= now:
        raise EndsTooEarly
    if until - now > LONGEST[kind]:
        raise EndsTooLate(days=LONGEST[kind].days, last=last_day(kind, now, zone))


def visitor_end(hours: int, now: datetime) -> datetime:
    """BadHours: a lock takes no one-shot card that lives longer than a day."""
    until = now + timedelta(hours=hours) if 1 <= hours <= 24 else None
    if until is None:
        raise BadHours
    return until


def ends_soon(valid_until: datetime, now: datetime) -> bool:
    """Whether somebody should renew the card now."""
    return valid_until - now <= SOON


# --- what is asked for


@dataclass(frozen=True, slots=True)
class Wish:
    """A card as somebody wants it; `scope_ids` in the order of its places."""

    kind: StaffCardKind
    account_id: int | None
    holder_name: str
    scope_ids: tuple[int, ...]
    valid_until: datetime
    window: Window = field(default_factory=Window)
    shift_name: str = ""


def clean_holder(name: str) -> str:
    """NoHolder."""
    text = " ".join(name.split())
    if not 1 <= len(text) <= MAX_NAME:
        raise NoHolder
    return text


def choose_scopes(chosen: Collection[int], kinds: Mapping[int, ScopeKind], kind: StaffCardKind) -> tuple[int, ...]:
    """What goes on the card. Every door needs no floor beside it; an emergency card opens every door.

    NothingToOpen, TooManyOnCard.
    """
    everything = tuple(scope_id for scope_id, of in kinds.items() if of is ScopeKind.ALL)
    wanted = tuple(scope_id for scope_id in dict.fromkeys(chosen) if scope_id in kinds)
    if kind is StaffCardKind.EMERGENCY or set(wanted) & set(everything):
        wanted = everything
    if not wanted:
        raise NothingToOpen
    if len(wanted) > MAX_GRANTS:
        raise TooManyOnCard(most=MAX_GRANTS)
    return wanted


def check_carries(kind: StaffCardKind, scopes: int) -> None:
    """NoRoomForDenial where the holder's new card cannot carry the denial of the lost one."""
    if not can_carry(kind, scopes):
        raise NoRoomForDenial(count=scopes)


def can_carry(kind: StaffCardKind, scopes: int) -> bool:
    """Whether a new card has a place left for the denial, and a door's answer to it would prove something.

    A lock without a clock opens for an emergency card and skips the denial before it, so that card carries none.
    """
    return kind is StaffCardKind.STAFF and scopes < MAX_GRANTS


# --- lost cards


class LostAnswer(StrEnum):
    """What is done about a lost card. `later` only ends it in the book."""

    CARRY = "carry"  # the holder's new card carries the denial
    BOTH = "both"  # a deny card, and a new card
    DENY = "deny"  # a deny card only
    RAISE = "raise"  # all cards of its scopes are made again
    LATER = "later"


def answers(kind: StaffCardKind, scopes: int, *, holder_left: bool) -> list[LostAnswer]:
    """What can be done about a lost card, the best first. Nobody who left gets a new one, and a visitor asks for one anew."""
    gets_new = not holder_left and kind is not StaffCardKind.ONE_SHOT
    found = [LostAnswer.CARRY] if gets_new and can_carry(kind, scopes) else []
    found += [LostAnswer.BOTH] if gets_new else []
    found.append(LostAnswer.DENY)
    found += [LostAnswer.RAISE] if gets_new else []
    return [*found, LostAnswer.LATER]


def denied_until(valid_until: datetime, now: datetime) -> datetime:
    """Until when a lock must refuse a lost card: its end (locks keep an entry as much longer as they take a card)."""
    return max(valid_until, now + GRACE)


_TAKEN_BEFORE = (
    RecordResult.OPENED,
    RecordResult.VOIDED,
    RecordResult.SUPERSEDED,
    RecordResult.OUTSIDE_HOURS,
    RecordResult.EXPIRED,
    RecordResult.NOT_YET,
    RecordResult.PRIVACY,
)


def took_denial(result: int, *, at: datetime, valid_from: datetime, denied_until: datetime) -> bool:
    """Whether a door that gave this answer to a card has put the denial at the card's front on its list.

    It judges the grants in their order, so whatever it says of the card it has judged the denial before; only a lost
    clock, a forged card or the card's own denial stop it, and a denial out of its time.
    """
    return result in _TAKEN_BEFORE and valid_from - GRACE <= at <= denied_until + GRACE


def raised(issue: int, now: datetime) -> int:
    """The next issue of a scope: above every one before, also those that a server restored from a backup forgot."""
    return max(issue + 1, int(now.timestamp()))


def is_closed(issues: Mapping[int, int], *, told: Collection[int], known: Mapping[int, int]) -> bool:
    """Whether a lock refuses every grant of a card by its number alone.

    `issues` are the card's by scope, `told` the lock's scopes, `known` what it is known to keep.
    """
    return all(known.get(number, 0) > issue for number, issue in issues.items() if number in told)


# --- what needs a look


class Attention(StrEnum):
    """Why somebody should do something about a live card; the gravest first."""

    TO_DENY = "to_deny"  # its holder does not work here any more
    RAISED = "raised"  # a scope's number was raised
    ENDS_SOON = "ends_soon"


def attention(*, holder_left: bool, is_outdated: bool, valid_until: datetime, now: datetime) -> Attention | None:
    """What a live card needs."""
    if holder_left:
        return Attention.TO_DENY
    if is_outdated:
        return Attention.RAISED
    return Attention.ENDS_SOON if ends_soon(valid_until, now) else None
