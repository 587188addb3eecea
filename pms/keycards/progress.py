"""A batch of cards as its page shows it: everything from rows, so that it survives a reload and a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pms.core.errors import NotFound
from pms.core.text import N_
from pms.encoders import answers
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders.models import EncoderState, JobKind, JobState
from pms.keycards import books, queries, rules, stacks
from pms.keycards.books import MadeCard
from pms.keycards.models import EndReason
from pms.stays import queries as stays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.encoders.models import EncoderJob
    from pms.keycards.books import CardBook
    from pms.keycards.queries import KeyLine
    from pms.stays.models import Stay

_STEP = {JobState.QUEUED: 0, JobState.WAITING: 0, JobState.WRITING: 1, JobState.CHECKING: 2, JobState.DONE: 3}
_PICTURE = {
    JobState.QUEUED: "idle",
    JobState.WAITING: "waiting",
    JobState.WRITING: "writing",
    JobState.CHECKING: "writing",
    JobState.DONE: "good",
    JobState.CANCELLED: "idle",
}

# What the one button says, by why the job ended.
_NEXT = {
    "no_card": N_("Put the card back and try again"),
    "card_changed": N_("Put the card back and try again"),
    "wrong_key": N_("Use another card"),
    "write_failed": N_("Use another card"),
    "card_too_small": N_("Use another card"),
    "foreign_card": N_("Use another card"),
    "cancelled": N_("Start again"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """One batch at one moment. `job` is the one that the page is about: the first that is open, else the one that failed.

    `made` is the card of that job, `done` are the cards that are ready; `book` is whose cards they are, if not guests'.
    """

    batch_id: str
    jobs: Sequence[EncoderJob]
    job: EncoderJob
    line: KeyLine | None
    stay: Stay | None
    done: list[MadeCard]
    ahead: int
    now: datetime
    made: MadeCard | None = None
    book: CardBook | None = None

    @property
    def is_stack(self) -> bool:
        """Whether it makes the cards of several stays one after the other."""
        return len({job.stay_id for job in self.jobs}) > 1

    @property
    def place(self) -> tuple[int, int]:
        """Which of its stay's cards the present one is, and of how many."""
        own = [job for job in self.jobs if job.stay_id == self.job.stay_id]
        return own.index(self.job) + 1, len(own)

    @property
    def can_skip(self) -> bool:
        """Whether cards of other stays follow those of this one, which was not made."""
        return self.is_final and stacks.has_next(self.job, self.jobs)

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return all(job.state.is_final for job in self.jobs)

    @property
    def is_done(self) -> bool:
        """Whether every card succeeded."""
        return all(job.state is JobState.DONE for job in self.jobs)

    @property
    def kind(self) -> str:
        """write, read, erase, signal, staff or online."""
        return self.job.kind.value

    @property
    def makes_cards(self) -> bool:
        """Whether its jobs write cards, for guests or others."""
        return self.job.kind is JobKind.WRITE or (self.book is not None and self.book.writes)

    @property
    def state(self) -> str:
        """The state of the job that the page is about."""
        return self.job.state.value

    @property
    def step(self) -> int:
        """How many steps are behind it; -1 where it ended otherwise."""
        return _STEP.get(self.job.state, -1)

    @property
    def picture(self) -> str:
        """What the drawing of the machine shows."""
        if not self.job.state.is_final and self.job.encoder.state is EncoderState.OFFLINE:
            return "offline"
        return _PICTURE.get(self.job.state, "bad")

    @property
    def is_offline(self) -> bool:
        """Whether the machine is not connected."""
        return self.job.encoder.state is EncoderState.OFFLINE

    @property
    def is_unattended(self) -> bool:
        """Whether nobody takes jobs from the table, although the machine looks fine."""
        limit = timedelta(seconds=encoder_rules.UNCLAIMED_AFTER_SECONDS)
        is_waiting = self.job.state is JobState.QUEUED and self.now - self.job.created_at > limit
        return is_waiting and self.ahead == 0 and not self.is_offline

    @property
    def can_cancel(self) -> bool:
        """Whether there is anything that has not begun to write."""
        return any(encoder_rules.can_cancel(job.state) and not job.is_cancel_requested for job in self.jobs)

    @property
    def seconds_left(self) -> int:
        """How long the machine will wait for the card."""
        return encoder_rules.seconds_left(self.job.deadline_at, self.now)

    @property
    def is_to_take_away(self) -> bool:
        """Whether a finished card lies in the way."""
        return bool(self.job.result and self.job.result.get("hint") == "take_away")

    @property
    def result(self) -> dict[str, Any]:
        """What the job has left for the page."""
        return self.job.result or {}

    @property
    def why(self) -> str:
        """The untranslated sentence about the end of the job."""
        return answers.why(self.job)

    @property
    def next_label(self) -> str:
        """The untranslated label of the one button."""
        if self.job.state is JobState.UNKNOWN:
            return N_("Put the same card back and try again")
        return _NEXT.get(self.job.error_code or "", N_("Try again"))

    @property
    def is_foreign(self) -> bool:
        """Whether the card holds something that somebody may need."""
        return self.job.error_code == "foreign_card"

    @property
    def until(self) -> datetime | None:
        """Until when the key is good that would be overwritten."""
        text = self.result.get("until")
        return datetime.fromisoformat(text) if isinstance(text, str) else None

    @property
    def other(self) -> dict[str, Any] | None:
        """The card of another book that lies there: `OtherCard.words()`."""
        return self.result.get("other")

    @property
    def other_until(self) -> datetime | None:
        """Until when it is good."""
        return datetime.fromisoformat(self.other["until"]) if self.other is not None else None

    @property
    def grants(self) -> list[dict[str, Any]]:
        """What a card that was read opens, with instants."""
        return [
            {
                **grant,
                "from": datetime.fromtimestamp(grant["from"], UTC),
                "until": datetime.fromtimestamp(grant["until"], UTC),
            }
            for grant in self.result.get("grants", [])
        ]

    @property
    def held(self) -> KeyLine | None:
        """The key in the book that lies on the card which was read."""
        return self.line if self.result.get("holds") else None

    @property
    def is_lost(self) -> bool:
        """Whether the card that was read had been reported lost."""
        if self.held is not None:
            return self.held.card.end_reason is EndReason.LOST
        return bool(self.other and self.other["is_lost"])

    @property
    def found(self) -> rules.FoundAct:
        """What to do with the card that was read."""
        held = self.held
        return rules.what_to_do(
            rules.FoundCard(
                kind=rules.CardKindSeen(self.result["kind"]),
                state=held.state if held else None,
                again=held.again if held else None,
                stay_state=self.stay.state if held and self.stay else None,
                is_lost=self.is_lost,
                is_denied=bool(held and held.denials),
                is_damaged=bool(self.result.get("damaged")),
                holder_counts=self.other["is_live"] if self.other else None,
            )
        )

    @property
    def seen(self) -> str:
        """Changes whenever the page would look different, apart from the seconds."""
        states = "-".join(f"{job.state.value[:3]}{int(job.is_cancel_requested)}" for job in self.jobs)
        return f"{states}-{self.picture}-{self.ahead}-{int(self.is_to_take_away)}{int(self.is_unattended)}"


def find(batch_id: str, *, now: datetime) -> Progress:
    """The batch as it is; NotFound."""
    jobs = encoders.batch(batch_id)
    if not jobs:
        raise NotFound
    job = _subject(jobs)
    ids = [other.subject_id for other in jobs if other.subject_id is not None]
    ahead = encoders.count_ahead(job) if job.state is JobState.QUEUED else 0
    book = books.of_kind(job.kind)
    if book is not None:
        others = book.made(ids, now=now)
        ready = [others[other.subject_id or 0] for other in jobs if other.state is JobState.DONE]
        made = others.get(job.subject_id or 0)
        return Progress(batch_id, jobs, job, None, None, ready, ahead, now, made, book)
    cards = queries.cards_by_id(ids)
    known = {line.card.id: line for line in queries.lines(cards.values(), now=now, with_stays=True)}
    line = known.get(job.subject_id or 0) or _read_line(job, now)
    stay_id = job.stay_id or (line.card.stay_id if line else None)
    is_stack = len({other.stay_id for other in jobs}) > 1
    finished = [other for other in jobs if other.state is JobState.DONE and other.subject_id in known]
    return Progress(
        batch_id=batch_id,
        jobs=jobs,
        job=job,
        line=line,
        stay=stays.get_stay(stay_id) if stay_id else None,
        done=[_made(known[other.subject_id or 0], is_stack=is_stack) for other in finished],
        ahead=ahead,
        now=now,
        made=_made(line, is_stack=is_stack) if line else None,
    )


def _made(line: KeyLine, *, is_stack: bool) -> MadeCard:
    whose = line.stay.guest.name if is_stack and line.stay else ""
    return MadeCard(line.doors, line.card.valid_from, line.card.valid_until, whose)


def _subject(jobs: Sequence[EncoderJob]) -> EncoderJob:
    """The first that is open; else the one that went wrong; else the last."""
    for job in jobs:
        if not job.state.is_final:
            return job
    wrong = [job for job in jobs if job.state is not JobState.DONE]
    return wrong[0] if wrong else jobs[-1]


def _read_line(job: EncoderJob, now: datetime) -> KeyLine | None:
    """The key in our book that a card holds which was read."""
    if job.kind is not JobKind.READ or not job.result or not job.result.get("card_id"):
        return None
    card = queries.find_card(int(job.result["card_id"]))
    return queries.lines([card], now=now, with_stays=True)[0] if card else None
