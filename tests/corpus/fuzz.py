"""Hunts one decoder with atheris: `python -m tests.corpus.fuzz TARGET FOLDER [libFuzzer options]`."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["pms"]):
    from tests.corpus.fuzz_targets import TARGETS


def main() -> None:
    """Run until the options say stop, or something breaks."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
