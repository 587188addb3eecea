"""Frames of locks, brought by a phone, a gateway or a module: one way in, and an operation for each kind of frame.

Nobody logs in: the frame's own tag is the proof, and one that does not verify is told nothing. The carrier is at the lock, so
it is also given what the server wants of the lock next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request

from pms.access_records import rules, schemas, service
from pms.core import clock
from pms.core.actor import Actor
from pms.lock_commands import service as lock_commands
from pms.web.operations import operation
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
    following = lock_commands.next_command(
        serial_number=body.lock_sn, is_beside=carrier is None or carrier.is_beside, now=now
    )
    return schemas.Report(
        lock_sn=body.lock_sn,
        is_new=taken.is_new,
        frame=_hex(taken.acknowledgement),
        command=_hex(following.frame if following is not None else None),
    )


def _hex(frame: bytes | None) -> str | None:
    return frame.hex().upper() if frame is not None else None
