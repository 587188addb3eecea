"""The radio between a carrier and its locks: slow, and not every frame arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Radio:
    """Seconds and shares. `silent` are the locks (by serial number) that nobody hears and that hear nobody."""

    random: Random
    delay: tuple[float, float] = (0.03, 0.12)
    loss: float = 0.0
    bytes_a_second: float = 4000.0
    silent: set[str] = field(default_factory=set)

    def flight(self, lock: str, size: int) -> float | None:
        """How long a frame of so many bytes takes to or from a lock; None if it does not arrive."""
        if lock in self.silent or self.random.random() < self.loss:
            return None
        return self.random.uniform(*self.delay) + size / self.bytes_a_second

    def vary(self, pause: float) -> float:
        """About that pause: whoever tries again after it does not always meet the same others."""
        return pause * self.random.uniform(0.85, 1.15)
