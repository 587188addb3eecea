"""Online cards for programs: read at a machine or by a phone, stored in a lock, taken away again."""

from __future__ import annotations

from flask import Blueprint

from pms.core import clock
from pms.core.errors import NotFound
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders import schemas as encoder_schemas
from pms.encoders import service as encoder_service
from pms.locks import queries as locks
from pms.online_cards import queries, schemas, service
from pms.protocol.command import StoredKind, UserRole
from pms.slots import rules as slot_rules
from pms.slots import service as slots
from pms.slots.models import SlotRole
from pms.web import login
from pms.web.operations import operation

blueprint = Blueprint("online_cards_api", __name__)

_TAG = "Card-issuing machine"
_STORING = (
    NotFound,
    locks.NoSuchLock,
    slot_rules.LockNotReady,
    slot_rules.LockFull,
    slot_rules.KindNotThere,
    slot_rules.NoName,
    slot_rules.AlreadyOver,
    slot_rules.EndsBeforeItBegins,
    slot_rules.BadOwner,
    slot_rules.StayOver,
)


@blueprint.post("/cardMachines/makeOnlineCard")
@operation(
    70,
    "keys:make",
    tag=_TAG,
    body=schemas.MakeOnlineCard,
    gives=schemas.OnlineCardInMaking,
    refuses=(
        *_STORING,
        encoders.NoSuchMachine,
        encoder_service.MachineUnbound,
        encoder_service.NotForThat,
        encoder_rules.RequestUsed,
        encoder_rules.MachineBusy,
        encoder_rules.MachineOffline,
        encoder_rules.DeskAway,
    ),
)
def make_online_card(body: schemas.MakeOnlineCard) -> schemas.OnlineCardInMaking:
    """Make an online card for a lock: a machine reads its number, and the lock is asked to store it.

    Send the same request again until the job is final; then `card` has the command that tells the lock.
    """
    batch_id = service.make(
        lock_id=locks.find_by_wire_id(body.lock_id).id,
        encoder_id=body.encoder_id,
        name=body.name,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        role=SlotRole(body.role),
        owner=slot_rules.Owner(body.stay_id, body.account_id),
        request_id=encoder_schemas.id_of(body.request_id),
        at_once=True,
        actor=login.actor(),
        now=clock.now(),
    )
    return schemas.write_in_making(batch_id)


@blueprint.post("/cardMachines/saveOnlineCard")
@operation(
    72,
    "keys:make",
    tag=_TAG,
    body=schemas.SaveOnlineCard,
    gives=schemas.StoredCard,
    refuses=(*_STORING, encoder_rules.RequestUsed),
)
def save_online_card(body: schemas.SaveOnlineCard) -> schemas.StoredCard:
    """Save an online card whose number is known, such as one that a phone has read."""
    lock_id = locks.find_by_wire_id(body.lock_id).id
    slot = slots.store(
        lock_id=lock_id,
        kind=StoredKind.CARD,
        content=bytes.fromhex(body.card_uid),
        name=body.name,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        role=UserRole[body.role.name],
        owner=slot_rules.Owner(body.stay_id, body.account_id),
        request_id=body.request_id,
        actor=login.actor(),
        now=clock.now(),
    )
    return schemas.write_stored(queries.check_same(slot, lock_id).id)


@blueprint.post("/cardMachines/deleteOnlineCard")
@operation(69, "keys:make", tag=_TAG, body=schemas.ChosenOnlineCard, gives=schemas.StoredCard, refuses=(NotFound,))
def delete_online_card(body: schemas.ChosenOnlineCard) -> schemas.StoredCard:
    """Delete an online card: the lock is asked to let it go.

    It is gone when the lock has answered; one that the lock never heard of is gone at once.
    """
    slots.remove(slot_id=queries.get_stored(body.card_id).id, actor=login.actor(), now=clock.now())
    return schemas.write_stored(body.card_id)
