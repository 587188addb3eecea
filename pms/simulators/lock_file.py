"""Virtual locks in a file, so that a simulated carrier can be stopped and gone on with. The file holds the locks' keys."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from random import Random

from .lock import VirtualLock


def load(path: Path) -> dict[str, VirtualLock]:
    """The locks by serial number. OSError, or ValueError where the file is no list of `VirtualLock.to_json`."""
    try:
        found = [VirtualLock.from_json(values) for values in json.loads(path.read_text(encoding="utf-8"))]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("it holds no list of locks") from error
    return by_serial(found)


def save(path: Path, locks: Mapping[str, VirtualLock]) -> None:
    """Write the locks, whole or not at all, for nobody else to read."""
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump([lock.to_json() for lock in locks.values()], file)
    draft.replace(path)


def fresh(count: int, random: Random) -> dict[str, VirtualLock]:
    """Locks as they leave the factory."""
    return by_serial(
        [VirtualLock.fresh(random.randbytes(6), random.randbytes(6), random.randbytes(8)) for _ in range(count)]
    )


def by_serial(locks: list[VirtualLock]) -> dict[str, VirtualLock]:
    """By serial number, 12 hex digits in capitals."""
    return {lock.state.sn.hex().upper(): lock for lock in locks}
