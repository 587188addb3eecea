"""The inside of a simulated card-issuing machine: bytes in, bytes out, and a place for a card (docs/protocol.md, 6).

No port and no thread of its own. `SimulatedEncoder` in `encoder` puts it behind a pseudo-terminal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pms.protocol.crc import crc16
from pms.protocol.encoder_line import (
    ANSWER_BIT,
    SILENCE,
    Acknowledged,
    Answer,
    Cancel,
    Capability,
    CaptureFinger,
    CardArrived,
    CardKind,
    CardRemoved,
    Ended,
    FingerDone,
    FingerProgress,
    FingerStage,
    Hello,
    HelloAnswer,
    KeyKind,
    LineDecoder,
    LineFrame,
    Message,
    ReadTemplate,
    ReadUnit,
    Signal,
    SignalPattern,
    Status,
    WaitForCard,
    WriteUnit,
    decode_request,
    encode_line_frame,
)
from pms.protocol.errors import MalformedError

from .cards import CardRefused, CardTorn, KeyRefused, SimulatedCard
from .encoder_faults import Act, Faults, WriteCut
from .encoder_parts import CardWell, EventQueue, Finger
from .port import PulledOut

POOR_QUALITY = 30
TEMPLATE_FORMAT = 1


@dataclass(slots=True)
class _Memory:
    """What does not outlive a loss of power."""

    decoder: LineDecoder = field(default_factory=LineDecoder)
    heard_at: float = 0.0
    last: tuple[LineFrame, Answer] | None = None
    running: WaitForCard | CaptureFinger | None = None
    until: float = 0.0
    announced: SimulatedCard | None = None
    template: bytes | None = None
    events: EventQueue = field(default_factory=EventQueue)
    late: list[tuple[float, bytes]] = field(default_factory=list)
    steps: list[tuple[float, Message]] = field(default_factory=list)


class EncoderMachine:
    """The machine; every method belongs to one thread, except what `well` offers. Times are `time.monotonic()`."""

    def __init__(self, plate: HelloAnswer, send: Callable[[bytes], None], seconds_per_write: float) -> None:
        self.plate = plate
        self.well = CardWell()
        self.faults = Faults()
        self.seconds_per_write = seconds_per_write
        self.signal = SignalPattern.OFF
        self.finger: Finger | None = None
        self.writes = 0
        self.seconds_per_touch = 0.0
        """How long the person takes to put the finger on, or to lift it."""
        self._send = send
        self._memory = _Memory()
        self._actions: dict[type[Message], Callable[..., Answer]] = {
            Hello: self._hello,
            WaitForCard: self._start,
            ReadUnit: self._read,
            WriteUnit: self._write,
            Signal: self._show,
            Cancel: self._cancel,
            CaptureFinger: self._start,
            ReadTemplate: self._read_template,
        }

    def lose_power(self) -> None:
        """Forget everything but the card and the finger, which lie there still."""
        self._memory = _Memory()
        self.signal = SignalPattern.OFF

    def receive(self, data: bytes, at: float) -> None:
        """Take bytes from the line. `PulledOut` if a fault ended it there."""
        self._memory.heard_at = at
        for frame in self._memory.decoder.feed(data, at):
            self._take(frame)

    def tick(self, at: float) -> None:
        """Do what is due."""
        memory = self._memory
        for frame in memory.decoder.idle(at):
            self._take(frame)
        self._watch_card(at)
        self._watch_finger(at)
        self._take_steps(at)
        if memory.running is not None and at >= memory.until:
            self._end(Status.TIMEOUT, at)
        while memory.late and memory.late[0][0] <= at:
            self._send(memory.late.pop(0)[1])
        while (event := memory.events.to_send(at)) is not None:
            if not self.faults.uses("drop_events"):
                self._send(self.faults.noise + encode_line_frame(event))

    def due(self) -> float | None:
        """When `tick` has something to do by the clock alone."""
        memory = self._memory
        times = [memory.until] if memory.running is not None else []
        times += [memory.events.due] if memory.events.waiting else []
        times += [memory.late[0][0]] if memory.late else []
        times += [memory.steps[0][0]] if memory.steps else []
        times += [memory.heard_at + SILENCE] if memory.decoder.is_partial else []
        return min(times, default=None)

    # --- frames

    def _take(self, frame: LineFrame) -> None:
        memory = self._memory
        if self.faults.uses("deaf_frames"):
            return
        if frame.type == Acknowledged.type:
            memory.events.acknowledge(frame.seq, time.monotonic())
        elif not frame.type & ANSWER_BIT:
            if memory.last is None or memory.last[0] != frame:
                self._do(frame)
            else:
                self._answer(*memory.last)

    def _do(self, frame: LineFrame) -> None:
        cut: WriteCut | None = None
        try:
            request = decode_request(frame.type, frame.payload)
        except MalformedError as fault:
            is_unknown = fault.code == "unknown_type"
            answer = Answer(Status.UNKNOWN_TYPE if is_unknown else Status.BAD_LENGTH)
        else:
            cut = self.faults.due_cut() if isinstance(request, WriteUnit) else None
            action = self._actions[type(request)]
            answer = action(request, cut) if isinstance(request, WriteUnit) else action(request)
        if frame.type != Hello.type:
            self._memory.last = (frame, answer)
        self._answer(frame, answer)
        if cut is not None and cut.after_rows(0) is None:
            self.well.take()

    def _answer(self, frame: LineFrame, answer: Answer) -> None:
        data = encode_line_frame(LineFrame(frame.seq, frame.type | ANSWER_BIT, answer.encode()))
        if self.faults.uses("drop_answers"):
            return
        if self.faults.uses("garble_answers"):
            data = data[:-1] + bytes((data[-1] ^ 0xFF,))
        if self.faults.uses("double_answers"):
            data += self.faults.noise + data
        data = self.faults.noise + data
        if self.faults.delay_answers:
            self._memory.late.append((time.monotonic() + self.faults.delay_answers, data))
        else:
            self._send(data)

    # --- requests

    def _hello(self, request: Hello) -> Answer:  # noqa: ARG002 - whatever the host's version, we say ours
        self._memory.last = None
        return Answer(Status.DONE, self.plate.encode())

    def _show(self, request: Signal) -> Answer:
        self.signal = request.pattern
        return Answer(Status.DONE)

    def _start(self, request: WaitForCard | CaptureFinger) -> Answer:
        memory = self._memory
        if isinstance(request, CaptureFinger) and not self.plate.capabilities & Capability.FINGERPRINT:
            return Answer(Status.NO_FINGER_MODULE)
        if memory.running is not None:
            return Answer(Status.BUSY)
        memory.running, memory.until = request, time.monotonic() + request.timeout / 10
        if isinstance(request, CaptureFinger):
            memory.template = None
            memory.events.add(FingerProgress(FingerStage.PUT_FINGER, 1, 0), time.monotonic())
        return Answer(Status.ACCEPTED)

    def _cancel(self, request: Cancel) -> Answer:  # noqa: ARG002 - carries nothing
        if self._memory.running is not None:
            self._end(Status.CANCELLED, time.monotonic())
        return Answer(Status.DONE)

    def _read(self, request: ReadUnit) -> Answer:
        card = self._card_for(request)
        if isinstance(card, Status):
            return Answer(card)
        return _attempt(partial(card.read_unit, request.unit, request.key_kind, request.key), Status.WRONG_KEY)

    def _write(self, request: WriteUnit, cut: WriteCut | None) -> Answer:
        card = self._card_for(request)
        if isinstance(card, Status):
            return Answer(card)
        self.writes += 1
        try:
            rows = _row_writes(card, request)
        except CardRefused:
            return Answer(Status.WRITE_FAILED)
        cut_at = cut.after_rows(len(rows)) if cut else None
        for done, write in enumerate(rows):
            if cut is not None and done == cut_at:
                self._strike(cut)
            failure = self._write_row(card, write)
            if failure is not None:
                return Answer(failure)
            time.sleep(self.seconds_per_write / len(rows))
        if cut is not None and (cut_at == len(rows) or (cut_at is None and cut.act is Act.UNPLUG)):
            self._strike(cut)
        return self._read_written(card, request)

    def _strike(self, cut: WriteCut) -> None:
        if cut.act is Act.UNPLUG:
            raise PulledOut
        self.well.take()

    def _write_row(self, card: SimulatedCard, write: Callable[[], None]) -> Status | None:
        with self.well.lock:
            if self.well.card is not card:
                return Status.NO_CARD
            try:
                write()
            except CardTorn:
                self.well.take()
                return Status.NO_CARD
            except KeyRefused:
                return Status.WRONG_KEY
            except CardRefused:
                return Status.WRITE_FAILED
        return None

    def _read_written(self, card: SimulatedCard, request: WriteUnit) -> Answer:
        kind, key = request.key_kind, request.key
        if request.trailer is not None:
            # Key A reads under our trailer and under that of delivery.
            kind, key = KeyKind.A, request.trailer[:6]
        if self.well.card is not card:
            return Answer(Status.NO_CARD)
        answer = _attempt(partial(card.read_unit, request.unit, kind, key), Status.READ_BACK_DIFFERS)
        if answer.status is Status.DONE and answer.body != request.content:
            return Answer(Status.READ_BACK_DIFFERS)
        return answer

    def _card_for(self, request: ReadUnit | WriteUnit) -> SimulatedCard | Status:
        if self.faults.refusals:
            return self.faults.refusals.popleft()
        if self._memory.running is not None:
            return Status.BUSY
        card = self._visible_card()
        if card is None:
            return Status.NO_CARD
        return card if card.uid == request.uid else Status.OTHER_CARD

    def _read_template(self, request: ReadTemplate) -> Answer:
        template = self._memory.template
        if not self.plate.capabilities & Capability.FINGERPRINT:
            return Answer(Status.NO_FINGER_MODULE)
        if self._memory.running is not None:
            return Answer(Status.BUSY)
        if template is None:
            return Answer(Status.POOR_IMAGE)
        part = template[request.offset : request.offset + request.length]
        return Answer(Status.DONE, part) if len(part) == request.length else Answer(Status.BAD_LENGTH)

    # --- events

    def _visible_card(self) -> SimulatedCard | None:
        """The card, if the machine has the hardware for its kind."""
        card = self.well.card
        if card is None:
            return None
        needed = Capability.CLASSIC if card.medium.is_classic else Capability.NTAG
        return card if self.plate.capabilities & needed else None

    def _watch_card(self, at: float) -> None:
        memory, card = self._memory, self._visible_card()
        if memory.announced is not None and memory.announced is not card:
            memory.announced = None
            memory.events.add(CardRemoved(), at)
        if card is not None and isinstance(memory.running, WaitForCard):
            memory.running, memory.announced = None, card
            memory.events.add(CardArrived(CardKind(card.medium), card.uid), at)

    def _watch_finger(self, at: float) -> None:
        memory, finger = self._memory, self.finger
        if finger is None or memory.steps or not isinstance(memory.running, CaptureFinger):
            return
        samples, quality = memory.running.samples, finger.quality
        if quality < POOR_QUALITY:
            self._end(Status.POOR_IMAGE, at)
            return
        told: list[Message] = []
        for sample in range(1, samples + 1):
            told += [FingerProgress(FingerStage.PUT_FINGER, sample, 0)] if sample > 1 else []
            told += [FingerProgress(stage, sample, quality) for stage in (FingerStage.GOT_IT, FingerStage.LIFT_FINGER)]
        told.append(FingerDone(TEMPLATE_FORMAT, len(finger.template), crc16(finger.template)))
        memory.template = finger.template
        memory.steps = [(at + number * self.seconds_per_touch, event) for number, event in enumerate(told)]

    def _take_steps(self, at: float) -> None:
        memory = self._memory
        while memory.steps and memory.steps[0][0] <= at:
            _due, event = memory.steps.pop(0)
            memory.events.add(event, at)
            if isinstance(event, FingerDone):
                memory.running = None

    def _end(self, status: Status, at: float) -> None:
        self._memory.running = None
        self._memory.steps.clear()
        self._memory.events.add(Ended(status), at)


def _row_writes(card: SimulatedCard, request: WriteUnit) -> list[Callable[[], None]]:
    """The single writes of a command, in order: data blocks or pages, then the sector trailer."""
    rows = card.unit_rows(request.unit)
    parts = [request.content[start : start + card.row_size] for start in range(0, len(request.content), card.row_size)]
    places = list(zip(rows, parts, strict=True))
    if request.trailer is not None:
        if not card.medium.is_classic:
            raise CardRefused("only a MIFARE Classic has sector trailers")
        places.append((rows[-1] + 1, request.trailer))
    return [partial(card.write_row, row, request.key_kind, request.key, part) for row, part in places]


def _attempt(read: Callable[[], bytes], refusal: Status) -> Answer:
    try:
        return Answer(Status.DONE, read())
    except CardRefused:
        return Answer(refusal)
