"""Writing the audit trail.

Entries are chained: each digest covers the entry and the digest before, under a key that is not in the database. They
are collected while a transaction runs and appended as its last step, so that the head of the chain is locked for a moment
only and after every other lock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pms.audit.models import AuditEntry, AuditHead
from pms.core.db import before_commit, insert_into, transaction, transaction_notes
from pms.core.sealing import vault

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

START = "0" * 64
_FIELDS = [
    "id",
    "at",
    "actor_kind",
    "actor_name",
    "account_id",
    "address",
    "action",
    "subject_kind",
    "subject_id",
    "subject_label",
    "room_id",
    "guest_id",
    "stay_id",
    "lock_id",
    "before",
    "after",
]


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
    entry = AuditEntry(
        at=now,
        actor_kind=actor.kind,
        actor_name=actor.name,
        account_id=actor.account_id,
        address=actor.address,
        action=action,
        subject_kind=subject.kind,
        subject_id=str(subject.id),
        subject_label=subject.label,
        room_id=subject.room_id,
        guest_id=subject.guest_id,
        stay_id=subject.stay_id,
        lock_id=subject.lock_id,
        before=before,
        after=after,
    )
    pending: list[AuditEntry] = transaction_notes().setdefault("audit", [])
    if not pending:
        before_commit(_append)
    pending.append(entry)


def note_export(*, criteria: dict[str, str], actor: Actor, now: datetime) -> None:
    """Somebody took the trail away as a file; `criteria` says which part of it."""
    with transaction():
        record(
            actor=actor, action="audit.exported", subject=Subject(kind="audit", id=""), now=now, after=criteria or None
        )


def digest(entry: AuditEntry | Row[Any], previous: str) -> str:
    """The entry's link: a keyed hash over the link before and every field."""
    values = {name: getattr(entry, name) for name in _FIELDS}
    values["at"] = entry.at.isoformat(timespec="microseconds")
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return vault().audit_digest(f"{previous}\n{text}".encode())


def _append(session: Session) -> None:
    pending: list[AuditEntry] = transaction_notes().pop("audit")
    session.flush()
    # The first two writers of a new house may come at once: one of them makes the row, the other waits for it.
    session.execute(
        insert_into(AuditHead.__table__)  # type: ignore[arg-type]
        .values(id=1, last_id=0, digest=START)
        .on_conflict_do_nothing()
    )
    head = session.scalars(sa.select(AuditHead).with_for_update().execution_options(populate_existing=True)).one()
    for entry in pending:
        head.last_id += 1
        entry.id = head.last_id
        entry.digest = digest(entry, head.digest)
        head.digest = entry.digest
        session.add(entry)
    session.flush()
