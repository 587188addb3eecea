"""The keypad of the virtual lock, at the edges that random histories reach seldom."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pms.protocol.bcd import encode_bcd
from pms.protocol.command import DeleteUser, ListedUser, Operate, Operation, StoredKind, UserRole
from pms.protocol.passcode import Clear, Days, Hours, Nights, Permanent, Single
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.simulators.lock import StoredCredential, VirtualLock

from . import lock_world as world
from .lock_world import DAY, HOUR, NOW, bound_lock, code

DAY_START = NOW // DAY * DAY


def wrong(lock: VirtualLock, times: int, at: int) -> None:
    for number in range(times):
        digits = world.rubbish(lock.state.epoch, number * 1_000_003)
        assert lock.type_code(digits, at).result is RecordResult.WRONG_CODE


def events(lock: VirtualLock) -> list[RecordEvent]:
    return [record.value.event for record in lock.state.records]


def store_passcode(lock: VirtualLock, digits: str, **changes: object) -> None:
    fields: dict[str, object] = {"not_before": NOW, "not_after": NOW + DAY, "role": UserRole.GUEST, **changes}
    user = ListedUser(2, StoredKind.PASSCODE, 555, **fields)  # type: ignore[arg-type]
    lock.state.users[2] = StoredCredential(user, encode_bcd(digits))


@pytest.mark.parametrize(("fives", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60)])
def test_each_fifth_wrong_code_shuts_the_keypad_longer(fives: int, minutes: int) -> None:
    lock = bound_lock()
    at = NOW
    for number in range(fives):
        wrong(lock, 5, at + number * HOUR)
    last = at + (fives - 1) * HOUR
    assert lock.state.shut_until == last + 60 * minutes
    assert lock.type_code(code(Permanent(0)), lock.state.shut_until - 1).result is RecordResult.LOCKED_OUT
    assert events(lock).count(RecordEvent.LOCK_OUT) == fives


def test_thirty_wrong_codes_in_a_day_shut_out_offline_codes_but_not_stored_ones() -> None:
    lock = bound_lock()
    for number in range(6):
        wrong(lock, 5, NOW + number * HOUR)
    at = NOW + 7 * HOUR
    assert lock.type_code(code(Permanent(0)), at).result is RecordResult.LOCKED_OUT
    store_passcode(lock, "123456")
    assert lock.type_code("123456", at).is_opened
    assert lock.type_code(code(Permanent(0)), at).is_opened


def test_twenty_nine_wrong_codes_shut_nothing_for_the_day() -> None:
    lock = bound_lock()
    for number in range(5):
        wrong(lock, 5, NOW + number * HOUR)
    wrong(lock, 4, NOW + 6 * HOUR)
    assert lock.type_code(code(Permanent(0)), NOW + 6 * HOUR).is_opened


def test_an_opening_by_an_offline_code_does_not_empty_the_days_count() -> None:
    lock = bound_lock()
    for number in range(10):
        wrong(lock, 3, NOW + number)
        if number < 9:
            assert lock.type_code(code(Permanent(0)), NOW + number).is_opened
    assert lock.type_code(code(Permanent(0)), NOW + 10).result is RecordResult.LOCKED_OUT
    assert lock.type_code(code(Permanent(0)), NOW + DAY).result is RecordResult.OPENED


@pytest.mark.parametrize("by", ["card", "command"])
def test_an_opening_by_card_or_command_ends_row_shut_time_and_count(by: str) -> None:
    lock = bound_lock()
    wrong(lock, 5, NOW)
    if by == "card":
        assert lock.present(world.UID, world.card(world.guest_unit(world.body())), NOW).is_opened
    else:
        world.ask(lock, Operate(Operation.UNLOCK, NOW))
    assert (lock.state.wrong_row, lock.state.shut_until, lock.state.wrong_times) == (0, 0, [])
    assert lock.type_code(code(Permanent(0)), NOW).is_opened


def test_the_inside_handle_ends_no_lock_out() -> None:
    lock = bound_lock(privacy=True)
    wrong(lock, 5, NOW)
    lock.use_inside_handle(NOW)
    assert not lock.state.privacy
    assert lock.type_code(code(Permanent(0)), NOW).result is RecordResult.LOCKED_OUT
    handle = next(r.value for r in lock.state.records if r.value.method is RecordMethod.INSIDE_HANDLE)
    assert (handle.event, handle.result) == (RecordEvent.OPENED, RecordResult.OPENED)


def test_a_shut_keypad_takes_no_stored_code_either() -> None:
    lock = bound_lock()
    store_passcode(lock, "123456")
    wrong(lock, 5, NOW)
    assert lock.type_code("123456", NOW + 299).result is RecordResult.LOCKED_OUT
    assert lock.type_code("123456", NOW + 300).is_opened


def test_a_lost_clock_refuses_every_code_and_counts_none() -> None:
    lock = bound_lock()
    lock.clock_lost = True
    for digits in (code(Permanent(0)), "0000000000", "12"):
        answer = lock.type_code(digits, NOW)
        assert (answer.result, answer.credential_id) == (RecordResult.NO_CLOCK, 0)
    assert lock.clock_lost
    assert lock.state.wrong_row == 0
    assert {record.value.time for record in lock.state.records} == {0}


def test_revoking_counts_in_one_epoch_only() -> None:
    lock = bound_lock()
    world.ask(lock, DeleteUser(permanent_serial=5))
    assert lock.type_code(code(Permanent(5)), NOW).result is RecordResult.WRONG_CODE
    assert lock.type_code(code(Permanent(5), 8), NOW).is_opened
    assert lock.state.revoked == set()
    assert lock.type_code(code(Permanent(5), 8), NOW).is_opened
    assert lock.type_code(code(Permanent(5), 7), NOW).result is RecordResult.WRONG_CODE


def test_a_used_single_code_may_be_used_again_in_the_next_epoch() -> None:
    lock = bound_lock()
    single = Single(NOW, 3)
    assert lock.type_code(code(single), NOW).is_opened
    assert lock.type_code(code(single), NOW).result is RecordResult.USED
    assert lock.type_code(code(single, 8), NOW).is_opened
    assert lock.type_code(code(single, 8), NOW).result is RecordResult.USED


def test_a_used_single_code_is_remembered_as_long_as_it_holds() -> None:
    lock = bound_lock()
    assert lock.type_code(code(Single(NOW, 3)), NOW - 900).is_opened
    assert lock.type_code(code(Single(NOW, 3)), NOW + DAY + 900).result is RecordResult.USED
    assert lock.type_code(code(Single(NOW, 3)), NOW + DAY + 901).result is RecordResult.WRONG_CODE
    lock.type_code("", NOW + 25 * HOUR + 1)
    assert lock.state.used_singles == []


def test_a_days_code_is_first_used_within_a_week() -> None:
    days = Days(DAY_START, 40)
    edge = DAY_START + 7 * DAY + 900
    assert bound_lock().type_code(code(days), edge + 1).result is RecordResult.WRONG_CODE
    lock = bound_lock()
    assert lock.type_code(code(days), edge).is_opened
    assert lock.state.floor == DAY_START
    assert lock.type_code(code(days), edge + 20 * DAY).is_opened


def test_a_days_code_of_the_floors_own_day_passes_though_the_floor_is_later_that_day() -> None:
    lock = bound_lock(floor=DAY_START + 15 * HOUR)
    assert lock.type_code(code(Days(DAY_START, 32)), DAY_START + 16 * HOUR).is_opened
    assert lock.state.floor == DAY_START + 15 * HOUR
    assert lock.type_code(code(Days(DAY_START - DAY, 32)), DAY_START).result is RecordResult.SUPERSEDED


def test_a_code_of_the_epoch_after_the_next_is_wrong() -> None:
    assert bound_lock().type_code(code(Permanent(0), 9), NOW).result is RecordResult.WRONG_CODE


def test_epochs_wrap_around() -> None:
    lock = bound_lock(epoch=255)
    assert lock.type_code(code(Permanent(0), 0), NOW).is_opened
    assert lock.state.epoch == 0


def test_each_epoch_that_is_left_leaves_a_record() -> None:
    lock = bound_lock(floor=NOW - DAY)
    answer = lock.type_code(code(Clear(NOW), 8), NOW)
    assert answer.result is RecordResult.VOIDED
    assert lock.state.epoch == 9
    assert lock.state.floor == NOW - DAY
    moved = [record.value for record in lock.state.records]
    assert [record.event for record in moved] == [RecordEvent.EPOCH_MOVED] * 2
    assert [record.result for record in moved] == [RecordResult.OPENED, RecordResult.VOIDED]
    assert {record.credential_id for record in moved} == {answer.credential_id}


def test_a_clear_code_works_while_the_deadbolt_is_thrown() -> None:
    lock = bound_lock(privacy=True)
    assert lock.type_code(code(Clear(NOW)), NOW).result is RecordResult.VOIDED
    assert lock.state.epoch == 8


def test_privacy_changes_nothing() -> None:
    lock = bound_lock(privacy=True)
    before = (lock.state.epoch, lock.state.floor, lock.state.used_singles)
    for permission in (Nights(NOW, 1), Single(NOW, 0), Hours(NOW, 1), Permanent(0)):
        for epoch in (7, 8):
            assert lock.type_code(code(permission, epoch), NOW).result is RecordResult.PRIVACY
    assert (lock.state.epoch, lock.state.floor, lock.state.used_singles) == before
    assert lock.state.wrong_row == 0


@pytest.mark.parametrize(
    ("at", "changes", "result"),
    [
        (NOW - 1, {}, RecordResult.NOT_YET),
        (NOW + DAY, {}, RecordResult.OPENED),
        (NOW + DAY + 1, {}, RecordResult.EXPIRED),
        (NOW, {"privacy": True}, RecordResult.PRIVACY),
        (NOW, {"clock_lost": True}, RecordResult.NO_CLOCK),
        (NOW, {"deny": {555: NOW}}, RecordResult.DENIED),
    ],
)
def test_a_stored_code_is_judged_by_its_own_rules(at: int, changes: dict[str, object], result: RecordResult) -> None:
    lock = bound_lock(**changes)
    store_passcode(lock, "20262026")
    answer = lock.type_code("20262026", at)
    assert (answer.result, answer.credential_id) == (result, 555)
    assert lock.state.wrong_row == 0


def test_an_administrators_code_opens_a_bolted_door() -> None:
    lock = bound_lock(privacy=True)
    store_passcode(lock, "20262026", role=UserRole.ADMINISTRATOR)
    assert lock.type_code("20262026", NOW).is_opened


def test_a_duress_code_opens_and_leaves_an_alarm_without_a_sound() -> None:
    lock = bound_lock()
    store_passcode(lock, "911911", role=UserRole.DURESS)
    assert lock.type_code("911911", NOW).is_opened
    assert events(lock) == [RecordEvent.OPENED, RecordEvent.DURESS]
    assert not lock.state.is_alarm_sounding


def test_a_finger_that_nobody_stored_is_refused() -> None:
    lock = bound_lock()
    answer = lock.show_credential(StoredKind.FINGERPRINT, b"template", NOW)
    assert answer.result is RecordResult.NOT_ADDRESSED
    assert lock.state.records[-1].value.method is RecordMethod.FINGERPRINT


def test_records_are_numbered_chained_and_kept_to_a_thousand() -> None:
    lock = bound_lock()
    for number in range(1005):
        lock.use_inside_handle(NOW + number)
    sequences = [record.value.sequence for record in lock.state.records]
    assert sequences == list(range(6, 1006))
    assert all(one.chain != two.chain for one, two in pairwise(lock.state.records))
