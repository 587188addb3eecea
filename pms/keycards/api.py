"""Offline cards for programs: asked for here, made by the machine, looked at through its jobs."""

from __future__ import annotations

from flask import Blueprint

from pms.core import clock
from pms.core.errors import NotFound
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders import schemas as encoder_schemas
from pms.encoders import service as encoder_service
from pms.keycards import rules, schemas, service
from pms.web import login
from pms.web.operations import operation

blueprint = Blueprint("keycards_api", __name__)


@blueprint.post("/cardMachines/makeOfflineCard")
@operation(
    71,
    "keys:make",
    tag="Card-issuing machine",
    body=schemas.MakeOfflineCard,
    gives=encoder_schemas.Jobs,
    refuses=(
        NotFound,
        rules.NoRoomYet,
        rules.NoLock,
        rules.StayEnded,
        rules.TimeIsOver,
        rules.TooManyDoors,
        rules.NoSuchArea,
        rules.NotOfTheParty,
        encoders.NoSuchMachine,
        encoder_service.MachineUnbound,
        encoder_service.NotForThat,
        encoder_rules.RequestUsed,
        encoder_rules.MachineBusy,
        encoder_rules.MachineOffline,
        encoder_rules.DeskAway,
    ),
)
def make_offline_card(body: schemas.MakeOfflineCard) -> encoder_schemas.Jobs:
    """Make hotel or apartment offline cards for a stay.

    The machine waits for one card after another; ask for the jobs until they are final, or send the same request again.
    """
    batch_id = service.issue(
        stay_id=body.stay_id,
        copies=body.copies,
        encoder_id=body.encoder_id,
        request_id=encoder_schemas.id_of(body.request_id),
        further_room_ids=body.further_room_ids,
        area_ids=body.area_ids,
        reason=body.reason,
        at_once=True,
        actor=login.actor(),
        now=clock.now(),
    )
    return encoder_schemas.write_jobs(encoders.batch(batch_id))
