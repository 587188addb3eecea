"""A lock's settings are read and written, it is bound, re-keyed and told to forget: through the API, with a virtual lock."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms.access_records import service as records
from pms.audit.models import AuditEntry
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.lock_commands import queries, service, settings, setups
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import bind_rules, lock_keys, rules
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Door, Lock, LockSetup
from pms.protocol.command import Command
from pms.simulators.lock import VirtualLock
from tests import factories
from tests.access_records.conftest import set_up
from tests.api import ApiClient
from tests.races import race

TOM = Actor(kind="account", name="Tom")
CARRIER = Actor(kind="lock", name="phone")
SN, MAC, KEYS = "0A0B0C0D0E0F", "01:01:11:40:00:DF", "AD193DF8A5A233B2"


@pytest.fixture
def program(app, house) -> ApiClient:
    return ApiClient(app).log_in("technician")


@pytest.fixture
def lock(house, now):
    """The virtual lock of room 101 and its id."""
    lock_id = house.doors["101"].lock_id
    twin = set_up(lock_id, now)
    db.remove()
    return lock_id, twin


def carry(lock_id, twin, now, *, times=1) -> list[bytes]:
    """Bring what waits to the lock and its answers back; what the lock answered."""
    serial_number, answers = locks.get_lock(lock_id).serial_number, []
    db.remove()
    for _ in range(times):
        frame = service.next_frame(serial_number=serial_number, now=now)
        answers.append(twin.receive(frame, int(now.timestamp())))
        settled = service.take_answer(serial_number=serial_number, frame=answers[-1], actor=CARRIER, now=now)
        assert settled is not None
    db.remove()
    return answers


def row(lock_id) -> Lock:
    db.remove()
    return locks.get_lock(lock_id)


def label(**changes) -> lock_service.Label:
    return lock_service.Label(**{"serial_number": SN, "mac": MAC, "lock_keys": KEYS, "name": "New", **changes})


def bare(version=8) -> VirtualLock:
    return VirtualLock.fresh(
        bytes.fromhex(SN), bytes.fromhex(MAC.replace(":", "")), bytes.fromhex(KEYS), version=version
    )


def free(house, number="103") -> int:
    """A room whose door has no lock."""
    with transaction() as session:
        session.get_one(Door, house.doors[number].id).lock_id = None
    return house.rooms[number].id


def body(house, **changes) -> dict:
    known = {"lockSn": SN, "mac": MAC, "lockKeys": KEYS, "lockUsername": "New", "lockNumber": "Z-LOCK"}
    return {**known, "featureCodes": "卡片,静脉", "roomId": str(house.rooms["103"].id), **changes}


def test_what_a_lock_says_of_its_settings_is_written_into_its_row(program, lock, now):
    lock_id, twin = lock
    twin.state.battery, twin.state.voltage_class, twin.state.settings[0x30] = 61, 4, b"\x02"
    given = program.post("/commands/readSettings", {"lockId": str(lock_id)})
    assert (given["command"], given["state"], given["frameCommandId"]) == ("0200", "sent", given["commandId"])
    answer = twin.receive(bytes.fromhex(given["frame"]), int(now.timestamp()))
    for _ in range(2):
        program.http.post("/api/commands/answer", json={"lockSn": given["lockSn"], "frame": answer.hex()})
    found = row(lock_id)
    assert (found.battery_percent, found.voltage_class, found.firmware) == (61, 4, "1.0.0")
    assert (found.settings["30"], found.settings["37"], found.settings_at) == ("02", "FFFF", now)
    assert (found.clock_drift, found.reported_epoch, found.changed_at) == (0, 0, now)
    assert [day.percent for day in locks.battery_days(lock_id)] == [61]
    assert db.session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == "locks.settings_said")) == 1


def test_settings_are_written_and_the_row_follows_once_the_lock_has_done_it(program, lock, now):
    lock_id, twin = lock
    wanted = {"lockId": str(lock_id), "settings": ["3002", "37000a", "3d02"], "timeZone": 4, "checkOutHour": 11}
    given = program.post("/commands/writeSettings", {**wanted, "clock": True, "scopes": True})
    assert row(lock_id).settings == {}
    later = now + timedelta(seconds=30)
    carry(lock_id, twin, later)
    assert (twin.state.settings[0x30], twin.state.settings[0x37], twin.state.tz_quarters) == (b"\2", b"\0\n", 4)
    found = row(lock_id)
    assert found.settings == {"30": "02", "37": "000A", "3D": "02"}
    assert (found.utc_offset_quarters, found.check_out_hour, found.clock_set_at, found.clock_drift) == (4, 11, now, 0)
    assert found.told_scopes == sorted(twin.state.scopes)
    command = queries.get(int(given["commandId"]))
    assert (command.state, command.plaintext, command.frame) == (CommandState.ANSWERED, None, None)


def test_a_clock_is_set_to_the_time_at_which_the_frame_goes_out_and_not_later(lock, now):
    lock_id, twin = lock
    for minutes, waits in ((10, True), (16, False)):
        settings.write_settings(lock_id=lock_id, wanted=settings.Wanted(clock=True), actor=TOM, now=now)
        at = now + timedelta(minutes=minutes)
        serial_number = row(lock_id).serial_number
        db.remove()
        command = service.next_command(serial_number=serial_number, now=at)
        assert (command is not None) is waits
        if command is not None:
            assert int.from_bytes(command.plaintext[-4:], "big") == int(at.timestamp())
            carry(lock_id, twin, at)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        ((), bind_rules.NothingToSet),
        (("30",), bind_rules.BadSetting),
        (("300102",), bind_rules.BadSetting),
        (("3701",), bind_rules.BadSetting),
        (("3E01",), bind_rules.BadSetting),
        (("zz",), bind_rules.BadSetting),
        (("3801", "38 02"), bind_rules.BadSetting),
        (("3801", "3802"), bind_rules.SettingTwice),
    ],
)
def test_settings_that_are_none_are_refused_before_anything_is_sent(lock, now, raw, refusal):
    with pytest.raises(refusal):
        settings.write_settings(lock_id=lock[0], wanted=settings.Wanted(raw=raw), actor=TOM, now=now)
    assert queries.list_open(lock[0]) == []


def test_a_lock_of_version_seven_is_not_asked_for_extended_settings(program, house, now):
    lock_id = house.doors["102"].lock_id
    with transaction() as session:
        session.get_one(Lock, lock_id).protocol_version = 7
    program.language = "en"
    asked = {"lockId": str(lock_id), "settings": ["3001"]}
    assert "speaks version 07 and has no setting 30" in program.message("/commands/writeSettings", asked, status=422)
    assert bind_rules.ExtendedOnSeven.field == "settings"
    program.post("/commands/writeSettings", {"lockId": str(lock_id), "settings": ["3801"]})


def test_what_is_not_well_formed_or_not_there_or_not_allowed_is_refused(program, app, house, lock):
    lock_id = str(lock[0])
    for wrong in ({"timeZone": 57}, {"checkOutHour": 24}, {"settings": "3001"}, {"clock": 1}, {"scope": True}):
        program.post("/commands/writeSettings", {"lockId": lock_id, **wrong}, status=400)
    program.post("/commands/readSettings", {"lockId": "5"}, status=404)
    program.post("/commands/initialise", {"lockId": "5"}, status=404)
    ApiClient(app).log_in("desk").post("/commands/initialise", {"lockId": lock_id}, status=403)
    ApiClient(app).log_in("desk").post("/commands/bind", body(house), status=403)


def test_a_lock_that_is_not_set_up_takes_no_commands(program, house):
    lock_id = house.doors["102"].lock_id
    with transaction() as session:
        session.get_one(Lock, lock_id).setup = LockSetup.IMPORTED
    for path, more in (("readSettings", {}), ("writeSettings", {"clock": True})):
        (fault,) = program.post(f"/commands/{path}", {"lockId": str(lock_id), **more}, status=409)
        assert fault["field"] == "lockId"
    with pytest.raises(bind_rules.NotSetUp):
        settings.forget(lock_id=lock_id, actor=TOM, now=row(lock_id).created_at)


def test_the_same_request_twice_is_one_command(program, lock):
    wanted = {"lockId": str(lock[0]), "requestId": str(uuid4())}
    first, again = (program.post("/commands/readSettings", wanted) for _ in range(2))
    assert (first["commandId"], first["frame"]) == (again["commandId"], again["frame"])
    wanted["requestId"] = str(uuid4())
    setups_ = [program.post("/commands/initialise", wanted) for _ in range(2)]
    assert setups_[0]["frame"] == setups_[1]["frame"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LockCommand)) == 3


def test_a_rekey_is_a_command_that_goes_before_all_others_and_never_through_a_gateway(program, lock, now):
    lock_id, twin = lock
    program.post("/commands/readSettings", {"lockId": str(lock_id)})
    old_keys = twin.state.server_keys
    given = program.post("/commands/initialise", {"lockId": str(lock_id)})
    assert (given["command"], given["state"], given["frameCommandId"]) == ("0500", "sent", given["commandId"])
    assert service.next_command(serial_number=given["lockSn"], is_remote=True, now=now) is None
    answer = twin.receive(bytes.fromhex(given["frame"]), int(now.timestamp()))
    told = {"lockSn": given["lockSn"], "frame": answer.hex()}
    assert program.http.post("/api/commands/answer", json=told).json["data"]["command"]
    found = row(lock_id)
    assert (found.setup, found.server_keys != old_keys) == (LockSetup.READY, True)
    assert queries.get(int(given["commandId"])).state is CommandState.ANSWERED
    # Its answer verifies under the keys that are no more, and once more it changes nothing.
    assert program.http.post("/api/commands/answer", json=told).status_code == 200
    assert row(lock_id).server_keys == twin.state.server_keys
    # What waited goes out under the new keys.
    carry(lock_id, twin, now)
    assert [row.command.state for row in queries.list_page(lock_id=lock_id).rows][-1] is CommandState.ANSWERED


def test_a_new_lock_is_bound_under_its_label_by_whoever_carries_the_frame(program, house, now):
    free(house)
    given = program.post("/commands/bind", body(house, requestId=str(uuid4())))
    twin = bare()
    answer = twin.receive(bytes.fromhex(given["frame"]), int(now.timestamp()))
    assert twin.state.is_bound
    # The lock's first report comes before its answer.
    report = twin.pending_report(int(now.timestamp()))
    assert records.take_report(serial_number=SN, frame=report, actor=CARRIER, now=now)
    assert service.take_answer(serial_number=SN, frame=answer, actor=CARRIER, now=now).is_new is False
    found = locks.find_lock_by_serial(SN)
    assert (found.setup, found.bound_at, found.battery_percent) == (LockSetup.READY, now, 100)
    assert (found.name, found.model, found.features) == ("New", "Z-LOCK", ["card", "静脉"])
    assert locks.door_of_lock(found.id).number == twin.state.door_id == house.doors["103"].number
    assert queries.get(int(given["commandId"])).state is CommandState.ANSWERED
    assert [e.action for e in db.session.scalars(sa.select(AuditEntry).where(AuditEntry.lock_id == found.id))][-2:] == [
        "locks.set_up",
        "locks.bound",
    ]


def test_binding_twice_gives_the_same_frame_and_another_door_is_refused(program, house, now):
    free(house), free(house, "102")
    frames = {program.post("/commands/bind", body(house))["frame"] for _ in range(2)}
    assert len(frames) == 1
    program.post("/commands/bind", body(house, roomId=str(house.rooms["102"].id)), status=409)
    assert rules.LockTaken.field == "lock_id"
    reset = program.post("/commands/bind", body(house, isReset=True))
    assert reset["frame"] not in frames
    assert bare().receive(bytes.fromhex(reset["frame"]), int(now.timestamp()))


def test_two_who_bind_the_same_lock_at_once_make_one_lock_and_one_setup(any_house, now):
    room_id = free(any_house)
    outcomes = race(2, lambda _: setups.bind(label=label(), room_id=room_id, area_id=None, actor=TOM, now=now).id)
    assert outcomes[0] == outcomes[1], outcomes


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"mac": "01-01-11-40-00-DF"}, 400, "mac"),
        ({"mac": None}, 400, "mac"),
        ({"lockSn": "0A0B"}, 400, "lockSn"),
        ({"lockKeys": "AD193DF8A5A233BG"}, 400, "lockKeys"),
        ({"agreementType": "09"}, 400, "agreementType"),
        ({"lockUsername": ""}, 400, "lockUsername"),
        ({"roomId": None}, 422, "place"),
        ({"areaId": "7"}, 422, "place"),
        ({"roomId": "7"}, 404, "roomId"),
    ],
)
def test_a_lock_with_a_bad_label_or_without_a_place_is_not_bound(program, house, changes, status, field):
    free(house)
    faults = program.post("/commands/bind", body(house, **changes), status=status)
    assert [fault["field"] for fault in faults] == [field]
    assert locks.find_lock_by_serial(SN) is None


def test_a_label_that_contradicts_what_is_known_is_refused(house, now):
    room_id = free(house)
    other = locks.get_lock(house.doors["102"].lock_id)
    tries = (
        (label(mac=other.mac), bind_rules.MacTaken),
        (label(serial_number=other.serial_number), bind_rules.OtherLabel),
        (
            label(serial_number=other.serial_number, mac=other.mac, lock_keys=other.lock_keys),
            bind_rules.AlreadyBound,
        ),
    )
    for wrong, refusal in tries:
        with pytest.raises(refusal):
            setups.bind(label=wrong, room_id=room_id, area_id=None, actor=TOM, now=now)
    with transaction() as session:
        new = factories.lock(setup=LockSetup.NEW, server_keys=None)
        session.add(new)
    with pytest.raises(bind_rules.NeverBound):
        setups.initialise(lock_id=new.id, actor=TOM, now=now)


def test_a_lock_that_forgot_holds_nothing_of_ours_and_can_be_bound_anew(house, lock, now):
    lock_id, twin = lock
    settings.read_settings(lock_id=lock_id, actor=TOM, now=now)
    carry(lock_id, twin, now)
    ordered = {settings.forget(lock_id=lock_id, actor=TOM, now=now).id for _ in range(2)}
    assert len(ordered) == 1
    settings.read_settings(lock_id=lock_id, actor=TOM, now=now)
    (answer,) = carry(lock_id, twin, now)
    found = row(lock_id)
    assert (found.setup, found.server_keys, found.is_blank, found.forgotten_at) == (
        LockSetup.FORGOTTEN,
        None,
        True,
        now,
    )
    assert not twin.state.is_bound
    with pytest.raises(lock_keys.NoServerKeys):
        lock_keys.code_key_of(found)
    assert [row.command.state for row in queries.list_page(lock_id=lock_id, size=2).rows] == [
        CommandState.DROPPED,
        CommandState.ANSWERED,
    ]
    again = service.take_answer(serial_number=found.serial_number, frame=answer, actor=CARRIER, now=now)
    assert again is not None
    assert not again.is_new
    assert locks.door_of_lock(lock_id).id == house.doors["101"].id
    frame = lock_service.start_setup(lock_id=lock_id, actor=TOM, now=now)
    lock_service.finish_setup(lock_id=lock_id, answer=twin.receive(frame, int(now.timestamp())), actor=TOM, now=now)
    assert (row(lock_id).setup, row(lock_id).forgotten_at) == (LockSetup.READY, None)


def test_a_lock_that_was_deleted_at_the_door_says_so_once(house, lock, now):
    lock_id, twin = lock
    serial_number = row(lock_id).serial_number
    farewell = twin.delete_at_the_lock()
    db.remove()
    first, again = (
        records.take_report(serial_number=serial_number, frame=farewell, actor=CARRIER, now=now) for _ in range(2)
    )
    assert first == again is not None
    assert row(lock_id).setup is LockSetup.FORGOTTEN
    assert db.session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == "locks.forgotten")) == 1


def test_reports_tell_battery_clock_and_settings(lock, now):
    lock_id, twin = lock
    serial_number = row(lock_id).serial_number

    def tell(command, at, sealed_at=None) -> Lock:
        twin.queue_report(command)
        while (frame := twin.pending_report(int((sealed_at or at).timestamp()))) is not None:
            db.remove()
            twin.receive(records.take_report(serial_number=serial_number, frame=frame, actor=CARRIER, now=at), 0)
        return row(lock_id)

    found = tell(Command.ALIVE, now)
    assert (found.battery_percent, found.clock_drift, found.newest_sequence) == (100, 0, twin.state.newest_sequence)
    assert tell(Command.ALIVE, now, now + timedelta(minutes=6)).clock_drift == 360
    # A report may have been carried for an hour: that its clock is behind is not known.
    assert tell(Command.ALIVE, now, now - timedelta(hours=1)).clock_drift == 360
    twin.clock_lost, twin.state.battery = True, 55
    found = tell(Command.ALIVE, now + timedelta(days=1))
    assert (found.is_clock_lost, found.clock_drift) == (True, None)
    twin.state.battery, twin.state.settings[0x38] = 54, b"\x10"
    found = tell(Command.SYSTEM_SETTINGS, now + timedelta(days=1, hours=1))
    assert (found.settings["38"], found.battery_percent) == ("10", 54)
    assert [day.percent for day in locks.battery_days(lock_id)] == [100, 54]
    tell(Command.ALIVE, now + timedelta(days=402))
    twin.state.battery = 53
    tell(Command.ALIVE, now + timedelta(days=402))
    assert [day.percent for day in locks.battery_days(lock_id)] == [53]
    lock_service.note_passage(lock_id=lock_id, is_on=True, now=now)
    assert row(lock_id).in_passage_mode is True
