"""The inside of a simulated fingerprint module: bytes in, bytes out, and a place for a finger.

Written from the tables of the R30x, ZFM-20 and R503 manuals, apart from the driver, so that both do not share a mistake.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .encoder_parts import Finger
from .port import PulledOut

OK, PACKET_ERROR, NO_FINGER, MESSY, NO_MATCH, NOT_FOUND, NOT_COMBINED = 0x00, 0x01, 0x02, 0x06, 0x08, 0x09, 0x0A
BAD_SLOT, TEMPLATE_FAILED, DELETE_FAILED, WRONG_PASSWORD, NO_IMAGE = 0x0B, 0x0C, 0x10, 0x13, 0x15
BAD_REGISTER, PASSWORD_NEEDED, UNSUPPORTED = 0x1A, 0x21, 0xFC
COMMAND, DATA, ACKNOWLEDGE, LAST_DATA = 0x01, 0x02, 0x07, 0x08

CAPACITY = 200
POOR_QUALITY = 30
IMAGE_SIZE = 256 * 288 // 2
SCORE = 120
_OPEN_TO_ALL = (0x13, 0x0F, 0x53, 0x40)


@dataclass(slots=True)
class Faults:
    """What goes wrong; off unless set."""

    is_silent: bool = False
    is_garbled: bool = False
    """Every checksum is wrong."""
    drops_answer: int = 0
    """The answer to the n-th command from now (1 is the next) is lost."""
    delay: float = 0.0
    """Seconds before every answer; stays until set back."""
    shortens_data: bool = False
    """Data packets lose their last byte on the way."""
    loses_data: bool = False
    """One data packet is damaged on the way."""
    unplug_at: int = 0
    """The n-th command from now pulls the plug."""


@dataclass(slots=True)
class _Power:
    """What does not outlive a loss of power."""

    arrived: bytearray = field(default_factory=bytearray)
    image: Finger | None = None
    buffers: dict[int, bytes] = field(default_factory=dict)
    downloading: int | None = None
    incoming: bytearray = field(default_factory=bytearray)
    is_open: bool = False
    is_lifted: bool = False
    """The person lifts the finger between two images, as asked."""
    late: list[tuple[float, bytes]] = field(default_factory=list)


class FingerModule:
    """The module; every method belongs to one thread. Times are `time.monotonic()`."""

    def __init__(self, send: Callable[[bytes], None], template_size: int, packet_code: int, system: int) -> None:
        self.template_size = template_size
        self.packet_code = packet_code
        self.finger: Finger | None = None
        self.lifts = True
        self.faults = Faults()
        self.library: dict[int, bytes] = {}
        self.light = 0
        self.address = 0xFFFFFFFF
        self.password = bytes(4)
        self.level, self.baud_factor, self.system = 3, 6, system
        self._send_bytes = send
        self._power = _Power()
        self._acts: dict[int, Callable[[bytes], None]] = {
            0x01: self._get_image,
            0x02: self._features,
            0x03: self._match,
            0x04: self._search,
            0x05: self._combine,
            0x06: self._store,
            0x07: self._load,
            0x08: self._upload,
            0x09: self._download,
            0x0A: self._upload_image,
            0x0C: self._delete,
            0x0D: self._empty,
            0x0E: self._set_parameter,
            0x0F: self._parameters,
            0x12: self._set_password,
            0x13: self._verify_password,
            0x15: self._set_address,
            0x1B: self._search,
            0x1D: self._count,
            0x1F: self._index,
            0x35: self._set_light,
            0x40: self._check,
            0x53: self._handshake,
        }

    def lose_power(self) -> None:
        """Forget images and buffers; the library stays."""
        self._power = _Power()

    def due(self) -> float | None:
        """When an answer that was held back is to leave."""
        return self._power.late[0][0] if self._power.late else None

    def tick(self, at: float) -> None:
        """Let answers go whose time has come."""
        while self._power.late and self._power.late[0][0] <= at:
            self._send_bytes(self._power.late.pop(0)[1])

    def receive(self, data: bytes, at: float) -> None:  # noqa: ARG002 - of the interface
        """Take bytes from the line. `PulledOut` if a fault ended it there."""
        self._power.arrived += data
        while (packet := self._take_packet()) is not None:
            identifier, content = packet
            if identifier == COMMAND and content:
                self._command(content[0], content[1:])
            elif identifier in (DATA, LAST_DATA):
                self._data(content, is_last=identifier == LAST_DATA)

    # --- packets

    def _take_packet(self) -> tuple[int, bytes] | None:
        arrived = self._power.arrived
        while (start := arrived.find(b"\xef\x01")) >= 0:
            del arrived[:start]
            if len(arrived) < 9:
                return None
            address, identifier, length = struct.unpack(">IBH", arrived[2:9])
            if len(arrived) < 9 + length:
                return None
            body = bytes(arrived[9 : 9 + length])
            summed = identifier + (length >> 8) + (length & 0xFF) + sum(body[:-2])
            del arrived[: 9 + length]
            if summed & 0xFFFF != int.from_bytes(body[-2:], "big"):
                self._acknowledge(PACKET_ERROR)
            elif address == self.address:
                return identifier, body[:-2]
        del arrived[: max(0, len(arrived) - 1)]
        return None

    def _packet(self, identifier: int, content: bytes) -> bytes:
        summed = struct.pack(">BH", identifier, len(content) + 2) + content
        checksum = sum(summed) + (1 if self.faults.is_garbled else 0)
        return b"\xef\x01" + self.address.to_bytes(4, "big") + summed + (checksum & 0xFFFF).to_bytes(2, "big")

    def _acknowledge(self, confirmation: int, content: bytes = b"") -> None:
        if self.faults.drops_answer == 1:
            self.faults.drops_answer = 0
            return
        self.faults.drops_answer = max(0, self.faults.drops_answer - 1)
        self._leave(self._packet(ACKNOWLEDGE, bytes((confirmation,)) + content))

    def _leave(self, data: bytes) -> None:
        if self.faults.is_silent:
            return
        if self.faults.delay:
            self._power.late.append((time.monotonic() + self.faults.delay, data))
        else:
            self._send_bytes(data)

    def _send_data(self, content: bytes) -> None:
        size = 32 << self.packet_code
        parts = [content[start : start + size] for start in range(0, len(content), size)]
        for number, part in enumerate(parts):
            packet = self._packet(LAST_DATA if part is parts[-1] else DATA, part)
            if self.faults.shortens_data:
                packet = packet[:-1]
            if self.faults.loses_data and number == len(parts) // 2:
                packet = packet[:12] + bytes((packet[12] ^ 0xFF,)) + packet[13:]
            self._leave(packet)

    # --- commands

    def _command(self, code: int, content: bytes) -> None:
        if self.faults.unplug_at:
            self.faults.unplug_at -= 1
            if not self.faults.unplug_at:
                raise PulledOut
        if self.password != bytes(4) and not self._power.is_open and code not in _OPEN_TO_ALL:
            self._acknowledge(PASSWORD_NEEDED)
            return
        act = self._acts.get(code)
        if act is None:
            self._acknowledge(UNSUPPORTED)
            return
        try:
            act(content)
        except (IndexError, struct.error):
            self._acknowledge(PACKET_ERROR)

    def _data(self, content: bytes, *, is_last: bool) -> None:
        power = self._power
        if power.downloading is None:
            return
        power.incoming += content
        if is_last:
            power.buffers[power.downloading] = bytes(power.incoming)
            power.downloading = None

    def _verify_password(self, content: bytes) -> None:
        self._power.is_open = content[:4] == self.password
        self._acknowledge(OK if self._power.is_open else WRONG_PASSWORD)

    def _set_password(self, content: bytes) -> None:
        self.password = content[:4]
        self._acknowledge(OK)

    def _set_address(self, content: bytes) -> None:
        self.address = int.from_bytes(content[:4], "big")
        self._acknowledge(OK)

    def _parameters(self, _content: bytes) -> None:
        values = (0, self.system, CAPACITY, self.level, self.address, self.packet_code, self.baud_factor)
        self._acknowledge(OK, struct.pack(">HHHHIHH", *values))

    def _set_parameter(self, content: bytes) -> None:
        number, value = content[0], content[1]
        if number == 4 and 1 <= value <= 12:
            self.baud_factor = value
        elif number == 5 and 1 <= value <= 5:
            self.level = value
        elif number == 6 and value <= 3:
            self.packet_code = value
        else:
            self._acknowledge(BAD_REGISTER)
            return
        self._acknowledge(OK)

    def _get_image(self, _content: bytes) -> None:
        power = self._power
        if self.finger is None or power.is_lifted:
            # Lifted for one question, then put on again.
            power.is_lifted, power.image = False, None
            self._acknowledge(NO_FINGER)
            return
        power.image = self.finger
        self._acknowledge(OK)

    def _features(self, content: bytes) -> None:
        power, number = self._power, content[0]
        if power.image is None:
            self._acknowledge(NO_IMAGE)
        elif power.image.quality < POOR_QUALITY:
            self._acknowledge(MESSY)
        else:
            power.buffers[number] = power.image.template[: self.template_size].ljust(self.template_size, b"\0")
            power.is_lifted = self.lifts
            self._acknowledge(OK)

    def _combine(self, _content: bytes) -> None:
        found = list(self._power.buffers.values())
        is_one = len(found) > 1 and all(features == found[0] for features in found)
        self._acknowledge(OK if is_one else NOT_COMBINED)
        if not is_one:
            self._power.buffers.clear()

    def _match(self, _content: bytes) -> None:
        first, second = self._power.buffers.get(1), self._power.buffers.get(2)
        is_same = first is not None and first == second
        self._acknowledge(OK if is_same else NO_MATCH, struct.pack(">H", SCORE if is_same else 0))

    def _store(self, content: bytes) -> None:
        number, slot = struct.unpack(">BH", content[:3])
        if slot >= CAPACITY or number not in self._power.buffers:
            self._acknowledge(BAD_SLOT)
            return
        self.library[slot] = self._power.buffers[number]
        self._acknowledge(OK)

    def _load(self, content: bytes) -> None:
        number, slot = struct.unpack(">BH", content[:3])
        if slot not in self.library:
            self._acknowledge(TEMPLATE_FAILED)
            return
        self._power.buffers[number] = self.library[slot]
        self._acknowledge(OK)

    def _search(self, content: bytes) -> None:
        number, first, count = struct.unpack(">BHH", content[:5])
        wanted = self._power.buffers.get(number)
        for slot in range(first, min(first + count, CAPACITY)):
            if wanted is not None and self.library.get(slot) == wanted:
                self._acknowledge(OK, struct.pack(">HH", slot, SCORE))
                return
        self._acknowledge(NOT_FOUND, bytes(4))

    def _upload(self, content: bytes) -> None:
        template = self._power.buffers.get(content[0])
        if template is None:
            self._acknowledge(0x0D)
            return
        self._acknowledge(OK)
        self._send_data(template)

    def _download(self, content: bytes) -> None:
        self._power.downloading, self._power.incoming = content[0], bytearray()
        self._acknowledge(OK)

    def _upload_image(self, _content: bytes) -> None:
        if self._power.image is None:
            self._acknowledge(NO_IMAGE)
            return
        self._acknowledge(OK)
        pattern = self._power.image.template or b"\0"
        self._send_data((pattern * (IMAGE_SIZE // len(pattern) + 1))[:IMAGE_SIZE])

    def _delete(self, content: bytes) -> None:
        slot, count = struct.unpack(">HH", content[:4])
        if slot + count > CAPACITY:
            self._acknowledge(DELETE_FAILED)
            return
        for number in range(slot, slot + count):
            self.library.pop(number, None)
        self._acknowledge(OK)

    def _empty(self, _content: bytes) -> None:
        self.library.clear()
        self._acknowledge(OK)

    def _count(self, _content: bytes) -> None:
        self._acknowledge(OK, struct.pack(">H", len(self.library)))

    def _index(self, content: bytes) -> None:
        first = content[0] * 256
        table = bytearray(32)
        for slot in self.library:
            if first <= slot < first + 256:
                table[(slot - first) // 8] |= 1 << (slot - first) % 8
        self._acknowledge(OK, bytes(table))

    def _set_light(self, content: bytes) -> None:
        if self.system != 9:
            self._acknowledge(UNSUPPORTED)
            return
        self.light = content[0]
        self._acknowledge(OK)

    def _handshake(self, _content: bytes) -> None:
        self._acknowledge(0x55)

    def _check(self, _content: bytes) -> None:
        self._acknowledge(OK)
