"""The two files that make Mosquitto the house's broker: who may log in, and who may use which topic (docs/broker.md)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pms.gateways import passwords
from pms.protocol.topics import CarrierSort, Way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pms.config import BrokerAddress

PASSWORD_FILE, ACL_FILE = "latchkey.passwd", "latchkey.acl"


def password_file(hashes: Mapping[str, str], server: BrokerAddress) -> str:
    """A line for each carrier and for the server. Carriers are checked by their hashes, in Mosquitto's own form."""
    lines = {**hashes, server.username: passwords.hash_password(server.password)}
    return "".join(f"{user}:{lines[user]}\n" for user in sorted(lines))


def acl_file(server: BrokerAddress, prefix: str) -> str:
    """The server hears everything and sends down; a carrier (`%u`) has its own topics, each of them one way."""
    lines = [f"user {server.username}"]
    for sort in CarrierSort:
        lines += [
            f"topic read {prefix}/{sort}/+/state",
            f"topic read {prefix}/{sort}/+/+/{Way.UP}",
            f"topic write {prefix}/{sort}/+/+/{Way.DOWN}",
        ]
    lines.append("")
    for sort in CarrierSort:
        lines += [
            f"pattern write {prefix}/{sort}/%u/state",
            f"pattern write {prefix}/{sort}/%u/+/{Way.UP}",
            f"pattern read {prefix}/{sort}/%u/+/{Way.DOWN}",
        ]
    return "\n".join(lines) + "\n"


def write(folder: Path, *, hashes: Mapping[str, str], server: BrokerAddress, prefix: str) -> list[Path]:
    """Write both into the folder, each whole or not at all, readable for its owner only. Which files there are."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    texts = {PASSWORD_FILE: password_file(hashes, server), ACL_FILE: acl_file(server, prefix)}
    for name, text in texts.items():
        _replace(folder / name, text)
    return [folder / name for name in texts]


def _replace(path: Path, text: str) -> None:
    # Made with mode 0600, beside the file that it takes the place of.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
