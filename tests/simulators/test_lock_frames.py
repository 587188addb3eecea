"""Frames in and out of the virtual lock: binding, commands, reports, and what outlives what."""

from __future__ import annotations

import json

import pytest

from pms.protocol import kdf
from pms.protocol.bcd import encode_bcd
from pms.protocol.card import Audience
from pms.protocol.command import (
    AddUser,
    Alive,
    AnswerStatus,
    AreaKey,
    AssociateModule,
    Bound,
    Command,
    DeleteUser,
    Denied,
    Forget,
    Initialise,
    IssueFloor,
    ListedUser,
    ListUsers,
    ModifyUser,
    ModuleAssociated,
    OneRecord,
    Operate,
    Operation,
    Payload,
    RawSetting,
    ReadRecords,
    ReadSettings,
    RecordPage,
    SettingsAnswer,
    StoredKind,
    SystemSettings,
    UserList,
    UserRole,
    WeekWindow,
    WriteSettings,
    decode_report,
)
from pms.protocol.crc import crc16
from pms.protocol.errors import UsageError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.passcode import Permanent
from pms.protocol.record import CHAIN_START, RecordEvent, RecordResult, verify_chain
from pms.protocol.tlv import Tag
from pms.simulators.lock import VirtualLock

from . import lock_world as world
from .lock_world import DAY, NOW, acknowledge, ask, bound_lock, request

NEW_KEYS = "4711081512345678"


def initialise(**changes: object) -> Initialise:
    fields: dict[str, object] = {
        "server_keys": NEW_KEYS,
        "admin_passcode": "31080904",
        "door_id": world.DOOR,
        "key_version": 4,
        "door_key": bytes(32),
        "card_a_key": bytes(16),
        "staff_public_key": world.PUBLIC,
        "clock": NOW,
        "time_zone": -20,
        "checkout_hour": 11,
        "epoch": 9,
        "scopes": (33, 34),
    }
    return Initialise(**{**fields, **changes})  # type: ignore[arg-type]


def report_of(lock: VirtualLock, at: int = NOW) -> Payload:
    """The next report, opened."""
    raw = lock.pending_report(at)
    assert raw is not None
    frame = open_frame(kdf.command_key(lock.state.k_lock()), world.SN, raw)
    assert frame.direction is Direction.REPORT
    return decode_report(frame.command, frame.plaintext, frame.version)


def fresh_lock() -> VirtualLock:
    return VirtualLock.fresh(world.SN, world.MAC, world.LOCK_KEYS)


# --- binding


def test_binding_takes_everything_and_reports_under_the_new_key() -> None:
    lock = fresh_lock()
    issues = (IssueFloor(Audience.DOOR, world.DOOR, 50), IssueFloor(Audience.SCOPE, 34, 60))
    areas = (AreaKey(9, bytes(range(32))),)
    answer = ask(lock, initialise(issues=issues, denied=(Denied(5, NOW),), areas=areas))
    assert answer.status is AnswerStatus.DONE
    state = lock.state
    assert (state.is_bound, state.server_keys, state.epoch, state.tz_quarters, state.checkout_hour) == (
        True,
        NEW_KEYS,
        9,
        -20,
        11,
    )
    assert (state.door_issue, state.scope_issues, state.deny) == (50, {34: 60}, {5: NOW})
    assert state.keys[0].areas == {9: bytes(range(32))}
    assert isinstance(report_of(lock), Bound)
    assert peek_header(lock.pending_report(NOW) or b"").counter == 1
    assert state.records[-1].value.event is RecordEvent.KEYS_CHANGED


def test_an_unbound_lock_does_nothing_else() -> None:
    lock = fresh_lock()
    assert ask(lock, Operate(Operation.UNLOCK, NOW)).status is AnswerStatus.NOT_BOUND
    assert lock.pending_report(NOW) is None
    assert lock.delete_at_the_lock() is None


def test_a_bound_lock_opens_nothing_under_the_binding_key() -> None:
    lock = bound_lock()
    key = kdf.bind_key(world.LOCK_KEYS, world.SN, world.MAC)
    frame = Frame(8, Command.INITIALISE, Direction.REQUEST, 1, initialise().encode())
    assert lock.receive(seal_frame(key, world.SN, frame), NOW) is None
    assert lock.state.server_keys == world.SERVER_KEYS


def test_binding_again_goes_under_the_present_key_and_kills_codes_but_not_cards_memory() -> None:
    lock = bound_lock(door_issue=77, floor=NOW, revoked={1}, used_singles=[(1, 1)], scope_issues={33: 5})
    sequence = lock.state.newest_sequence
    assert ask(lock, initialise(keep_old_keys_until=NOW + DAY)).status is AnswerStatus.DONE
    state = lock.state
    assert [keys.version for keys in state.keys] == [3, 4]
    assert state.keys[0].until == NOW + DAY
    assert (state.door_issue, state.scope_issues) == (77, {33: 5})
    assert (state.floor, state.revoked, state.used_singles) == (0, set(), [])
    assert state.newest_sequence == sequence + 1
    assert lock.type_code(world.code(Permanent(0), 9), NOW).result is RecordResult.WRONG_CODE


def test_without_the_instant_the_keys_of_the_version_before_go_at_once() -> None:
    lock = bound_lock()
    ask(lock, initialise())
    assert [keys.version for keys in lock.state.keys] == [4]


def test_another_door_begins_without_an_issue() -> None:
    lock = bound_lock(door_issue=77)
    ask(lock, initialise(door_id=502))
    assert (lock.state.door_id, lock.state.door_issue) == (502, 0)


def test_binding_with_a_foreign_issue_changes_nothing() -> None:
    lock = bound_lock()
    answer = ask(lock, initialise(issues=(IssueFloor(Audience.SCOPE, 99, 1),)))
    assert answer.status is AnswerStatus.NO_SUCH_ITEM
    assert lock.state.server_keys == world.SERVER_KEYS


def test_forgetting_wipes_all_but_the_counters() -> None:
    lock = bound_lock(last_counter=10)
    world.store_card(lock)
    lock.use_inside_handle(NOW)
    report = lock.pending_report(NOW)
    raw = request(lock, Forget())
    answer = lock.receive(raw, NOW)
    assert answer is not None
    state = lock.state
    assert (state.is_bound, state.users, state.keys, state.records, state.newest_sequence) == (False, {}, [], [], 0)
    assert state.server_keys == "0" * 16
    assert report is not None
    assert (state.last_counter, state.report_counter) == (11, 1)
    assert lock.receive(raw, NOW) == answer
    assert ask(lock, initialise()).status is AnswerStatus.DONE
    assert lock.state.records[0].value.sequence == 1
    assert peek_header(lock.pending_report(NOW) or b"").counter == 2


def test_the_owners_farewell_is_the_last_frame() -> None:
    lock = bound_lock()
    key = kdf.command_key(lock.state.k_lock())
    farewell = lock.delete_at_the_lock()
    assert farewell is not None
    assert open_frame(key, world.SN, farewell).command == Command.DELETED
    assert not lock.state.is_bound
    assert lock.delete_at_the_lock() is None


# --- what a receiver takes


def test_the_last_frame_is_answered_again_and_done_once() -> None:
    lock = bound_lock()
    raw = request(lock, Operate(Operation.UNLOCK, NOW))
    first = lock.receive(raw, NOW)
    assert lock.receive(raw, NOW + DAY) == first
    assert [record.value.event for record in lock.state.records] == [RecordEvent.OPENED]


@pytest.mark.parametrize("counter", [0, 99, 100])
def test_a_counter_that_is_not_above_the_last_is_refused_in_silence(counter: int) -> None:
    lock = bound_lock(last_counter=100)
    assert lock.receive(request(lock, ReadSettings(), counter=counter), NOW) is None
    assert lock.receive(request(lock, ReadSettings(), counter=101), NOW) is not None


def test_an_older_version_than_the_bound_one_is_refused_and_a_newer_one_is_not() -> None:
    assert bound_lock().receive(request(bound_lock(), ReadSettings(), version=7), NOW) is None
    lock = bound_lock(bound_version=7)
    assert ask(lock, ReadSettings(), version=7).status is AnswerStatus.DONE
    assert ask(lock, ReadSettings(), version=8).status is AnswerStatus.DONE


@pytest.mark.parametrize("raw", [b"", b"\x5a", bytes(40), b"\x5a" * 40])
def test_rubbish_is_refused_in_silence(raw: bytes) -> None:
    lock = bound_lock()
    assert lock.receive(raw, NOW) is None
    assert lock.state.last_counter == 0


def _sealed(lock: VirtualLock, command: int, plaintext: bytes, version: int = 8) -> bytes:
    frame = Frame(version, command, Direction.REQUEST, lock.state.last_counter + 1, plaintext)
    return seal_frame(lock.state.k_frame(), world.SN, frame)


@pytest.mark.parametrize(
    ("command", "plaintext", "status"),
    [
        (0x0999, "", AnswerStatus.UNKNOWN_COMMAND),
        (0x0800, "", AnswerStatus.UNKNOWN_COMMAND),
        (0x0400, "", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f60", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f60400101400101", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f60400101130469ba3f60", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f6040010c", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f60400105", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f60400109", AnswerStatus.BAD_TLV),
        (0x0400, "0a0469ba3f6040010a", AnswerStatus.BAD_TLV),
        (0x0301, "21040000000022013d", AnswerStatus.BAD_TLV),
        (0x0102, "01020001020107030400000001", AnswerStatus.BAD_TLV),
        (0x0102, "020101030400000001", AnswerStatus.BAD_TLV),
        (0x0102, "020107030400000100", AnswerStatus.BAD_TLV),
        (0x0201, "110101", AnswerStatus.BAD_TLV),
    ],
)
def test_a_request_that_cannot_be_read_says_so(command: int, plaintext: str, status: AnswerStatus) -> None:
    lock = bound_lock()
    key = lock.state.k_frame()
    answer = lock.receive(_sealed(lock, command, bytes.fromhex(plaintext)), NOW)
    assert answer is not None
    assert open_frame(key, world.SN, answer).plaintext == bytes((status,))


def test_an_old_lock_has_no_extended_settings() -> None:
    lock = bound_lock(version=7, bound_version=7)
    answer = ask(lock, ReadSettings(), version=7).body
    assert isinstance(answer, SettingsAnswer)
    assert all(setting.tag >= Tag.LOCK_OUT_TIME for setting in answer.raw)
    raw = lock.receive(_sealed(lock, 0x0201, bytes.fromhex("300101")), NOW)
    assert open_frame(lock.state.k_frame(), world.SN, raw or b"").plaintext == b"\x02"


# --- commands


def user(slot: int = 3, credential_id: int = 900, kind: StoredKind = StoredKind.PASSCODE) -> ListedUser:
    return ListedUser(slot, kind, credential_id, NOW, NOW + DAY, UserRole.STAFF)


def test_users_are_added_changed_listed_and_deleted() -> None:
    lock = bound_lock()
    assert ask(lock, AddUser(user(), encode_bcd("13579"))).status is AnswerStatus.DONE
    assert lock.type_code("13579", NOW).credential_id == 900
    assert ask(lock, AddUser(user(), encode_bcd("24680"))).status is AnswerStatus.ALREADY_THERE
    assert ask(lock, AddUser(user(4), encode_bcd("24680"))).status is AnswerStatus.ALREADY_THERE
    assert ask(lock, AddUser(user(4, 901), encode_bcd("13579"))).status is AnswerStatus.ALREADY_THERE
    assert ask(lock, ModifyUser(user(), encode_bcd("24680"), WeekWindow(0x7F, 0, 1))).status is AnswerStatus.DONE
    assert lock.type_code("24680", NOW).result is RecordResult.OUTSIDE_HOURS
    assert ask(lock, ModifyUser(user(9, 902), b"\x11")).status is AnswerStatus.NO_SUCH_ITEM
    assert ask(lock, AddUser(user(0, 903), b"\x11")).status is AnswerStatus.FULL
    assert ask(lock, ListUsers()).body == UserList((user(),))
    assert ask(lock, ListUsers(3)).body == UserList(())
    assert ask(lock, DeleteUser(slot=3)).status is AnswerStatus.DONE
    assert ask(lock, DeleteUser(slot=3)).status is AnswerStatus.NO_SUCH_ITEM
    assert lock.state.users == {}


def test_users_are_listed_twenty_at_a_time() -> None:
    lock = bound_lock()
    for slot in range(1, 24):
        ask(lock, AddUser(user(slot, slot), slot.to_bytes(2, "big")))
    page = ask(lock, ListUsers()).body
    assert isinstance(page, UserList)
    assert [each.slot for each in page.users] == list(range(1, 21))
    rest = ask(lock, ListUsers(20)).body
    assert isinstance(rest, UserList)
    assert [each.slot for each in rest.users] == [21, 22, 23]


def test_a_template_arrives_in_parts_and_any_order() -> None:
    lock = bound_lock()
    template = bytes(range(256)) * 2
    requests = AddUser.list_for(user(kind=StoredKind.FINGERPRINT), template)
    assert len(requests) == 3
    for each in reversed(requests):
        assert lock.state.users == {}
        assert ask(lock, each).status is AnswerStatus.DONE
    assert lock.state.unfinished == {}
    assert lock.show_credential(StoredKind.FINGERPRINT, template, NOW).is_opened


def test_parts_of_another_template_do_not_mix_and_a_wrong_crc_is_refused() -> None:
    lock = bound_lock()
    first = AddUser.list_for(user(kind=StoredKind.FACE), bytes(300))
    second = AddUser.list_for(user(kind=StoredKind.FACE), bytes(range(256)) + bytes(44))
    ask(lock, first[0])
    ask(lock, second[0])
    ask(lock, first[1])
    assert lock.state.users == {}
    assert crc16(bytes(300)) != crc16(bytes(range(256)) + bytes(44))
    wrong = AddUser(first[0].user, b"x" + first[0].content[1:], part=first[0].part)
    assert ask(lock, wrong).status is AnswerStatus.BAD_TLV
    assert lock.state.users == {}
    assert lock.state.unfinished == {}


def test_settings_are_read_back_as_they_were_written() -> None:
    lock = bound_lock()
    raw = (RawSetting(Tag.LOCK_OUT_TIME_NEW, b"\x00\x0a"), RawSetting(Tag.LANGUAGE, b"\xe2"))
    written = WriteSettings(time_zone=-40, checkout_hour=10, scopes=(1, 2), raw=raw)
    assert ask(lock, written).status is AnswerStatus.DONE
    answer = ask(lock, ReadSettings()).body
    assert isinstance(answer, SettingsAnswer)
    assert (answer.time_zone, answer.checkout_hour, answer.epoch, answer.door_id) == (-40, 10, 7, world.DOOR)
    assert set(raw) <= set(answer.raw)
    assert lock.state.scopes == [1, 2]
    assert lock.state.records[-1].value.event is RecordEvent.SETTINGS_CHANGED


def test_setting_the_clock_ends_its_loss() -> None:
    for payload in (WriteSettings(clock=NOW), Operate(Operation.SET_CLOCK, NOW, clock=NOW)):
        lock = bound_lock(clock_lost=True)
        assert ask(lock, Operate(Operation.UNLOCK, NOW)).status is AnswerStatus.REFUSED
        assert ask(lock, payload).status is AnswerStatus.DONE
        assert not lock.clock_lost
        assert [record.value.event for record in lock.state.records] == [RecordEvent.CLOCK_SET]


@pytest.mark.parametrize(
    ("operation", "event"),
    [
        (Operation.UNLOCK, RecordEvent.OPENED),
        (Operation.LOCK, RecordEvent.LOCKED),
        (Operation.PASSAGE_ON, RecordEvent.PASSAGE_ON),
        (Operation.PASSAGE_OFF, RecordEvent.PASSAGE_OFF),
        (Operation.RESTART, RecordEvent.RESTART),
    ],
)
def test_an_operation_is_done_until_its_time_and_leaves_a_record(operation: Operation, event: RecordEvent) -> None:
    lock = bound_lock()
    assert ask(lock, Operate(operation, NOW - 1)).status is AnswerStatus.TOO_LATE
    assert lock.state.records == []
    assert ask(lock, Operate(operation, NOW)).status is AnswerStatus.DONE
    assert [record.value.event for record in lock.state.records] == [event]
    assert lock.state.passage_mode is (operation is Operation.PASSAGE_ON)


def test_raising_issue_and_floor_and_denying_work_from_afar() -> None:
    lock = bound_lock(door_issue=100)
    for audience, target, issue, status in (
        (Audience.DOOR, world.DOOR, 200, AnswerStatus.DONE),
        (Audience.DOOR, world.DOOR, 150, AnswerStatus.DONE),
        (Audience.SCOPE, world.SCOPE, 300, AnswerStatus.DONE),
        (Audience.DOOR, 1, 500, AnswerStatus.NO_SUCH_ITEM),
        (Audience.SCOPE, 1, 500, AnswerStatus.NO_SUCH_ITEM),
    ):
        raised = Operate(Operation.RAISE_ISSUE, NOW, issue=IssueFloor(audience, target, issue))
        assert ask(lock, raised).status is status
    ask(lock, Operate(Operation.DENY, NOW, denied=(Denied(1, NOW + DAY), Denied(2, NOW + 1))))
    ask(lock, Operate(Operation.RAISE_FLOOR, NOW + 1800), NOW + 1800)
    state = lock.state
    assert (state.door_issue, state.scope_issues, state.floor) == (200, {world.SCOPE: 300}, NOW)
    assert state.deny == {1: NOW + DAY}


def test_self_test_tells_of_a_low_battery_and_the_alarm_is_silenced() -> None:
    lock = bound_lock(is_alarm_sounding=True)
    assert ask(lock, Operate(Operation.SELF_TEST, NOW)).status is AnswerStatus.DONE
    lock.drain_battery(10, NOW)
    lock.drain_battery(9, NOW)
    assert [record.value.event for record in lock.state.records] == [RecordEvent.LOW_BATTERY]
    assert ask(lock, Operate(Operation.SELF_TEST, NOW)).status is AnswerStatus.LOW_BATTERY
    ask(lock, Operate(Operation.SILENCE_ALARM, NOW))
    assert not lock.state.is_alarm_sounding


# --- records and reports


def test_records_are_read_in_pages_with_their_chain() -> None:
    lock = bound_lock()
    for number in range(70):
        lock.use_inside_handle(NOW + number)
    k_rec = kdf.record_key(lock.state.k_lock())
    chain, after = CHAIN_START, 0
    for size in (60, 10, 0):
        page = ask(lock, ReadRecords(after)).body
        assert isinstance(page, RecordPage)
        assert (len(page.records), page.newest_sequence) == (size, 70)
        assert verify_chain(k_rec, (record.encode() for record in page.records), page.chain, chain)
        chain, after = page.chain, after + size
    few = ask(lock, ReadRecords(5, 2)).body
    assert isinstance(few, RecordPage)
    assert [record.sequence for record in few.records] == [6, 7]


def test_a_report_is_repeated_until_it_is_acknowledged() -> None:
    lock = bound_lock()
    assert lock.pending_report(NOW) is None
    lock.use_inside_handle(NOW)
    lock.use_inside_handle(NOW + 1)
    first = lock.pending_report(NOW)
    assert first is not None
    assert lock.pending_report(NOW + 5) == first
    sent = report_of(lock)
    assert isinstance(sent, OneRecord)
    assert sent.record.sequence == 1
    acknowledge(lock, first)
    second = lock.pending_report(NOW)
    assert second is not None
    assert peek_header(second).counter == peek_header(first).counter + 1
    acknowledge(lock, second)
    assert lock.pending_report(NOW) is None


def test_a_wrong_acknowledgement_is_not_taken() -> None:
    lock = bound_lock()
    lock.use_inside_handle(NOW)
    raw = lock.pending_report(NOW)
    assert raw is not None
    key, sent = kdf.command_key(lock.state.k_lock()), peek_header(raw)
    for command, counter, plaintext, used in (
        (sent.command, sent.counter + 1, b"\0", key),
        (Command.ALIVE, sent.counter, b"\0", key),
        (sent.command, sent.counter, b"\1", key),
        (sent.command, sent.counter, b"", key),
        (sent.command, sent.counter, b"\0", bytes(16)),
    ):
        frame = Frame(8, command, Direction.ACKNOWLEDGEMENT, counter, plaintext)
        assert lock.receive(seal_frame(used, world.SN, frame), NOW) is None
        assert lock.pending_report(NOW) == raw


def test_reports_on_demand_come_first_and_once() -> None:
    lock = bound_lock(last_counter=12)
    lock.use_inside_handle(NOW)
    for command in (Command.ALIVE, Command.ALIVE, Command.SYSTEM_SETTINGS, Command.USERS):
        lock.queue_report(command)
    kinds = []
    while (raw := lock.pending_report(NOW)) is not None:
        kinds.append(type(report_of(lock)))
        acknowledge(lock, raw)
    assert kinds == [Alive, SystemSettings, UserList, OneRecord]
    with pytest.raises(UsageError):
        lock.queue_report(Command.BOUND)


def test_alive_tells_the_newest_record_and_the_last_counter() -> None:
    lock = bound_lock(last_counter=12, battery=55)
    lock.use_inside_handle(NOW)
    lock.queue_report(Command.ALIVE)
    assert report_of(lock) == Alive(55, 1, NOW, 1, 12)


def test_a_module_is_associated_and_reported() -> None:
    lock = bound_lock()
    assert ask(lock, AssociateModule("866123456789012")).status is AnswerStatus.DONE
    sent = report_of(lock)
    assert isinstance(sent, ModuleAssociated)
    assert sent.imei == "866123456789012"


def test_reports_go_on_where_old_records_are_gone() -> None:
    lock = bound_lock()
    for number in range(1003):
        lock.use_inside_handle(NOW + number)
    sent = report_of(lock)
    assert isinstance(sent, OneRecord)
    assert sent.record.sequence == 4
    raw = lock.pending_report(NOW)
    assert raw is not None
    acknowledge(lock, raw)
    following = report_of(lock)
    assert isinstance(following, OneRecord)
    assert following.record.sequence == 5


# --- the state


def test_the_whole_state_goes_through_json() -> None:
    lock = bound_lock(privacy=True)
    world.store_card(lock)
    ask(lock, AddUser.list_for(user(kind=StoredKind.FACE), bytes(300))[0])
    ask(lock, DeleteUser(permanent_serial=7))
    ask(lock, Operate(Operation.DENY, NOW, denied=(Denied(1, NOW),)))
    lock.type_code("1", NOW)
    lock.pending_report(NOW)
    again = VirtualLock.from_json(json.loads(json.dumps(lock.to_json())))
    assert again == lock
    assert again.pending_report(NOW) == lock.pending_report(NOW)


def test_secrets_stay_out_of_texts() -> None:
    lock = bound_lock(admin_passcode="31080904")
    text = repr(lock) + repr(initialise()) + repr(AddUser(user(), b"secret"))
    for secret in (world.LOCK_KEYS, lock.state.keys[0].door_key, b"secret", bytes(32)):
        assert repr(secret)[2:-1] not in text
    for secret_text in (world.SERVER_KEYS, NEW_KEYS, "31080904"):
        assert secret_text not in text
