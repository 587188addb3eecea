"""What a job is for is known above: the feature that queues jobs of a kind registers how cards are looked at and answered.

The methods are called by the owner of the port, each inside a short transaction; none of them may talk to a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from pms.encoders.models import JobKind
from pms.encoders.words import error_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pms.devices.card_content import CardContent, CardKeys
    from pms.devices.encoder import CardPresence, FingerTemplate
    from pms.devices.task import WritePlan
    from pms.encoders.models import EncoderJob


class Work(Protocol):
    """Keeps the book about jobs of a kind."""

    # Why a job was not done, by code, where the machines' own words do not say it: untranslated sentences.
    refusals: Mapping[str, str]

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The job ended and no byte was written."""


class CardWork(Work, Protocol):
    """Judges the card of a job and keeps the book about it."""

    def card_keys(self) -> CardKeys:
        """The sector keys, newest version first."""

    def card_seen(
        self, job: EncoderJob, presence: CardPresence, content: CardContent, now: datetime
    ) -> WritePlan | None:
        """What to write (None for a job that writes no plan); `CardRefused`, `TakeAway` of `pms.devices.task`."""

    def writing_begins(self, job: EncoderJob, now: datetime) -> None:
        """The next thing is the first byte; `job.card_uid` is set."""

    def written(self, job: EncoderJob, content: CardContent, now: datetime) -> None:
        """Written or erased, and read back."""

    def uncertain(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The job ended after the first byte: the card may hold anything between before and after."""

    def read(self, job: EncoderJob, content: CardContent, now: datetime) -> dict[str, Any]:
        """What the card is, for the page; never a secret."""


class NumberWork(Work, Protocol):
    """Has a use for the numbers of cards."""

    def identified(self, job: EncoderJob, presence: CardPresence, now: datetime) -> None:
        """This card lies there; CardRefused of `pms.devices.task`."""


class FingerWork(Work, Protocol):
    """Keeps what a fingerprint module made of a finger."""

    def taken(self, job: EncoderJob, template: FingerTemplate, now: datetime) -> None:
        """The template has arrived, whole."""


_works: dict[JobKind, Work] = {}


def register(kind: JobKind, work: Work) -> None:
    """Say who answers jobs of this kind; once, in `pms.app`. A `FingerWork` for FINGER, a `NumberWork` for ONLINE, a
    `CardWork` for the others."""
    _works[kind] = work


def find_work(kind: JobKind) -> Work | None:
    """Who answers jobs of this kind; None where nobody need be asked."""
    return _works.get(kind)


def card_work(kind: JobKind) -> CardWork:
    """Who judges cards of this kind of job."""
    return cast("CardWork", _works[kind])


def number_work(kind: JobKind) -> NumberWork:
    """Who has a use for cards' numbers."""
    return cast("NumberWork", _works[kind])


def why(job: EncoderJob) -> str:
    """The untranslated sentence about a job that was not done."""
    work, code = find_work(job.kind), job.error_code or ""
    return (work.refusals.get(code) if work is not None else None) or error_words(code)


def finger_work() -> FingerWork:
    """Who keeps fingers."""
    return cast("FingerWork", _works[JobKind.FINGER])
