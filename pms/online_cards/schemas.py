"""Online cards as programs see them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from pms.encoders import queries as encoders
from pms.encoders.schemas import Job, write_job
from pms.lock_commands.schemas import Command, write
from pms.locks import queries as locks
from pms.online_cards import queries
from pms.web.wire import HouseTime, Id, Line, RequestId, Wire

if TYPE_CHECKING:
    from pms.lock_commands.models import LockCommand


class Role(StrEnum):
    """What the card may do: open, or open as the staff's do."""

    GUEST = "guest"
    STAFF = "staff"


class _Wish(Wire):
    lock_id: Id
    name: Annotated[Line, StringConstraints(min_length=1, max_length=80)] = Field(
        description="Whose card, or what it is for.", examples=["Mrs Moreau"]
    )
    valid_from: HouseTime | None = Field(default=None, description="Without it: from now on.")
    valid_until: HouseTime | None = Field(default=None, description="Without it: no end.")
    role: Role = Field(default=Role.GUEST, strict=False)
    stay_id: Id | None = Field(default=None, description="The stay with which it ends at the latest.")
    account_id: Id | None = Field(default=None, alias="userId", description="Somebody who works here.")
    request_id: RequestId | None = None


class MakeOnlineCard(_Wish):
    """A card whose number a machine is to read, and a lock to store."""

    encoder_id: Id = Field(alias="machineId")


class SaveOnlineCard(_Wish):
    """A card whose number is known, such as one that a phone has read."""

    card_uid: Annotated[str, StringConstraints(pattern="^([0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})$")] = Field(
        description="The card's number: 4, 7 or 10 bytes in hexadecimal.", examples=["04A1B2C3D4E5F6"]
    )


class ChosenOnlineCard(Wire):
    """A card that a lock stores."""

    card_id: Id


class StoredCard(Wire):
    """A card in the book of a lock, and the command that tells the lock."""

    card_id: Id
    lock_id: Id
    name: str
    state: str = Field(
        description="waiting (for somebody at the lock), added, changing, refused, removing, removed or not_sent.",
        examples=["waiting"],
    )
    command: Command | None = Field(
        description="What the lock was asked last; null: nothing, so it never heard of the card."
    )


class OnlineCardInMaking(Wire):
    """A card that a machine reads for a lock: the machine's job, and the stored card once it was read."""

    lock_id: Id
    job: Job
    card: StoredCard | None


def write_stored(slot_id: int) -> StoredCard:
    """A stored card as a program sees it; its command is handed out with it."""
    asked = queries.last_command(slot_id)
    # Handing the frame out may settle what is overdue: the state is read after it.
    command = _write_command(asked) if asked is not None else None
    slot = queries.get_stored(slot_id)
    return StoredCard(card_id=slot.id, lock_id=slot.lock_id, name=slot.name, state=slot.state.value, command=command)


def write_in_making(batch_id: str) -> OnlineCardInMaking:
    """A card at the machine as a program sees it."""
    card = queries.of_batch(batch_id)
    return OnlineCardInMaking(
        lock_id=card.lock_id,
        job=write_job(encoders.get_job(card.job_id)),
        card=write_stored(card.slot_id) if card.slot_id is not None else None,
    )


def _write_command(command: LockCommand) -> Command:
    return write(command, serial_number=locks.get_lock(command.lock_id).serial_number)
