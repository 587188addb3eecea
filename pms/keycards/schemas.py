"""Offline cards as programs ask for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pms.keycards import rules
from pms.keycards.models import CardReason
from pms.web.wire import Id, RequestId, Wire


class MakeOfflineCard(Wire):
    """Key cards for a stay, made on a machine one after another."""

    stay_id: Id
    encoder_id: Id = Field(alias="machineId")
    copies: Annotated[int, Field(ge=1, le=rules.MAX_COPIES)] = Field(default=1, description="How many cards.")
    reason: CardReason | None = Field(
        default=None,
        description="What they are for; without it `new`, or `duplicate` where the stay has cards.",
        strict=False,
    )
    further_room_ids: Annotated[list[Id], Field(max_length=rules.MAX_FURTHER)] = Field(
        default=[], description="Further rooms of the same party that the cards open."
    )
    area_ids: Annotated[list[Id], Field(max_length=rules.MAX_FURTHER)] | None = Field(
        default=None, description="Common doors that the cards open; without it all that are for guests."
    )
    request_id: RequestId | None = None
