"""Packets of fingerprint modules (R30x, ZFM, AS608, R503): bytes to values and back.

    EF 01 | address (4) | identifier (1) | length (2) | content | checksum (2)

The length counts content and checksum; the checksum is the sum of everything from the identifier on. Longer contents, such
as templates, travel in data packets, of which the last one says that it is. Sources: the R30x, ZFM-20 and R503 manuals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

START = b"\xef\x01"
ANY_ADDRESS = 0xFFFF_FFFF
DATA_SIZES = (32, 64, 128, 256)
"""Content bytes of a data packet by the module's packet code 0…3."""

_HEAD = 9
_CHECKSUM = 2
_MAX_LENGTH = 256 + _CHECKSUM


class Identifier(IntEnum):
    """What a packet is."""

    COMMAND = 0x01
    DATA = 0x02
    ACKNOWLEDGE = 0x07
    LAST_DATA = 0x08


class Instruction(IntEnum):
    """What a module can be asked for."""

    GET_IMAGE = 0x01
    IMAGE_TO_FEATURES = 0x02
    MATCH = 0x03
    COMBINE = 0x05
    UPLOAD = 0x08
    DOWNLOAD = 0x09
    VERIFY_PASSWORD = 0x13
    READ_PARAMETERS = 0x0F
    LIGHT = 0x35


class Confirmation(IntEnum):
    """The first byte of an answer, as far as a driver tells one from another."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    IMAGE_FAILED = 0x03
    TOO_MESSY = 0x06
    TOO_FEW_FEATURES = 0x07
    NO_MATCH = 0x08
    NOT_COMBINED = 0x0A
    UPLOAD_FAILED = 0x0D
    DOWNLOAD_FAILED = 0x0E
    WRONG_PASSWORD = 0x13
    NO_VALID_IMAGE = 0x15
    PASSWORD_NEEDED = 0x21
    SENSOR_FAULT = 0x29
    UNSUPPORTED = 0xFC


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. The content is kept out of texts: it may be somebody's finger."""

    identifier: int
    content: bytes = field(repr=False)
    address: int = ANY_ADDRESS

    def encode(self) -> bytes:
        """The bytes on the line; `ValueError` for a content that no packet holds."""
        if len(self.content) > _MAX_LENGTH - _CHECKSUM:
            raise ValueError(f"a packet holds {_MAX_LENGTH - _CHECKSUM} bytes, not {len(self.content)}")
        summed = bytes((self.identifier,)) + (len(self.content) + _CHECKSUM).to_bytes(2, "big") + self.content
        return START + self.address.to_bytes(4, "big") + summed + _checksum(summed)


def _checksum(summed: bytes) -> bytes:
    return (sum(summed) & 0xFFFF).to_bytes(2, "big")


class PacketDecoder:
    """Finds packets in what arrives: anything before `EF 01` is passed over, a wrong checksum drops the start mark only."""

    def __init__(self) -> None:
        self._arrived = bytearray()
        self.lost = 0
        """Bytes that were passed over: noise, or a packet that was damaged on its way."""

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are whole now, in order."""
        self._arrived += data
        return list(self._packets())

    def clear(self) -> None:
        """Forget a packet that never became whole."""
        self._arrived.clear()

    def _packets(self) -> Iterator[Packet]:
        while True:
            self._skip_to_start()
            if len(self._arrived) < _HEAD:
                return
            length = int.from_bytes(self._arrived[7:9], "big")
            if not _CHECKSUM <= length <= _MAX_LENGTH:
                self._drop(len(START))
                continue
            if len(self._arrived) < _HEAD + length:
                return
            whole = bytes(self._arrived[: _HEAD + length])
            if _checksum(whole[6:-_CHECKSUM]) != whole[-_CHECKSUM:]:
                self._drop(len(START))
                continue
            del self._arrived[: len(whole)]
            yield Packet(whole[6], whole[_HEAD:-_CHECKSUM], int.from_bytes(whole[2:6], "big"))

    def _skip_to_start(self) -> None:
        at = self._arrived.find(START)
        if at < 0:
            # Its first byte may be the last that has arrived.
            at = len(self._arrived) - (self._arrived[-1:] == START[:1])
        self._drop(at)

    def _drop(self, count: int) -> None:
        self.lost += count
        del self._arrived[:count]


def data_packets(content: bytes, size: int) -> Iterable[Packet]:
    """A long content in packets of `size` bytes; the last one says that it is."""
    starts = range(0, max(len(content), 1), size)
    for start in starts:
        is_last = start + size >= len(content)
        identifier = Identifier.LAST_DATA if is_last else Identifier.DATA
        yield Packet(identifier, content[start : start + size])
