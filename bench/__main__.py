"""`make bench`: how fast it is here, each figure beside a floor measured in the same run. Asserts nothing."""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = (
    "desk",
    "house",
    "today",
    "search",
    "availability",
    "chart",
    "outage",
    "api",
    "reports",
    "unlock",
    "gateways",
    "machines",
    "start",
    "protocol",
)


def main() -> None:
    """Run the parts named on the command line, or all."""
    wanted = sys.argv[1:] or list(PARTS)
    print(f"{'what':<52}{'figure':>14}  {'floor':>14}  ratio  floor is")
    for part in wanted:
        for row in import_module(f"bench.{part}").run():
            print(f"{row.what:<52}{row.figure:>14}  {row.floor:>14}  {row.ratio:>5.1f}  {row.floor_is}", flush=True)


main()
