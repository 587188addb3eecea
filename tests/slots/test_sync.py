"""The book and the lock's own list: what differs is found, shown, and mended each way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pms.core import clock
from pms.core.db import db
from pms.lock_commands import queries as commands
from pms.protocol.command import AnswerStatus, Command, ListUsers, LockAnswer, StoredKind, UserList, UserRole
from pms.simulators.lock import commands as simulated
from pms.slots import queries, rules, service
from pms.slots.comparing import Mend
from pms.slots.models import SlotOrigin, SlotState
from tests.races import race
from tests.slots.conftest import CARRIER, DESK, LISTED_UNTIL, Scene, trail


def mend(scene: Scene, number: int, way: Mend) -> None:
    db.remove()
    service.mend(lock_id=scene.lock_id, number=number, way=way, actor=DESK, now=clock.now())


def differ(scene: Scene) -> None:
    """Slots 1 to 4 of ours; then 1 is missing, 2 ends at another time, 3 holds something else, 4 is as it should be, and 9 is
    known to the lock alone."""
    for digits in ("1111", "2222", "3333", "4444"):
        scene.code(digits)
    scene.carry()
    ours = scene.twin.state.users[2].user.credential_id
    del scene.twin.state.users[1]
    scene.put_in_lock(2, StoredKind.PASSCODE, credential_id=ours)
    scene.put_in_lock(3)
    scene.put_in_lock(9, StoredKind.FACE)
    scene.sync()


ALL = [(1, "missing"), (2, "different"), (3, "other"), (9, "unknown")]


def test_every_sort_of_difference_is_found_and_all_are_mended_after_the_book(any_scene):
    scene = any_scene
    differ(scene)
    assert scene.compare() == ALL
    assert service.mend_all(lock_id=scene.lock_id, actor=DESK, now=clock.now()) == 4
    # On their way they are no differences any more, nor is anything asked twice.
    assert scene.compare() == []
    assert service.mend_all(lock_id=scene.lock_id, actor=DESK, now=clock.now()) == 0
    # Add; change; delete and add; delete.
    assert scene.carry() == 5
    users = scene.twin.state.users
    assert sorted(users) == [1, 2, 3, 4]
    assert [users[n].content.hex() for n in (1, 2, 3, 4)] == ["1111", "2222", "3333", "4444"]
    assert users[2].user.not_after == rules.NEVER
    scene.sync()
    assert scene.compare() == []
    assert trail().count("slots.all_mended") == 1


def test_the_book_can_follow_the_lock_instead(scene):
    differ(scene)
    for number, _fault in ALL:
        mend(scene, number, Mend.TAKE_OVER)
    assert scene.carry() == 0
    assert scene.compare() == []
    found = {slot.number: slot for slot in queries.of_lock(scene.lock_id)}
    assert sorted(found) == [2, 3, 4, 9]
    assert found[2].valid_until == datetime.fromtimestamp(LISTED_UNTIL, UTC)
    assert {number: slot.origin for number, slot in found.items() if slot.origin is SlotOrigin.FOUND} == {
        3: SlotOrigin.FOUND,
        9: SlotOrigin.FOUND,
    }
    # What only the lock knows is gone with the next list that lacks it.
    scene.twin.state.users.pop(9)
    scene.sync()
    assert scene.compare() == [(9, "missing")]
    assert queries.compare(scene.lock_id).differences[0].ways == (Mend.TAKE_OVER,)


def test_each_is_mended_by_itself_and_some_ways_are_none(scene):
    differ(scene)
    with pytest.raises(rules.CannotMendSo):
        mend(scene, 9, Mend.SEND)
    with pytest.raises(rules.CannotMendSo):
        mend(scene, 1, Mend.TAKE_AWAY)
    mend(scene, 1, Mend.SEND)
    mend(scene, 2, Mend.TAKE_AWAY)
    mend(scene, 3, Mend.TAKE_AWAY)
    mend(scene, 9, Mend.TAKE_AWAY)
    for number, _fault in ALL:
        with pytest.raises(rules.NoSuchDifference):
            mend(scene, number, Mend.TAKE_OVER)
    scene.carry()
    assert sorted(scene.twin.state.users) == [1, 4]
    assert trail().count("slots.removed") == 3
    assert scene.compare() == []


def test_two_who_mend_the_same_difference_mend_it_once(any_scene):
    scene = any_scene
    differ(scene)
    found = race(2, lambda _: mend(scene, 9, Mend.TAKE_AWAY))
    assert sorted(type(one).__name__ for one in found) == ["NoSuchDifference", "NoneType"]
    assert scene.carry() == 1


def test_a_long_list_comes_twenty_at_a_time(scene):
    for number in range(1, 46):
        scene.put_in_lock(number)
    scene.sync()
    db.remove()
    row = queries.find_sync(scene.lock_id)
    assert row is not None
    assert [one.command for one in commands.of_subject(service.SYNC_SUBJECT, row.id)] == [Command.LIST_USERS] * 3
    assert (row.is_running, row.listed_at) == (False, clock.now())
    assert [number for number, fault in scene.compare() if fault == "unknown"] == list(range(1, 46))
    # Forty are two whole pages; only an empty third says that there are no more.
    for number in range(41, 46):
        del scene.twin.state.users[number]
    scene.sync()
    assert len(scene.compare()) == 40
    assert trail().count("slots.listed") == 2


def test_a_lock_that_lists_the_same_page_over_and_over_is_not_asked_without_end(scene, monkeypatch):
    for number in range(1, 25):
        scene.put_in_lock(number)
    page = LockAnswer(AnswerStatus.DONE, simulated.list_users(scene.twin.state))
    monkeypatch.setitem(simulated._ACTIONS, ListUsers, lambda *_: page)
    service.sync(lock_id=scene.lock_id, actor=DESK, now=clock.now())
    assert scene.carry(10) == 2


def test_asking_again_while_the_list_is_under_way_asks_once(scene):
    for number in range(1, 30):
        scene.put_in_lock(number)
    ids = {service.sync(lock_id=scene.lock_id, actor=DESK, now=clock.now()).id for _ in range(3)}
    assert len(ids) == 1
    scene.carry(1)
    # Half of it is here; what is beyond is not judged.
    assert len(scene.compare()) == 20
    assert queries.compare(scene.lock_id).listed_at is None
    assert service.sync(lock_id=scene.lock_id, actor=DESK, now=clock.now()).id not in ids
    assert scene.carry() == 1


def test_a_lock_that_does_not_list_is_said_to_have_refused(scene, monkeypatch):
    refusal = LockAnswer(AnswerStatus.REFUSED)
    monkeypatch.setitem(simulated._ACTIONS, ListUsers, lambda *_: refusal)
    scene.sync()
    comparison = queries.compare(scene.lock_id)
    assert (comparison.is_running, comparison.status, comparison.listed_at) == (False, 3, None)
    assert trail()[-1] == "slots.list_refused"


def test_a_lock_that_tells_of_itself_is_believed_as_far_as_it_told(scene):
    first = scene.store()
    scene.carry()
    for number in range(2, 24):
        scene.put_in_lock(number)
    scene.code("4711")
    told = simulated.list_users(scene.twin.state)
    for _ in range(2):
        service.note_users(lock_id=scene.lock_id, users=told, actor=CARRIER, now=clock.now())
    # Twenty may not be all.
    assert queries.compare(scene.lock_id).listed_at is None
    assert [number for number, _ in scene.compare()] == list(range(3, 21))
    service.note_users(lock_id=scene.lock_id, users=UserList(()), actor=CARRIER, now=clock.now())
    # Now it has told that there is nothing: the order to store slot 2 has not reached it yet.
    assert scene.compare() == [(1, "missing")]
    assert scene.row(first).missed_at == clock.now()


def test_a_credential_that_lies_in_another_slot_is_followed_there(scene):
    slot = scene.store()
    scene.carry()
    (stored,) = scene.twin.state.users.values()
    scene.twin.state.users.clear()
    scene.put_in_lock(6, credential_id=stored.user.credential_id, not_after=rules.NEVER)
    scene.sync()
    assert scene.compare() == [(1, "missing"), (6, "unknown")]
    mend(scene, 6, Mend.TAKE_OVER)
    assert scene.compare() == []
    assert scene.row(slot).state is SlotState.REMOVED
    # Twice in the lock: the book has it in one slot and cannot have it in the other.
    scene.put_in_lock(8, credential_id=stored.user.credential_id)
    scene.sync()
    with pytest.raises(rules.CredentialTaken):
        mend(scene, 8, Mend.TAKE_OVER)
    mend(scene, 8, Mend.TAKE_AWAY)
    scene.carry()
    assert sorted(scene.twin.state.users) == [6]


def test_other_role_and_other_end_are_differences_and_a_second_is_not(scene, now):
    scene.store(valid_until=now.replace(hour=15, microsecond=700_000), role=UserRole.STAFF)
    scene.carry()
    scene.sync()
    assert scene.compare() == []
    user = scene.twin.state.users[1].user
    scene.put_in_lock(1, credential_id=user.credential_id, not_after=user.not_after, role=UserRole.ADMINISTRATOR)
    scene.sync()
    assert scene.compare() == [(1, "different")]
