"""Fingerprint modules that speak EF01 packets: R30x, ZFM, AS608, R503. They take fingers and no cards.

Nothing is written to a module's own library: templates live sealed on the server. The module answers every command at once;
waiting for a finger is asking again and again, so a wait is broken off by asking no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pms.core.text import N_
from pms.devices.ef01_packets import (
    DATA_SIZES,
    Confirmation,
    Identifier,
    Instruction,
    Packet,
    PacketDecoder,
    data_packets,
)
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
    DeviceError,
    LineFault,
    NoAnswer,
    PoorImage,
    TimedOut,
    Unsupported,
    VerifyFailed,
)
from pms.devices.transport import Transport, open_transport
from pms.protocol.encoder_line import Capability, SignalPattern

BAUD_RATE = 57600
FORMAT = "ef01"

_ANSWER_SECONDS = 1.0
# Making features, combining and comparing take a module up to a second.
_THINKING_SECONDS = 2.5
_POLL = 0.12
_LOWEST, _MOST = 2, 6
# Most modules have two buffers; an R503 has six.
_R503 = 0x0009

_POOR = (Confirmation.IMAGE_FAILED, Confirmation.TOO_MESSY, Confirmation.TOO_FEW_FEATURES, Confirmation.NO_VALID_IMAGE)
# R503's ring of light: breathing, speed, colour, how often.
_LIGHTS = {
    SignalPattern.OFF: bytes((4, 0, 0, 0)),
    SignalPattern.WAIT: bytes((1, 100, 2, 0)),
    SignalPattern.GOOD: bytes((3, 0, 2, 0)),
    SignalPattern.BAD: bytes((2, 20, 1, 5)),
}


class Ef01Module:
    """A module on an open line."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._decoder = PacketDecoder()
        self._waiting: list[Packet] = []
        self._data_size = DATA_SIZES[2]
        self._system = 0
        self._model = "EF01"

    # --- who it is

    def hello(self) -> EncoderIdentity:
        """Prove the password of delivery and read the module's parameters.

        `Unsupported` where somebody changed the password, `NoAnswer` where nobody speaks EF01.
        """
        self._forget()
        confirmation, _ = self._ask(Instruction.VERIFY_PASSWORD, bytes(4))
        if confirmation == Confirmation.WRONG_PASSWORD:
            raise Unsupported("the module has a password of its own")
        _expect_ok(confirmation, "the password")
        confirmation, body = self._ask(Instruction.READ_PARAMETERS)
        _expect_ok(confirmation, "its parameters")
        if len(body) < 16:
            raise LineFault(f"{len(body)} bytes of parameters")
        code = int.from_bytes(body[12:14], "big")
        if code >= len(DATA_SIZES):
            raise LineFault(f"packet code {code}")
        self._data_size, self._system = DATA_SIZES[code], int.from_bytes(body[2:4], "big")
        self._model = "R503" if self._system == _R503 else f"EF01 {self._system:04X}"
        # Every module has the address of delivery until somebody sets another: that is no number to know it by.
        address = "" if body[8:12] == b"\xff" * 4 else body[8:12].hex()
        return EncoderIdentity(address, self._model, "", Capability.FINGERPRINT)

    def attend(self, seconds: float) -> None:
        """Listen while there is nothing to do; `EncoderGone` if the module was pulled out."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._receive(time.monotonic() + left)
        self._forget()

    def close(self) -> None:
        """Let go of the port; never fails."""
        self._transport.close()

    def signal(self, pattern: SignalPattern) -> None:
        """Show a pattern on the ring of light; `Unsupported` by modules without one."""
        if self._system != _R503:
            raise Unsupported("this module has no light")
        confirmation, _ = self._ask(Instruction.LIGHT, _LIGHTS[pattern])
        _expect_ok(confirmation, "the light")

    # --- fingers

    def capture_finger(
        self, samples: int, seconds: float, is_cancelled: IsCancelled, on_step: OnFinger = lambda _: None
    ) -> FingerTemplate:
        """Take a finger `samples` times (2 where the module has two buffers, up to 6 on an R503) and bring its template.

        A poor image is taken again while there is time; `PoorImage` if the time ends after one, `TimedOut` if nobody came.
        """
        count = min(max(samples, _LOWEST), _MOST if self._system == _R503 else _LOWEST)
        deadline = time.monotonic() + seconds
        was_poor = False
        try:
            while True:
                for sample in range(1, count + 1):
                    self._sample(sample, count, deadline, is_cancelled, on_step)
                confirmation, _ = self._ask(Instruction.COMBINE, seconds=_THINKING_SECONDS)
                if confirmation != Confirmation.NOT_COMBINED:
                    break
                # Two fingers that are not one, or one that moved: from the beginning.
                was_poor = True
                on_step(FingerStep(FingerStage.POOR, 1, count))
        except TimedOut as late:
            if was_poor:
                raise PoorImage("the samples did not fit together") from late
            raise
        _expect_ok(confirmation, "combining")
        return FingerTemplate(FORMAT, self._model, self.upload(1))

    def verify(self, template: bytes, seconds: float, is_cancelled: IsCancelled) -> int | None:
        """How well a finger fits a template (a score), or None if it does not. `TimedOut`, `Cancelled`, `PoorImage`."""
        self._sample(1, 1, time.monotonic() + seconds, is_cancelled, lambda _: None, lifts=False)
        self.download(template, 2)
        confirmation, body = self._ask(Instruction.MATCH, seconds=_THINKING_SECONDS)
        if confirmation == Confirmation.NO_MATCH:
            return None
        _expect_ok(confirmation, "comparing")
        return int.from_bytes(body[:2], "big")

    def upload(self, buffer: int) -> bytes:
        """The template in a buffer, whatever its size; `VerifyFailed` if any of it was damaged on its way."""
        # Counted from before the question: the packets may arrive together with its answer.
        lost, content = self._decoder.lost, b""
        confirmation, _ = self._ask(Instruction.UPLOAD, bytes((buffer,)))
        _expect_ok(confirmation, "the template")
        while True:
            packet = self._next(lambda found: found.identifier in (Identifier.DATA, Identifier.LAST_DATA))
            content += packet.content
            is_last = packet.identifier == Identifier.LAST_DATA
            if self._decoder.lost != lost or (not is_last and len(packet.content) != self._data_size):
                raise VerifyFailed("the template arrived damaged")
            if is_last:
                return content

    def download(self, template: bytes, buffer: int) -> None:
        """Put a template into a buffer."""
        confirmation, _ = self._ask(Instruction.DOWNLOAD, bytes((buffer,)))
        _expect_ok(confirmation, "a template")
        for packet in data_packets(template, self._data_size):
            self._transport.write(packet.encode())

    def _sample(
        self,
        sample: int,
        count: int,
        deadline: float,
        is_cancelled: IsCancelled,
        on_step: OnFinger,
        *,
        lifts: bool = True,
    ) -> None:
        """One good image made into features in the buffer of its number, and the finger lifted again."""
        was_poor = False
        on_step(FingerStep(FingerStage.PUT, sample, count))
        try:
            while True:
                self._wait_for(Confirmation.OK, deadline, is_cancelled)
                features = bytes((sample,))
                confirmation, _ = self._ask(Instruction.IMAGE_TO_FEATURES, features, seconds=_THINKING_SECONDS)
                if confirmation not in _POOR:
                    break
                was_poor = True
                on_step(FingerStep(FingerStage.POOR, sample, count))
                _pause(deadline, is_cancelled)
        except TimedOut as late:
            if was_poor:
                raise PoorImage("no image was clear enough") from late
            raise
        _expect_ok(confirmation, "the image")
        on_step(FingerStep(FingerStage.GOT, sample, count))
        if lifts and sample < count:
            on_step(FingerStep(FingerStage.LIFT, sample, count))
            self._wait_for(Confirmation.NO_FINGER, deadline, is_cancelled)

    def _wait_for(self, wanted: Confirmation, deadline: float, is_cancelled: IsCancelled) -> None:
        """Ask for images until there is one, or none; an image that failed is asked for again."""
        while True:
            if is_cancelled():
                raise Cancelled
            confirmation, _ = self._ask(Instruction.GET_IMAGE)
            if confirmation == wanted:
                return
            if confirmation not in (Confirmation.OK, Confirmation.NO_FINGER, Confirmation.IMAGE_FAILED):
                _expect_ok(confirmation, "an image")
            _pause(deadline, is_cancelled)

    # --- cards: none

    def wait_for_card(self, seconds: float, is_cancelled: IsCancelled) -> CardPresence:  # noqa: ARG002
        """`Unsupported`."""
        raise Unsupported("a fingerprint module has no place for a card")

    def wait_until_removed(self, uid: bytes, seconds: float, is_cancelled: IsCancelled) -> bool:  # noqa: ARG002
        """`Unsupported`."""
        raise Unsupported("a fingerprint module has no place for a card")

    def read_unit(self, uid: bytes, unit: int, key: SectorKey | None = None) -> bytes:  # noqa: ARG002
        """`Unsupported`."""
        raise Unsupported("a fingerprint module has no place for a card")

    def write_unit(
        self,
        uid: bytes,  # noqa: ARG002
        unit: int,  # noqa: ARG002
        content: bytes,  # noqa: ARG002
        key: SectorKey | None = None,  # noqa: ARG002
        trailer: bytes | None = None,  # noqa: ARG002
    ) -> None:
        """`Unsupported`."""
        raise Unsupported("a fingerprint module has no place for a card")

    # --- the line

    def _ask(
        self, instruction: Instruction, content: bytes = b"", *, seconds: float = _ANSWER_SECONDS
    ) -> tuple[int, bytes]:
        """The confirmation byte of the answer, and what follows it. `NoAnswer`.

        A command is not sent again: who did not hear the answer does not know whether it was done.
        """
        self._forget()
        self._transport.write(Packet(Identifier.COMMAND, bytes((instruction,)) + content).encode())
        answer = self._next(lambda packet: packet.identifier == Identifier.ACKNOWLEDGE, seconds)
        if not answer.content:
            raise LineFault("an answer without a confirmation")
        return answer.content[0], answer.content[1:]

    def _next(self, is_wanted: Callable[[Packet], bool], seconds: float = _ANSWER_SECONDS) -> Packet:
        deadline = time.monotonic() + seconds
        while True:
            while self._waiting:
                packet = self._waiting.pop(0)
                if is_wanted(packet):
                    return packet
            if time.monotonic() >= deadline:
                raise NoAnswer("the module does not answer")
            self._receive(deadline)

    def _receive(self, deadline: float) -> None:
        self._waiting += self._decoder.feed(self._transport.read(deadline))

    def _forget(self) -> None:
        """What came late belongs to an earlier question."""
        self._waiting.clear()
        self._decoder.clear()


def _expect_ok(confirmation: int, what: str) -> None:
    if confirmation == Confirmation.OK:
        return
    kind: type[DeviceError] = Unsupported if confirmation == Confirmation.UNSUPPORTED else LineFault
    raise kind(f"the module refused {what} with {confirmation:02X}")


def _pause(deadline: float, is_cancelled: IsCancelled) -> None:
    """A moment until the next question; `TimedOut`, `Cancelled`."""
    if is_cancelled():
        raise Cancelled
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimedOut
    time.sleep(min(_POLL, left))


def _connect(url: str) -> Ef01Module:
    return Ef01Module(open_transport(url, BAUD_RATE))


DRIVER = Driver("ef01", N_("Fingerprint module"), _connect, probe_order=3)
