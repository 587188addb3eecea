"""Lists that grow with the house are read a page at a time, from a key on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the key from which the next ones follow (None: these were the last)."""

    rows: list[T]
    next_key: str | None


def cut(rows: list[T], size: int, key: str) -> Page[T]:
    """`rows` was asked for with one row more than `size`; `key` is the attribute to go on from."""
    if len(rows) <= size:
        return Page(rows, None)
    kept = rows[:size]
    return Page(kept, str(getattr(kept[-1], key)))
