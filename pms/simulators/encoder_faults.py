"""Faults that a test puts into a simulated card-issuing machine. All of them are off unless set."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from pms.protocol.encoder_line import Status

FOR_EVER = 10**9
"""Uses of a fault that is there to stay."""


class Moment(Enum):
    """When, in relation to a write command, something happens."""

    BEFORE = "before"
    TORN = "torn"
    AFTER = "after"


class Act(Enum):
    """What happens: the machine is pulled out, or the card is taken away."""

    UNPLUG = "unplug"
    TAKE = "take"


@dataclass(slots=True)
class WriteCut:
    """At the `write`-th write command from now (1 is the next): `act` at `moment`.

    TORN comes after `rows` blocks or pages, half of them unless given. AFTER an unplugging the answer is lost too; a
    card is taken AFTER the answer.
    """

    write: int
    moment: Moment
    act: Act
    rows: int | None = None

    def after_rows(self, total: int) -> int | None:
        """How many rows are written before it happens; None: all, and the read-back as well."""
        if self.moment is Moment.AFTER:
            return None
        if self.moment is Moment.BEFORE:
            return 0
        return total // 2 if self.rows is None else min(self.rows, total)


@dataclass(slots=True)
class Faults:
    """Numbers count down with each use. Set them while nothing is on the line."""

    drop_answers: int = 0
    garble_answers: int = 0
    double_answers: int = 0
    drop_events: int = 0
    deaf_frames: int = 0
    """Frames of the host, acknowledgements among them, that the machine does not hear."""
    delay_answers: float = 0.0
    """Seconds; stays until set back."""
    noise: bytes = b""
    """Bytes before every frame; stay until set back."""
    refusals: deque[Status] = field(default_factory=deque)
    """Statuses with which the next read and write commands are answered instead of being done."""
    cut: WriteCut | None = None

    def uses(self, name: str) -> bool:
        """Whether the counting fault `name` strikes now; counts it down."""
        left: int = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return left > 0

    def due_cut(self) -> WriteCut | None:
        """The cut that belongs to the write command that begins now."""
        if self.cut is None:
            return None
        self.cut.write -= 1
        if self.cut.write > 0:
            return None
        cut, self.cut = self.cut, None
        return cut
