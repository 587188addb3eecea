"""CRC-16/IBM-3740 (poly 1021, init FFFF, no reflection, no final xor); "123456789" gives 29B1."""

from __future__ import annotations

import binascii


def crc16(data: bytes | bytearray | memoryview, start: int = 0xFFFF) -> int:
    """The checksum of `data`; `start` continues an earlier one."""
    return binascii.crc_hqx(data, start)
