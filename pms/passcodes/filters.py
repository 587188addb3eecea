"""Which passcodes a list shows."""

from __future__ import annotations

from dataclasses import dataclass

from pms.passcodes.models import PasscodeKind

SHOWN = ("alive", "ended", "all")


@dataclass(frozen=True, slots=True)
class Filters:
    """`show` is one of SHOWN, `text` begins a door's name or a holder's, or names a guest; `kind` is one of those that are
    computed, `is_stored` asks for those that locks store, or for all others."""

    show: str = "all"
    kind: PasscodeKind | None = None
    is_stored: bool | None = None
    lock_id: int | None = None
    door_id: int | None = None
    text: str = ""

    @property
    def takes_computed(self) -> bool:
        """Whether a code that is computed can be among them."""
        return self.is_stored is not True

    @property
    def takes_stored(self) -> bool:
        """Whether a code that a lock stores can be among them."""
        return self.kind is None and self.is_stored is not False

    @property
    def word(self) -> str:
        """The kind as an address has it."""
        return "stored" if self.is_stored else self.kind.value if self.kind else ""
