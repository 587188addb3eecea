"""What carriers and programs send and hear of locks' frames and records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pms.gateways.rules import Carrier as CarrierValue
from pms.gateways.rules import CarrierKind
from pms.web.wire import FrameHex, Line, SerialNumber, Wire


class Carrier(Wire):
    """Who brought the frame."""

    kind: Literal["phone", "gateway", "module"] = Field(examples=["gateway"])
    id: Annotated[Line, StringConstraints(max_length=40)] = Field(
        default="",
        description="A gateway's serial number, a module's IMEI; what a phone says of itself is not used.",
        examples=["A0B1C2D3E4F5"],
    )


class CommonFormatData(Wire):
    """One frame of a lock, from whoever carried it. Nobody logs in for it: the frame's own tag is the proof."""

    lock_sn: SerialNumber
    frame: FrameHex
    carrier: Carrier | None = Field(default=None, description="Who brought it; a phone where nothing is said.")

    def carried_by(self) -> CarrierValue | None:
        """The carrier as the domain knows it."""
        return CarrierValue(CarrierKind(self.carrier.kind), self.carrier.id) if self.carrier is not None else None


class Report(Wire):
    """What became of a frame, and what to carry to the lock now."""

    lock_sn: SerialNumber
    is_new: bool = Field(description="False: it was known already, and nothing changed.")
    frame: str | None = Field(
        description="The sealed acknowledgement to carry back, in hexadecimal; null for an answer to a command.",
        examples=["5A0803000300000000000100010000000000000000000000"],
    )
    command: str | None = Field(
        description="The next frame to carry to the lock, in hexadecimal; null if there is none."
    )
