"""Frames of locks, brought by a phone, a gateway or a module: one way in, and an operation for each kind of frame; records.

Nobody logs in: the frame's own tag is the proof, and one that does not verify is told nothing. The carrier is at the lock, so
it is also given what the server wants of the lock next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request

from pms.access_records import queries, rules, schemas, service
from pms.accounts.asking import does_user_see
from pms.core import clock
from pms.core.actor import Actor
from pms.core.errors import NotFound
from pms.gateways import rules as gateway_rules
from pms.gateways.rules import CarrierKind
from pms.lock_commands import service as lock_commands
from pms.lock_commands.schemas import Command
from pms.lock_commands.schemas import write as write_command
from pms.locks import queries as locks
from pms.slots import rules as slot_rules
from pms.web import login
from pms.web.operations import Listed, operation
from pms.web.rights import PUBLIC

blueprint = Blueprint("access_records_api", __name__)

_MAX_BYTES = 8192


def _takes(number: int | None, tag: str, right: str = PUBLIC) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return operation(
        number,
        right,
        tag=tag,
        body=schemas.CommonFormatData,
        gives=schemas.Report,
        refuses=(rules.NoAnswer, rules.WrongKind),
        max_bytes=_MAX_BYTES,
    )


@blueprint.post("/reports/lockDeleted")
@_takes(53, "Door lock reports")
def lock_deleted(body: schemas.CommonFormatData) -> schemas.Report:
    """Report that the lock was deleted by its owner at the lock (0502)."""
    return _take(body, rules.LOCK_DELETED)


@blueprint.post("/reports/systemSettings")
@_takes(54, "Door lock reports")
def system_settings(body: schemas.CommonFormatData) -> schemas.Report:
    """Save the system settings that the lock reports (0701)."""
    return _take(body, rules.SYSTEM_SETTINGS)


@blueprint.post("/reports/records")
@_takes(55, "Door lock reports")
def records(body: schemas.CommonFormatData) -> schemas.Report:
    """Save a page of records that the lock had not reported: its answer to 0301.

    The lock is asked on, page after page, until its newest record is here: `command` is the next question.
    """
    return _take(body, rules.RECORDS)


@blueprint.post("/reports/lockUsers")
@_takes(56, "Door lock reports")
def lock_users(body: schemas.CommonFormatData) -> schemas.Report:
    """Save the users of the lock: its report 0702, or its answers to 0100 to 0103."""
    return _take(body, rules.LOCK_USERS)


@blueprint.post("/reports/lockSettings")
@_takes(57, "Door lock reports")
def lock_settings(body: schemas.CommonFormatData) -> schemas.Report:
    """Save the settings of the lock: its answers to 0200 and 0201."""
    return _take(body, rules.LOCK_SETTINGS)


@blueprint.post("/reports/record")
@_takes(58, "Door lock reports")
def record(body: schemas.CommonFormatData) -> schemas.Report:
    """Save one lock record (command 0300).

    Takes each other report of the lock as well: a carrier need not look inside.
    """
    return _take(body, rules.ANY_REPORT)


@blueprint.post("/reports/binding")
@_takes(59, "Door lock reports")
def binding(body: schemas.CommonFormatData) -> schemas.Report:
    """Report the binding of the lock: its first report under new keys (0700), or its answer to 0500."""
    return _take(body, rules.BINDING)


@blueprint.post("/reports/moduleAssociation")
@_takes(60, "Door lock reports")
def module_association(body: schemas.CommonFormatData) -> schemas.Report:
    """Report the association of a 4G module: the lock's report 0601, or its answer to 0600."""
    return _take(body, rules.MODULE)


@blueprint.post("/modules/associationResult")
@_takes(79, "4G direct")
def association_result(body: schemas.CommonFormatData) -> schemas.Report:
    """Report the result of associating a module with a lock (0601, or the answer to 0600), as the module brings it."""
    return _take(body, rules.MODULE)


@blueprint.post("/commands/answer")
@_takes(None, "Bluetooth command")
def answer(body: schemas.CommonFormatData) -> schemas.Report:
    """Bring the lock's answer to any command.

    What to bring to the lock next is in our answer.
    """
    return _take(body, rules.ANY_ANSWER)


@blueprint.post("/commands/answerReport")
@_takes(23, "Bluetooth command", "locks:operate")
def answer_report(body: schemas.CommonFormatData) -> schemas.Report:
    """Get the answer to a report of the lock: the sealed acknowledgement that the phone carries back.

    The report is taken into account if it was not yet.
    """
    return _take(body, rules.ANY_REPORT)


@blueprint.post("/commands/syncRecords")
@operation(
    22,
    "locks:operate",
    tag="Bluetooth command",
    body=schemas.SyncRecords,
    gives=Command,
    refuses=(locks.NoSuchLock, rules.LockKeepsNothing),
)
def sync_records(body: schemas.SyncRecords) -> Command:
    """Sync door lock operation records: ask for everything after what is known without a gap (0301).

    A question that is still open is not asked twice. Bring the answers to `/reports/records`.
    """
    lock = locks.find_by_wire_id(body.lock_id)
    command = service.sync_records(lock_id=lock.id, request_id=body.request_id, actor=login.actor(), now=clock.now())
    return write_command(command, serial_number=lock.serial_number)


@blueprint.get("/records/findAllByUserId/<int:user_id>")
@operation(
    61,
    "records:view",
    tag="Operation record",
    query=schemas.RecordsAsked,
    gives=schemas.Record,
    is_list=True,
    refuses=(NotFound,),
)
def records_of_user(user_id: int, query: schemas.RecordsAsked) -> Listed:
    """Records of the user: what the doors of the house noted, for who may see that, newest first."""
    if not does_user_see(user_id, "records:view"):
        return Listed([], total=0)
    lock_id = locks.find_by_wire_id(query.lock_id).id if query.lock_id is not None else None
    wanted: dict[str, Any] = {"since": query.since, "until": query.until, "lock_id": lock_id}
    page = queries.list_page(**wanted, before_id=query.before, size=query.limit)
    return Listed([schemas.write_record(row.record) for row in page.rows], total=queries.count(**wanted))


@blueprint.get("/records/lock/<int:lock_id>")
@operation(
    63,
    "records:view",
    tag="Operation record",
    query=schemas.PageAsked,
    gives=schemas.Record,
    is_list=True,
    refuses=(locks.NoSuchLock,),
)
def records_of_lock(lock_id: int, query: schemas.PageAsked) -> Listed:
    """Door records without alarms, of one lock, newest first."""
    lock = locks.find_by_wire_id(lock_id)
    wanted: dict[str, Any] = {"lock_id": lock.id, "kind": "no_alarm"}
    page = queries.list_page(**wanted, before_id=query.before, size=query.limit)
    return Listed([schemas.write_record(row.record) for row in page.rows], total=queries.count(**wanted))


@blueprint.post("/records/delete")
@operation(
    62,
    "records:hide",
    tag="Operation record",
    body=schemas.DeleteRecord,
    gives=schemas.Record,
    refuses=(queries.NoSuchRecord, rules.NoReason),
)
def delete_record(body: schemas.DeleteRecord) -> schemas.Record:
    """Delete a record: it is hidden from lists, and the audit trail says who did it and why."""
    service.hide_record(record_id=body.record_id, reason=body.reason, actor=login.actor(), now=clock.now())
    return schemas.write_record(queries.get_record(body.record_id))


@blueprint.post("/modules/password")
@operation(
    81,
    "locks:operate",
    tag="4G direct",
    body=schemas.ModulePassword,
    gives=Command,
    refuses=(
        gateway_rules.NoSuchModule,
        gateway_rules.ModuleLoose,
        gateway_rules.ModuleOffline,
        slot_rules.LockFull,
        slot_rules.LockNotReady,
        slot_rules.KindNotThere,
        slot_rules.CredentialTaken,
        slot_rules.AlreadyOver,
        slot_rules.EndsBeforeItBegins,
        slot_rules.BadCode,
        slot_rules.NoName,
    ),
)
def issue_password(body: schemas.ModulePassword) -> Command:
    """Issue a password over 4G: the lock that has the module stores it, at once.

    Where the module is not reachable now, nothing is queued.
    """
    command = service.issue_password(
        imei=body.imei,
        digits=body.password,
        name=body.name,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        request_id=body.request_id,
        actor=login.actor(),
        now=clock.now(),
    )
    return write_command(command, serial_number=locks.get_lock(command.lock_id).serial_number)


def _take(body: schemas.CommonFormatData, kinds: rules.Kinds) -> schemas.Report:
    now, carrier = clock.now(), body.carried_by()
    taken = service.take_frame(
        serial_number=body.lock_sn,
        frame=bytes.fromhex(body.frame),
        kinds=kinds,
        carrier=carrier,
        actor=Actor(kind="lock", name=body.lock_sn, address=request.remote_addr or ""),
        now=now,
    )
    # New keys are brought by a person beside the lock, never through a gateway or a module.
    is_remote = carrier is not None and carrier.kind is not CarrierKind.PHONE
    following = lock_commands.next_frame(serial_number=body.lock_sn, is_remote=is_remote, now=now)
    return schemas.Report(
        lock_sn=body.lock_sn,
        is_new=taken.is_new,
        frame=_hex(taken.acknowledgement),
        command=_hex(following),
    )


def _hex(frame: bytes | None) -> str | None:
    return frame.hex().upper() if frame is not None else None
