"""Codes typed at virtual locks, and what the lock's records teach the book."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pms.core import clock
from pms.core.db import db, transaction
from pms.locks import queries as locks
from pms.locks.models import Lock, LockSetup
from pms.passcodes import queries, rules, service
from pms.passcodes.models import PasscodeKind, PasscodeProof, PasscodeState
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.stays import service as stays
from tests.keycards.desk import DESK, DOOR, door_lock, new_request, stay


def issue(stay_id, request_id=None):
    return service.issue_for_stay(stay_id=stay_id, request_id=request_id or new_request(), actor=DESK, now=clock.now())


def revoke(passcode_id):
    return service.revoke(passcode_id=passcode_id, request_id=new_request(), actor=DESK, now=clock.now())


def type_code(lock, digits):
    return lock.type_code(digits, int(clock.now().timestamp())).result.name.lower()


def report(lock, room):
    """Bring the lock's last acts to the book, as the page that takes reports does; the code that it was about."""
    row = locks.door_of_room(room.id).lock
    found = None
    times = {"at": clock.now(), "actor": DOOR, "now": clock.now()}
    for logged in lock.state.records[-2:]:
        record = logged.value
        if record.event is RecordEvent.EPOCH_MOVED:
            service.epoch_moved(lock=row, p=record.credential_id, **times)
        elif record.method is RecordMethod.OFFLINE_PASSCODE:
            found = service.seen_at_door(lock=row, p=record.credential_id, result=record.result, **times) or found
    return found


def lock_row(house, room="101") -> Lock:
    return locks.door_of_room(house.rooms[room].id).lock


def state_of(shown):
    return queries.get_passcode(shown.passcode.id).state


def later(**by):
    clock.freeze(clock.now() + timedelta(**by))


def test_a_code_opens_its_door_for_the_stay_and_no_other_door(house):
    shown = issue(stay(house, "101"))
    assert type_code(door_lock(house.rooms["101"].id), shown.digits) == "opened"
    assert type_code(door_lock(house.rooms["102"].id), shown.digits) == "wrong_code"


def test_the_digits_do_not_appear_when_the_answer_is_printed(house):
    shown = issue(stay(house))
    assert shown.digits not in repr(shown)


def test_the_next_guests_code_ends_the_one_before(house):
    first_stay = stay(house)
    first, lock = issue(first_stay), door_lock(house.rooms["101"].id)
    stays.check_out(stay_id=first_stay, actor=DESK, now=clock.now())
    later(hours=3)
    second = issue(stay(house, name="Sato"))
    assert type_code(lock, first.digits) == "opened"
    assert type_code(lock, second.digits) == "opened"
    report(lock, house.rooms["101"])
    assert type_code(lock, first.digits) == "superseded"
    assert state_of(first) is PasscodeState.REVOKED


def test_two_parties_of_one_hour_do_not_share_an_epoch(house):
    first_stay = stay(house)
    first, lock = issue(first_stay), door_lock(house.rooms["101"].id)
    assert type_code(lock, first.digits) == "opened"
    stays.check_out(stay_id=first_stay, actor=DESK, now=clock.now())
    second = issue(stay(house, name="Sato"))
    assert (first.passcode.epoch, second.passcode.epoch) == (0, 1)
    assert type_code(lock, second.digits) == "opened"
    report(lock, house.rooms["101"])
    assert type_code(lock, first.digits) == "wrong_code"
    assert state_of(first) is PasscodeState.REVOKED
    assert lock_row(house).known_epoch == 1


def test_a_third_party_of_one_hour_is_refused_until_the_lock_was_heard_of(house):
    lock = door_lock(house.rooms["101"].id)
    for name in ("Moreau", "Sato"):
        stay_id = stay(house, name=name)
        shown = issue(stay_id)
        stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now())
    third = stay(house, name="Weber")
    with pytest.raises(rules.LockTooFarBehind):
        issue(third)
    assert type_code(lock, shown.digits) == "opened"
    report(lock, house.rooms["101"])
    assert type_code(lock, issue(third).digits) == "opened"


def test_an_extension_gives_another_code_with_the_same_start_and_the_old_one_keeps_working(house):
    stay_id = stay(house, nights=1)
    first, lock = issue(stay_id), door_lock(house.rooms["101"].id)
    later(hours=5)
    stays.extend(stay_id=stay_id, departure_date=date(2026, 6, 15), actor=DESK, now=clock.now())
    second = issue(stay_id)
    assert second.passcode.valid_from == first.passcode.valid_from
    assert [type_code(lock, shown.digits) for shown in (second, first, second)] == ["opened"] * 3
    later(days=1)
    assert type_code(lock, first.digits) == "wrong_code"
    assert type_code(lock, second.digits) == "opened"


def test_an_extension_past_31_nights_becomes_a_code_of_days(house):
    stay_id = stay(house, nights=30)
    first, lock = issue(stay_id), door_lock(house.rooms["101"].id)
    assert type_code(lock, first.digits) == "opened"
    stays.extend(stay_id=stay_id, departure_date=date(2026, 8, 20), actor=DESK, now=clock.now())
    second = issue(stay_id)
    assert second.passcode.kind is PasscodeKind.DAYS
    assert type_code(lock, second.digits) == "opened"


def test_asking_again_without_a_change_shows_the_same_code(house):
    stay_id = stay(house)
    assert issue(stay_id).passcode.id == issue(stay_id).passcode.id


def test_a_typed_clear_code_kills_the_code_and_only_then_the_book_says_so(house):
    stay_id = stay(house)
    shown, lock = issue(stay_id), door_lock(house.rooms["101"].id)
    clear = revoke(shown.passcode.id)
    assert state_of(shown) is PasscodeState.REVOKING
    assert type_code(lock, shown.digits) == "opened"
    assert type_code(lock, clear.digits) == "voided"
    report(lock, house.rooms["101"])
    assert type_code(lock, shown.digits) == "wrong_code"
    assert state_of(shown) is PasscodeState.REVOKED
    assert lock_row(house).known_epoch == 1
    assert type_code(lock, issue(stay_id).digits) == "opened"


def test_before_the_clear_code_is_typed_a_new_code_is_made_for_the_next_epoch(house):
    stay_id = stay(house)
    shown, lock = issue(stay_id), door_lock(house.rooms["101"].id)
    revoke(shown.passcode.id)
    fresh = issue(stay_id)
    assert fresh.passcode.epoch == 1
    assert type_code(lock, fresh.digits) == "opened"
    assert type_code(lock, shown.digits) == "wrong_code"


def test_the_clear_code_of_one_hour_is_the_same_again(house):
    shown = issue(stay(house))
    assert revoke(shown.passcode.id).digits == revoke(shown.passcode.id).digits


def test_what_is_dead_need_not_be_revoked(house):
    shown = issue(stay(house, nights=1))
    later(days=2)
    with pytest.raises(rules.NotAlive):
        revoke(shown.passcode.id)


def test_a_code_seen_at_the_door_is_confirmed(house):
    shown, lock = issue(stay(house)), door_lock(house.rooms["101"].id)
    assert shown.passcode.proof is PasscodeProof.BELIEVED
    type_code(lock, shown.digits)
    assert report(lock, house.rooms["101"]).proof is PasscodeProof.CONFIRMED


def test_a_number_that_is_nobodys_teaches_nothing(house):
    found = service.seen_at_door(
        lock=lock_row(house), p=12345, result=RecordResult.OPENED, at=clock.now(), actor=DOOR, now=clock.now()
    )
    assert found is None


def test_check_out_does_not_claim_that_the_door_has_forgotten(house):
    stay_id = stay(house)
    shown = issue(stay_id)
    step = stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=stay_id, step_id=step.id, actor=DESK, now=clock.now())
    (line,) = queries.lines_of_stay(stay_id, now=clock.now())
    assert line.life is rules.Life.STILL_OPENS
    assert type_code(door_lock(house.rooms["101"].id), shown.digits) == "opened"
    service.reinstate(step_id=step.id, actor=DESK, now=clock.now())
    (line,) = queries.lines_of_stay(stay_id, now=clock.now())
    assert line.life is rules.Life.OPENS


def test_no_code_for_a_stay_that_is_over_has_no_room_or_no_lock(house):
    over = stay(house, "101")
    stays.check_out(stay_id=over, actor=DESK, now=clock.now())
    with pytest.raises(rules.StayEnded):
        issue(over)
    roomless = stay(house, "102", inside=False)
    stays.unassign_room(stay_id=roomless, actor=DESK, now=clock.now())
    with pytest.raises(rules.NoRoomYet):
        issue(roomless)
    unbound = stay(house, "103")
    with transaction() as session:
        session.get(Lock, lock_row(house, "103").id).setup = LockSetup.IMPORTED
    with pytest.raises(rules.NoLock):
        issue(unbound)


def test_starts_are_unique_in_the_database_itself(any_house):
    from sqlalchemy.exc import IntegrityError

    from pms.passcodes.models import PasscodeStart

    first, second = stay(any_house, "101"), stay(any_house, "102")
    lock = lock_row(any_house)
    values = {"lock_id": lock.id, "life": 1, "epoch": 0, "starts_at": clock.now()}
    with transaction() as session:
        session.add(PasscodeStart(stay_id=first, **values))
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(PasscodeStart(stay_id=second, **values))
    db.session.rollback()
