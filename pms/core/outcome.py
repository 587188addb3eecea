"""What came of something that the program did by itself, in words that are translated when somebody reads them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """`message` is a translatable template in which `params` (plain numbers and words, never a secret or a name) are filled in."""

    message: str
    params: dict[str, int | str] = field(default_factory=dict)
