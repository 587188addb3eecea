"""Takes records out of lists, and back. The row stays; who, when and why is in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.access_records import queries, rules
from pms.audit import service as audit
from pms.core.db import transaction

if TYPE_CHECKING:
    from datetime import datetime

    from pms.access_records.models import AccessRecord
    from pms.core.actor import Actor


def hide_record(*, record_id: int, reason: str, actor: Actor, now: datetime) -> AccessRecord:
    """Hide a record from lists; one that is hidden stays as it is."""
    reason = reason.strip()
    if not reason:
        raise rules.NoReason
    with transaction():
        record = queries.get_record(record_id, is_to_change=True)
        if record.hidden_at is None:
            record.hidden_at = now
            _audit(record, "access.record_hidden", reason, actor, now)
        return record


def show_record(*, record_id: int, actor: Actor, now: datetime) -> AccessRecord:
    """Let a hidden record stand in lists again."""
    with transaction():
        record = queries.get_record(record_id, is_to_change=True)
        if record.hidden_at is not None:
            record.hidden_at = None
            _audit(record, "access.record_shown", None, actor, now)
        return record


def _audit(record: AccessRecord, action: str, reason: str | None, actor: Actor, now: datetime) -> None:
    door = record.door
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="access_record",
            id=record.id,
            label=door.name if door else record.lock.name,
            lock_id=record.lock_id,
            room_id=door.room_id if door else None,
            stay_id=record.stay_id,
        ),
        now=now,
        after={"at": record.at.isoformat(), "sequence": record.sequence, **({"reason": reason} if reason else {})},
    )
