"""Question and answer on the line to a card-issuing machine (docs/protocol.md, section 6).

The host numbers its requests; an answer counts only with the number and type of the request that waits for it, so a
late second answer is dropped. A request is sent again after 300 ms, three times; the machine does it once. Events come
at any moment, also before the answer to the request that caused them: they are acknowledged at once, repeated ones too,
and each is handed out once.
"""

from __future__ import annotations

import time
from collections import deque
from secrets import randbelow

from pms.protocol.encoder_line import (
    ANSWER_BIT,
    Acknowledged,
    Answer,
    LineDecoder,
    LineFrame,
    Message,
    decode_event,
    encode_line_frame,
)
from pms.protocol.errors import MalformedError

from .errors import LineFault, NoAnswer
from .transport import Transport

RESEND_AFTER = 0.3
"""Seconds."""
SENDINGS = 4

_READ_SLICE = 0.05
# The machine repeats an unacknowledged event for 0.9 s; after that the same bytes are news.
_REPEATS_FOR = 2.0


class Line:
    """The host's end of the line. One thread only."""

    def __init__(self, transport: Transport, *, first_seq: int | None = None) -> None:
        """`first_seq` is random unless given, so that an answer to an earlier program's request does not fit."""
        self._transport = transport
        self._seq = randbelow(256) if first_seq is None else first_seq
        self._decoder = LineDecoder()
        self._events: deque[Message] = deque()
        self._seen: deque[tuple[float, LineFrame]] = deque()

    def request(self, message: Message) -> Answer:
        """Send `message`, give back its answer whatever the status.

        `NoAnswer` after four sendings in vain, `EncoderGone` if the port vanished, `LineFault` for an answer without
        a known status.
        """
        asked = LineFrame(self._seq, message.type, message.encode())
        self._seq = (self._seq + 1) & 0xFF
        for _ in range(SENDINGS):
            self._transport.write(encode_line_frame(asked))
            deadline = time.monotonic() + RESEND_AFTER
            while time.monotonic() < deadline:
                for frame in self._receive(deadline):
                    if (frame.seq, frame.type) == (asked.seq, asked.type | ANSWER_BIT):
                        return _answer(frame)
        raise NoAnswer(f"no answer to request {message.type:02X} within {SENDINGS * RESEND_AFTER:.1f} s")

    def next_event(self, deadline: float) -> Message | None:
        """The oldest event not handed out yet; None when `time.monotonic()` reaches `deadline` first."""
        while not self._events:
            if time.monotonic() >= deadline:
                return None
            self._receive(deadline)
        return self._events.popleft()

    def forget_events(self) -> None:
        """Drop the events that nobody asked for."""
        self._events.clear()

    def close(self) -> None:
        """Let go of the port."""
        self._transport.close()

    def _receive(self, deadline: float) -> list[LineFrame]:
        """The frames that arrive in the next moment; events among them are taken care of."""
        data = self._transport.read(min(deadline, time.monotonic() + _READ_SLICE))
        frames = self._decoder.feed(data, time.monotonic())
        for frame in frames:
            self._take_event(frame)
        return frames

    def _take_event(self, frame: LineFrame) -> None:
        if not frame.type & ANSWER_BIT or frame.type == Acknowledged.type:
            return
        try:
            event = decode_event(frame.type, frame.payload)
        except MalformedError:
            # An answer, or an event that we do not know: not ours to acknowledge.
            return
        self._transport.write(encode_line_frame(LineFrame(frame.seq, Acknowledged.type, Acknowledged().encode())))
        now = time.monotonic()
        while self._seen and now - self._seen[0][0] > _REPEATS_FOR:
            self._seen.popleft()
        if all(frame != seen for _, seen in self._seen):
            self._seen.append((now, frame))
            self._events.append(event)


def _answer(frame: LineFrame) -> Answer:
    try:
        return Answer.decode(frame.payload)
    except MalformedError as fault:
        raise LineFault(f"the answer to request {frame.type & ~ANSWER_BIT:02X} makes no sense: {fault}") from fault
