"""Bounded reading and checked writing of big-endian fields.

One strategy: every read says how much it wants, and a reader that is done says so with `end()`. Missing and leftover
bytes are both `MalformedError`; a value that does not fit its field is `UsageError`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from .errors import MalformedError, UsageError

Word = TypeVar("Word", bound=IntEnum)

UID_SIZES = (4, 7, 10)


class Reader:
    """A cursor over `source` that never goes past its end."""

    __slots__ = ("_at", "_source")

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes were not read yet."""
        return len(self._source) - self._at

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self._at + size
        if end > len(self._source):
            raise MalformedError(f"{size} bytes wanted at offset {self._at}, {self.left} are left")
        taken = self._source[self._at : end]
        self._at = end
        return taken

    def number(self, size: int) -> int:
        """The next `size` bytes as an unsigned number."""
        return int.from_bytes(self.take(size), "big")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)

    def end(self) -> None:
        """Refuse leftover bytes."""
        if self.left:
            raise MalformedError(f"{self.left} bytes too many")


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Refuse (as the caller's fault) a number outside `low`…`high`, both included."""
    if not low <= value <= high:
        raise UsageError(f"{name} must be {low}…{high}, not {value}")


def check_size(name: str, value: bytes, *sizes: int) -> None:
    """Refuse (as the caller's fault) bytes of a size that is not in `sizes`. The bytes are not repeated in the text."""
    if len(value) not in sizes:
        raise UsageError(f"{name} must have {' or '.join(map(str, sizes))} bytes, not {len(value)}")


def check_uid(uid: bytes) -> None:
    """Refuse a card UID that is not 4, 7 or 10 bytes long."""
    check_size("UID", uid, *UID_SIZES)


class PeerFault:
    """A context in which a field that a value class refuses is the peer's fault, not the caller's."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, UsageError):
            raise MalformedError(str(fault)) from fault


def known(words: type[Word], code: int) -> Word:
    """The member of the enumeration `words` with this code; `MalformedError` where there is none."""
    try:
        return words(code)
    except ValueError:
        raise MalformedError(f"{words.__name__} has no code {code}") from None
