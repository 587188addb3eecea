"""The nightly check of all records: what is not right is said on the page of records, and audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.access_records import rules, verifying
from pms.access_records.service import findings
from pms.access_records.service.told import Place
from pms.audit import service as audit
from pms.core.db import transaction
from pms.locks import queries as lock_queries
from pms.locks.models import Lock

if TYPE_CHECKING:
    from datetime import datetime

    from pms.access_records.verifying import RecordCheck
    from pms.core.actor import Actor


def verify_records(*, actor: Actor, now: datetime) -> RecordCheck:
    """Hold every record against the audit trail, and write down what was found. A fault is a finding once, however often."""
    found = verifying.check()
    with transaction() as session:
        for ((lock_id, life), doubt), sequences in found.faults.items():
            lock, door = session.get_one(Lock, lock_id), lock_queries.door_of_lock(lock_id)
            for span in rules.spans_of(sequences):
                findings.note(session, Place(lock, life, door, actor), doubt, span, now)
        audit.record(
            actor=actor,
            action="access.records_faulty" if found.faults else "access.records_verified",
            subject=audit.Subject(kind="audit", id=""),
            now=now,
            after={"checked": found.checked} | ({"faults": found.fault_count} if found.faults else {}),
        )
    return found
