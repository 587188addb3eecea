"""Fingerprints for programs: taken at a card machine, stopped, sent to locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core import clock
from pms.core.errors import Forbidden, NotFound
from pms.credentials import capture_schemas, queries, rules, service
from pms.credentials.blueprint import api_blueprint as blueprint
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders import schemas as encoder_schemas
from pms.encoders import service as encoder_service
from pms.lock_commands.schemas import Command, write
from pms.locks import queries as locks
from pms.slots import rules as slot_rules
from pms.web import login
from pms.web.operations import Listed, operation
from pms.web.rights import can

if TYPE_CHECKING:
    from collections.abc import Collection

_TAG = "Card-issuing machine"


@blueprint.post("/cardMachines/startFingerprint")
@operation(
    73,
    "credentials:manage",
    tag=_TAG,
    body=capture_schemas.StartFingerprint,
    gives=capture_schemas.Capture,
    refuses=(
        NotFound,
        rules.NotOnePerson,
        slot_rules.NoConsent,
        rules.NotInHouse,
        rules.NotAtWork,
        rules.NoSuchDoor,
        encoders.NoSuchMachine,
        encoder_service.MachineUnbound,
        encoder_service.NotForThat,
        encoder_rules.RequestUsed,
        encoder_rules.MachineBusy,
        encoder_rules.MachineOffline,
        encoder_rules.DeskAway,
    ),
)
def start_fingerprint(body: capture_schemas.StartFingerprint) -> capture_schemas.Capture:
    """Start capturing a fingerprint.

    That the person agrees is noted with the request. Ask for the job until it is final, or send the same request again.
    """
    if not body.agreed:
        raise slot_rules.NoConsent
    if body.account_id is not None and not can("accounts:edit"):
        raise Forbidden
    batch_id = service.start(
        stay_id=body.stay_id,
        account_id=body.account_id,
        finger=body.finger,
        agreed=body.agreed,
        encoder_id=body.encoder_id,
        door_ids=_doors_of(body.lock_ids),
        request_id=encoder_schemas.id_of(body.request_id),
        at_once=True,
        actor=login.actor(),
        now=clock.now(),
    )
    return capture_schemas.write_capture(queries.get_capture(batch_id))


@blueprint.post("/cardMachines/stopFingerprint")
@operation(
    74,
    "credentials:manage",
    tag=_TAG,
    body=capture_schemas.StopFingerprint,
    gives=capture_schemas.Capture,
    refuses=(NotFound, encoder_service.TooLateToCancel),
)
def stop_fingerprint(body: capture_schemas.StopFingerprint) -> capture_schemas.Capture:
    """Stop capturing a fingerprint.

    The machine hears of it within a second. Stopping again changes nothing.
    """
    service.stop(batch_id=body.batch_id, actor=login.actor(), now=clock.now())
    return capture_schemas.write_capture(queries.get_capture(body.batch_id))


@blueprint.post("/cardMachines/syncFingerprint")
@operation(
    77,
    "credentials:manage",
    tag=_TAG,
    body=capture_schemas.SyncFingerprint,
    gives=Command,
    is_list=True,
    refuses=(NotFound, rules.NotStored, rules.NoSuchDoor, slot_rules.LockFull),
)
def sync_fingerprint(body: capture_schemas.SyncFingerprint) -> Listed:
    """Send a captured fingerprint to locks.

    Gives the commands that carry it there; a lock that has it already, or will have it, is not asked again.
    """
    door_ids = _doors_of(body.lock_ids)
    service.send(fingerprint_id=body.fingerprint_id, door_ids=door_ids, actor=login.actor(), now=clock.now())
    commands = queries.commands_at(queries.get(body.fingerprint_id), door_ids)
    serials = {command.lock_id: locks.get_lock(command.lock_id).serial_number for command in commands}
    rows = [write(command, serial_number=serials[command.lock_id]) for command in commands]
    return Listed(rows, total=len(rows))


def _doors_of(lock_ids: Collection[int]) -> list[int]:
    """The doors that have these locks; NotFound, NoSuchDoor."""
    fitting = {door.lock_id: door.id for door in queries.doors()}
    wanted = [locks.find_by_wire_id(lock_id).id for lock_id in lock_ids]
    if not set(wanted) <= set(fitting):
        raise rules.NoSuchDoor(field="lock_ids")
    return [fitting[lock_id] for lock_id in dict.fromkeys(wanted)]
