"""Decimal digits, two to a byte, high nibble first; an odd or short number is padded with F."""

from __future__ import annotations

from .errors import MalformedError, UsageError


def encode_bcd(digits: str, size: int | None = None) -> bytes:
    """The bytes of some decimal digits, padded to `size` bytes, or to whole ones."""
    if not (digits.isascii() and digits.isdigit()):
        raise UsageError("only decimal digits can be packed")
    wanted = 2 * size if size is not None else len(digits) + len(digits) % 2
    if len(digits) > wanted:
        raise UsageError(f"{len(digits)} digits do not fit into {size} bytes")
    return bytes.fromhex(digits.ljust(wanted, "f"))


def decode_bcd(packed: bytes) -> str:
    """The digits; `MalformedError` if anything but padding at the end is no digit, or nothing is one."""
    digits = packed.hex().rstrip("f")
    if not digits.isdecimal():
        raise MalformedError("packed digits are not decimal")
    return digits
