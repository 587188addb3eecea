"""Takes records out of lists, and back. The row stays; who, when and why is in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.access_records import queries, rules
from pms.access_records.models import AccessRecord
from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import NotFound
from pms.core.text import N_

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


class NoSuchRecord(NotFound):
    """The record does not exist."""

    code = "no_such_record"
    message = N_("There is no such door record.")


def hide_record(*, record_id: int, reason: str, actor: Actor, now: datetime) -> AccessRecord:
    """Hide a record from lists; one that is hidden stays as it is."""
    reason = reason.strip()
    if not reason:
        raise rules.NoReason
    with transaction():
        record = _get(record_id)
        if record.hidden_at is None:
            record.hidden_at = now
            _audit(record, "access.record_hidden", reason, actor, now)
        return record


def show_record(*, record_id: int, actor: Actor, now: datetime) -> AccessRecord:
    """Let a hidden record stand in lists again."""
    with transaction():
        record = _get(record_id)
        if record.hidden_at is not None:
            record.hidden_at = None
            _audit(record, "access.record_shown", None, actor, now)
        return record


def _get(record_id: int) -> AccessRecord:
    record = queries.find_record(record_id, is_to_change=True)
    if record is None:
        raise NoSuchRecord
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
