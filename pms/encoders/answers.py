"""What a job is for is known above: the feature that queues jobs of a kind registers how cards are looked at and answered.

The methods are called by the owner of the port, each inside a short transaction; none of them may talk to a device.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pms.devices.card_writer import CardContent, CardKeys
    from pms.devices.encoder import CardPresence
    from pms.encoders.models import EncoderJob, JobKind


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What the card is to hold: 48 bytes for the main slot (1 or 2) and any of units 3 to 8."""

    units: dict[int, bytes] = field(repr=False)
    main_slot: int


class CardRefused(Exception):
    """This card is not to be written: the job fails and the card is as it was. `details` goes to the page."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class TakeAway(Exception):
    """The card holds already what is wanted of it: wait for another one."""


class CardWork(Protocol):
    """Judges the card of a job and keeps the book about it."""

    def card_keys(self) -> CardKeys:
        """The sector keys, newest version first."""

    def card_seen(
        self, job: EncoderJob, presence: CardPresence, content: CardContent, now: datetime
    ) -> WritePlan | None:
        """What to write (None for a job that writes no plan); CardRefused, TakeAway."""

    def writing_begins(self, job: EncoderJob, now: datetime) -> None:
        """The next thing is the first byte; `job.card_uid` is set."""

    def written(self, job: EncoderJob, content: CardContent, now: datetime) -> None:
        """Written or erased, and read back."""

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The job ended and no byte was written."""

    def uncertain(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The job ended after the first byte: the card may hold anything between before and after."""

    def read(self, job: EncoderJob, content: CardContent, now: datetime) -> dict[str, Any]:
        """What the card is, for the page; never a secret."""


_works: dict[JobKind, CardWork] = {}


def register(kind: JobKind, work: CardWork) -> None:
    """Say who answers jobs of this kind; once, in `pms.app`."""
    _works[kind] = work


def find_work(kind: JobKind) -> CardWork | None:
    """Who answers jobs of this kind; None where nobody need be asked."""
    return _works.get(kind)
