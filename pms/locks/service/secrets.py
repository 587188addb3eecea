"""Shows a lock's secrets to whoever may see them, and notes that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.locks import queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.locks.models import Lock


@dataclass(frozen=True, slots=True)
class LockSecrets:
    """What opens a lock for its owner. Kept out of texts and logs."""

    name: str
    lock_keys: str | None = field(repr=False)
    server_keys: str | None = field(repr=False)
    pending_server_keys: str | None = field(repr=False)
    admin_code: str | None = field(repr=False)
    new_admin_code: str | None = field(repr=False)
    double_verify: str | None = field(repr=False)


def reveal_secrets(*, lock_id: int, actor: Actor, now: datetime) -> LockSecrets:
    """The secrets of a lock; the look is an entry of the audit trail, stored before anything is shown."""
    with transaction():
        lock = queries.get_lock(lock_id)
        secrets = LockSecrets(
            name=lock.name,
            lock_keys=lock.lock_keys,
            server_keys=lock.server_keys,
            pending_server_keys=lock.pending_server_keys,
            admin_code=lock.admin_code,
            new_admin_code=lock.new_admin_code,
            double_verify=lock.double_verify,
        )
        audit.record(
            actor=actor,
            action="locks.secrets_shown",
            subject=_subject(lock),
            now=now,
        )
    return secrets


def note_looks(*, locks: Sequence[Lock], actor: Actor, now: datetime) -> None:
    """A program was given the secrets of these locks: one entry that names each of them, stored before they are shown."""
    # Read before the transaction begins anew with every row.
    subjects, serial_numbers = [_subject(lock) for lock in locks], [lock.serial_number for lock in locks]
    with transaction():
        if len(subjects) == 1:
            audit.record(actor=actor, action="locks.secrets_shown", subject=subjects[0], now=now)
        elif subjects:
            audit.record(
                actor=actor,
                action="locks.secrets_listed",
                subject=audit.Subject(kind="locks", id="list", label=str(len(subjects))),
                now=now,
                after={"locks": serial_numbers},
            )


def _subject(lock: Lock) -> audit.Subject:
    return audit.Subject(kind="lock", id=lock.id, label=lock.name, lock_id=lock.id)
