"""How a stay ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.frontdesk.service.common import with_keys
from pms.keycards.models import EndReason
from pms.stays import service as stays

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.models import StayStep


def check_out(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest leaves: nights given back, keys ended, the room to be cleaned."""
    return with_keys(
        EndReason.CHECKED_OUT,
        lambda: stays.check_out(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        leaves_room=True,
        actor=actor,
        now=now,
    )


def cancel(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The booking is off, and with it cards that were made ahead."""
    return with_keys(
        EndReason.CANCELLED,
        lambda: stays.cancel(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )


def no_show(
    *, stay_id: int, version: int | None = None, request_id: str | None = None, actor: Actor, now: datetime
) -> StayStep:
    """The guest did not come; cards that were made ahead are ended."""
    return with_keys(
        EndReason.CANCELLED,
        lambda: stays.mark_no_show(stay_id=stay_id, version=version, request_id=request_id, actor=actor, now=now),
        stay_id=stay_id,
        request_id=request_id,
        actor=actor,
        now=now,
    )
