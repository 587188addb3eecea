"""Takes the vendor's JSON of locks over: all of it, or nothing and the list of what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import Invalid
from pms.core.text import N_
from pms.locks.models import Lock, LockSetup
from pms.locks.rules import Fault, ImportedLock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor

_OTHER_ID = N_("this id belongs to the lock %(serial)s already")
_OTHER_SERIAL = N_("this lock is known under the id %(id)s")


class BadDocument(Invalid):
    """Nothing was imported; `faults` names every record and field that needs a correction."""

    code = "bad_document"
    field = "file"
    message = N_("Nothing was imported. First fault, record %(record)s, field “%(name)s”: %(first)s")

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        super().__init__(record=first.record, name=first.field or "–", first=first.message % first.params)
        self.faults = faults


@dataclass(slots=True)
class ImportResult:
    """What an import did, or would do. `differing` are known locks for which the file has other secrets."""

    new: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{len(self.new)} new, {len(self.known)} known already (their secrets stay as they are)"
        if self.differing:
            text += f"; the file has other secrets for: {', '.join(self.differing)}"
        return text


def plan_import(*, found: list[ImportedLock], faults: list[Fault]) -> ImportResult:
    """What importing what was read would do; writes nothing, raises nothing for faults."""
    with transaction() as session:
        return _plan(session, found, faults)[0]


def import_locks(*, found: list[ImportedLock], faults: list[Fault], actor: Actor, now: datetime) -> ImportResult:
    """Take the locks of findAllByUserId's answer over, as `schemas.read` found them; BadDocument where any record is wrong.

    A lock that is known keeps its secrets and setup; only what the import said beside them is renewed, and nothing at all
    once the lock was set up by this server.
    """
    with transaction() as session:
        result, present = _plan(session, found, faults)
        if result.faults:
            raise BadDocument(result.faults)
        for entry in found:
            known = present.get(entry.serial_number)
            if known is None:
                session.add(_new(entry, now))
            elif known.setup is LockSetup.IMPORTED and known.last_seen_at is None:
                _renew(known, entry)
        session.flush()
        audit.record(
            actor=actor,
            action="locks.imported",
            subject=audit.Subject(kind="locks", id="import", label=", ".join(result.new)[:160]),
            now=now,
            after={"new": result.new[:50], "new_count": len(result.new), "known_count": len(result.known)},
        )
        return result


def _plan(session: Session, found: list[ImportedLock], faults: list[Fault]) -> tuple[ImportResult, dict[str, Lock]]:
    result = ImportResult(faults=list(faults))
    rows = session.scalars(sa.select(Lock)).all() if found else []
    by_serial = {row.serial_number: row for row in rows}
    by_origin = {row.origin_id: row for row in rows if row.origin_id}
    for entry in found:
        known = by_serial.get(entry.serial_number)
        owner = by_origin.get(entry.origin_id) if entry.origin_id else None
        if owner is not None and owner.serial_number != entry.serial_number:
            result.faults.append(Fault(entry.record, "id", _OTHER_ID, {"serial": owner.serial_number}))
        elif known is not None and known.origin_id and entry.origin_id and known.origin_id != entry.origin_id:
            result.faults.append(Fault(entry.record, "lockSn", _OTHER_SERIAL, {"id": known.origin_id}))
        elif known is None:
            result.new.append(entry.name)
        else:
            result.known.append(entry.name)
            if _has_other_secrets(known, entry):
                result.differing.append(entry.name)
    result.faults.sort(key=lambda fault: fault.record)
    return result, by_serial


def _has_other_secrets(lock: Lock, entry: ImportedLock) -> bool:
    if lock.lock_keys != entry.lock_keys:
        return True
    # After a setup the server's own keys are in force; that the file does not know them is as it should be.
    return lock.setup is LockSetup.IMPORTED and lock.server_keys != entry.server_keys


def _new(entry: ImportedLock, now: datetime) -> Lock:
    return Lock(
        origin_id=entry.origin_id,
        serial_number=entry.serial_number,
        mac=entry.mac,
        name=entry.name,
        model=entry.model,
        protocol_version=entry.protocol_version,
        battery_percent=entry.battery_percent,
        features=entry.features,
        origin=entry.origin,
        setup=LockSetup.IMPORTED,
        lock_keys=entry.lock_keys,
        server_keys=entry.server_keys,
        admin_code=entry.admin_code,
        new_admin_code=entry.new_admin_code,
        double_verify=entry.double_verify,
        created_at=now,
    )


def _renew(lock: Lock, entry: ImportedLock) -> None:
    lock.origin_id = lock.origin_id or entry.origin_id
    lock.name, lock.model = entry.name, entry.model
    lock.battery_percent, lock.features, lock.origin = entry.battery_percent, entry.features, entry.origin
