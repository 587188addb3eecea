"""What the owner of a machine asks and tells about key cards: the bytes to write, and what became of them."""

# ruff: noqa: ARG002 - the signatures are those of `encoders.answers.CardWork`

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.audit import service as audit
from pms.core.actor import Actor
from pms.devices.card_content import CardKeys
from pms.devices.task import CardRefused, TakeAway, WritePlan
from pms.encoders.answers import register
from pms.encoders.models import EncoderJob, JobKind
from pms.keycards import books, queries, reading, rules, service
from pms.keycards.models import CardReason, CardState, EndReason, KeyCard, KeyCardGrant, Proof
from pms.keycards.words import REFUSALS
from pms.locks import lock_keys
from pms.properties import queries as properties
from pms.protocol.card import Audience, CardBody, CardKind, GrantHeader, seal_guest_grant
from pms.protocol.card_layout import choose_slot, unit_count
from pms.protocol.kdf import sector_key
from pms.stays import queries as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from pms.devices.card_content import CardContent
    from pms.devices.encoder import CardPresence
    from pms.properties.models import SiteKey

_OVER = {
    StayState.CHECKED_OUT: EndReason.CHECKED_OUT,
    StayState.CANCELLED: EndReason.CANCELLED,
    StayState.NO_SHOW: EndReason.CANCELLED,
}


def install() -> None:
    """Answer the machines' jobs (once, when the application is made)."""
    register(JobKind.WRITE, WriteWork())
    register(JobKind.READ, ReadWork())
    register(JobKind.ERASE, EraseWork())


class QuietWork:
    """What all kinds of job share: the keys of the cards, and nothing to note."""

    refusals: Mapping[str, str] = REFUSALS

    def card_keys(self) -> CardKeys:
        """The sector keys under every version of the house's keys, newest first."""
        versions = properties.list_site_keys()
        older = tuple(_keys_of(key) for key in versions[1:])
        newest = _keys_of(versions[0])
        return CardKeys(newest.key_a, newest.key_b, newest.version, older)

    def card_seen(
        self, job: EncoderJob, presence: CardPresence, content: CardContent, now: datetime
    ) -> WritePlan | None:
        """Nothing to write."""
        return None

    def writing_begins(self, job: EncoderJob, now: datetime) -> None:
        """Nothing to note."""

    def written(self, job: EncoderJob, content: CardContent, now: datetime) -> None:
        """Nothing to note."""

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """Nothing to note."""

    def uncertain(self, job: EncoderJob, code: str, now: datetime) -> None:
        """Nothing to note."""

    def read(self, job: EncoderJob, content: CardContent, now: datetime) -> dict[str, Any]:
        """Nothing to tell."""
        return {}


class WriteWork(QuietWork):
    """A key card for a stay."""

    def card_seen(
        self, job: EncoderJob, presence: CardPresence, content: CardContent, now: datetime
    ) -> WritePlan | None:
        """The plan for this very card. CardRefused: `foreign_card`, `card_too_small`, `stay_ended`; TakeAway."""
        card = _card_of(job)
        if card.state is not CardState.RESERVED:
            raise CardRefused("stay_ended")
        seen = reading.identify(content, stay_id=card.stay_id, now=now)
        uid = presence.uid.hex()
        if job.overwrite_uid != uid:
            if rules.needs_question(seen.kind):
                raise CardRefused("foreign_card", **whose(seen, can_overwrite=not content.is_foreign))
            if _is_as_wanted(seen, card, now):
                raise TakeAway
        needed = max(grant.unit for grant in card.grants)
        if max(needed, 3) > unit_count(presence.medium):
            raise CardRefused("card_too_small", doors=len(card.grants), room=max(1, unit_count(presence.medium) - 1))
        main_slot, _ = choose_slot(*reading.valid_issues(seen, now))
        return WritePlan(_seal(card, presence.uid, main_slot), main_slot)

    def writing_begins(self, job: EncoderJob, now: datetime) -> None:
        """The plastic is known from now on, whatever becomes of it."""
        card = _card_of(job)
        card.uid, card.medium = job.card_uid, job.card_medium

    def written(self, job: EncoderJob, content: CardContent, now: datetime) -> None:
        """Read back: the card is real. Whatever this plastic held before is over, and so is the card that it replaces."""
        card = _card_of(job)
        gone = end_others(content.uid.hex(), card.id, EndReason.OVERWRITTEN, now)
        books.gone(uid=content.uid.hex(), actor=who_asked(job), now=now)
        card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, "read_back"
        stay = stays.get_stay(card.stay_id)
        if card.state is CardState.RESERVED:
            card.state = CardState.ACTIVE
            if stay.state in _OVER:
                card.state, card.ended_at, card.end_reason = CardState.ENDED, now, _OVER[stay.state]
        if card.reason is CardReason.REMADE and not any(other.stay_id == card.stay_id for other in gone):
            _retire_one(card, now)
        _audit(job, card, "keycards.made", now, {"uid": card.uid, "valid_until": card.valid_until.isoformat()})

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The reserved card was never written."""
        card = _card_of(job)
        card.state, card.ended_at, card.end_reason, card.ended_step_id = CardState.VOID, None, None, None
        card.uid = None
        _audit(job, card, "keycards.not_made", now, {"why": code})

    def uncertain(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The card may open the door; and whatever the plastic held before may be gone or not."""
        card = _card_of(job)
        card.proof, card.proved_at, card.proved_by = Proof.UNKNOWN, None, None
        if card.state is CardState.RESERVED:
            card.state = CardState.UNKNOWN
        doubt_others(job.card_uid, card.id)
        books.doubted(uid=job.card_uid)
        _audit(job, card, "keycards.unknown", now, {"why": code, "uid": card.uid})


class EraseWork(QuietWork):
    """A card that is to hold nothing."""

    def card_seen(
        self, job: EncoderJob, presence: CardPresence, content: CardContent, now: datetime
    ) -> WritePlan | None:
        """CardRefused `foreign_card` where something would be lost that somebody needs."""
        seen = reading.identify(content, stay_id=None, now=now)
        if job.overwrite_uid != presence.uid.hex() and rules.needs_question(seen.kind):
            raise CardRefused("foreign_card", **whose(seen, can_overwrite=not content.is_foreign))
        return None

    def written(self, job: EncoderJob, content: CardContent, now: datetime) -> None:
        """Every key that this plastic held is dead, and that is proved."""
        for card in end_others(content.uid.hex(), None, EndReason.ERASED, now):
            card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, "erased"
            _audit(job, card, "keycards.erased", now, {"uid": card.uid})
        books.gone(uid=content.uid.hex(), is_erased=True, actor=who_asked(job), now=now)

    def uncertain(self, job: EncoderJob, code: str, now: datetime) -> None:
        """Nobody knows what is left on it."""
        doubt_others(job.card_uid, None)
        books.doubted(uid=job.card_uid)


class ReadWork(QuietWork):
    """A card that somebody found."""

    def read(self, job: EncoderJob, content: CardContent, now: datetime) -> dict[str, Any]:
        """What it is; and the book learns from it what is true."""
        seen = reading.identify(content, stay_id=None, now=now)
        held = seen.card if seen.card is not None and reading.holds_grant(seen, seen.card) else None
        for card in queries.cards_with_uid(content.uid.hex()):
            if card is not held and (held is not None or not seen.is_damaged):
                _settle_gone(card, now)
        if held is not None:
            job.subject_id, job.stay_id = held.id, held.stay_id
            if held.state is CardState.UNKNOWN:
                held.state = CardState.ACTIVE
            if held.state is CardState.ACTIVE or held.proof is Proof.UNKNOWN:
                held.proof, held.proved_at, held.proved_by = Proof.CONFIRMED, now, "read_back"
            _audit(job, held, "keycards.read", now, {"uid": content.uid.hex()})
        books.was_read(uid=content.uid.hex(), held=seen.credential_ids, is_damaged=seen.is_damaged, now=now)
        return {
            "kind": seen.kind.value,
            "damaged": seen.is_damaged,
            "medium": content.medium.name,
            "card_id": str(seen.card.id) if seen.card else None,
            "holds": held is not None,
            "grants": [_grant_words(grant) for grant in seen.grants],
            "staff_until": seen.staff.not_after if seen.staff else None,
            "other": seen.other.words() if seen.other else None,
        }


def _keys_of(site_key: SiteKey) -> CardKeys:
    keys = lock_keys.card_keys(site_key)
    return CardKeys(_sector_keys(keys.a), _sector_keys(keys.b), site_key.key_version)


def _sector_keys(card_key: bytes) -> Callable[[bytes, int], bytes]:
    return lambda uid, unit: sector_key(card_key, uid, unit)


def _seal(card: KeyCard, uid: bytes, main_slot: int) -> dict[int, bytes]:
    """The units of a card: every grant sealed for this UID under the key of its door or area."""
    site_key = properties.get_site_key()
    units = {}
    for grant in card.grants:
        is_main = grant.unit == 1
        header = GrantHeader(
            site_key.key_version,
            Audience.DOOR if grant.door is not None else Audience.AREA,
            _target(grant),
        )
        body = CardBody(
            kind=CardKind.GUEST,
            issue=grant.issue,
            not_before=int(card.valid_from.timestamp()),
            not_after=int(card.valid_until.timestamp()),
            credential_id=card.credential_id,
            is_concurrent=grant.area is not None,
        )
        units[main_slot if is_main else grant.unit] = seal_guest_grant(_key(site_key, grant), header, body, uid)
    return units


def _target(grant: KeyCardGrant) -> int:
    target = grant.door or grant.area
    assert target is not None  # noqa: S101 - the table's constraint
    return target.number


def _key(site_key: SiteKey, grant: KeyCardGrant) -> bytes:
    if grant.door is not None:
        return lock_keys.door_key(site_key, grant.door)
    assert grant.area is not None  # noqa: S101 - the table's constraint
    return lock_keys.area_key(site_key, grant.area)


def _card_of(job: EncoderJob) -> KeyCard:
    return queries.get_card(job.subject_id or 0)


def _is_as_wanted(seen: reading.SeenCard, card: KeyCard, now: datetime) -> bool:
    """Whether the plastic is a good key already that nothing would be gained by writing again."""
    held = seen.card
    if held is None or held.stay_id != card.stay_id or held.state is not CardState.ACTIVE:
        return False
    return (
        reading.holds_grant(seen, held)
        and held.refused_since is None
        and held.valid_until == card.valid_until
        and held.valid_from - rules.GRACE <= max(now, card.valid_from)
        and _opens(held) == _opens(card)
    )


def _opens(card: KeyCard) -> set[tuple[int | None, int | None, int]]:
    return {(grant.door_id, grant.area_id, grant.issue if grant.door_id else 0) for grant in card.grants}


def whose(seen: reading.SeenCard, *, can_overwrite: bool) -> dict[str, Any]:
    """What the page says would be lost."""
    stay = stays.get_stay(seen.card.stay_id) if seen.card else None
    return {
        "kind": seen.kind.value,
        "guest": stay.guest.name if stay else None,
        "room": stay.room.number if stay and stay.room else None,
        "stay_id": str(stay.id) if stay else None,
        "until": seen.card.valid_until.isoformat() if seen.card else None,
        "other": seen.other.words() if seen.other else None,
        "can_overwrite": can_overwrite,
    }


def end_others(uid: str, but: int | None, reason: EndReason, now: datetime) -> Sequence[KeyCard]:
    """The plastic does not hold what it held: those keys are dead from now on, and that is certain."""
    ended = [card for card in queries.cards_with_uid(uid) if card.id != but and card.refused_since is None]
    for card in ended:
        _settle_gone(card, now, reason)
    return ended


def _settle_gone(card: KeyCard, now: datetime, reason: EndReason = EndReason.OVERWRITTEN) -> None:
    if card.refused_since is not None:
        return
    if card.state is not CardState.ENDED:
        card.state, card.ended_at, card.end_reason = CardState.ENDED, now, reason
    card.refused_since = now
    card.proof, card.proved_at, card.proved_by = Proof.CONFIRMED, now, "read_back"


def doubt_others(uid: str | None, but: int | None) -> None:
    """The plastic may hold what it held, or not."""
    for card in queries.cards_with_uid(uid or ""):
        if card.id != but and card.refused_since is None:
            card.proof = Proof.UNKNOWN
            if card.state is CardState.ACTIVE:
                card.state = CardState.UNKNOWN


def _retire_one(card: KeyCard, now: datetime) -> None:
    """A card made again on other plastic takes the place of one that was to be made again; that one goes its own way."""
    stay = stays.get_stay(card.stay_id)
    flagged = [old for old in queries.to_make_again(stay, now=now) if old.id != card.id]
    if flagged:
        oldest = flagged[-1]
        oldest.state, oldest.ended_at, oldest.end_reason = CardState.ENDED, now, EndReason.REMADE
        if oldest.proof is not Proof.UNKNOWN:
            oldest.proof = Proof.BELIEVED


def _grant_words(grant: reading.SeenGrant) -> dict[str, Any]:
    return {
        "name": grant.target.name,
        "from": grant.body.not_before,
        "until": grant.body.not_after,
        "issue": grant.body.issue,
        "unit": grant.unit,
    }


def who_asked(job: EncoderJob) -> Actor:
    """The person in whose name a job is done."""
    return Actor(
        kind="account" if job.requested_by else "port",
        name=job.actor_name,
        account_id=job.requested_by,
        address=job.address,
    )


def _audit(job: EncoderJob, card: KeyCard, action: str, now: datetime, after: dict[str, Any]) -> None:
    subject = service.card_subject(card, stays.get_stay(card.stay_id))
    audit.record(actor=who_asked(job), action=action, subject=subject, now=now, after=after)
