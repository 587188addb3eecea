"""A finger is taken, sent to a lock, opens the door, and is gone when the guest is: the whole way, with what may go wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.accounts.models import Account
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.credentials import capture, jobs, queries, service
from pms.credentials.models import EndReason, Fingerprint, FingerState
from pms.credentials.rules import NoSuchDoor, NotInHouse, NotStored
from pms.encoders import queries as encoder_queries
from pms.encoders import service as encoders
from pms.encoders.models import EncoderJob, JobState
from pms.frontdesk import service as frontdesk
from pms.lock_commands import queries as command_queries
from pms.lock_commands import service as outbox
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks.models import Lock
from pms.protocol.command import Command
from pms.protocol.record import RecordMethod
from pms.simulators.encoder import Finger as FingerOnModule
from pms.simulators.encoder import finger_called, synthetic_template
from pms.slots.models import Consent, Slot, SlotState
from pms.slots.rules import LockFull, NoConsent
from tests.flows.desk import until
from tests.keycards.desk import DESK, new_request
from tests.races import race

STORED, DESTROYED = FingerState.STORED, FingerState.DESTROYED


def trail() -> list[str]:
    db.remove()
    rows = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in rows if action.startswith(("credentials.", "slots."))]


def whole_database() -> str:
    """Every value of every row, as the file has it."""
    db.remove()
    with db.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        rows = [
            bytes(v) if isinstance(v, memoryview) else v
            for t in tables
            for r in connection.exec_driver_sql(f'SELECT * FROM "{t}"')
            for v in r
        ]
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in rows)


# --- taking


def test_a_finger_goes_from_the_module_to_the_door_and_is_gone_when_the_guest_is(scene):
    row = scene.take()
    (place,) = row.places
    assert (row.state, place.state, place.number) == (STORED, SlotState.WAITING, 1)
    assert row.template == synthetic_template("Claire")
    assert (row.template_format, row.template_model) == ("machine-1", "ZC-20")
    assert scene.touch() == "wrong_code" or scene.fingers_in_lock == []
    # 512 bytes are three frames.
    assert scene.carry() == 3
    assert scene.row(row.id).places[0].state is SlotState.ADDED
    assert scene.touch() == "opened"
    scene.report()
    opened = db.session.scalars(sa.select(AccessRecord).where(AccessRecord.method == RecordMethod.FINGERPRINT)).all()
    assert opened[-1].stay_id == scene.stay_id
    db.remove()
    frontdesk.check_out(stay_id=scene.stay_id, actor=DESK, now=clock.now())
    row = scene.row(row.id)
    assert (row.state, row.end_reason, row.template_sealed) == (DESTROYED, EndReason.CHECKED_OUT, None)
    # Nobody was at the lock yet, and the book says so.
    assert row.places[0].state is SlotState.REMOVING
    assert scene.touch() == "opened"
    assert scene.carry() == 1
    assert scene.row(row.id).places[0].state is SlotState.REMOVED
    assert scene.touch() != "opened"
    assert trail() == [
        "credentials.consent_given",
        "credentials.taken",
        "slots.added",
        "credentials.destroyed",
        "slots.removed",
    ]


def test_the_template_is_nowhere_in_the_clear_and_nowhere_at_all_once_it_is_gone(scene):
    template = synthetic_template("Claire").hex()
    row = scene.take()
    scene.carry(1)
    assert template not in whole_database()
    assert template[:32] not in whole_database()
    scene.carry()
    service.remove(fingerprint_id=row.id, actor=DESK, now=clock.now())
    with db.engine.connect() as connection:
        kept = connection.execute(sa.select(LockCommand.plaintext_sealed, LockCommand.frame_sealed)).all()
        sealed = connection.scalar(sa.select(Fingerprint.template_sealed))
    # What is left is the order to remove it.
    assert [values for values in kept if values[0] is not None] == kept[-1:]
    assert sealed is None


def test_nothing_is_taken_before_the_person_agreed(scene):
    with pytest.raises(NoConsent):
        scene.start(agreed=False)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EncoderJob)) == 0
    assert trail() == []
    scene.take()
    # Agreed once is enough for the same text.
    scene.take("Claire's thumb", agreed=False)
    assert trail().count("credentials.consent_given") == 1


def test_the_same_form_twice_takes_one_finger(any_scene):
    request_id = new_request()
    scene = any_scene
    assert race(2, lambda _: scene.start(request_id=request_id)) == [request_id, request_id]
    db.remove()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Fingerprint)) == 1


def test_the_steps_are_live_and_it_can_be_stopped(scene):
    scene.desk.machine.device._machine.seconds_per_touch = 0.3
    batch_id = scene.start()
    until(lambda: (scene.desk.jobs(batch_id)[0].result or {}).get("stage") == "put")
    scene.desk.machine.device.put_finger(finger_called("Claire"))
    until(lambda: (scene.desk.jobs(batch_id)[0].result or {}).get("stage") == "lift")
    encoders.cancel_batch(batch_id=batch_id, actor=DESK, now=clock.now())
    job = scene.desk.wait_for(batch_id)
    assert job.state is JobState.CANCELLED
    row = scene.row(job.subject_id)
    assert (row.state, row.places[0].state) == (FingerState.NOT_TAKEN, SlotState.NOT_SENT)
    scene.desk.machine.device.put_finger(None)
    assert scene.take().state is STORED


def test_a_finger_that_is_not_clear_is_not_kept(scene):
    row = scene.take("poor")
    assert (row.state, row.template_sealed) == (FingerState.NOT_TAKEN, None)
    assert queries.of_stay(scene.stay_id) == []
    assert scene.carry() == 0


def test_without_doors_it_is_stored_for_later_and_sent_when_wanted(scene):
    row = scene.take(doors=False)
    assert row.places == []
    for _ in range(2):
        service.send(fingerprint_id=row.id, door_ids=[scene.door_id], actor=DESK, now=clock.now())
    assert scene.carry() == 3
    assert scene.touch() == "opened"
    with pytest.raises(NoSuchDoor):
        service.send(fingerprint_id=row.id, door_ids=[7], actor=DESK, now=clock.now())


def test_a_guest_who_left_meanwhile_is_not_kept(scene):
    batch_id = scene.start()
    until(lambda: scene.desk.jobs(batch_id)[0].state is JobState.WAITING)
    with transaction() as session:
        # Not by the desk's way, which ends the capture, too.
        session.execute(sa.text("UPDATE stay SET state = 'checked_out', checked_out_at = checked_in_at"))
    scene.desk.machine.device.put_finger(finger_called("Claire"))
    row = scene.row(scene.desk.wait_for(batch_id).subject_id)
    assert (row.state, row.template_sealed) == (DESTROYED, None)
    assert scene.carry() == 0
    with pytest.raises(NotInHouse):
        scene.start()


# --- locks


def test_a_lock_that_refuses_is_shown_and_tells_why(scene):
    finger = FingerOnModule(synthetic_template("Claire", 200))
    scene.take(finger)
    scene.carry()
    # The same pattern once more: the lock has it already.
    row = scene.take(finger)
    scene.carry()
    (place,) = scene.row(row.id).places
    assert (place.state, place.status) == (SlotState.REFUSED, 6)
    assert "slots.refused" in trail()
    assert len(scene.fingers_in_lock) == 1


@pytest.mark.parametrize(("features", "is_offered"), [([], True), (["card", "fingerprint"], True), (["card"], False)])
def test_only_doors_whose_lock_takes_fingers_are_offered(scene, features, is_offered):
    with transaction() as session:
        lock_id = session.scalar(sa.select(Lock.id).where(Lock.serial_number == scene.serial_number))
        session.execute(sa.update(Lock).where(Lock.id == lock_id).values(features=features))
    assert (scene.door_id in [door.id for door in queries.doors()]) is is_offered


def test_a_full_lock_takes_no_more(scene, monkeypatch):
    monkeypatch.setattr("pms.slots.rules.LARGEST_SLOT", 1)
    scene.take()
    row = scene.take("thumb", doors=False)
    with pytest.raises(LockFull):
        service.send(fingerprint_id=row.id, door_ids=[scene.door_id], actor=DESK, now=clock.now())
    assert scene.row(row.id).places == []


def test_a_finger_for_a_full_lock_is_kept_and_shown_as_refused(scene, monkeypatch):
    monkeypatch.setattr("pms.slots.rules.LARGEST_SLOT", 1)
    scene.take()
    row = scene.take("thumb")
    (place,) = row.places
    assert (row.state, place.state, place.status) == (STORED, SlotState.REFUSED, 4)
    assert trail().count("credentials.refused") == 1
    assert capture.progress(encoder_queries.get_job(row.job_id).batch_id).full == [place.door.name]


def test_who_withdraws_while_the_finger_is_awaited_is_not_asked_for_it_any_more(scene):
    batch_id = scene.start()
    until(lambda: scene.desk.jobs(batch_id)[0].state is JobState.WAITING)
    service.withdraw(guest_id=scene.guest_id, actor=DESK, now=clock.now())
    job = scene.desk.wait_for(batch_id)
    assert job.state is JobState.CANCELLED
    assert scene.row(job.subject_id).state is DESTROYED


def test_two_fingers_never_get_the_same_slot(any_scene):
    scene = any_scene
    rows = [scene.take(name, doors=False) for name in ("a", "b", "c", "d")]
    ids = [row.id for row in rows]
    race(4, lambda n: service.send(fingerprint_id=ids[n], door_ids=[scene.door_id], actor=DESK, now=clock.now()))
    db.remove()
    slots = sorted(db.session.scalars(sa.select(Slot.number)))
    assert slots == [1, 2, 3, 4]
    scene.carry()
    assert len(scene.fingers_in_lock) == 4


def test_what_no_lock_has_heard_of_needs_nobody_at_the_door(scene):
    row = scene.take()
    service.remove(fingerprint_id=row.id, actor=DESK, now=clock.now())
    assert scene.row(row.id).places[0].state is SlotState.NOT_SENT
    assert scene.carry() == 0


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_a_finger_that_is_removed_half_way_is_removed_from_the_lock_too(scene, parts):
    row = scene.take()
    scene.carry(parts)
    service.remove(fingerprint_id=row.id, actor=DESK, now=clock.now())
    assert scene.row(row.id).places[0].state is SlotState.REMOVING
    scene.carry()
    assert scene.row(row.id).places[0].state is SlotState.REMOVED
    assert scene.fingers_in_lock == []


def test_another_room_moves_the_finger_and_another_end_prolongs_it(scene, house):
    from tests.access_records.conftest import set_up

    other = house.doors["102"]
    lock_id, other_id = other.lock_id, other.id
    twin = set_up(lock_id, clock.now())
    row = scene.take()
    scene.carry()
    until_before = scene.row(row.id).valid_until
    frontdesk.extend(
        stay_id=scene.stay_id,
        departure_date=clock.now().date() + timedelta(days=4),
        actor=DESK,
        now=clock.now(),
    )
    assert scene.row(row.id).valid_until > until_before
    assert scene.carry() == 3
    (stored,) = scene.twin.state.users.values()
    assert stored.user.not_after == int(scene.row(row.id).valid_until.timestamp())
    frontdesk.move_room(stay_id=scene.stay_id, room_id=house.rooms["102"].id, actor=DESK, now=clock.now())
    places = {place.door_id: place.state for place in scene.row(row.id).places}
    assert places == {scene.door_id: SlotState.REMOVING, other_id: SlotState.WAITING}
    scene.carry()
    assert scene.fingers_in_lock == []
    from pms.locks import queries as locks

    scene.twin, scene.serial_number = twin, locks.get_lock(lock_id).serial_number
    scene.carry()
    assert scene.touch() == "opened"


# --- the end


def test_who_withdraws_has_everything_destroyed(scene):
    ids = [scene.take(name).id for name in ("index", "thumb")]
    scene.carry()
    service.withdraw(guest_id=scene.guest_id, actor=DESK, now=clock.now())
    assert {scene.row(number).end_reason for number in ids} == {EndReason.WITHDRAWN}
    scene.carry()
    assert scene.fingers_in_lock == []
    with pytest.raises(NoConsent):
        scene.start(agreed=False)
    # That it was allowed then stays on record.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Consent)) == 1
    with pytest.raises(NotStored):
        service.send(fingerprint_id=ids[0], door_ids=[scene.door_id], actor=DESK, now=clock.now())


def test_a_fingerprint_past_its_date_and_one_of_somebody_who_left_are_destroyed(scene):
    with db.engine.connect() as connection:
        account_id = connection.scalar(sa.select(Account.id).where(Account.username == "housekeeper"))
    row = scene.take(stay_id=None, account_id=account_id)
    guest = scene.take("other")
    ends = guest.valid_until
    assert scene.row(row.id).account_id == account_id
    jobs.expire()
    assert scene.row(row.id).state is STORED
    with transaction() as session:
        session.execute(sa.update(Account).where(Account.id == account_id).values(is_active=False))
    jobs.expire()
    assert (scene.row(row.id).state, scene.row(row.id).end_reason) == (DESTROYED, EndReason.LEFT)
    assert scene.row(guest.id).state is STORED
    clock.freeze(ends + timedelta(minutes=1))
    jobs.expire()
    assert scene.row(guest.id).end_reason is EndReason.TIME_OVER


def test_a_template_that_is_on_its_way_to_a_lock_is_destroyed_with_the_finger(scene):
    ends = scene.take().valid_until
    frame = outbox.next_frame(serial_number=scene.serial_number, now=clock.now())
    db.remove()
    assert db.session.scalar(sa.select(sa.func.count()).where(LockCommand.plaintext_sealed.is_not(None))) > 0
    clock.freeze(ends + timedelta(minutes=1))
    jobs.expire()
    db.remove()
    left = db.session.scalars(sa.select(LockCommand).where(LockCommand.plaintext_sealed.is_not(None))).all()
    assert {command.command for command in left} == {Command.DELETE_USER}
    # The lock had it all the same, and says so late: it is believed, and then it has to let it go.
    answer = scene.twin.receive(frame, scene.at)
    outbox.take_answer(serial_number=scene.serial_number, frame=answer, actor=DESK, now=clock.now())
    db.remove()
    assert scene.carry() == 1
    assert scene.fingers_in_lock == []
    assert db.session.scalars(sa.select(LockCommand).where(LockCommand.plaintext_sealed.is_not(None))).all() == []


def test_many_that_are_over_at_once_are_destroyed_batch_by_batch(scene, monkeypatch):
    monkeypatch.setattr(service, "BATCH", 1)
    ids = [scene.take(name).id for name in ("index", "thumb")]
    clock.freeze(scene.row(ids[0]).valid_until + timedelta(minutes=1))
    assert jobs.expire().params == {"count": 2}
    assert jobs.expire().params == {"count": 0}
    assert {scene.row(number).end_reason for number in ids} == {EndReason.TIME_OVER}


def test_the_database_itself_keeps_no_template_of_what_is_destroyed(scene):
    row = scene.take()
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.update(Fingerprint).values(state=DESTROYED, destroyed_at=clock.now()))
    assert scene.row(row.id).state is STORED


def test_a_command_that_is_on_its_way_is_the_only_one(scene):
    scene.take()
    for _ in range(3):
        db.remove()
        from pms.lock_commands import service as lock_commands

        assert lock_commands.next_frame(serial_number=scene.serial_number, now=clock.now())
    asked = sa.select(LockCommand.state).where(LockCommand.subject_kind != "setup").order_by(LockCommand.id)
    states = list(db.session.scalars(asked))
    assert states == [CommandState.SENT, CommandState.MADE, CommandState.MADE]
    assert command_queries.by_counter(1, 1) is None
