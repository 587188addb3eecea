"""Looking at the ledger is written down where it shows where somebody went."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.ledger.subjects import Subject


class Look(StrEnum):
    """How somebody looked."""

    VIEWED = "viewed"
    PRINTED = "printed"
    EXPORTED = "exported"


def note_look(*, look: Look, subject: Subject, criteria: Mapping[str, str], actor: Actor, now: datetime) -> None:
    """One entry a view, whatever it showed; `criteria` says which part of the ledger it was."""
    with transaction():
        audit.record(
            actor=actor,
            action=f"ledger.{look.value}",
            subject=audit.Subject(
                kind="ledger",
                id=subject.id,
                label=subject.label,
                room_id=subject.room_id,
                guest_id=subject.guest_id,
                stay_id=subject.stay_id,
            ),
            now=now,
            after=dict(criteria) or None,
        )
