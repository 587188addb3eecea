"""Whole packets of MQTT, read before anything looks into them."""

from __future__ import annotations

import asyncio

from amqtt.adapters import ReaderAdapter
from amqtt.errors import MQTTError, NoDataError

# The longest packet is a frame (1047 bytes) with its topic.
MOST_BYTES = 4096


class Packets(ReaderAdapter):  # type: ignore[misc]
    """Reads whole packets, none longer than MOST_BYTES, and hands out their bytes."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._packet = b""
        self._has_ended = False

    async def read(self, n: int = -1) -> bytes:
        """The next `n` bytes of the packet; empty at the end of the stream; MQTTError for a packet that is too long or too short."""
        if n == 0:
            return b""
        if not self._packet:
            self._packet = await self._next()
        if n > len(self._packet) and self._packet:
            raise MQTTError("a packet ends too early")
        taken, self._packet = self._packet[:n], self._packet[n:]
        return taken

    def feed_eof(self) -> None:
        """Nothing more is read, not even by whoever waits for it now."""
        self._has_ended = True
        self._reader.set_exception(ConnectionResetError())

    async def _next(self) -> bytes:
        if self._has_ended:
            return b""
        try:
            head = await self._reader.readexactly(2)
            while head[-1] & 0x80 and len(head) < 5:
                head += await self._reader.readexactly(1)
            length = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(head[1:]))
            if length > MOST_BYTES:
                self._has_ended = True
                raise NoDataError("a packet is too long")
            return head + await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._has_ended = True
            return b""
