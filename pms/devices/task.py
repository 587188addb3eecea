"""One thing that a machine is asked to do, from the wait for a card to its end.

Who asks (the server's table of jobs, or the server at the other end of an agent's line) is a `Course`: it is told every
step before and after it, and nothing of it is open while the machine is talked to. Whatever happens, the course hears in
the end what is true: done, untouched, or nobody knows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pms.protocol.encoder_line import SignalPattern

from .card_content import CardContent, CardKeys, UnitReading, read_units
from .card_writer import erase_card, write_card
from .encoder import CardPresence, Encoder, FingerStep, FingerTemplate
from .errors import Cancelled, DeviceError, EncoderGone, TimedOut, Unsupported, WriteUncertain

SIGNAL_SECONDS = 2.0
FINGER_SAMPLES = 2
"""How often a finger is put on for one template; what every family of modules can do."""
_log = logging.getLogger(__name__)


class TaskKind(StrEnum):
    """What the machine does: with the next card, the next finger, or its lamp."""

    WRITE = "write"
    READ = "read"
    # Only the card's number, whatever it holds.
    IDENTIFY = "identify"
    ERASE = "erase"
    SIGNAL = "signal"
    FINGER = "finger"


@dataclass(frozen=True, slots=True)
class Task:
    """A job as plain values. `done_uids` are the cards that its batch has finished: none of them is the next one."""

    id: str
    kind: TaskKind
    seconds: float
    done_uids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What the card is to hold, 48 bytes a unit.

    A guest's card has its main grant in slot 1 or 2 and others in units 3 to 8; a card of staff, whose grants take two units
    each, has no main slot.
    """

    units: dict[int, bytes] = field(repr=False)
    main_slot: int | None


class CardRefused(Exception):
    """This card is not to be written: the job fails and the card is as it was. `details` goes to the page."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class TakeAway(Exception):
    """The card holds already what is wanted of it: wait for another one."""


class NotWanted(Exception):
    """Whoever asked does not want it any more, and no byte is written yet."""


class Course(Protocol):
    """The other side of a task. Calls return with nothing held open."""

    def is_cancelled(self) -> bool:
        """Whether somebody wants the wait to end; asked every 150 ms or so, and answered at once."""

    def card_keys(self, presence: CardPresence) -> CardKeys:
        """The sector keys for this very card, newest version first."""

    def card_seen(self, presence: CardPresence, content: CardContent) -> WritePlan | None:
        """What to write (None: erase it); CardRefused, TakeAway."""

    def hint(self, text: str | None, uid: str | None) -> None:
        """Tell the person at the machine what to do (`take_away`), or that it is done."""

    def writing(self, presence: CardPresence) -> None:
        """The next thing is the first byte; NotWanted."""

    def checking(self) -> None:
        """Everything is written; it is read back now."""

    def written(self, content: CardContent) -> None:
        """Written or erased, and read back."""

    def read(self, content: CardContent) -> None:
        """The card was read."""

    def identified(self, presence: CardPresence) -> None:
        """This card lies there, and nothing else is asked of it; CardRefused, NotWanted."""

    def signalled(self, *, has_lamp: bool) -> None:
        """The machine has blinked, or has none to blink with but answers."""

    def finger_step(self, step: FingerStep) -> None:
        """What the person at the module should do; nothing hangs on its arriving."""

    def finger_taken(self, template: FingerTemplate) -> None:
        """The finger's template."""

    def failed(self, code: str, details: dict[str, Any] | None = None) -> None:
        """It is over and no byte was written."""

    def cancelled(self) -> None:
        """It was broken off and no byte was written."""

    def uncertain(self, code: str) -> None:
        """It is over, and nobody knows what the card holds."""


class TaskRun:
    """One task on one machine, in the thread that owns the port."""

    def __init__(self, encoder: Encoder, task: Task, course: Course, stop: threading.Event) -> None:
        """`stop` is set when the program is about to end."""
        self._encoder = encoder
        self._task = task
        self._course = course
        self._stop = stop
        self._has_begun = False

    def run(self) -> None:
        """Do the task; EncoderGone once its end is told."""
        try:
            self._work()
        except CardRefused as refusal:
            self._course.failed(refusal.code, refusal.details)
            self._show(SignalPattern.BAD)
        except (Cancelled, NotWanted):
            self._course.cancelled()
            self._show(SignalPattern.OFF)
        except DeviceError as fault:
            self._end_failed(fault)
        except Exception:
            _log.exception("task %s failed", self._task.id)
            self._tell_failure("internal")
            raise

    def _work(self) -> None:
        if self._task.kind is TaskKind.SIGNAL:
            self._blink()
            return
        self._show(SignalPattern.WAIT)
        if self._task.kind is TaskKind.FINGER:
            self._take_finger()
        else:
            self._take_cards()
        self._show(SignalPattern.GOOD)

    def _take_finger(self) -> None:
        template = self._encoder.capture_finger(
            FINGER_SAMPLES, self._task.seconds, self._is_cancelled, self._course.finger_step
        )
        self._course.finger_taken(template)

    def _take_cards(self) -> None:
        """Cards, until one is done that is wanted."""
        deadline = time.monotonic() + self._task.seconds
        done = set(self._task.done_uids)
        while True:
            presence = self._wait_for_card(deadline, done)
            try:
                self._take_card(presence)
            except TakeAway:
                done.add(presence.uid.hex())
            else:
                return

    def _wait_for_card(self, deadline: float, done: set[str]) -> CardPresence:
        """A card that is not done already; TimedOut, Cancelled."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut
            presence = self._encoder.wait_for_card(left, self._is_cancelled)
            if presence.uid.hex() not in done:
                return presence
            self._course.hint("take_away", presence.uid.hex())
            left = max(0.0, deadline - time.monotonic())
            if not self._encoder.wait_until_removed(presence.uid, left, self._is_cancelled):
                raise TimedOut
            self._course.hint(None, None)

    def _take_card(self, presence: CardPresence) -> None:
        if self._task.kind is TaskKind.IDENTIFY:
            self._course.identified(presence)
            return
        keys = self._course.card_keys(presence)
        readings = read_units(self._encoder, presence, keys)
        content = CardContent.of_readings(presence, readings)
        if self._task.kind is TaskKind.READ:
            self._course.read(content)
            return
        plan = self._course.card_seen(presence, content)
        self._course.written(self._write(presence, keys, plan, readings))

    def _write(
        self, presence: CardPresence, keys: CardKeys, plan: WritePlan | None, before: Sequence[UnitReading]
    ) -> CardContent:
        def on_progress(phase: str, done: int, _steps: int) -> None:
            if done == 0 and phase == "writing":
                self._course.writing(presence)
                self._has_begun = True
            elif done == 0:
                self._course.checking()

        if plan is None:
            return erase_card(self._encoder, presence, keys, on_progress=on_progress, before=before)
        return write_card(
            self._encoder,
            presence,
            keys,
            plan.units,
            main_slot=plan.main_slot,
            on_progress=on_progress,
            before=before,
        )

    def _blink(self) -> None:
        try:
            self._encoder.signal(SignalPattern.GOOD)
        except Unsupported:
            self._encoder.hello()
            self._course.signalled(has_lamp=False)
            return
        self._stop.wait(SIGNAL_SECONDS)
        self._encoder.signal(SignalPattern.OFF)
        self._course.signalled(has_lamp=True)

    def _is_cancelled(self) -> bool:
        return self._stop.is_set() or self._course.is_cancelled()

    def _end_failed(self, fault: DeviceError) -> None:
        cause = fault.cause if isinstance(fault, WriteUncertain) else fault
        self._tell_failure(cause.code)
        if isinstance(cause, EncoderGone):
            raise cause from fault
        self._show(SignalPattern.BAD)

    def _tell_failure(self, code: str) -> None:
        if self._has_begun:
            self._course.uncertain(code)
        else:
            self._course.failed(code)

    def _show(self, pattern: SignalPattern) -> None:
        try:
            self._encoder.signal(pattern)
        except EncoderGone:
            raise
        except DeviceError:
            # A machine without a lamp still writes cards.
            return
