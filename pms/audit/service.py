"""Writing the audit trail.

Entries are chained: each digest covers the entry and the digest before, under a key that is not in the database. They
are collected while a transaction runs and appended as its last step, so that the head of the chain is locked for a moment
only and after every other lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.audit import chain
from pms.audit.models import AuditEntry, AuditHead
from pms.core.db import before_commit, insert_into, transaction, transaction_notes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The thing acted on, and what else the entry should be found by."""

    kind: str
    id: int | str
    label: str = ""
    room_id: int | None = None
    guest_id: int | None = None
    stay_id: int | None = None
    lock_id: int | None = None


def record(
    *,
    actor: Actor,
    action: str,
    subject: Subject,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add one entry to the running transaction. `action` is "feature.what_happened"; values must be plain JSON.

    Call it inside `transaction()`; before and after hold changed fields only, and never a secret.
    """
    entry = {
        "at": now,
        "actor_kind": actor.kind,
        "actor_name": actor.name,
        "account_id": actor.account_id,
        "address": actor.address,
        "action": action,
        "subject_kind": subject.kind,
        "subject_id": str(subject.id),
        "subject_label": subject.label,
        "room_id": subject.room_id,
        "guest_id": subject.guest_id,
        "stay_id": subject.stay_id,
        "lock_id": subject.lock_id,
        "before": before,
        "after": after,
    }
    pending: list[dict[str, Any]] = transaction_notes().setdefault("audit", [])
    if not pending:
        before_commit(_append)
    pending.append(entry)


def note_export(*, criteria: dict[str, str], actor: Actor, now: datetime) -> None:
    """Somebody took the trail away as a file; `criteria` says which part of it."""
    with transaction():
        record(
            actor=actor, action="audit.exported", subject=Subject(kind="audit", id=""), now=now, after=criteria or None
        )


def _append(session: Session) -> None:
    pending: list[dict[str, Any]] = transaction_notes().pop("audit")
    session.flush()
    # The first two writers of a new house may come at once: one of them makes the row, the other waits for it.
    session.execute(insert_into(AuditHead).values(id=1, last_id=0, digest=chain.START).on_conflict_do_nothing())
    head = session.scalars(sa.select(AuditHead).with_for_update().execution_options(populate_existing=True)).one()
    last_id, link = head.last_id, head.digest
    for entry in pending:
        last_id += 1
        entry["id"] = last_id
        entry["digest"] = link = chain.digest(entry, link)
    # Plain rows: a batch of a gateway's reports brings dozens at once.
    session.execute(insert_into(AuditEntry), pending)
    head.last_id, head.digest = last_id, link
    session.flush()
