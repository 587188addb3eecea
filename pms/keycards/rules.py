"""Which number, how long, which cards again, when a card dies, what may be overwritten: decided on plain values.

The numbers follow protocol.md, section 2.3: a lock keeps the highest issue number that opened its door and refuses lower ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.keycards.models import CardReason, CardState, Proof
from pms.stays.models import StayState

GRACE = timedelta(seconds=900)
"""How much longer than its validity a card opens (and earlier), for clocks that drift."""
MAX_COPIES = 8
MAX_FURTHER = 6
"""Units 3 to 8."""
# A lock refuses numbers more than a day ahead of its clock; an hour of that is left for later parties and lost cards.
_MOST_AHEAD = 86_400 - 3_600


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


# --- issue numbers


@dataclass(frozen=True, slots=True)
class Number:
    """The issue number of one party for one door."""

    stay_id: int
    begins_at: datetime
    issue: int
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class Numbering:
    """The number to put on a party's cards, and the numbers of later parties that must make way (by stay)."""

    issue: int
    raised: dict[int, int]


def number_for(
    *,
    stay_id: int,
    begins_at: datetime,
    valid_until: datetime,
    now: datetime,
    numbers: Iterable[Number],
    lost: bool = False,
) -> Numbering:
    """The issue number for a party at a door. `numbers` are all that were given for the door, the party's own among them.

    It is the number that the party has, unless there is none, a card was `lost`, or it must get above one that was given
    to a party which gave the door up again: that party's cards may still be used before ours end.
    """
    others = [number for number in numbers if number.stay_id != stay_id]
    own = max((number.issue for number in numbers if number.stay_id == stay_id), default=None)
    floor = int(begins_at.timestamp())
    reachable = int(max(now, begins_at).timestamp()) + _MOST_AHEAD
    for other in others:
        is_earlier = not other.is_released and _is_before(other, begins_at, own)
        is_left_behind = other.is_released and other.begins_at < valid_until and other.issue < reachable
        if is_earlier or is_left_behind:
            floor = max(floor, other.issue + 1)
    issue = max(floor, own + (1 if lost else 0)) if own is not None else floor
    taken = {other.issue for other in others if other.is_released}
    while issue in taken:
        issue += 1
    later = [other for other in others if not other.is_released and not _is_before(other, begins_at, own)]
    return Numbering(issue, _make_way(issue, later, taken))


def _is_before(other: Number, begins_at: datetime, own: int | None) -> bool:
    """Parties stand in the order in which they begin; of two that begin alike, in the order of their numbers."""
    if other.begins_at == begins_at:
        return own is None or other.issue < own
    return other.begins_at < begins_at


def _make_way(issue: int, later: Sequence[Number], fixed: Collection[int]) -> dict[int, int]:
    """Parties that begin later must stay above, in their order."""
    raised: dict[int, int] = {}
    highest = issue
    for other in sorted(later, key=lambda number: (number.begins_at, number.issue)):
        if other.issue <= highest:
            highest += 1
            while highest in fixed:
                highest += 1
            raised[other.stay_id] = highest
        else:
            highest = other.issue
    return raised


def visitor_issue(numbers: Iterable[Number], *, present_stay_id: int | None, now: datetime) -> int:
    """The number of a one-shot card for a visitor: that of the party in the room, else of the last one that has begun.

    A lock refuses lower numbers than the highest that opened it, and remembers a higher one (protocol 2.3, step 7). With
    the number of whoever lives there now the visitor's card is never the lower one, and using it tells the lock nothing
    new: no key of the party ends. The next party's first card ends it, as it ends everything from before. A *concurrent*
    card would leave the lock's number alone as well, but would then let a visitor of the last guest in on the next one.
    """
    known = list(numbers)
    present = [number.issue for number in known if number.stay_id == present_stay_id and not number.is_released]
    return max(present or [number.issue for number in known if number.begins_at <= now], default=0)


# --- validity


def begins_at(*, state: StayState, now: datetime, arrives: datetime) -> datetime:
    """From when a party may pass: at once when it is here, else from when the room is promised to it (or now, if that is past)."""
    if state is StayState.IN_HOUSE:
        return now
    return max(now, arrives)


def check_copies(copies: int) -> None:
    """BadCopies."""
    if not 1 <= copies <= MAX_COPIES:
        raise BadCopies(most=MAX_COPIES)


def check_further(count: int) -> None:
    """TooManyDoors."""
    if count > MAX_FURTHER:
        raise TooManyDoors(most=MAX_FURTHER)


def check_stay(state: StayState, *, has_room: bool) -> None:
    """StayEnded or NoRoomYet."""
    if state not in (StayState.CONFIRMED, StayState.IN_HOUSE):
        raise StayEnded
    if not has_room:
        raise NoRoomYet


def can_make(state: StayState, *, has_room: bool) -> bool:
    """Whether the page offers to make cards."""
    return state in (StayState.CONFIRMED, StayState.IN_HOUSE) and has_room


def check_window(valid_from: datetime, valid_until: datetime) -> None:
    """TimeIsOver."""
    if valid_from >= valid_until:
        raise TimeIsOver(until=valid_until)


def default_reason(live_cards: int) -> CardReason:
    """What a card is made for when nobody says."""
    return CardReason.DUPLICATE if live_cards else CardReason.NEW


# --- what is true of a card


class KeyState(StrEnum):
    """What can honestly be said about a key."""

    IN_MAKING = "in_making"
    NOT_MADE = "not_made"
    CONFIRMED = "confirmed"
    BELIEVED = "believed"
    UNKNOWN = "unknown"
    TIME_OVER = "time_over"
    STILL_OPENS = "still_opens"
    UNKNOWN_STILL = "unknown_still"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a rule needs to know of a card; `issues` by door id."""

    state: CardState
    proof: Proof
    valid_from: datetime
    valid_until: datetime
    refused_since: datetime | None = None
    issues: Mapping[int, int] | None = None


def opens_until(valid_until: datetime) -> datetime:
    """The last instant at which a door would take the card: a card dies by itself a quarter of an hour after its end."""
    return valid_until + GRACE


def key_state(card: CardFacts, now: datetime) -> KeyState:
    """The state of a key in one word."""
    is_over = now > opens_until(card.valid_until)
    if card.state is CardState.RESERVED:
        return KeyState.IN_MAKING
    if card.state is CardState.VOID:
        return KeyState.NOT_MADE
    if card.state is CardState.ENDED:
        if card.refused_since is not None or is_over:
            return KeyState.DEAD
        return KeyState.UNKNOWN_STILL if card.proof is Proof.UNKNOWN else KeyState.STILL_OPENS
    if card.refused_since is not None:
        return KeyState.DEAD
    if is_over:
        return KeyState.TIME_OVER
    if card.state is CardState.UNKNOWN:
        return KeyState.UNKNOWN
    return KeyState.CONFIRMED if card.proof is Proof.CONFIRMED else KeyState.BELIEVED


def is_live(card: CardFacts, now: datetime) -> bool:
    """Whether somebody counts on the card opening, or it may open for the wrong one."""
    return key_state(card, now) in (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN)


def may_still_open(card: CardFacts, now: datetime) -> bool:
    """Whether the plastic may open a door now or later, wanted or not."""
    return is_live(card, now) or key_state(card, now) in (KeyState.STILL_OPENS, KeyState.UNKNOWN_STILL)


class MakeAgain(StrEnum):
    """Why a live card does not do any more what the party needs."""

    LOST = "lost"  # another card of the party was lost: the number was raised
    TOO_SHORT = "too_short"  # ends before the stay does
    TOO_LONG = "too_long"  # opens after the departure
    NEWER_USED = "newer_used"  # another party's number may have been used at the door
    TOO_EARLY = "too_early"  # made ahead, and the guest came before its time
    TOO_SOON = "too_soon"  # made ahead, and the guest comes later: until then the room may be somebody else's


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a live card of a party should carry: the doors' numbers, from when, until when.

    `rivals` are the numbers above it at its main door whose cards could be in use by now.
    """

    issues: Mapping[int, int]
    begins_at: datetime
    valid_until: datetime
    rivals: Collection[int] = ()


def make_again(card: CardFacts, wanted: Wanted, now: datetime) -> MakeAgain | None:
    """Why the card must be made again; None if it is as it should be or does not count."""
    if not is_live(card, now) and not (card.state is CardState.ACTIVE and wanted.valid_until > now):
        return None
    issues = card.issues or {}
    if any(wanted.issues.get(door_id, 0) > issue for door_id, issue in issues.items()):
        return MakeAgain.LOST
    if any(rival > issue for issue in issues.values() for rival in wanted.rivals) or card.refused_since is not None:
        return MakeAgain.NEWER_USED
    if card.valid_until < wanted.valid_until:
        return MakeAgain.TOO_SHORT
    if card.valid_from - GRACE > max(now, wanted.begins_at):
        return MakeAgain.TOO_EARLY
    if card.valid_from + GRACE < wanted.begins_at and wanted.begins_at > now:
        return MakeAgain.TOO_SOON
    if card.valid_until > wanted.valid_until:
        return MakeAgain.TOO_LONG
    return None


# --- one of several cards is lost


class LostWay(StrEnum):
    """What is done about a lost card."""

    DENY = "deny"  # its doors refuse this one; the party's others go on
    REPLACE = "replace"  # the number is raised: all cards of the party end and are made again


class LostReason(StrEnum):
    """Why one way is proposed."""

    ALL_ONLINE = "all_online"
    NOT_ONLINE = "not_online"
    NO_OTHERS = "no_others"
    LIST_FULL = "list_full"


@dataclass(frozen=True, slots=True)
class LostChoice:
    """The way that is proposed, why, and whether there is another one."""

    way: LostWay
    reason: LostReason
    can_deny: bool


def choose_lost_way(*, others: int, all_online: bool, has_room: bool) -> LostChoice:
    """A door that is reached at once refuses the one card now. One that must wait for somebody with a phone opens for it until
    then, while a card with a raised number ends it as soon as the guest uses it; and where no other card goes on, there is
    nothing to spare.
    """
    if not has_room:
        return LostChoice(LostWay.REPLACE, LostReason.LIST_FULL, can_deny=False)
    if not others:
        return LostChoice(LostWay.REPLACE, LostReason.NO_OTHERS, can_deny=True)
    if all_online:
        return LostChoice(LostWay.DENY, LostReason.ALL_ONLINE, can_deny=True)
    return LostChoice(LostWay.REPLACE, LostReason.NOT_ONLINE, can_deny=True)


# --- a card was found


class FoundAct(StrEnum):
    """What to do with a card that somebody put on the machine."""

    GIVE_BACK = "give_back"  # good, and its guest is here
    KEEP_FOR_ARRIVAL = "keep_for_arrival"  # made ahead, and its guest is not here yet
    MAKE_AGAIN = "make_again"
    ALLOW = "allow"  # reported lost, and denied by its own number
    ERASE = "erase"
    USE = "use"  # blank
    TO_HOLDER = "to_holder"  # somebody's who works here
    TO_MANAGER = "to_manager"  # nobody at the desk can say whose
    LOST_PROPERTY = "lost_property"  # no card of this house


@dataclass(frozen=True, slots=True)
class FoundCard:
    """What is known of a card that was read; `state` and `stay_state` of the key in the book that it holds, `holder_counts`
    whether somebody who works here counts on it (None: it is no staff card of the book).
    """

    kind: CardKindSeen
    state: KeyState | None = None
    again: MakeAgain | None = None
    stay_state: StayState | None = None
    is_lost: bool = False
    is_denied: bool = False
    is_damaged: bool = False
    holder_counts: bool | None = None


def what_to_do(found: FoundCard) -> FoundAct:
    """The one thing to do."""
    if found.holder_counts is not None:
        return _with_staff_card(found)
    if found.state is not None:
        return _with_known_key(found)
    if found.kind is CardKindSeen.BLANK:
        return FoundAct.USE
    if found.kind is CardKindSeen.FOREIGN and not found.is_damaged:
        return FoundAct.LOST_PROPERTY
    if found.kind in (CardKindSeen.GUEST, CardKindSeen.STAFF):
        return FoundAct.TO_MANAGER
    return FoundAct.ERASE


def _with_staff_card(found: FoundCard) -> FoundAct:
    """A lost card that is back may have been in a stranger's hand."""
    if found.is_lost:
        return FoundAct.TO_MANAGER
    return FoundAct.TO_HOLDER if found.holder_counts else FoundAct.ERASE


def _with_known_key(found: FoundCard) -> FoundAct:
    is_open = found.stay_state in (StayState.CONFIRMED, StayState.IN_HOUSE)
    if found.is_lost and found.is_denied and is_open:
        return FoundAct.ALLOW
    if found.again is not None and is_open:
        return FoundAct.MAKE_AGAIN
    if found.state in (KeyState.CONFIRMED, KeyState.BELIEVED, KeyState.UNKNOWN) and is_open:
        return FoundAct.GIVE_BACK if found.stay_state is StayState.IN_HOUSE else FoundAct.KEEP_FOR_ARRIVAL
    return FoundAct.ERASE


# --- overwriting


class CardKindSeen(StrEnum):
    """What lies on the machine."""

    BLANK = "blank"
    OWN = "own"  # of the same stay
    GUEST = "guest"  # a live key of another stay
    DEAD = "dead"  # ended, over or void: nothing is lost
    STAFF = "staff"
    FOREIGN = "foreign"  # of another house, or unreadable


def needs_question(kind: CardKindSeen) -> bool:
    """Whether somebody must say that the card may be overwritten."""
    return kind in (CardKindSeen.GUEST, CardKindSeen.STAFF, CardKindSeen.FOREIGN)


def kind_of_known(card: CardFacts, *, is_same_stay: bool, now: datetime) -> CardKindSeen:
    """What a card in our book is for the stay that a card is made for.

    A key that we ended may be overwritten without a question also while it still opens: nobody misses it.
    """
    if is_same_stay:
        return CardKindSeen.OWN
    if card.state is CardState.RESERVED:
        return CardKindSeen.GUEST
    return CardKindSeen.GUEST if is_live(card, now) else CardKindSeen.DEAD
