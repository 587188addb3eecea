"""A credential is stored in a lock, changed, and taken out again; each time the lock has the last word."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.credentials import service as credentials
from pms.frontdesk import service as frontdesk
from pms.lock_commands import queries as commands
from pms.lock_commands import service as outbox
from pms.lock_commands.models import LockCommand
from pms.locks import queries as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import AnswerStatus, StoredKind, UserRole, WeekWindow
from pms.slots import jobs, queries, rules, service
from pms.slots.models import Consent, Slot, SlotOrigin, SlotState
from pms.slots.service import following
from pms.stays import queries as stays
from tests.access_records.conftest import set_up
from tests.races import race
from tests.slots.conftest import DESK, UID, Scene, detached, trail


def show(scene: Scene) -> str:
    """Hold the stored card to the door; what the lock says."""
    return scene.twin.show_credential(StoredKind.CARD, UID, scene.at).result.name.lower()


def test_a_card_is_stored_opens_is_changed_and_is_gone_by_the_locks_own_word(scene, now):
    slot = scene.store(valid_until=now + timedelta(hours=2), window=WeekWindow(0x10, 600, 900))
    assert (slot.number, slot.state, slot.content) == (1, SlotState.WAITING, UID)
    assert scene.carry() == 1
    assert scene.row(slot).state is SlotState.ADDED
    assert scene.row(slot).seen_at == now
    assert show(scene) == "opened"
    scene.change(slot, valid_until=now + timedelta(days=3), window=WeekWindow(0x01), name="Claire's other card")
    # It is Friday; the lock still has Friday.
    assert (scene.row(slot).state, show(scene)) == (SlotState.CHANGING, "opened")
    assert scene.carry() == 1
    assert (scene.row(slot).state, show(scene)) == (SlotState.ADDED, "outside_hours")
    scene.remove(slot)
    row = scene.row(slot)
    assert (row.state, row.content_sealed) == (SlotState.REMOVING, None)
    scene.carry()
    assert scene.row(slot).state is SlotState.REMOVED
    assert (show(scene), queries.listed(scene.lock_id)) == ("not_addressed", {})
    assert trail() == [
        "slots.stored",
        "slots.added",
        "slots.changed",
        "slots.change_taken",
        "slots.taken_away",
        "slots.removed",
    ]


def test_the_same_request_stores_once(any_scene):
    request_id = str(uuid4())
    found = race(3, lambda _: any_scene.store(request_id=request_id).id)
    assert len(set(found)) == 1
    db.remove()
    assert (
        db.session.scalar(
            sa.select(sa.func.count()).select_from(LockCommand).where(LockCommand.subject_kind != "setup")
        )
        == 1
    )


def test_no_two_get_the_same_slot(any_scene):
    scene = any_scene
    race(4, lambda n: scene.store(content=bytes([4, 0, 0, n]), name=f"Card {n}"))
    db.remove()
    assert sorted(db.session.scalars(sa.select(Slot.number))) == [1, 2, 3, 4]
    assert scene.carry() == 4
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.update(Slot).where(Slot.number == 2).values(number=1))


def test_a_slot_that_the_lock_says_it_uses_is_not_given_out(scene):
    scene.put_in_lock(1)
    scene.sync()
    assert scene.store().number == 2


def test_a_full_lock_takes_no_more(scene, monkeypatch):
    monkeypatch.setattr("pms.slots.rules.LARGEST_SLOT", 2)
    first = scene.code("1111")
    scene.code("2222")
    with pytest.raises(rules.LockFull):
        scene.code("3333")
    scene.remove(first)
    # Nobody was there yet, so its place is free.
    assert scene.code("3333").number == 1


def test_what_the_lock_refuses_is_kept_as_refused_and_the_lock_is_asked_why(scene):
    scene.put_in_lock(1, credential_id=77)
    slot = scene.store()
    scene.carry()
    row = scene.row(slot)
    assert (row.state, row.status, row.content_sealed) == (SlotState.REFUSED, AnswerStatus.ALREADY_THERE, None)
    assert scene.compare() == [(1, "unknown")]
    assert scene.store().number == 2
    assert trail().count("slots.refused") == 1


def test_what_was_stored_without_our_hearing_of_it_is_found_by_the_list(scene):
    slot = scene.store()
    scene.carry(0)
    frame = _next_frame(scene)
    scene.twin.receive(frame, scene.at)
    # The lock was set up anew before it was heard: it gets the order again, and has it already.
    with transaction() as session:
        session.get_one(Lock, scene.lock_id).life += 1
    scene.carry()
    assert scene.row(slot).state is SlotState.ADDED
    assert scene.compare() == []


def _next_frame(scene: Scene) -> bytes:
    frame = outbox.next_frame(serial_number=scene.serial_number, now=clock.now())
    assert frame
    return frame


def test_before_anybody_was_there_it_is_only_given_up_or_made_anew(scene):
    slot = scene.store()
    scene.change(slot, role=UserRole.STAFF)
    assert scene.row(slot).state is SlotState.WAITING
    # The first order was taken back.
    assert scene.carry() == 1
    other = scene.code("4711")
    scene.remove(other)
    assert scene.row(other).state is SlotState.NOT_SENT
    assert scene.carry() == 0


def test_changes_on_top_of_each_other_end_with_the_last_one(scene, now):
    slot = scene.store()
    _next_frame(scene)
    for hours in (1, 2, 3):
        scene.change(slot, valid_until=now + timedelta(hours=hours))
    assert scene.carry() == 4
    assert scene.row(slot).state is SlotState.ADDED
    assert scene.twin.state.users[1].user.not_after == scene.at + 3 * 3600
    assert scene.compare() == []


def test_a_change_that_is_none_sends_nothing_and_a_new_name_needs_no_lock(scene):
    slot = scene.store()
    scene.carry()
    scene.change(slot)
    scene.change(slot, name="Another name")
    assert (scene.carry(), scene.row(slot).name) == (0, "Another name")
    request_id = str(uuid4())
    for _ in range(2):
        scene.change(slot, role=UserRole.DURESS, request_id=request_id)
    assert scene.carry() == 1


def test_a_change_that_the_lock_refuses_shows_as_a_difference(scene):
    slot = scene.store()
    scene.carry()
    scene.twin.state.users.clear()
    scene.change(slot, role=UserRole.STAFF)
    scene.carry()
    assert (scene.row(slot).state, scene.row(slot).status) == (SlotState.ADDED, AnswerStatus.NO_SUCH_ITEM)
    assert scene.compare() == [(1, "missing")]


def test_a_removal_can_be_asked_for_again_when_the_lock_did_not_do_it(scene, monkeypatch):
    slot = scene.store()
    scene.carry()
    scene.remove(slot)
    scene.remove(slot)
    monkeypatch.setattr("pms.slots.rules.after_answer", lambda *_, **__: None)
    assert scene.carry() == 1
    assert scene.row(slot).state is SlotState.REMOVING
    monkeypatch.undo()
    scene.remove(slot)
    assert scene.carry() == 1
    # The lock has no such item, and that is what was wanted.
    assert scene.row(slot).state is SlotState.REMOVED
    with pytest.raises(rules.NotInLock):
        scene.change(slot, name="Ghost")
    with pytest.raises(NotFound):
        service.remove(slot_id=7, actor=DESK, now=clock.now())


# --- what is refused


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"name": " "}, rules.NoName),
        ({"name": "x" * 81}, rules.NoName),
        ({"content": b"12345"}, rules.BadUid),
        ({"kind": StoredKind.PASSCODE, "content": bytes.fromhex("123f")}, rules.BadCode),
        ({"kind": StoredKind.PASSCODE, "content": bytes.fromhex("12a4")}, rules.BadCode),
        ({"kind": StoredKind.PASSCODE, "content": bytes.fromhex("1234ff")}, rules.BadCode),
        ({"kind": StoredKind.PASSCODE, "content": bytes.fromhex("1234567890123f")}, rules.BadCode),
        ({"kind": StoredKind.REMOTE, "content": b""}, rules.BadRemote),
        ({"kind": StoredKind.FACE, "content": b"x" * 8193}, rules.BadTemplate),
        ({"kind": StoredKind.FACE, "content": b"face"}, rules.NoConsent),
        ({"valid_until": timedelta(0)}, rules.AlreadyOver),
        ({"valid_from": timedelta(hours=2), "valid_until": timedelta(hours=1)}, rules.EndsBeforeItBegins),
        ({"owner": service.Owner(stay_id=7)}, NotFound),
        ({"owner": service.Owner(stay_id=7, account_id=7)}, rules.BadOwner),
        ({"lock_id": 7}, NotFound),
    ],
)
def test_what_cannot_be_is_not_stored(scene, now, wish, refusal):
    spans = {key: now + value for key, value in wish.items() if isinstance(value, timedelta)}
    with pytest.raises(refusal):
        scene.store(**{**wish, **spans})
    assert trail() == []
    assert scene.carry() == 0


def test_a_lock_takes_what_it_has_a_reader_for_once_it_is_set_up(scene):
    with transaction() as session:
        session.get_one(Lock, scene.lock_id).features = ["passcode"]
    with pytest.raises(rules.KindNotThere):
        scene.store()
    slot = scene.code("4711")
    with transaction() as session:
        session.get_one(Lock, scene.lock_id).setup = LockSetup.MOVED
    with pytest.raises(rules.LockNotReady):
        scene.code("4712")
    with pytest.raises(rules.LockNotReady):
        scene.change(slot, role=UserRole.STAFF)
    with pytest.raises(rules.LockNotReady):
        service.sync(lock_id=scene.lock_id, actor=DESK, now=clock.now())


def test_the_database_itself_keeps_no_content_of_what_is_to_go(scene):
    scene.store()
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.update(Slot).values(state=SlotState.REMOVING))


# --- what phones report


def report(scene: Scene, **changes) -> Slot:
    db.remove()
    wish = {"number": 9, "kind": StoredKind.CARD, "credential_id": 99, "content": None, "name": "Cleaner", **changes}
    return detached(
        service.report_stored(
            lock_id=scene.lock_id, valid_from=None, valid_until=None, actor=DESK, now=clock.now(), **wish
        )
    )


def test_what_a_phone_stored_is_in_the_book_once_and_its_slot_is_taken(scene, monkeypatch):
    slot = report(scene)
    assert (slot.state, slot.origin, slot.number) == (SlotState.ADDED, SlotOrigin.REPORTED, 9)
    assert report(scene).id == slot.id
    with pytest.raises(rules.SlotTaken):
        report(scene, credential_id=98)
    with pytest.raises(rules.CredentialTaken):
        report(scene, number=10)
    with pytest.raises(rules.BadSlot):
        report(scene, number=301)
    request_id = str(uuid4())
    assert len({report(scene, number=11, credential_id=11, request_id=request_id).id for _ in range(2)}) == 1
    # Nobody asked the lock yet, so there is no difference to see.
    assert scene.compare() == []
    assert scene.carry() == 0


def test_what_only_the_lock_knows_can_be_renamed_and_taken_away_but_not_changed(scene):
    slot = report(scene, kind=StoredKind.FACE)
    scene.put_in_lock(9, StoredKind.FACE, credential_id=99)
    scene.change(slot, name="The cleaner's face")
    with pytest.raises(rules.NoContent):
        scene.change(slot, role=UserRole.STAFF)
    scene.remove(slot)
    scene.carry()
    assert scene.row(slot).state is SlotState.REMOVED
    assert scene.twin.state.users == {}


# --- people and time


def test_what_is_of_a_stay_ends_with_it_follows_it_and_is_gone_after_it(scene, house, now):
    other = set_up(house.doors["102"].lock_id, now)
    other_lock, room_id = house.doors["102"].lock_id, house.rooms["102"].id
    slot = scene.store(owner=scene.owner)
    short = scene.code("4711", owner=scene.owner, valid_until=now + timedelta(hours=1))
    reported = report(scene, owner=scene.owner)
    assert scene.row(slot).guest_id == scene.guest_id
    ends = scene.row(slot).valid_until
    assert (ends, scene.row(short).valid_until) == (queries.stay_ends(_stay(scene)), now + timedelta(hours=1))
    scene.carry()
    frontdesk.extend(stay_id=scene.stay_id, departure_date=now.date() + timedelta(days=5), actor=DESK, now=now)
    assert scene.row(slot).valid_until == ends + timedelta(days=3)
    assert scene.row(short).valid_until == now + timedelta(hours=1)
    scene.carry()
    assert scene.twin.state.users[1].user.not_after == int(scene.row(slot).valid_until.timestamp())
    frontdesk.move_room(stay_id=scene.stay_id, room_id=room_id, actor=DESK, now=now)
    assert {scene.row(one).state for one in (slot, short, reported)} == {SlotState.REMOVING}
    scene.carry()
    assert scene.twin.state.users == {}
    moved = [one for one in queries.wanted_of_stay(scene.stay_id) if one.lock_id == other_lock]
    # What only the old lock knew cannot follow.
    assert [one.name for one in moved] == ["Claire's card", "Code 11"]
    assert "slots.not_moved" in trail()
    scene.lock_id, scene.twin = other_lock, other
    scene.serial_number = _serial(other_lock)
    scene.carry()
    assert show(scene) == "opened"
    frontdesk.check_out(stay_id=scene.stay_id, actor=DESK, now=now)
    assert show(scene) == "opened"
    scene.carry()
    assert (show(scene), scene.twin.state.users) == ("not_addressed", {})
    proof = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "slots.removed", AuditEntry.lock_id == other_lock)
    ).all()
    assert {(entry.stay_id, entry.actor_kind) for entry in proof} == {(scene.stay_id, "lock")}
    with pytest.raises(rules.StayOver):
        scene.store(owner=scene.owner)


def _stay(scene: Scene):
    return stays.get_stay(scene.stay_id)


def _serial(lock_id: int) -> str:
    serial_number = locks.get_lock(lock_id).serial_number
    db.remove()
    return serial_number


def test_what_is_over_and_what_is_of_somebody_who_left_is_taken_out(scene, now, monkeypatch):
    over = scene.store(valid_until=now + timedelta(hours=1))
    left = scene.code("4711", owner=service.Owner(account_id=scene.account_id))
    scene.code("4712")
    scene.carry()
    jobs.expire()
    assert scene.carry() == 0
    clock.freeze(now + timedelta(hours=1))
    with transaction() as session:
        session.execute(sa.text("UPDATE account SET is_active = false WHERE id = :id"), {"id": scene.account_id})
    monkeypatch.setattr(following, "BATCH", 1)
    assert jobs.expire().params == {"count": 2}
    assert jobs.expire().params == {"count": 0}
    assert [scene.row(one).state for one in (over, left)] == [SlotState.REMOVING] * 2
    assert scene.carry() == 2
    assert len(scene.twin.state.users) == 1


def test_a_template_needs_consent_lies_sealed_and_goes_when_the_consent_does(scene):
    template = bytes(range(256)) * 2
    wish = {"kind": StoredKind.PALM, "content": template, "name": "Claire's palm", "owner": scene.owner}
    with pytest.raises(rules.NoConsent):
        scene.store(**wish)
    with transaction() as session:
        session.add(consent_of(scene.guest_id))
    slot = scene.store(**wish)
    # 512 bytes are three parts.
    assert scene.carry() == 3
    assert scene.twin.show_credential(StoredKind.PALM, template, scene.at).is_opened
    with db.engine.connect() as connection:
        sealed = connection.scalar(sa.select(Slot.content_sealed))
    assert template[:16] not in bytes(sealed)
    credentials.withdraw(guest_id=scene.guest_id, actor=DESK, now=clock.now())
    assert (scene.row(slot).state, scene.row(slot).content_sealed) == (SlotState.REMOVING, None)
    scene.carry()
    assert scene.twin.state.users == {}
    kept = [command.plaintext_sealed for command in commands.of_subject(service.SUBJECT, slot.id)]
    assert kept == [None] * 4


def consent_of(guest_id: int):
    return Consent(guest_id=guest_id, text_version=rules.CONSENT_VERSION, given_at=clock.now(), recorded_by="Desk")


def test_a_lock_that_wiped_itself_holds_nothing(scene):
    slot = scene.store()
    scene.carry()
    other = scene.code("4711")
    assert service.forget_lock(lock_id=scene.lock_id, actor=DESK, now=clock.now()) == 2
    assert {scene.row(one).state for one in (slot, other)} == {SlotState.REMOVED}
    assert scene.carry() == 0
    assert queries.listed(scene.lock_id) == {}
