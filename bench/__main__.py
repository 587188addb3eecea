"""`make bench`: how fast it is here, each figure beside a floor measured in the same run. Asserts nothing."""

from __future__ import annotations

import sys

from bench import desk, protocol, start

PARTS = {"desk": desk.run, "start": start.run, "protocol": protocol.run}


def main() -> None:
    """Run the parts named on the command line, or all."""
    wanted = sys.argv[1:] or list(PARTS)
    print(f"{'what':<52}{'figure':>14}  {'floor':>12}  ratio  floor is")
    for part in wanted:
        for row in PARTS[part]():
            print(f"{row.what:<52}{row.figure:>14}  {row.floor:>12}  {row.ratio:>5.1f}  {row.floor_is}", flush=True)


main()
