"""Locks whose reports come in batches, for tests: as a gateway brings those of all the locks around it."""

from __future__ import annotations

from dataclasses import dataclass

from pms.access_records.service import Brought
from pms.core.db import db
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.protocol.command import ACKNOWLEDGED
from pms.protocol.frame import Direction, Frame, peek_header, seal_frame
from pms.protocol.record import RecordEvent
from pms.simulators.lock import VirtualLock


@dataclass
class Door:
    """A lock and the key of its frames: its reports are acknowledged here, so that many can be on their way at once."""

    serial: str
    twin: VirtualLock
    key: bytes
    at: int

    @classmethod
    def of(cls, lock_id: int, twin: VirtualLock, at: int) -> Door:
        row = locks.get_lock(lock_id)
        digits = twin.state.server_keys
        door = cls(row.serial_number, twin, lock_keys.command_key_of(row, digits), at)
        db.remove()
        return door

    def log(self, *events: RecordEvent) -> None:
        for event in events:
            self.twin.state.log(self.at, event)

    def reports(self) -> list[Brought]:
        """Everything that the lock has to say, frame by frame."""
        found = []
        while (frame := self.twin.pending_report(self.at)) is not None:
            head = peek_header(frame)
            answer = Frame(head.version, head.command, Direction.ACKNOWLEDGEMENT, head.counter, ACKNOWLEDGED)
            self.twin.receive(seal_frame(self.key, self.twin.state.sn, answer), self.at)
            found.append(Brought(self.serial, frame))
        return found
