"""What the owner of a machine asks and tells about staff cards: the signed bytes to write, and what became of them."""

# ruff: noqa: ARG002 - the signatures are those of `encoders.answers.CardWork`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.devices.task import CardRefused, TakeAway, WritePlan
from pms.encoders.answers import register
from pms.encoders.models import JobKind
from pms.keycards import reading
from pms.keycards import rules as key_rules
from pms.keycards import work as key_work
from pms.keycards.models import CardState, Proof
from pms.keycards.models import EndReason as KeyEnd
from pms.keycards.work import QuietWork
from pms.locks import lock_keys
from pms.properties import queries as properties
from pms.protocol.card import Audience, CardBody, CardKind, GrantHeader, seal_guest_grant, sign_staff_grant
from pms.protocol.card_layout import choose_slot, split_staff_grant, staff_grant_count, staff_units
from pms.staffcards import queries, rules
from pms.staffcards.models import StaffCard, StaffCardGrant, StaffCardKind, StaffEnd
from pms.staffcards.service.notes import note
from pms.staffcards.words import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pms.devices.card_content import CardContent
    from pms.devices.encoder import CardPresence
    from pms.encoders.models import EncoderJob
    from pms.keycards.reading import SeenCard
    from pms.properties.models import SiteKey
    from pms.protocol.card_layout import Medium

_KINDS = {
    StaffCardKind.STAFF: CardKind.STAFF,
    StaffCardKind.EMERGENCY: CardKind.EMERGENCY,
    StaffCardKind.ONE_SHOT: CardKind.ONE_SHOT,
}


def install() -> None:
    """Answer the machines' jobs (once, when the application is made)."""
    register(JobKind.STAFF, StaffWork())


class StaffWork(QuietWork):
    """A card of staff, or for a visitor."""

    refusals: Mapping[str, str] = REFUSALS

    def card_seen(
        self, job: EncoderJob, presence: CardPresence, content: CardContent, now: datetime
    ) -> WritePlan | None:
        """The plan for this very card.

        CardRefused: `foreign_card`, `card_too_small`, `not_wanted`, `holder_left`; TakeAway.
        """
        card = _card_of(job)
        if card.state is not CardState.RESERVED or card.valid_until <= now:
            raise CardRefused("not_wanted")
        if card.account is not None and not card.account.is_active:
            raise CardRefused("holder_left")
        seen = reading.identify(content, stay_id=None, now=now)
        if job.overwrite_uid != presence.uid.hex():
            held = queries.find_card(seen.other.id) if seen.other is not None else None
            is_own = held is not None and _is_same_holder(held, card)
            if key_rules.needs_question(seen.kind) and not is_own:
                raise CardRefused("foreign_card", **key_work.whose(seen, can_overwrite=not content.is_foreign))
            if held is not None and is_own and not seen.is_damaged and _is_as_wanted(held, card, now):
                raise TakeAway
        _check_room(card, presence.medium)
        _bring_up_to_date(card)
        return _plan(card, presence, seen, now)

    def writing_begins(self, job: EncoderJob, now: datetime) -> None:
        """The plastic is known from now on, whatever becomes of it."""
        card = _card_of(job)
        card.uid, card.medium = job.card_uid, job.card_medium

    def written(self, job: EncoderJob, content: CardContent, now: datetime) -> None:
        """Read back: the card is real. What the plastic held before is over, and so is the card that it replaces."""
        card, uid = _card_of(job), content.uid.hex()
        key_work.end_others(uid, None, KeyEnd.OVERWRITTEN, now)
        end_plastic(uid, now, StaffEnd.OVERWRITTEN, but=card)
        card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, "read_back"
        if card.state is CardState.RESERVED:
            card.state = CardState.ACTIVE
        _retire(queries.find_card(card.replaces_id), now)
        after: dict[str, object] = {"uid": uid, "kind": card.kind.value, "valid_until": card.valid_until.isoformat()}
        note(card, "staffcards.made", key_work.who_asked(job), now, after)

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The reserved card was never written."""
        card = _card_of(job)
        card.state, card.uid = CardState.VOID, None
        note(card, "staffcards.not_made", key_work.who_asked(job), now, {"why": code})

    def uncertain(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The card may open doors; and whatever the plastic held before may be gone or not."""
        card = _card_of(job)
        card.proof, card.proved_at, card.proved_by = Proof.UNKNOWN, None, None
        if card.state is CardState.RESERVED:
            card.state = CardState.UNKNOWN
        key_work.doubt_others(job.card_uid, None)
        doubt_plastic(job.card_uid or "", but=card)
        note(card, "staffcards.unknown", key_work.who_asked(job), now, {"why": code, "uid": card.uid})


def end_plastic(uid: str, now: datetime, reason: StaffEnd, *, but: StaffCard | None = None) -> list[StaffCard]:
    """This plastic does not hold what it held: those cards are dead from now on, and that is certain."""
    dead = [card for card in queries.cards_with_uid(uid) if card is not but and card.refused_since is None]
    for card in dead:
        if card.state is not CardState.ENDED:
            is_replaced = but is not None and but.replaces_id == card.id
            card.state, card.ended_at = CardState.ENDED, now
            card.end_reason = StaffEnd.RENEWED if is_replaced else reason
        card.refused_since = now
        proved_by = "erased" if reason is StaffEnd.ERASED else "read_back"
        card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, proved_by
    return dead


def doubt_plastic(uid: str, *, but: StaffCard | None = None) -> None:
    """This plastic may hold what it held, or not."""
    for card in queries.cards_with_uid(uid):
        if card is not but and card.refused_since is None:
            card.proof = Proof.UNKNOWN
            if card.state is CardState.ACTIVE:
                card.state = CardState.UNKNOWN


def _card_of(job: EncoderJob) -> StaffCard:
    return queries.get_card(job.subject_id or 0)


def _is_same_holder(held: StaffCard, card: StaffCard) -> bool:
    """Whoever holds the card that lies there gets it renewed without a question."""
    if card.kind is StaffCardKind.DENY:
        return False
    if card.account_id is not None or held.account_id is not None:
        return card.account_id == held.account_id
    return held.holder_name == card.holder_name


def _is_as_wanted(held: StaffCard, card: StaffCard, now: datetime) -> bool:
    """Whether the plastic is this card already, so that nothing would be gained by writing it again."""
    return (
        key_rules.is_live(queries.facts(held), now)
        and held.state is CardState.ACTIVE
        and held.id != card.replaces_id
        and held.kind is card.kind
        and held.valid_until == card.valid_until
        and (held.weekdays, held.start_minute, held.end_minute) == (card.weekdays, card.start_minute, card.end_minute)
        and _content(held) == _content(card)
    )


def _content(card: StaffCard) -> list[tuple[int | None, int | None, int]]:
    return [(grant.scope_id, grant.door_id, grant.issue) for grant in card.grants]


def _check_room(card: StaffCard, medium: Medium) -> None:
    room = 1 if card.kind is StaffCardKind.ONE_SHOT else staff_grant_count(medium)
    if len(card.grants) > room:
        raise CardRefused("card_too_small", doors=len(card.grants), room=room)


def _bring_up_to_date(card: StaffCard) -> None:
    """The numbers of its scopes may have been raised while the machine waited."""
    for grant in card.grants:
        if grant.scope is not None and grant.denies_id is None:
            grant.issue = grant.scope.issue


def _plan(card: StaffCard, presence: CardPresence, seen: SeenCard, now: datetime) -> WritePlan:
    """Every grant sealed or signed for this UID under the newest version of the house's keys."""
    site_key = properties.get_site_key()
    if card.kind is StaffCardKind.ONE_SHOT:
        slot, _ = choose_slot(*reading.valid_issues(seen, now))
        return WritePlan({slot: _seal(site_key, card, presence.uid)}, slot)
    units: dict[int, bytes] = {}
    for grant in card.grants:
        signed = _sign(site_key, card, grant, presence.uid)
        units |= dict(zip(staff_units(presence.medium, grant.place), split_staff_grant(signed), strict=True))
    return WritePlan(units, None)


def _seal(site_key: SiteKey, card: StaffCard, uid: bytes) -> bytes:
    (grant,) = card.grants
    door = grant.door
    assert door is not None  # noqa: S101 - a one-shot card has one door and nothing else
    header = GrantHeader(site_key.key_version, Audience.DOOR, door.number)
    return seal_guest_grant(lock_keys.door_key(site_key, door), header, _body(card, grant), uid)


def _sign(site_key: SiteKey, card: StaffCard, grant: StaffCardGrant, uid: bytes) -> bytes:
    scope = grant.scope
    assert scope is not None  # noqa: S101 - only one-shot cards open doors by themselves
    header = GrantHeader(site_key.key_version, Audience.SCOPE, scope.number)
    secret = site_key.sk_staff
    if secret is None:
        raise RuntimeError("a site key without its key")
    return sign_staff_grant(secret, header, _body(card, grant), uid)


def _body(card: StaffCard, grant: StaffCardGrant) -> CardBody:
    begins = int(card.valid_from.timestamp())
    if grant.denies is not None:
        # A denial is taken at any hour, until the lost card would have ended.
        until = int(rules.denied_until(grant.denies.valid_until, card.valid_from).timestamp())
        return CardBody(CardKind.DENY, grant.issue, begins, until, card.credential_id)
    return CardBody(
        kind=_KINDS[card.kind],
        issue=grant.issue,
        not_before=begins,
        not_after=int(card.valid_until.timestamp()),
        credential_id=card.credential_id,
        overrides_privacy=card.overrides_privacy,
        weekdays=card.weekdays,
        start_minute=card.start_minute,
        end_minute=card.end_minute,
    )


def _retire(replaced: StaffCard | None, now: datetime) -> None:
    """The holder has a new card; the one before goes its own way if it is other plastic."""
    if replaced is not None and replaced.state in (CardState.ACTIVE, CardState.UNKNOWN):
        replaced.state, replaced.ended_at, replaced.end_reason = CardState.ENDED, now, StaffEnd.RENEWED
        if replaced.proof is not Proof.UNKNOWN:
            replaced.proof = Proof.BELIEVED
