"""Staff cards as the machines' pages know them: found cards are named, plastic that is used for something else ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.core.text import N_
from pms.encoders.models import JobKind
from pms.keycards import rules as key_rules
from pms.keycards.books import MadeCard, OtherCard
from pms.keycards.models import CardState, Proof
from pms.locks import scope_queries
from pms.locks.words import scope_text
from pms.staffcards import queries, service, work
from pms.staffcards.models import StaffCard, StaffCardKind, StaffEnd
from pms.staffcards.service.notes import note
from pms.staffcards.words import KIND_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.encoders.models import EncoderJob
    from pms.locks.scope_queries import ScopeRow


class StaffBook:
    """Answers `pms.keycards.books`."""

    kind = JobKind.STAFF
    right = "staffcards:make"
    home = "staffcards.index"
    home_label = N_("Staff cards")
    writes = True

    def home_values(self, job: EncoderJob) -> Mapping[str, object]:  # noqa: ARG002 - `CardBook`'s
        """There is one list."""
        return {}

    def is_taken(self, credential_id: int) -> bool:
        """Whether a staff card has this credential id."""
        return queries.find_by_credential([credential_id]) is not None

    def find(self, *, credential_ids: Collection[int], uid: str, now: datetime) -> OtherCard | None:
        """The card with one of these ids, else the one that this plastic carries as far as the book goes."""
        card = queries.find_by_credential(credential_ids)
        if card is None and not credential_ids:
            card = next((held for held in queries.cards_with_uid(uid) if held.refused_since is None), None)
        if card is None:
            return None
        line = queries.lines([card], now=now)[0]
        return OtherCard(
            id=card.id,
            credential_id=card.credential_id,
            holder=line.holder,
            what=KIND_WORDS[card.kind],
            until=card.valid_until,
            is_live=line.is_live or card.state is CardState.RESERVED,
            is_lost=card.end_reason is StaffEnd.LOST,
        )

    def made(self, ids: Collection[int], *, now: datetime) -> dict[int, MadeCard]:  # noqa: ARG002 - `CardBook`'s
        """Cards of a batch in the reader's words."""
        scopes = scope_queries.rows_by_id()
        return {
            card.id: MadeCard(opens_of(card, scopes), card.valid_from, card.valid_until, _title(card))
            for card in queries.cards_by_id(ids).values()
        }

    def gone(self, *, uid: str, is_erased: bool, actor: Actor, now: datetime) -> None:
        """This plastic holds something else now, or nothing."""
        reason = StaffEnd.ERASED if is_erased else StaffEnd.OVERWRITTEN
        for card in work.end_plastic(uid, now, reason):
            note(card, f"staffcards.{reason}", actor, now, {"uid": uid})

    def doubted(self, *, uid: str) -> None:
        """Nobody knows what this plastic holds now."""
        work.doubt_plastic(uid)

    def was_read(self, *, uid: str, held: Collection[int], is_damaged: bool, now: datetime) -> None:
        """The book learns from a reading what is true."""
        for card in queries.cards_with_uid(uid):
            if card.credential_id in held:
                if card.state is CardState.UNKNOWN:
                    card.state = CardState.ACTIVE
                if card.state is CardState.ACTIVE or card.proof is Proof.UNKNOWN:
                    card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, "read_back"
            elif (held or not is_damaged) and card.refused_since is None:
                _settle_gone(card, now)

    def retry(self, *, job: EncoderJob, request_id: str, overwrite_uid: str | None, actor: Actor, now: datetime) -> str:
        """A job that did not succeed once more."""
        return service.retry(job=job, request_id=request_id, overwrite_uid=overwrite_uid, actor=actor, now=now)


def opens_of(card: StaffCard, scopes: Mapping[int, ScopeRow]) -> list[str]:
    """What a card opens, in the reader's words."""
    opens = [scope_text(scopes[grant.scope_id]) for grant in card.grants if grant.scope_id and grant.denies_id is None]
    opens += [grant.door.name for grant in card.grants if grant.door is not None]
    return opens or [str(_("nothing, it only denies"))]


def _whose(card: StaffCard) -> str:
    """A deny card is called after the holder of the card that it denies."""
    lost = next((grant.denies for grant in card.grants if grant.denies is not None), None)
    return lost.holder_name if lost is not None and card.kind is StaffCardKind.DENY else ""


def _title(card: StaffCard) -> str:
    name = _whose(card)
    if name:
        return str(_("Deny card for the lost card of %(name)s", name=name))
    return f"{card.holder_name} · {_(KIND_WORDS[card.kind])}"


def _settle_gone(card: StaffCard, now: datetime) -> None:
    if not key_rules.may_still_open(queries.facts(card), now):
        return
    if card.state is not CardState.ENDED:
        card.state, card.ended_at, card.end_reason = CardState.ENDED, now, StaffEnd.OVERWRITTEN
    card.refused_since = now
    card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, "read_back"
