"""What the audit trail is told of staff cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.staffcards.models import StaffCard


def card_subject(card: StaffCard) -> audit.Subject:
    """How the audit trail names a card: by its holder; a deny card by whose card it denies."""
    lost = next((grant.denies for grant in card.grants if grant.denies is not None), None)
    label = card.holder_name or (lost.holder_name if lost else "")
    return audit.Subject(kind="staff_card", id=card.id, label=label)


def note(card: StaffCard, action: str, actor: Actor, now: datetime, after: dict[str, object] | None = None) -> None:
    """One line about a card."""
    audit.record(actor=actor, action=action, subject=card_subject(card), now=now, after=after)


def note_requested(cards: list[StaffCard], action: str, actor: Actor, now: datetime) -> None:
    """One line about cards that were asked for together."""
    first = cards[0]
    after: dict[str, object] = {
        "cards": len(cards),
        "kind": first.kind.value,
        "valid_until": first.valid_until.isoformat(),
    }
    if first.shift_name:
        after["shift"] = first.shift_name
    note(first, action, actor, now, after)
