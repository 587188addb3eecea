"""Passcodes against the rules of the protocol, and against a virtual lock that knows nothing of the server."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.locks.models import Lock, LockSetup
from pms.passcodes import queries, rules, service
from pms.passcodes.models import Passcode, PasscodeKind, PasscodeProof, PasscodeState
from pms.protocol.record import RecordResult
from pms.simulators.lock import LockState, VirtualLock
from pms.stays import service as stays
from tests import factories
from tests.client import text_of
from tests.factories import TODAY

DESK = Actor(kind="account", name="Desk", account_id=1)
DOOR = Actor(kind="lock", name="lock")


def check_out_of(day: int) -> datetime:
    """Noon in Berlin in June."""
    return datetime(2026, 6, day, 10, 0, tzinfo=UTC)


CLOCKWORK = rules.Clockwork(offset_quarters=8, check_out_hour=12)


@pytest.mark.parametrize(
    ("departure", "kind", "count"),
    [
        (date(2026, 6, 13), PasscodeKind.NIGHTS, 1),
        (date(2026, 6, 14), PasscodeKind.NIGHTS, 2),
        (date(2026, 7, 13), PasscodeKind.NIGHTS, 31),
        (date(2026, 7, 14), PasscodeKind.DAYS, 33),
        (date(2027, 7, 14), PasscodeKind.DAYS, 398),
    ],
)
def test_a_code_ends_at_the_check_out_of_the_departure(departure, kind, count):
    start = datetime(2026, 6, 12, 13, 0, tzinfo=UTC)
    choice = rules.choose(start=start, departure=departure, clockwork=CLOCKWORK)
    assert choice.kind is kind
    assert choice.valid_until == datetime(departure.year, departure.month, departure.day, 10, 0, tzinfo=UTC)
    number = choice.permission.nights if kind is PasscodeKind.NIGHTS else choice.permission.days
    assert number == count


def test_a_code_starts_with_the_hour_in_which_it_was_made():
    assert rules.full_hour(datetime(2026, 6, 12, 13, 59, 59, tzinfo=UTC)) == datetime(2026, 6, 12, 13, 0, tzinfo=UTC)


def test_more_than_400_days_and_a_stay_that_is_over_are_refused():
    start = datetime(2026, 6, 12, 13, 0, tzinfo=UTC)
    with pytest.raises(rules.TooLong):
        rules.choose(start=start, departure=date(2027, 7, 20), clockwork=CLOCKWORK)
    with pytest.raises(rules.TimeIsOver):
        rules.choose(start=start, departure=date(2026, 6, 12), clockwork=CLOCKWORK)


def test_after_the_last_series_of_codes_the_lock_is_set_up_again():
    with pytest.raises(rules.LockUsedUp):
        rules.check_epoch(epoch=256, known_epoch=255, door="101")


class Doorway:
    """A room's door with its real keys, in a virtual lock."""

    def __init__(self, lock_id: int) -> None:
        row = db.session.get_one(Lock, lock_id)
        self.lock_id = lock_id
        self.device = VirtualLock(
            LockState(
                sn=bytes.fromhex(row.serial_number),
                mac=bytes.fromhex(row.mac.replace(":", "")),
                lock_keys=bytes.fromhex(row.lock_keys),
                server_keys=row.server_keys,
                is_bound=True,
                tz_quarters=row.utc_offset_quarters,
                checkout_hour=row.check_out_hour,
            )
        )

    def type(self, digits: str, at: datetime, *, tells: bool = True) -> RecordResult:
        before = self.device.state.epoch
        answer = self.device.type_code(digits, int(at.timestamp()))
        for _ in range(self.device.state.epoch - before):
            with transaction() as session:
                lock = session.get_one(Lock, self.lock_id)
                service.epoch_moved(lock=lock, p=answer.credential_id, at=at, actor=DOOR, now=at)
        if tells and answer.result is not RecordResult.WRONG_CODE:
            with transaction() as session:
                lock = session.get_one(Lock, self.lock_id)
                service.seen_at_door(lock=lock, p=answer.credential_id, result=answer.result, at=at, actor=DOOR, now=at)
        return answer.result


@pytest.fixture
def doorway(any_house):
    return Doorway(any_house.doors["101"].lock_id)


@pytest.fixture
def book(any_house, now):
    def book_one(room: str | None = "101", nights: int = 2, at: datetime | None = None, **values):
        at = at or now
        with transaction() as session:
            guest = factories.guest(**values)
            session.add(guest)
            session.flush()
        day = at.date()
        return stays.book(
            guest_id=guest.id,
            room_type_id=any_house.standard.id,
            actor=DESK,
            now=at,
            room_id=any_house.rooms[room].id if room else None,
            arrival_date=day,
            departure_date=day + timedelta(days=nights),
        ).id

    return book_one


def make(stay_id: int, at: datetime, request_id: str | None = None) -> service.ShownPasscode:
    return service.issue_for_stay(stay_id=stay_id, request_id=request_id or str(uuid.uuid4()), actor=DESK, now=at)


def test_a_code_opens_its_door_from_check_in_to_check_out(book, doorway, now):
    stay_id = book()
    stays.check_in(stay_id=stay_id, actor=DESK, now=now)
    shown = make(stay_id, now)
    assert doorway.type(shown.digits, now) is RecordResult.OPENED
    assert doorway.type(shown.digits, check_out_of(14) + timedelta(minutes=14)) is RecordResult.OPENED
    assert doorway.type(shown.digits, check_out_of(14) + timedelta(minutes=16)) is RecordResult.WRONG_CODE
    code = queries.get_passcode(shown.passcode.id)
    assert code.proof is PasscodeProof.CONFIRMED


def test_before_arrival_a_code_begins_with_the_check_in_hour(book, doorway, now):
    shown = make(book(), now)
    assert shown.passcode.valid_from == now + timedelta(hours=3)
    assert doorway.type(shown.digits, now) is RecordResult.WRONG_CODE


def test_an_extension_gets_a_new_code_and_the_old_one_works_to_its_own_end(book, doorway, now):
    stay_id = book()
    stays.check_in(stay_id=stay_id, actor=DESK, now=now)
    old = make(stay_id, now)
    assert doorway.type(old.digits, now) is RecordResult.OPENED
    later = now + timedelta(days=1)
    stays.extend(stay_id=stay_id, departure_date=TODAY + timedelta(days=4), actor=DESK, now=later)
    new = make(stay_id, later)
    assert new.passcode.valid_from == old.passcode.valid_from
    assert new.passcode.valid_until == check_out_of(16)
    assert doorway.type(new.digits, later) is RecordResult.OPENED
    assert doorway.type(old.digits, later) is RecordResult.OPENED


def test_the_next_guests_code_ends_the_one_before(book, doorway, now):
    first = book(nights=1)
    stays.check_in(stay_id=first, actor=DESK, now=now)
    old = make(first, now)
    doorway.type(old.digits, now)
    stays.check_out(stay_id=first, actor=DESK, now=now + timedelta(hours=2))
    service.end_for_stay(stay_id=first, step_id=None, actor=DESK, now=now + timedelta(hours=2))
    assert queries.life_of(queries.get_passcode(old.passcode.id), now + timedelta(hours=2)) is rules.Life.STILL_OPENS
    second = book(nights=1)
    stays.check_in(stay_id=second, actor=DESK, now=now + timedelta(hours=3))
    new = make(second, now + timedelta(hours=3))
    assert doorway.type(old.digits, now + timedelta(hours=3)) is RecordResult.OPENED, "nobody has told the door"
    assert doorway.type(new.digits, now + timedelta(hours=3)) is RecordResult.OPENED
    assert doorway.type(old.digits, now + timedelta(hours=3)) is RecordResult.SUPERSEDED
    assert queries.life_of(queries.get_passcode(old.passcode.id), now + timedelta(hours=3)) is rules.Life.REVOKED


def test_two_parties_of_a_door_never_share_a_start(book, doorway, now):
    first = book(nights=1)
    stays.check_in(stay_id=first, actor=DESK, now=now)
    old = make(first, now)
    stays.check_out(stay_id=first, actor=DESK, now=now + timedelta(minutes=10))
    second = book(nights=1)
    stays.check_in(stay_id=second, actor=DESK, now=now + timedelta(minutes=20))
    new = make(second, now + timedelta(minutes=20))
    assert (new.passcode.epoch, old.passcode.epoch) == (1, 0)
    assert doorway.type(new.digits, now + timedelta(minutes=20)) is RecordResult.OPENED
    assert queries.get_passcode(old.passcode.id).state is PasscodeState.REVOKED
    assert doorway.type(old.digits, now + timedelta(minutes=20)) is RecordResult.WRONG_CODE


def test_the_server_is_never_two_epochs_ahead_of_the_lock(book, now):
    for minute in (0, 20):
        stay_id = book(nights=1)
        stays.check_in(stay_id=stay_id, actor=DESK, now=now + timedelta(minutes=minute))
        make(stay_id, now + timedelta(minutes=minute))
        stays.check_out(stay_id=stay_id, actor=DESK, now=now + timedelta(minutes=minute + 10))
    third = book(nights=1)
    stays.check_in(stay_id=third, actor=DESK, now=now + timedelta(minutes=40))
    with pytest.raises(rules.LockTooFarBehind):
        make(third, now + timedelta(minutes=40))


def test_a_clear_code_ends_what_was_made_before_and_only_when_it_is_typed(book, doorway, now):
    stay_id = book()
    stays.check_in(stay_id=stay_id, actor=DESK, now=now)
    shown = make(stay_id, now)
    clear = service.revoke(passcode_id=shown.passcode.id, request_id=str(uuid.uuid4()), actor=DESK, now=now)
    code = queries.get_passcode(shown.passcode.id)
    assert code.state is PasscodeState.REVOKING
    assert queries.life_of(code, now) is rules.Life.BEING_REVOKED
    assert doorway.type(shown.digits, now) is RecordResult.OPENED
    assert doorway.type(clear.digits, now) is RecordResult.VOIDED
    assert queries.get_passcode(shown.passcode.id).state is PasscodeState.REVOKED
    assert doorway.type(shown.digits, now) is RecordResult.WRONG_CODE
    with pytest.raises(rules.NotAlive):
        service.revoke(passcode_id=shown.passcode.id, request_id=str(uuid.uuid4()), actor=DESK, now=now)
    fresh = make(stay_id, now)
    assert doorway.type(fresh.digits, now) is RecordResult.OPENED


def test_a_double_click_makes_one_code(book, now):
    stay_id, request_id = book(), str(uuid.uuid4())
    assert make(stay_id, now, request_id).digits == make(stay_id, now, request_id).digits
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Passcode)) == 1


def test_every_look_at_the_digits_is_audited_and_none_holds_them(book, now):
    shown = make(book(), now)
    assert service.show_again(passcode_id=shown.passcode.id, actor=DESK, now=now).digits == shown.digits
    rows = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.subject_kind == "passcode")).all()
    assert [row.action for row in rows] == ["passcodes.made", "passcodes.shown"]
    assert not [row for row in rows if shown.digits in str(vars(row))]
    assert shown.digits not in repr(shown)


def test_who_gets_no_code_is_told_why(book, any_house, now):
    with pytest.raises(rules.NoRoomYet):
        make(book(room=None), now)
    gone = book()
    stays.cancel(stay_id=gone, actor=DESK, now=now)
    with pytest.raises(rules.StayEnded):
        make(gone, now)
    with transaction() as session:
        session.get_one(Lock, any_house.doors["102"].lock_id).setup = LockSetup.IMPORTED
    with pytest.raises(rules.NoLock):
        make(book(room="102"), now)


def test_undo_takes_the_end_of_codes_back(book, now):
    stay_id = book()
    code_id = make(stay_id, now).passcode.id
    service.end_for_stay(stay_id=stay_id, step_id=77, actor=DESK, now=now)
    assert queries.get_passcode(code_id).ended_at is not None
    service.reinstate(step_id=77, actor=DESK, now=now)
    db.remove()
    assert queries.get_passcode(code_id).ended_at is None


def test_the_pages_show_the_digits_only_in_answer_to_a_post(app, house, client, now):
    with transaction() as session:
        guest = factories.guest()
        session.add(guest)
        session.flush()
    stay_id = stays.book(
        guest_id=guest.id,
        room_type_id=house.standard.id,
        room_id=house.rooms["101"].id,
        actor=DESK,
        now=now,
        arrival_date=TODAY,
        departure_date=TODAY + timedelta(days=2),
    ).id
    client.log_in("desk")
    page = client.get(f"/passcodes/stay/{stay_id}/new")
    request_id = page.text.split('name="request_id"')[1].split('value="')[1].split('"')[0]
    made = client.post(f"/passcodes/stay/{stay_id}/new", {"request_id": request_id}, status=200)
    digits = queries.passcodes_of_stay(stay_id)[0]
    shown = service.show_again(passcode_id=digits.id, actor=DESK, now=now).digits
    db.remove()
    assert " ".join((shown[:3], shown[3:6], shown[6:])) in text_of(made)
    assert made.headers["Cache-Control"] == "no-store"
    for url in (f"/passcodes/stay/{stay_id}", f"/passcodes/{digits.id}/revoke"):
        assert shown not in client.get(url).text
    assert shown in client.post(f"/passcodes/{digits.id}/paper", status=200).text.replace("</span><span>", "")
    client.post(f"/passcodes/{digits.id}/show", status=200)
    client.post(f"/passcodes/stay/{stay_id}/new", {"request_id": "nonsense"}, status=422)
