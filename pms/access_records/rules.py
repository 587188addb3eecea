"""What can be decided of frames and records without a database."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_
from pms.lock_commands.rules import Deed
from pms.protocol.command import Command
from pms.protocol.frame import Direction
from pms.protocol.record import RecordEvent, chain_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pms.protocol.frame import FrameHeader

# A lock keeps at least so many of its newest records (protocol section 5).
KEPT_BY_LOCKS = 1000


class NoAnswer(NotFound):
    """The frame is not one that the lock sealed for us now. Why is told to nobody."""

    code = "no_answer"
    message = N_("There is no answer to this report.")


class WrongKind(Invalid):
    """What the frame says it is belongs to another operation; anybody can read that in its header."""

    code = "wrong_kind"
    field = "frame"
    message = N_("A frame of this kind belongs to another operation.")


class NoReason(Invalid):
    """A record is to be hidden, and nobody says why."""

    code = "no_reason"
    field = "reason"
    message = N_("Say why the record is hidden; the audit trail keeps it.")


class LockKeepsNothing(DomainError):
    """The lock was never set up, so it keeps no records for this house."""

    code = "lock_keeps_nothing"
    message = N_("The lock %(name)s is not set up, so its records cannot be fetched.")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The frames that an operation takes: which reports, and answers to which commands; None stands for all."""

    reports: frozenset[int] | None = frozenset()
    answers: frozenset[int] | None = frozenset()

    def includes(self, head: FrameHeader) -> bool:
        """Whether a frame with this header is one of them."""
        if head.direction not in (Direction.REPORT, Direction.ANSWER):
            return False
        commands = self.reports if head.direction is Direction.REPORT else self.answers
        return commands is None or head.command in commands


ANY = Kinds(reports=None, answers=None)
ANY_REPORT = Kinds(reports=None)
ANY_ANSWER = Kinds(answers=None)
LOCK_DELETED = Kinds(reports=frozenset({Command.DELETED}))
SYSTEM_SETTINGS = Kinds(reports=frozenset({Command.SYSTEM_SETTINGS}))
LOCK_USERS = Kinds(
    reports=frozenset({Command.USERS}),
    answers=frozenset({Command.ADD_USER, Command.MODIFY_USER, Command.DELETE_USER, Command.LIST_USERS}),
)
LOCK_SETTINGS = Kinds(answers=frozenset({Command.READ_SETTINGS, Command.WRITE_SETTINGS}))
RECORDS = Kinds(answers=frozenset({Command.READ_RECORDS}))
BINDING = Kinds(reports=frozenset({Command.BOUND}), answers=frozenset({Command.INITIALISE}))
MODULE = Kinds(reports=frozenset({Command.MODULE_ASSOCIATED}), answers=frozenset({Command.ASSOCIATE_MODULE}))


Span = tuple[int, int]
"""First and last sequence, both included."""


def is_to_be_asked(after: int, known_until: int, newest: int) -> bool:
    """Whether a lock is still to be asked for what follows `after`, where all up to `known_until` is known and the lock is known
    to have written `newest`. Where nothing came since, it is: what the lock has not reported, nobody knows of."""
    return after == known_until or after < known_until < newest


def spans_of(sequences: Sequence[int]) -> list[Span]:
    """Rising numbers as spans."""
    found: list[Span] = []
    for sequence in sequences:
        if found and found[-1][1] == sequence - 1:
            found[-1] = (found[-1][0], sequence)
        else:
            found.append((sequence, sequence))
    return found


def write_spans(spans: Iterable[Span]) -> str:
    """As the audit trail keeps them: "5-9, 12"."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def read_spans(text: str) -> list[Span]:
    """What `write_spans` wrote."""
    found = []
    for part in text.split(", "):
        first, _dash, last = part.partition("-")
        found.append((int(first), int(last or first)))
    return found


def missing(wanted: Span, held: Iterable[Span]) -> list[Span]:
    """What of `wanted` lies in none of the spans, as spans."""
    first, last = wanted
    found = []
    for low, high in sorted(held):
        if low > first:
            found.append((first, min(low - 1, last)))
        first = max(first, high + 1)
        if first > last:
            break
    if first <= last:
        found.append((first, last))
    return [(low, high) for low, high in found if low <= high]


def not_given(after: int, sequences: Sequence[int], newest: int) -> tuple[Span | None, list[Span]]:
    """What a lock that was asked for everything after `after` left out, though it has later ones: before its first
    record, and between its records."""
    if not sequences:
        return ((after + 1, newest) if newest > after else None), []
    head = (after + 1, sequences[0] - 1) if sequences[0] > after + 1 else None
    spans = [(sequence, sequence) for sequence in sequences]
    return head, missing((sequences[0], sequences[-1]), spans)


def is_too_early_to_be_lost(span: Span, newest: int) -> bool:
    """Whether a lock that keeps what it must would still have some of these records."""
    return newest - span[1] < KEPT_BY_LOCKS


def chain_holds(k_rec: bytes, start: bytes, records: Sequence[bytes], claimed: bytes) -> bool:
    """Whether the records are the ones that the lock reckoned its chain over."""
    return hmac.compare_digest(chain_after(k_rec, records, start), claimed)


def has_other_key_inside(events: Sequence[int]) -> bool:
    """Whether the lock got new keys after the first of these records: two keys were used to chain them, of which only the
    present one is known."""
    return RecordEvent.KEYS_CHANGED in events[1:]


# What a lock notes when it does what the desk told it to.
DEEDS: dict[int, Deed] = {
    RecordEvent.OPENED: Deed.UNLOCK,
    RecordEvent.LOCKED: Deed.LOCK,
    RecordEvent.PASSAGE_ON: Deed.PASSAGE_ON,
    RecordEvent.PASSAGE_OFF: Deed.PASSAGE_OFF,
    RecordEvent.CLOCK_SET: Deed.SET_CLOCK,
    RecordEvent.RESTART: Deed.RESTART,
}


@dataclass(frozen=True, slots=True)
class DeedAsked:
    """A command of the desk, and between which instants the lock did it if it did: it was asked, and it had answered or could
    not do it any more."""

    id: int
    deed: Deed
    since: datetime
    until: datetime


def command_behind(event: int, at: datetime, asked: Iterable[DeedAsked], *, most: timedelta) -> DeedAsked | None:
    """The command that a record is of: the one in whose time it lies, or, since clocks differ, next to it by at most `most`."""

    def distance(one: DeedAsked) -> timedelta:
        return max(one.since - at, at - one.until, timedelta(0))

    fitting = [one for one in asked if one.deed is DEEDS.get(event) and distance(one) <= most]
    return min(fitting, key=lambda one: (distance(one), one.id), default=None)
