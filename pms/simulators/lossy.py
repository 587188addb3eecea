"""A bad network in virtual time: what is sent comes late, twice, in another order, or not at all.

Bounded by its parameters and decided by its own random numbers, so that the same seed gives the same bad day.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad it is: shares of what is sent, and seconds. What is `late` takes up to `longest` and is overtaken."""

    delay: tuple[float, float] = (0.02, 0.2)
    loss: float = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    longest: float = 30.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that has come, and when."""

    at: float
    destination: Hashable
    message: Any


class LossyNetwork:
    """Messages under way, by the time at which they arrive."""

    def __init__(self, random: Random, weather: Weather = Weather()) -> None:
        self.random = random
        self.weather = weather
        self._numbers = count()
        self._under_way: list[tuple[float, int, Hashable, Any]] = []

    def send(self, at: float, destination: Hashable, message: Any) -> None:
        """Hand something over to the network."""
        copies = 1 + (self.random.random() < self.weather.duplicates)
        for _ in range(copies):
            if self.random.random() >= self.weather.loss:
                self.remind(at + self._delay(), destination, message)

    def remind(self, at: float, destination: Hashable, message: Any) -> None:
        """Somebody's own alarm clock: it comes at that time, once."""
        heapq.heappush(self._under_way, (at, next(self._numbers), destination, message))

    def next_at(self) -> float | None:
        """When the next thing arrives; None: nothing is under way."""
        return self._under_way[0][0] if self._under_way else None

    def arrivals(self, until: float) -> Iterator[Arrival]:
        """What arrives until then, in order; also what is sent meanwhile and is as fast."""
        while self._under_way and self._under_way[0][0] <= until:
            at, _, destination, message = heapq.heappop(self._under_way)
            yield Arrival(at, destination, message)

    def _delay(self) -> float:
        weather = self.weather
        if weather.late and self.random.random() < weather.late:
            return self.random.uniform(weather.delay[1], weather.longest)
        return self.random.uniform(*weather.delay)
