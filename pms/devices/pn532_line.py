"""Question and answer on the line to a PN532 (NXP UM0701-02, section 6.2).

The chip acknowledges a command at once and answers it later; the host acknowledges nothing. A command is sent again only
while no acknowledgement has come. An answer is known by its code alone, and two reads have the same one: whenever
something was sent twice or given up, the line is first swept by a question whose echo nothing else can be.
"""

from __future__ import annotations

import time
from collections import deque
from secrets import token_bytes

from .contactless_reader import AnswerLost, never
from .encoder import IsCancelled
from .errors import Cancelled, LineFault, NoAnswer
from .pn532_frames import ACK_FRAME, FROM_CHIP, TO_CHIP, Frame, FrameDecoder, FrameKind, encode_frame
from .transport import Transport

ACK_WAITS = (0.1, 0.3, 0.6)
"""Seconds that an acknowledgement is waited for, sending by sending. The chip needs 15 ms, some USB bridges much more."""
ANSWER_SECONDS = 1.0

_LONGEST_WAIT = 0.6
_SLICE = 0.1
"""How often `is_cancelled` is asked."""
_DIAGNOSE = 0x00
_LINE_TEST = b"\x00"


class Pn532Line:
    """The host's end of the line. One thread only."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._decoder = FrameDecoder()
        self._frames: deque[Frame] = deque()
        self._is_clean = True
        self._ack_waits: tuple[float, ...] = ACK_WAITS

    def request(
        self,
        command: int,
        parameters: bytes = b"",
        *,
        seconds: float | None = None,
        is_cancelled: IsCancelled = never,
        ack_waits: tuple[float, ...] = (),
        before: bytes = b"",
    ) -> bytes:
        """Send a command, give back what follows the answer's code; `before` goes out ahead of every sending.

        `NoAnswer` without an acknowledgement, `AnswerLost` without an answer within `seconds` (else `ANSWER_SECONDS`),
        `LineFault` if the chip does not understand, `Cancelled`. After any of them the chip is at rest.
        """
        frame = encode_frame(bytes((TO_CHIP, command)) + parameters)
        seconds = ANSWER_SECONDS if seconds is None else seconds
        try:
            if not self._is_clean:
                self._sweep(is_cancelled)
            for _ in range(2):
                self._send(before + frame, command, ack_waits or self._ack_waits, is_cancelled)
                answer = self._answer(command, time.monotonic() + seconds, is_cancelled)
                if answer.kind is FrameKind.DATA:
                    return answer.data[2:]
            raise LineFault(f"the module does not understand command {command:02X}")
        except (NoAnswer, AnswerLost, Cancelled):
            self._abort()
            raise

    def listen(self, deadline: float) -> None:
        """Let time pass; what the chip says unasked is noise."""
        while time.monotonic() < deadline:
            self._decoder.feed(self._transport.read(deadline))

    def close(self) -> None:
        """Let go of the port."""
        self._transport.close()

    def _send(self, data: bytes, command: int, waits: tuple[float, ...], is_cancelled: IsCancelled) -> None:
        """Send until the chip says that it has heard; an answer says so as well, and is kept."""
        for sending, wait in enumerate(waits):
            if sending:
                self._is_clean = False
                self._be_patient()
            self._transport.write(data)
            deadline = time.monotonic() + wait
            while (frame := self._next(deadline, is_cancelled)) is not None:
                if frame.kind is FrameKind.ACK:
                    return
                if frame.kind is FrameKind.ERROR or _answers(frame, command):
                    self._frames.appendleft(frame)
                    return
        raise NoAnswer(f"command {command:02X} was not acknowledged")

    def _answer(self, command: int, deadline: float, is_cancelled: IsCancelled) -> Frame:
        while (frame := self._next(deadline, is_cancelled)) is not None:
            if frame.kind is FrameKind.ERROR or _answers(frame, command):
                return frame
        raise AnswerLost(f"command {command:02X} was acknowledged but not answered")

    def _next(self, deadline: float, is_cancelled: IsCancelled) -> Frame | None:
        while not self._frames:
            if is_cancelled():
                raise Cancelled
            now = time.monotonic()
            if now >= deadline:
                # Noise may have looked like the beginning of a long frame.
                self._frames += self._decoder.give_up()
                break
            self._frames += self._decoder.feed(self._transport.read(min(deadline, now + _SLICE)))
        return self._frames.popleft() if self._frames else None

    def _be_patient(self) -> None:
        """A line that is slow once, such as one across a network, is slow again: sending twice would cost more."""
        first, *others = self._ack_waits
        self._ack_waits = (min(3 * first, _LONGEST_WAIT), *others)

    def _abort(self) -> None:
        """End what the chip is doing: an acknowledgement by the host does it without an answer."""
        self._is_clean = False
        self._transport.write(ACK_FRAME)

    def _sweep(self, is_cancelled: IsCancelled) -> None:
        """Have a random number echoed: everything before it belongs to earlier commands."""
        for wait in self._ack_waits:
            test = _LINE_TEST + token_bytes(4)
            self._transport.write(encode_frame(bytes((TO_CHIP, _DIAGNOSE)) + test))
            echo = Frame(FrameKind.DATA, bytes((FROM_CHIP, _DIAGNOSE + 1)) + test)
            deadline = time.monotonic() + wait
            while (frame := self._next(deadline, is_cancelled)) is not None:
                if frame == echo:
                    self._is_clean = True
                    return
        raise NoAnswer("the module does not echo")


def _answers(frame: Frame, command: int) -> bool:
    return frame.kind is FrameKind.DATA and frame.data[:2] == bytes((FROM_CHIP, command + 1))
