"""What a process of the server calls itself at the broker, and in the table of those that talk to it.

A name is free again when its process ends, however it ends, and whoever starts next takes it: so a server that was killed and
started again finds the session that it had, and there are no more sessions than processes.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
from typing import TYPE_CHECKING

from pms.encoders.port_ownership import FileLock

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 64


class ProcessName:
    """A name of at most 23 characters that no other live process on this computer has; held until `release`."""

    def __init__(self, home: Path, prefix: str) -> None:
        place = f"{socket.gethostname()}\0{home.resolve()}\0{prefix}"
        begin = f"latchkey-{hashlib.blake2b(place.encode(), digest_size=5).hexdigest()}"
        for number in range(1, _MOST + 1):
            self._lock = FileLock(home / f"link-{number}.lock")
            if self._lock.acquire():
                self.text = f"{begin}-{number}"
                return
        self.text = f"latchkey-{secrets.token_hex(7)}"

    def release(self) -> None:
        """Let the next process have it."""
        self._lock.release()
