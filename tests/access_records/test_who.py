"""Who is named beside a record: the clerk who had the lock do it, and nobody where nobody is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import rules, service
from pms.access_records.models import AccessRecord
from pms.access_records.rules import DeedAsked, command_behind
from pms.core.actor import Actor
from pms.core.db import db
from pms.lock_commands import operate
from pms.lock_commands import service as lock_commands
from pms.lock_commands.models import LockCommand
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.protocol.record import RecordEvent, RecordMethod
from tests.access_records.gateway import Door
from tests.client import text_of

NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOST = timedelta(minutes=5)


def _asked(number: int, begins: int, ends: int, deed: Deed = Deed.UNLOCK) -> DeedAsked:
    return DeedAsked(number, deed, NOON + begins * SECOND, NOON + ends * SECOND)


@pytest.mark.parametrize(
    ("event", "second", "asked", "found"),
    [
        (RecordEvent.OPENED, 5, [_asked(1, 0, 10)], 1),
        (RecordEvent.OPENED, 5, [], None),
        (RecordEvent.OPENED, 5, [_asked(1, 0, 10, Deed.LOCK)], None),
        (RecordEvent.LOCKED, 5, [_asked(1, 0, 10), _asked(2, 0, 10, Deed.LOCK)], 2),
        # Clocks differ: the nearest counts, the earlier of two, and none that is far off.
        (RecordEvent.OPENED, 30, [_asked(1, 0, 10), _asked(2, 25, 28)], 2),
        (RecordEvent.OPENED, 5, [_asked(1, 0, 10), _asked(2, 0, 10)], 1),
        (RecordEvent.OPENED, -300, [_asked(1, 0, 10)], 1),
        (RecordEvent.OPENED, -301, [_asked(1, 0, 10)], None),
        (RecordEvent.OPENED, 310, [_asked(1, 0, 10)], 1),
        (RecordEvent.OPENED, 311, [_asked(1, 0, 10)], None),
        (RecordEvent.USER_CHANGED, 5, [_asked(1, 0, 10)], None),
    ],
)
def test_a_record_is_of_the_command_in_whose_time_it_lies(event, second, asked, found):
    command = command_behind(event, NOON + second * SECOND, asked, most=MOST)
    assert (command.id if command else None) == found


def _unlock(scene, who: str, now) -> LockCommand:
    """A clerk opens the door from the desk, and the lock's answer is carried back."""
    actor = Actor(kind="account", name=who)
    command = operate.operate(lock_id=scene.lock_id, deed=Deed.UNLOCK, actor=actor, now=now)
    serial = locks.get_lock(scene.lock_id).serial_number
    frame = lock_commands.next_frame(serial_number=serial, now=now)
    answer = scene.twin.receive(frame, int(now.timestamp()))
    service.take_frame(serial_number=serial, frame=answer, kinds=rules.ANY_ANSWER, actor=actor, now=now)
    db.remove()
    return command


def _bring(scene, now) -> None:
    service.take_frames(brought=Door.of(scene.lock_id, scene.twin, scene.at).reports(), now=now)
    db.remove()


def test_an_opening_from_the_desk_names_the_clerk_who_asked_for_it(any_scene, now):
    scene, later = any_scene, now + timedelta(seconds=20)
    first, second = _unlock(scene, "Tom", now), _unlock(scene, "Ada", later)
    scene.twin.state.log(scene.at + 25, RecordEvent.OPENED, RecordMethod.COMMAND)  # by whom, nobody here knows
    _bring(scene, later)
    opened = sa.select(AccessRecord.command_id).where(AccessRecord.method == RecordMethod.COMMAND)
    opened = opened.where(AccessRecord.event == RecordEvent.OPENED).order_by(AccessRecord.sequence)
    assert db.session.scalars(opened).all() == [first.id, second.id, None]


def test_pages_name_the_clerk_and_say_where_a_key_is_unknown(scene, client, now):
    _unlock(scene, "Tom", now)
    scene.twin.state.log(scene.at, RecordEvent.OPENED, RecordMethod.CARD, 77)
    scene.twin.state.log(scene.at, RecordEvent.OPENED, RecordMethod.INSIDE_HANDLE)
    _bring(scene, now)
    manager = client.log_in("manager")
    for page in ("/records/", f"/rooms/{scene.room_id}"):
        text = text_of(manager.get(page))
        assert "Opened Remotely Tom, remotely" in text
        assert "Opened Stored card Unknown" in text
        assert "Opened From inside Unknown" not in text
    part = text_of(manager.get(f"/records/of-lock/{scene.lock_id}", htmx=True))
    assert "Opened Tom, remotely" in part
    assert "Opened From inside" in part
    ledger = text_of(manager.get("/ledger/?kind=doors"))
    assert "Tom, remotely" in ledger
    assert "Unknown" in ledger
