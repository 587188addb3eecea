"""The house's own card-issuing machine, one call per thing that it can do (docs/protocol.md, section 6)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from pms.core.text import N_
from pms.devices.encoder import (
    CardPresence,
    Driver,
    EncoderIdentity,
    FingerStage,
    FingerStep,
    FingerTemplate,
    IsCancelled,
    OnFinger,
    SectorKey,
)
from pms.devices.errors import (
    Cancelled,
    CardChanged,
    DeviceError,
    EncoderBusy,
    EncoderGone,
    LineFault,
    NoCard,
    PoorImage,
    TimedOut,
    Unsupported,
    VerifyFailed,
    WriteFailed,
    WrongKey,
)
from pms.devices.line import Line
from pms.devices.transport import Transport, open_transport
from pms.protocol.card_layout import Medium, check_access_bytes
from pms.protocol.crc import crc16
from pms.protocol.encoder_line import (
    Cancel,
    CaptureFinger,
    CardArrived,
    CardRemoved,
    Ended,
    FingerDone,
    FingerProgress,
    Hello,
    HelloAnswer,
    KeyKind,
    Message,
    ReadTemplate,
    ReadUnit,
    Signal,
    SignalPattern,
    Status,
    WaitForCard,
    WriteUnit,
)
from pms.protocol.encoder_line import FingerStage as LineStage
from pms.protocol.encoder_messages import LINE_VERSION, MAX_TEMPLATE_PART, UNIT_SIZE
from pms.protocol.errors import MalformedError

Found = TypeVar("Found")

_POLL = 0.1
# How much later than asked the machine may notice that the time is over, and how much earlier its clock may run.
_GRACE = 1.0
_EARLY = 0.5
# After a cancel, how long the machine's last word on the old wait is looked for.
_LAST_WORD = 0.3
_REMOVAL_POLL = 0.2

_REFUSALS: dict[Status, type[DeviceError]] = {
    Status.BUSY: EncoderBusy,
    Status.UNKNOWN_TYPE: Unsupported,
    Status.BAD_LENGTH: LineFault,
    Status.NO_CARD: NoCard,
    Status.OTHER_CARD: CardChanged,
    Status.WRONG_KEY: WrongKey,
    Status.WRITE_FAILED: WriteFailed,
    Status.READ_BACK_DIFFERS: VerifyFailed,
    Status.CANCELLED: Cancelled,
    Status.NO_FINGER_MODULE: Unsupported,
    Status.POOR_IMAGE: PoorImage,
    Status.TIMEOUT: TimedOut,
}


_STAGES = {
    LineStage.PUT_FINGER: FingerStage.PUT,
    LineStage.GOT_IT: FingerStage.GOT,
    LineStage.LIFT_FINGER: FingerStage.LIFT,
}

BAUD_RATE = 115200


class LineMachine:
    """A machine on an open line. Say `hello` first: until then it may answer from the memory of an earlier host."""

    def __init__(self, transport: Transport) -> None:
        self._line = Line(transport)
        self._model = ""

    def hello(self) -> EncoderIdentity:
        """Who the machine is. A wait that an earlier, perhaps killed, program left behind is ended.

        `Unsupported` if it speaks another version of the protocol.
        """
        plate = self._ask(Hello())
        try:
            answer = HelloAnswer.decode(plate)
        except MalformedError as fault:
            raise LineFault(f"the answer to hello makes no sense: {fault}") from fault
        if answer.version != LINE_VERSION:
            raise Unsupported(f"the machine speaks version {answer.version} of the line, we speak {LINE_VERSION}")
        self._ask(Cancel())
        self._line.forget_events()
        self._model = answer.model
        return EncoderIdentity(answer.serial_number.hex(), answer.model, f"line {answer.version}", answer.capabilities)

    def wait_for_card(self, seconds: float, is_cancelled: IsCancelled) -> CardPresence:
        """The card that lies there already or is laid down within `seconds` (at most 6,553).

        `TimedOut`, `Cancelled`, `EncoderBusy`, `EncoderGone`.
        """
        message = WaitForCard(_tenths(seconds))
        self._line.forget_events()
        try:
            self._ask(message, Status.ACCEPTED)
        except EncoderBusy:
            # An end of an earlier wait that the machine has not noticed yet.
            self._end_wait()
            self._ask(message, Status.ACCEPTED)
        return self._await(seconds, is_cancelled, _presence)

    def wait_until_removed(self, uid: bytes, seconds: float, is_cancelled: IsCancelled) -> bool:
        """Whether the card with this UID is gone within `seconds`; `Cancelled` if `is_cancelled` says so first."""
        deadline = time.monotonic() + seconds
        while True:
            if is_cancelled():
                raise Cancelled
            if self._line.request(ReadUnit(uid, 1)).status in (Status.NO_CARD, Status.OTHER_CARD):
                return True
            if time.monotonic() >= deadline:
                return False
            self._pause_for_removal(min(deadline, time.monotonic() + _REMOVAL_POLL))

    def read_unit(self, uid: bytes, unit: int, key: SectorKey | None = None) -> bytes:
        """The 48 bytes of unit 1…8. MIFARE Classic needs a key, other media take none.

        `NoCard`, `CardChanged`, `WrongKey`; after any of them the machine and the card can still be used.
        """
        kind, value = _key_fields(key)
        content = self._ask(ReadUnit(uid, unit, kind, value))
        if len(content) != UNIT_SIZE:
            raise LineFault(f"a unit of {len(content)} bytes")
        return content

    def write_unit(
        self, uid: bytes, unit: int, content: bytes, key: SectorKey | None = None, trailer: bytes | None = None
    ) -> None:
        """Write 48 bytes and then, if given, the sector trailer (16 bytes).

        Returns when the machine has read the same back. `VerifyFailed` or `WriteFailed` if not, and as `read_unit`.
        A trailer that could kill its sector goes no further than here (`MalformedError` of the protocol).
        """
        if trailer is not None:
            check_access_bytes(trailer)
        kind, value = _key_fields(key)
        if self._ask(WriteUnit(uid, unit, content, kind, value, trailer)) != content:
            raise VerifyFailed(f"unit {unit} reads back differently")

    def signal(self, pattern: SignalPattern) -> None:
        """Show a pattern to the person at the desk."""
        self._ask(Signal(pattern))

    def capture_finger(
        self, samples: int, seconds: float, is_cancelled: IsCancelled, on_step: OnFinger = lambda _: None
    ) -> FingerTemplate:
        """Take a finger `samples` times within `seconds` and read its template; errors as in `Encoder`."""
        self._line.forget_events()
        self._ask(CaptureFinger(samples, _tenths(seconds)), Status.ACCEPTED)

        def take(event: Message) -> FingerDone | None:
            if isinstance(event, FingerProgress):
                on_step(_finger_step(event, samples))
            return event if isinstance(event, FingerDone) else None

        done = self._await(seconds, is_cancelled, take)
        content = b""
        while len(content) < done.size:
            content += self._template_part(len(content), min(MAX_TEMPLATE_PART, done.size - len(content)))
        if crc16(content) != done.crc:
            raise VerifyFailed("the template arrived damaged")
        return FingerTemplate(f"machine-{done.template_format}", self._model, content)

    def attend(self, seconds: float) -> None:
        """Listen while there is nothing to do; `EncoderGone` if the machine was pulled out."""
        deadline = time.monotonic() + seconds
        while self._line.next_event(deadline) is not None:
            pass

    def close(self) -> None:
        """Let go of the port; never fails."""
        self._line.close()

    def _ask(self, message: Message, expected: Status = Status.DONE) -> bytes:
        answer = self._line.request(message)
        if answer.status is not expected:
            raise _refusal(answer.status, f"request {message.type:02X}")
        return answer.body

    def _await(self, seconds: float, is_cancelled: IsCancelled, take: Callable[[Message], Found | None]) -> Found:
        """What `take` makes of an event, unless the wait ends before. The machine is left at rest."""
        begun = time.monotonic()
        ended: Ended | None = None
        try:
            while ended is None and time.monotonic() < begun + seconds + _GRACE:
                if is_cancelled():
                    raise Cancelled
                event = self._line.next_event(time.monotonic() + _POLL)
                if isinstance(event, Ended) and not _is_leftover(event, time.monotonic() - begun, seconds):
                    ended = event
                elif event is not None and (found := take(event)) is not None:
                    return found
            if ended is None:
                raise TimedOut
        except EncoderGone:
            raise
        except BaseException:
            self._end_wait()
            raise
        raise _refusal(ended.status, "the wait")

    def _end_wait(self) -> None:
        with suppress(DeviceError):
            self._ask(Cancel())
            deadline = time.monotonic() + _LAST_WORD
            while (event := self._line.next_event(deadline)) is not None and not isinstance(event, Ended):
                pass

    def _pause_for_removal(self, deadline: float) -> None:
        while (event := self._line.next_event(deadline)) is not None and not isinstance(event, CardRemoved):
            pass

    def _template_part(self, offset: int, size: int) -> bytes:
        part = self._ask(ReadTemplate(offset, size))
        if len(part) != size:
            raise LineFault(f"{len(part)} bytes of the template came, {size} were asked for")
        return part


def _tenths(seconds: float) -> int:
    return min(max(round(seconds * 10), 1), 0xFFFF)


def _key_fields(key: SectorKey | None) -> tuple[KeyKind, bytes]:
    return (KeyKind.NONE, bytes(6)) if key is None else (key.kind, key.value)


def _finger_step(event: FingerProgress, samples: int) -> FingerStep:
    quality = event.quality if event.stage is not LineStage.PUT_FINGER else None
    return FingerStep(_STAGES[event.stage], event.sample, samples, quality)


def _presence(event: Message) -> CardPresence | None:
    return CardPresence(event.uid, Medium[event.kind.name]) if isinstance(event, CardArrived) else None


def _is_leftover(event: Ended, waited: float, seconds: float) -> bool:
    """Whether it is the last word on an earlier wait: we cancelled nothing, and the time is not over."""
    return event.status is Status.CANCELLED or (event.status is Status.TIMEOUT and waited < seconds - _EARLY)


def _refusal(status: Status, what: str) -> DeviceError:
    return _REFUSALS.get(status, LineFault)(f"{what} ended with {status.name}")


def _connect(url: str) -> LineMachine:
    return LineMachine(open_transport(url, BAUD_RATE))


DRIVER = Driver("machine", N_("Card-issuing machine"), _connect, probe_order=1)
