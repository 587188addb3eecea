"""Codes of every kind, typed at a virtual lock that knows nothing of the server, and what its records teach the book."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms import schema
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.lock_commands import settings
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import service as locks
from pms.locks.models import Lock, LockSetup
from pms.passcodes import jobs, queries, rules, service
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeStart, PasscodeState
from pms.passcodes.service import Holder, Times, making
from pms.protocol.command import AnswerStatus, WriteSettings
from pms.protocol.passcode import Pattern, encode_passcode
from pms.simulators.lock import commands as twin_commands
from tests.access_records.conftest import set_up
from tests.keycards.desk import stay
from tests.passcodes.conftest import CLERK, kept
from tests.races import race

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


def later(**by) -> datetime:
    clock.freeze(clock.now() + timedelta(**by))
    return clock.now()


def new_id() -> str:
    return str(uuid.uuid4())


def issue(stay_id):
    return kept(service.issue_for_stay(stay_id=stay_id, request_id=new_id(), actor=CLERK, now=clock.now()))


def delete(shown, **values):
    return service.delete(
        passcode_id=shown.passcode.id,
        request_id=values.pop("request_id", new_id()),
        actor=CLERK,
        now=clock.now(),
        **values,
    )


def add(door, digits, **values):
    return service.add(
        lock_id=door.lock_id,
        digits=digits,
        holder=values.pop("holder", Holder(name="Phone")),
        request_id=new_id(),
        actor=CLERK,
        now=clock.now(),
    )


def change(shown, **times):
    old, new = service.change_times(
        passcode_id=shown.passcode.id, times=Times(**times), request_id=new_id(), actor=CLERK, now=clock.now()
    )
    return old, kept(new)


def outside(door, permission, epoch=0) -> str:
    """What a phone with the lock's key makes, without asking the server."""
    from pms.locks import lock_keys
    from pms.locks import queries as locks

    digits = encode_passcode(lock_keys.code_key_of(locks.get_lock(door.lock_id)), epoch, permission)
    db.remove()
    return digits


@pytest.mark.parametrize(
    ("start", "length", "kind"),
    [
        (2 * HOUR, 5 * HOUR, PasscodeKind.HOURS),
        (3 * HOUR, 5 * DAY - 3 * HOUR, PasscodeKind.NIGHTS),
        (14 * HOUR, 50 * DAY - 14 * HOUR, PasscodeKind.DAYS),
    ],
)
def test_the_door_takes_a_code_at_both_ends_with_the_grace_and_not_a_second_more(door, now, start, length, kind):
    begins, ends = now + start, now + start + length
    shown = door.make("timed", start=begins, until=ends)
    assert shown.passcode.kind is kind
    code = (shown.passcode.valid_from, shown.passcode.valid_until)
    assert code == (begins, ends)
    assert door.type(shown.digits, begins - rules.GRACE - SECOND) == "wrong_code"
    assert door.type(shown.digits, begins - rules.GRACE) == "opened"
    assert door.type(shown.digits, ends + rules.GRACE) == "opened"
    assert door.type(shown.digits, ends + rules.GRACE + SECOND) == "wrong_code"


def test_a_code_for_one_opening_opens_once_and_the_book_hears_of_it(door):
    shown = door.make("single", start=None)
    other = door.make("single", start=None)
    assert shown.digits != other.digits
    assert door.type(shown.digits) == "opened"
    assert door.type(shown.digits) == "used"
    assert door.life(shown) == "opens"
    door.carry()
    assert (door.life(shown), door.life(other)) == ("used", "opens")
    later(hours=23, minutes=59)
    assert door.type(other.digits) == "opened"


def test_sixteen_codes_for_one_opening_an_hour_and_none_more(door):
    made = [door.make("single", start=None) for _ in range(16)]
    assert len({one.digits for one in made}) == 16
    with pytest.raises(rules.SinglesUsedUp):
        door.make("single", start=None)
    later(hours=1)
    door.make("single", start=None)


def test_a_permanent_code_opens_until_the_locks_own_answer_says_that_it_is_revoked(door):
    shown, other = door.make("permanent"), door.make("permanent")
    later(days=900)
    assert door.type(shown.digits) == "opened"
    door.carry()
    request = new_id()
    command_id = delete(shown, request_id=request).command.id
    assert delete(shown, request_id=request).command.id == command_id == delete(shown).command.id
    db.remove()
    assert door.life(shown) == "being_revoked"
    assert door.type(shown.digits) == "opened"
    door.carry()
    assert door.life(shown) == "revoked"
    assert door.type(shown.digits) == "wrong_code"
    assert door.type(other.digits) == "opened"
    with pytest.raises(rules.NotAlive):
        delete(shown)
    third = door.make("permanent")
    assert third.digits != shown.digits, "the lock remembers the serial until its codes change"


def test_a_lock_that_would_not_revoke_leaves_the_code_alive(door, monkeypatch):
    shown = door.make("permanent")
    delete(shown)

    def refuse(*_args):
        return twin_commands.LockAnswer(AnswerStatus.REFUSED)

    monkeypatch.setitem(twin_commands._ACTIONS, twin_commands.DeleteUser, refuse)
    door.carry()
    assert door.life(shown) == "opens"
    asked = sa.select(LockCommand.state).where(LockCommand.subject_kind == service.SUBJECT)
    assert db.session.scalars(asked).one() is CommandState.FAILED
    monkeypatch.undo()
    delete(shown)
    door.carry()
    assert door.life(shown) == "revoked"


def test_the_lock_cannot_revoke_a_code_of_a_series_that_it_has_not_begun(door):
    door.make("permanent")
    clear = door.clear()
    ahead = door.make("permanent")
    with pytest.raises(rules.NotThereYet):
        delete(ahead)
    assert door.type(clear.digits) == "voided"
    door.carry()
    delete(ahead)
    door.carry()
    assert door.type(ahead.digits) == "wrong_code"


def test_256_permanent_codes_and_none_more(door, monkeypatch):
    monkeypatch.setattr(making, "SERIALS", 2)
    made = [door.make("permanent") for _ in range(2)]
    assert made[0].digits != made[1].digits
    with pytest.raises(rules.SerialsUsedUp):
        door.make("permanent")
    door.clear()
    door.make("permanent")


def test_a_code_for_certain_days_opens_in_its_hours_only(door, now):
    shown = door.make(
        "cyclic", pattern=int(Pattern.MONDAY_TO_FRIDAY), start_hour=9, hours=2, last_month=date(2026, 7, 1)
    )
    monday_nine = datetime(2026, 6, 15, 7, tzinfo=now.tzinfo)
    assert door.type(shown.digits, monday_nine - rules.GRACE) == "opened"
    assert door.type(shown.digits, monday_nine + 2 * HOUR + rules.GRACE) == "opened"
    assert door.type(shown.digits, monday_nine + 3 * HOUR) == "wrong_code"
    assert door.type(shown.digits, monday_nine - DAY) == "wrong_code"
    last = datetime(2026, 7, 31, 9, tzinfo=now.tzinfo)
    assert shown.passcode.valid_until == last
    assert door.type(shown.digits, last + rules.GRACE) == "opened"
    assert door.type(shown.digits, last + 3 * DAY - 2 * HOUR) == "wrong_code"
    door.carry()
    assert queries.get_passcode(shown.passcode.id).proof.value == "confirmed"


def test_visitors_codes_do_not_end_the_guests_and_a_later_guests_does_not_end_theirs(house, door):
    guest = issue(stay(house))
    now = later(hours=2)
    visitor = door.make("timed", start=now, until=now + 2 * HOUR)
    assert [door.type(one.digits) for one in (guest, visitor, guest)] == ["opened"] * 3
    later_guest = door.make("timed", start=now, until=now + 2 * DAY - 2 * HOUR)
    assert later_guest.passcode.kind is PasscodeKind.HOURS, "hours can say it, so that nobody's code is ended"
    long = door.make("timed", start=now, until=now + 5 * DAY - 2 * HOUR)
    assert long.passcode.kind is PasscodeKind.NIGHTS
    assert [door.type(one.digits) for one in (long, guest, visitor)] == ["opened", "superseded", "opened"]
    door.carry()
    assert (door.life(guest), door.life(visitor)) == ("revoked", "opens")


def test_two_parties_do_not_share_a_start_unless_one_of_them_asks_for_hours(house, door, now):
    issue(stay(house))
    with pytest.raises(rules.StartTaken):
        door.make("timed", start=now, until=now + 5 * DAY)
    door.make("timed", start=now, until=now + 3 * HOUR)
    assert door.make("timed", start=now + HOUR, until=now + 5 * DAY).passcode.kind is PasscodeKind.NIGHTS


def test_the_same_digits_are_given_to_one_person_only(door, now):
    door.make("timed", start=now, until=now + 3 * HOUR)
    with pytest.raises(rules.SameCode) as refusal:
        door.make("timed", start=now, until=now + 3 * HOUR, holder=Holder(name="Mr Adeyemi"))
    assert refusal.value.params == {"holder": "Ms Kim"}


def test_a_new_code_after_a_clear_code_is_of_the_next_series_and_tells_whom_it_ends(door, now):
    cleaner = door.make("cyclic", pattern=0, start_hour=0, hours=24, last_month=date(2026, 12, 1))
    door.clear()
    fresh = door.make("timed", start=now, until=now + 3 * HOUR)
    ended = queries.ended_by_first_use(
        lock=fresh.passcode.lock, kind=PasscodeKind.HOURS, epoch=fresh.passcode.epoch, start=now, now=now
    )
    assert [code.id for code in ended] == [cleaner.passcode.id]
    assert [door.type(one.digits) for one in (cleaner, fresh, cleaner)] == ["opened", "opened", "wrong_code"]
    door.carry()
    assert door.life(cleaner) == "revoked"


def test_a_clear_code_asked_for_again_clears_what_the_lock_is_in_and_is_never_two_ahead(door):
    old = door.make("permanent")
    first = door.clear()
    later(days=2)
    again = door.clear()
    assert [door.type(one.digits) for one in (first, again, old)] == ["wrong_code", "voided", "wrong_code"]


def test_other_times_are_another_code_and_the_old_one_opens_on(door, now):
    old = door.make("timed", start=now, until=now + 5 * HOUR)
    later(hours=1)
    before, new = change(old, until=now + 3 * HOUR)
    assert (before.id, new.passcode.replaces_id) == (old.passcode.id, old.passcode.id)
    assert [door.type(one.digits) for one in (new, old)] == ["opened", "opened"]
    assert (door.life(old), door.life(new)) == ("still_opens", "opens")
    assert door.type(new.digits, now + 4 * HOUR) == "wrong_code"
    assert door.type(old.digits, now + 4 * HOUR) == "opened"


def test_a_longer_code_of_nights_keeps_its_start_and_is_no_other_party(door, now):
    old = door.make("timed", start=now, until=now + 5 * DAY)
    assert door.type(old.digits) == "opened"
    later(days=1)
    _before, new = change(old, until=now + 9 * DAY)
    assert new.passcode.valid_from == now
    assert [door.type(one.digits) for one in (new, old)] == ["opened", "opened"]


def test_other_days_are_another_code_and_what_has_no_times_is_not_changed(door, now):
    cleaner = door.make("cyclic", pattern=0, start_hour=9, hours=2, last_month=date(2026, 7, 1))
    _before, new = change(cleaner, hours=4)
    assert door.type(new.digits, now + DAY + HOUR) == "opened"
    with pytest.raises(rules.NothingToChange):
        change(door.make("permanent"), until=now + DAY)
    delete(cleaner)
    assert door.life(cleaner) == "still_opens"
    with pytest.raises(rules.NotExpressible):
        change(door.make("timed", start=now, until=now + HOUR), until=now + 90 * HOUR)


def test_a_code_made_by_a_phone_is_written_down_once(door, now):
    digits = outside(door, rules.timed(start=now, until=now + 2 * HOUR, clockwork=_clockwork(door), now=now).permission)
    code, is_new = add(door, digits)
    code_id = code.id
    assert (is_new, code.was_added, code.kind) == (True, True, PasscodeKind.HOURS)
    again, is_new = add(door, digits, holder=Holder(name="Somebody else"))
    assert (is_new, again.id) == (False, code_id)
    door.type(digits)
    door.carry()
    assert queries.get_passcode(code_id).proof.value == "confirmed"


def test_digits_of_another_door_and_of_times_long_past_are_no_code(house, door, now):
    clockwork = _clockwork(door)
    over = rules.timed(start=now, until=now + 2 * HOUR, clockwork=clockwork, now=now).permission
    digits = outside(door, over)
    later(days=1)
    with pytest.raises(rules.NotOfThisLock):
        add(door, digits)
    with pytest.raises(rules.NotOfThisLock):
        add(door, "0000000000")
    with pytest.raises(rules.NotOfThisLock):
        add(door, "12345")
    with pytest.raises(rules.NobodyNamed):
        add(door, outside(door, rules.permanent(serial=3, now=now).permission), holder=Holder())


def test_a_clear_code_made_by_a_phone_counts_like_our_own(door, now):
    old = door.make("permanent")
    digits = outside(door, rules.clear(now=now).permission)
    code, _is_new = add(door, digits)
    assert code.kind is PasscodeKind.CLEAR
    fresh = door.make("permanent")
    assert fresh.passcode.epoch == 1
    assert [door.type(one) for one in (digits, old.digits, fresh.digits)] == ["voided", "wrong_code", "opened"]


def test_a_later_code_of_a_phone_is_of_the_series_in_which_we_go_on(door, now):
    permission = rules.permanent(serial=9, now=now).permission
    code, _is_new = add(door, outside(door, permission, epoch=1))
    assert code.epoch == 1
    assert door.make("permanent").passcode.epoch == 1


def test_new_keys_of_the_lock_end_every_code(house, door, now):
    shown = door.make("permanent")
    delete(shown)
    later(minutes=5)
    door.twin = set_up(door.lock_id, clock.now())
    assert door.type(shown.digits) == "wrong_code"
    assert door.life(shown) == "revoked"
    with pytest.raises(rules.NotAlive):
        service.show_again(passcode_id=shown.passcode.id, actor=CLERK, now=clock.now())
    asked = sa.select(LockCommand.state).where(LockCommand.subject_kind == service.SUBJECT)
    assert db.session.scalars(asked).one() is CommandState.DROPPED
    db.remove()
    assert door.type(door.make("permanent").digits) == "opened"


@pytest.mark.parametrize(
    ("setup", "refusal"),
    [
        (LockSetup.IMPORTED, rules.NoLock),
        (LockSetup.MOVED, rules.LockMoved),
        (LockSetup.PENDING, rules.LockBetweenKeys),
    ],
)
def test_no_code_for_a_lock_that_would_not_take_it(door, setup, refusal):
    with transaction() as session:
        session.get(Lock, door.lock_id).setup = setup
    with pytest.raises(refusal):
        door.make("permanent")


def test_no_code_for_a_lock_that_hangs_nowhere_or_for_nobody(house, door, now):
    with pytest.raises(rules.NobodyNamed):
        door.make("permanent", holder=Holder(name=" "))
    locks.take_lock_off(door_id=house.doors["101"].id, actor=CLERK, now=now)
    with pytest.raises(rules.LockHangsNowhere):
        door.make("permanent")


def test_a_clear_code_is_not_taken_back(door):
    clear = door.clear()
    with pytest.raises(rules.ClearCodeStays):
        delete(clear)


def test_a_lock_that_was_told_of_winter_time_moves_the_ends_of_its_codes(door, now):
    clock.freeze(datetime(2026, 10, 20, 13, tzinfo=now.tzinfo))
    start = clock.now()
    shown = door.make("timed", start=start, until=start + 7 * DAY - 3 * HOUR)
    ends = shown.passcode.valid_until
    assert door.type(shown.digits, ends + rules.GRACE) == "opened"
    jobs.reckon_ends()
    db.remove()
    assert queries.get_passcode(shown.passcode.id).valid_until == ends, "the lock has not been told"
    with transaction() as session:
        session.get(Lock, door.lock_id).utc_offset_quarters = 4
    twin_commands._write_settings(door.twin.state, WriteSettings(time_zone=4), 8, int(start.timestamp()))
    jobs.reckon_ends()
    db.remove()
    ends = queries.get_passcode(shown.passcode.id).valid_until
    assert ends == start + 7 * DAY - 2 * HOUR
    assert door.type(shown.digits, ends + rules.GRACE) == "opened"
    assert door.type(shown.digits, ends + rules.GRACE + SECOND) == "wrong_code"


def test_the_ends_of_codes_follow_the_lock_as_soon_as_it_says_how_it_reckons(door):
    start = clock.now()
    nights = door.make("timed", start=start, until=start + 7 * DAY, kinds=(PasscodeKind.NIGHTS,))
    ends = nights.passcode.valid_until
    settings.write_settings(
        lock_id=door.lock_id, wanted=settings.Wanted(check_out_hour=10, time_zone=4), actor=CLERK, now=start
    )
    assert queries.get_passcode(nights.passcode.id).valid_until == ends, "the lock has not been told"
    door.carry()
    moved = queries.get_passcode(nights.passcode.id).valid_until
    lock = db.session.get_one(Lock, door.lock_id)
    assert (lock.utc_offset_quarters, lock.check_out_hour) == (4, 10)
    assert moved == rules.span(queries.permission_of(nights.passcode), queries.clockwork_of(lock), start)[1] != ends
    assert door.type(nights.digits, moved + rules.GRACE) == "opened"
    assert door.type(nights.digits, moved + rules.GRACE + SECOND) == "wrong_code"
    # Somebody has set it back at the door, and the lock says so when it is asked.
    twin_commands._write_settings(
        door.twin.state, WriteSettings(time_zone=8, checkout_hour=12), 8, int(start.timestamp())
    )
    settings.read_settings(lock_id=door.lock_id, actor=CLERK, now=start)
    door.carry()
    assert queries.get_passcode(nights.passcode.id).valid_until == ends
    actions = list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions.count("passcodes.reckoned") == 2


def test_a_guest_whose_start_the_lock_has_buried_gets_a_code_that_opens(house, door, now):
    first = stay(house)
    old = issue(first)
    later(hours=2)
    visitor = door.make("timed", start=clock.now(), until=now + 6 * DAY)
    assert [door.type(one.digits) for one in (visitor, old)] == ["opened", "superseded"]
    door.carry()
    later(hours=1)
    fresh = issue(first)
    assert door.type(fresh.digits) == "opened"


def test_two_clerks_get_different_codes_for_one_opening(any_door):
    made = race(4, lambda _n: any_door.make("single", start=None).digits)
    assert len(set(made)) == 4, made


def test_of_two_clerks_who_want_the_same_start_one_gets_it(any_door, now):
    made = race(3, lambda n: any_door.make("timed", start=now, until=now + (5 + n) * DAY))
    assert sum(isinstance(one, rules.StartTaken) for one in made) == 2, made
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PasscodeStart)) == 1


def test_a_double_click_makes_one_code(any_door, now):
    request = new_id()
    made = race(2, lambda _n: any_door.make("permanent", request_id=request).digits)
    assert len(set(made)) == 1, made
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Passcode)) == 1


def test_the_database_itself_refuses_a_serial_that_was_given_out_alive_or_not(any_door):
    code_id = any_door.make("permanent").passcode.id
    code = queries.get_passcode(code_id)
    same = {name: getattr(code, name) for name in ("door_id", "lock_id", "kind", "life", "epoch", "permission")}
    for state in PasscodeState:
        with transaction() as session:
            session.get(Passcode, code_id).state = state
        with pytest.raises(IntegrityError), transaction() as session:
            session.add(Passcode(**same, holder_name="x", valid_from=clock.now(), made_by="x", made_at=clock.now()))


def test_the_trail_tells_of_every_code_and_holds_no_digits(door, now):
    shown = door.make("timed", start=now, until=now + 3 * HOUR)
    single = door.make("single", start=None)
    delete(shown)
    service.rename(passcode_id=single.passcode.id, name="Mr Adeyemi", note="Lift", actor=CLERK, now=now)
    db.remove()
    rows = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.subject_kind == "passcode")).all()
    assert [row.action for row in rows] == ["passcodes.made", "passcodes.made", "passcodes.ended", "passcodes.renamed"]
    assert not [row for row in rows if shown.digits in str(vars(row)) or single.digits in str(vars(row))]


def _clockwork(door):
    from pms.locks import queries as locks

    clockwork = queries.clockwork_of(locks.get_lock(door.lock_id))
    db.remove()
    return clockwork


def test_the_numbers_of_the_protocol_are_the_services(door):
    assert (making.SINGLES_AN_HOUR, making.SERIALS) == (16, 256)


def test_a_house_in_use_goes_to_the_earlier_schema_and_back_with_the_codes_that_both_know(any_house, any_door, now):
    guest, visitor = issue(stay(any_house)), any_door.make("permanent")
    any_door.make("timed", start=now + 5 * HOUR, until=now + 9 * DAY)
    any_door.type(visitor.digits)
    any_door.carry()
    db.remove()
    try:
        schema.downgrade(db.engine, "2026_11_28_01")
    finally:
        schema.upgrade(db.engine)
    assert list(db.session.scalars(sa.select(Passcode.id))) == [guest.passcode.id]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PasscodeStart)) == 1
    again = service.show_again(passcode_id=guest.passcode.id, actor=CLERK, now=now)
    assert again.digits == guest.digits


def test_new_keys_let_a_lock_whose_series_are_used_up_begin_anew(house, door, now):
    """Epoch 0 comes a second time, and until the lock reports, within one life: what was given out in it is in nobody's way."""
    guest = stay(house)
    old = [
        issue(guest),
        door.make("permanent"),
        door.make("single", start=now),
        door.make("timed", start=now, until=now + HOUR),
    ]
    assert door.type(old[2].digits) == "opened"
    door.carry()
    with transaction() as session:
        lock = session.get_one(Lock, door.lock_id)
        lock.known_epoch = lock.code_epoch = door.twin.state.epoch = rules.LAST_EPOCH
        life = lock.life
    for code in (door.clear, lambda: door.make("permanent")):
        try:
            code()
        except rules.LockUsedUp:
            break
    else:
        pytest.fail("the last series never ends")
    frame = locks.start_setup(lock_id=door.lock_id, actor=CLERK, now=now)
    answer = door.twin.receive(frame, int(now.timestamp()))
    locks.finish_setup(lock_id=door.lock_id, answer=answer, actor=CLERK, now=now)
    db.remove()
    lock = db.session.get_one(Lock, door.lock_id)
    assert (lock.known_epoch, lock.code_epoch, door.twin.state.epoch, lock.life) == (0, 0, 0, life)
    assert {door.type(code.digits) for code in old} <= {"wrong_code", "locked_out"}
    later(minutes=30)
    new = [
        issue(guest),
        door.make("permanent"),
        door.make("single", start=now),
        door.make("timed", start=now, until=now + HOUR),
    ]
    assert [door.type(code.digits) for code in new] == ["opened"] * 4
    door.carry()
    assert {door.life(code) for code in new} <= {"opens", "used"}
    assert door.life(old[0]) == "revoked"


def test_what_a_lock_noted_before_its_new_keys_says_nothing_of_its_codes_now(door, now):
    """Nobody was at the door for long: the records of its earlier epochs come in after it was set up again."""
    for _time in range(2):
        clear = door.clear()
        assert door.type(clear.digits) == "voided"
        with transaction() as session:
            # As it is after a later guest's code: the server goes on although the records are still in the lock.
            lock = session.get_one(Lock, door.lock_id)
            lock.known_epoch = lock.code_epoch
        later(hours=1)
    frame = locks.start_setup(lock_id=door.lock_id, actor=CLERK, now=clock.now())
    answer = door.twin.receive(frame, int(clock.now().timestamp()))
    locks.finish_setup(lock_id=door.lock_id, answer=answer, actor=CLERK, now=clock.now())
    db.remove()
    door.carry()
    lock = db.session.get_one(Lock, door.lock_id)
    assert (lock.known_epoch, lock.code_epoch) == (door.twin.state.epoch, door.twin.state.epoch)
    assert door.type(door.make("permanent").digits) == "opened"


def test_digits_that_were_used_once_are_not_shown_again(house, door):
    shown = door.make("single", start=clock.now())
    assert door.type(shown.digits) == "opened"
    door.carry()
    assert door.life(shown) == "used"
    with pytest.raises(rules.NotAlive):
        service.show_again(passcode_id=shown.passcode.id, actor=CLERK, now=clock.now())
