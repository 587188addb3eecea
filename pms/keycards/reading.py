"""What a card that lies on a machine is: whose, what it opens, until when. Keys are derived here and stay here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.core.db import db
from pms.keycards import books, queries, rules
from pms.keycards.models import CardState, KeyCard
from pms.keycards.rules import CardKindSeen
from pms.locks import lock_keys
from pms.locks.models import Area, Door
from pms.properties import queries as properties
from pms.protocol.card import (
    Audience,
    CardBody,
    find_staff_body,
    open_guest_grant,
    open_staff_grant,
    read_header,
)
from pms.protocol.card_layout import EMPTY_UNIT, SLOT_A, SLOT_B
from pms.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from datetime import datetime

    from pms.devices.card_content import CardContent
    from pms.keycards.books import OtherCard
    from pms.properties.models import SiteKey


@dataclass(frozen=True, slots=True)
class SeenGrant:
    """A grant that our keys open."""

    unit: int
    target: Door | Area
    body: CardBody


@dataclass(frozen=True, slots=True)
class SeenStaffGrant:
    """A grant of staff; only a genuine one opens anything."""

    body: CardBody
    is_genuine: bool


@dataclass(frozen=True, slots=True)
class SeenCard:
    """A card as we understand it. `card` is the key in our book that it holds, `other` the card of another book."""

    kind: CardKindSeen
    card: KeyCard | None
    grants: list[SeenGrant] = field(default_factory=list)
    staff_grants: list[SeenStaffGrant] = field(default_factory=list)
    other: OtherCard | None = None
    # Written for our house, but torn, altered or copied from another card.
    is_damaged: bool = False

    @property
    def staff(self) -> CardBody | None:
        """What a grant of staff on it says, for showing only."""
        return self.staff_grants[-1].body if self.staff_grants else None

    @property
    def credential_ids(self) -> set[int]:
        """Of every grant on it that is genuine."""
        genuine = {grant.body.credential_id for grant in self.staff_grants if grant.is_genuine}
        return genuine | {grant.body.credential_id for grant in self.grants}

    @property
    def main(self) -> SeenGrant | None:
        """The grant of the main door: of two, the one with the higher number, as a lock takes it."""
        slots = [grant for grant in self.grants if grant.unit in (SLOT_A, SLOT_B)]
        return max(slots, key=lambda grant: grant.body.issue, default=None)


def identify(content: CardContent, *, stay_id: int | None, now: datetime) -> SeenCard:
    """The card in our book that lies there, and what it is to the stay that a card is made for (None: to nobody)."""
    units = [(number, unit) for number, unit in enumerate(content.units, 1) if unit not in (None, EMPTY_UNIT)]
    if content.is_foreign:
        return SeenCard(CardKindSeen.FOREIGN, None)
    known = _latest_with_uid(content.uid.hex())
    if content.is_empty:
        # A torn write can leave nothing; what the book says of this plastic is then over.
        return SeenCard(CardKindSeen.BLANK, known)
    grants, staff, damaged = _open_all(content, [(number, unit) for number, unit in units if unit is not None])
    seen = SeenCard(CardKindSeen.FOREIGN, None, grants, staff, is_damaged=damaged)
    held = None if staff else _held(grants) or (known if damaged or not grants else None)
    if held is not None:
        kind = rules.kind_of_known(queries.facts(held), is_same_stay=held.stay_id == stay_id, now=now)
        return replace(seen, kind=kind, card=held)
    other = books.find(credential_ids=seen.credential_ids, uid=content.uid.hex(), now=now) if staff or grants else None
    if staff or other is not None:
        is_needed = other is None or other.is_live
        return replace(seen, kind=CardKindSeen.STAFF if is_needed else CardKindSeen.DEAD, other=other)
    if grants:
        is_over = all(grant.body.not_after + 900 < now.timestamp() for grant in grants)
        return replace(seen, kind=CardKindSeen.DEAD if is_over else CardKindSeen.GUEST)
    return seen


def valid_issues(seen: SeenCard, now: datetime) -> tuple[int | None, int | None]:
    """The numbers of the grants in slots A and B that a lock could still take; None where there is none."""
    found: dict[int, int] = {
        grant.unit: grant.body.issue for grant in seen.grants if grant.body.not_after + 900 >= now.timestamp()
    }
    return found.get(SLOT_A), found.get(SLOT_B)


def holds_grant(seen: SeenCard, card: KeyCard) -> bool:
    """Whether the main grant on the plastic is the one of this card."""
    main = seen.main
    return main is not None and main.body.credential_id == card.credential_id


def _open_all(
    content: CardContent, units: list[tuple[int, bytes]]
) -> tuple[list[SeenGrant], list[SeenStaffGrant], bool]:
    grants: list[SeenGrant] = []
    staff: list[SeenStaffGrant] = []
    is_damaged = False
    site_keys = {key.key_version: key for key in properties.list_site_keys()}
    skip = 0
    for number, unit in units:
        if number == skip:
            continue
        header = read_header(unit)
        if header is None or header.version not in site_keys:
            continue
        if header.audience is Audience.SCOPE:
            skip = number + 1
            found = _open_staff(content, number, site_keys[header.version])
            staff += [found] if found else []
            is_damaged |= found is None or not found.is_genuine
            continue
        grant = _open(number, unit, content.uid, header.audience, header.target_id, site_keys[header.version])
        is_damaged |= grant is None
        if grant is not None:
            grants.append(grant)
    return grants, staff, is_damaged


def _open_staff(content: CardContent, number: int, site_key: SiteKey) -> SeenStaffGrant | None:
    """The grant of two units that begins there; one that was torn, altered or copied is shown and opens nothing."""
    first, *rest = content.units[number - 1 : number + 1]
    body = find_staff_body(first or b"")
    if body is None:
        return None
    try:
        open_staff_grant(site_key.pk_staff, (first or b"") + (rest[0] or b"" if rest else b""), content.uid)
    except ProtocolError:
        return SeenStaffGrant(body, is_genuine=False)
    return SeenStaffGrant(body, is_genuine=True)


def _open(
    number: int, unit: bytes, uid: bytes, audience: Audience, target_id: int, site_key: SiteKey
) -> SeenGrant | None:
    target: Door | Area | None
    if audience is Audience.DOOR:
        target = db.session.scalars(sa.select(Door).where(Door.number == target_id)).one_or_none()
    else:
        target = db.session.scalars(sa.select(Area).where(Area.number == target_id)).one_or_none()
    if target is None:
        return None
    key = lock_keys.door_key(site_key, target) if isinstance(target, Door) else lock_keys.area_key(site_key, target)
    try:
        _, body = open_guest_grant(key, unit, uid)
    except ProtocolError:
        return None
    return SeenGrant(number, target, body)


def _held(grants: list[SeenGrant]) -> KeyCard | None:
    ordered = sorted(grants, key=lambda grant: (grant.unit not in (SLOT_A, SLOT_B), -grant.body.issue))
    return queries.find_by_credential(ordered[0].body.credential_id) if ordered else None


def _latest_with_uid(uid: str) -> KeyCard | None:
    """The key that this plastic carries as far as the book goes."""
    cards = [card for card in queries.cards_with_uid(uid) if not _is_gone(card)]
    return cards[0] if cards else None


def _is_gone(card: KeyCard) -> bool:
    return card.state is CardState.ENDED and card.refused_since is not None
