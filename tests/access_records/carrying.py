"""What carriers do, for tests: bring a lock's frames to the API and the server's commands to the lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from pms.access_records import queries, service
from pms.access_records.models import AccessRecord
from pms.core.actor import Actor
from pms.core.db import db
from pms.lock_commands import queries as commands
from pms.lock_commands.models import LockCommand
from pms.locks import queries as locks
from tests.access_records.conftest import Scene
from tests.api import ApiClient

DESK = Actor(kind="account", name="Tom")


@dataclass
class Phone:
    """Stands at one lock; `post` is held against the OpenAPI document."""

    app: Flask
    scene: Scene
    carrier: dict[str, str] | None = None
    api: ApiClient = field(init=False)
    serial: str = field(init=False)

    def __post_init__(self) -> None:
        self.api = ApiClient(self.app)
        self.serial = locks.get_lock(self.scene.lock_id).serial_number
        db.remove()

    def bring(self, path: str, frame: bytes, *, status: int = 200) -> Any:
        body: dict[str, Any] = {"lockSn": self.serial, "frame": frame.hex()}
        if self.carrier is not None:
            body["carrier"] = self.carrier
        return self.api.post(path, body, status=status)

    def report_all(self) -> int:
        """Bring every report and take the acknowledgements back; how many."""
        count = 0
        while (frame := self.scene.twin.pending_report(self.scene.at)) is not None:
            self.scene.twin.receive(bytes.fromhex(self.bring("/reports/record", frame)["frame"]), self.scene.at)
            count += 1
        return count

    def fetch(self, path: str = "/reports/records", *, limit: int = 100) -> int:
        """Carry the server's questions to the lock and the answers back until nothing is asked any more; how many."""
        frame, count = next_frame(self.scene), 0
        while frame is not None and count < limit:
            answer = self.scene.twin.receive(frame, self.scene.at)
            assert answer is not None
            command = self.bring(path, answer)["command"]
            frame, count = bytes.fromhex(command) if command else None, count + 1
        return count


def next_frame(scene: Scene) -> bytes | None:
    from pms.core import clock
    from pms.lock_commands import service as lock_commands

    serial = locks.get_lock(scene.lock_id).serial_number
    db.remove()
    return lock_commands.next_frame(serial_number=serial, now=clock.now())


def ask(scene: Scene, now) -> LockCommand:
    command = service.sync_records(lock_id=scene.lock_id, actor=DESK, now=now)
    db.remove()
    return commands.get(command.id)


def sequences(scene: Scene) -> list[int]:
    """Of the present series, in order."""
    db.remove()
    life = locks.get_lock(scene.lock_id).counting_life
    rows = [row.record for row in queries.list_page(size=5000).rows]
    return sorted(row.sequence for row in rows if row.life == life)


def records(scene: Scene) -> dict[int, AccessRecord]:
    db.remove()
    return {row.record.sequence: row.record for row in queries.list_page(size=5000).rows}
