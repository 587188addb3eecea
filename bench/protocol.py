"""The protocol's figures, as `make bench` prints them."""

from __future__ import annotations

from bench import bench_protocol
from bench.measure import Row


def run() -> list[Row]:
    """Operations a second on one core; the floor is the bare primitive."""
    return [
        Row(what=name, figure=f"{figure:,.0f} {unit}", floor="", ratio=ratio, floor_is=floor)
        for name, figure, unit, ratio, floor in bench_protocol.run()
    ]
