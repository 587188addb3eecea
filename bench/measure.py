"""Medians and the rows that `make bench` prints."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure, and what a program that does the unavoidable only would need in the same run."""

    what: str
    figure: str
    floor: str
    ratio: float
    floor_is: str


def median_ms(work: Callable[[], object], *, rounds: int = 40, warm: int = 3) -> tuple[float, float]:
    """(median, 95th percentile) in milliseconds."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return statistics.median(times), times[int(len(times) * 0.95) - 1]


def row(what: str, measured: tuple[float, float], floor: tuple[float, float], floor_is: str) -> Row:
    """A row of a figure in milliseconds."""
    return Row(
        what=what,
        figure=f"{measured[0]:.1f}/{measured[1]:.1f} ms",
        floor=f"{floor[0]:.2f} ms",
        ratio=measured[0] / floor[0],
        floor_is=floor_is,
    )
