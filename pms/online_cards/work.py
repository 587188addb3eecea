"""What the owner of a machine tells of a card that was laid down for a lock, and how the machines' page shows it."""

# ruff: noqa: ARG002 - the signatures are those of `encoders.answers` and `keycards.books`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.devices.task import CardRefused
from pms.encoders.answers import register
from pms.encoders.models import JobKind
from pms.keycards import books
from pms.keycards.books import MadeCard
from pms.keycards.work import who_asked
from pms.online_cards import queries, service
from pms.online_cards.words import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.devices.encoder import CardPresence
    from pms.encoders.models import EncoderJob
    from pms.keycards.books import OtherCard


def install() -> None:
    """Take the numbers of cards, and let the machines' page show it (once, when the application is made)."""
    register(JobKind.ONLINE, ReadNumbers())
    books.keep(NumberBook())


class ReadNumbers:
    """Answers the machines' jobs."""

    refusals: Mapping[str, str] = REFUSALS

    def identified(self, job: EncoderJob, presence: CardPresence, now: datetime) -> None:
        """The lock's book takes the number; CardRefused where it does not."""
        try:
            service.take(job=job, uid=presence.uid, actor=who_asked(job), now=now)
        except DomainError as refusal:
            raise CardRefused(refusal.code) from refusal

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """Nothing was stored, and the card does not know of it."""


class NumberBook:
    """Answers `pms.keycards.books`. Nothing is written on such cards: what else they hold is their own business."""

    kind = JobKind.ONLINE
    right = "keys:make"
    home = "locks.detail"
    home_label = N_("Go to the lock")
    writes = False

    def home_values(self, job: EncoderJob) -> Mapping[str, object]:
        """The lock."""
        return {"lock_id": queries.of_batch(job.batch_id).lock_id}

    def is_taken(self, credential_id: int) -> bool:
        """The locks' ids of cards are their own."""
        return False

    def find(self, *, credential_ids: Collection[int], uid: str, now: datetime) -> OtherCard | None:
        """None: the plastic carries nothing of ours."""
        return None

    def made(self, ids: Collection[int], *, now: datetime) -> dict[int, MadeCard]:
        """Cards of a batch in the reader's words."""
        return {
            card.id: MadeCard(
                [card.slot.door.name if card.slot is not None and card.slot.door is not None else ""],
                card.valid_from or card.created_at,
                card.slot.valid_until if card.slot is not None else card.valid_until,
                card.name,
            )
            for card in queries.cards_by_id(ids)
        }

    def gone(self, *, uid: str, is_erased: bool, actor: Actor, now: datetime) -> None:
        """A lock knows the plastic by its number, whatever it holds."""

    def doubted(self, *, uid: str) -> None:
        """The same."""

    def was_read(self, *, uid: str, held: Collection[int], is_damaged: bool, now: datetime) -> None:
        """The same."""

    def retry(self, *, job: EncoderJob, request_id: str, overwrite_uid: str | None, actor: Actor, now: datetime) -> str:
        """A job that told no number once more."""
        return service.again(job=job, request_id=request_id, actor=actor, now=now)
