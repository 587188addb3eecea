"""Guests who left long ago are forgotten, in every table; who is expected or owes something is not; figures stay."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from pms.accounts.models import Account
from pms.audit import queries as audit
from pms.audit.models import AuditEntry
from pms.audit.service import Subject
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile
from pms.folios import service as folios
from pms.folios.models import PaymentMethod, PostingCode
from pms.guests import queries as guest_queries
from pms.guests import service as guests
from pms.guests.models import Guest, GuestWord
from pms.guests.rules import FormerGuest, GuestFields, GuestNotFound
from pms.mail import service as mail
from pms.mail.models import Letter
from pms.passcodes import service as passcodes
from pms.passcodes.models import Passcode
from pms.passcodes.service import Holder
from pms.protocol.command import StoredKind
from pms.retention import jobs, queries, rules, service
from pms.schema import Base
from pms.slots import service as slots
from pms.slots.models import Slot
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import RoomNight, Stay, StayStep
from pms.stays.rules import WISH_WORDS
from tests.client import PageClient, text_of
from tests.races import race

DESK = Actor(kind="account", name="Mia", account_id=1)
# Nothing of it may be left anywhere.
TRACES = ("xanthippe", "zorn", "5550142", "zorn@example", "peanuts", "canary", "c01x00", "1971-03-04")
LONG_AGO = timedelta(days=31 * 30)


@dataclass
class Past:
    """A guest of long ago, of whom much is known."""

    guest_id: int
    stay_id: int
    reservation_id: int
    left_on: date


def book(house, guest_id: int, at: datetime, **values) -> Stay:
    today = at.date()
    wish = stays.RoomWish(
        room_type_id=house.standard.id,
        room_id=house.rooms["101"].id,
        arrival_date=today,
        departure_date=today + timedelta(days=2),
        wishes=list(WISH_WORDS)[:1],
        note="Allergic to peanuts",
        night_price=10000,
    )
    return stays.book_many(
        guest_id=guest_id,
        wishes=[wish],
        group_name=values.pop("group_name", "Canary wedding"),
        note="Brings a canary",
        actor=DESK,
        now=at,
        **values,
    )[0]


def enter(at: datetime, **values) -> int:
    fields = {
        "family_name": "Zorn",
        "given_name": "Xanthippe",
        "phone": "+49 555 0142",
        "email": "x.zorn@example.org",
        "nationality": "DE",
        "birth_date": date(1971, 3, 4),
        "document_kind": "passport",
        "document_number": "C01X00T47",
        "note": "Likes the canary song",
    }
    return guests.create_guest(fields=GuestFields(**{**fields, **values}), actor=DESK, now=at).id


def pay(stay_id: int, amount: int, at: datetime) -> None:
    folios.take_payment(
        stay_id=stay_id, amount=amount, method=PaymentMethod.CASH, request_id=str(uuid.uuid4()), actor=DESK, now=at
    )


def live_through(house, at: datetime) -> Past:
    """She came, got a code and a card, complained, paid and left."""
    guest_id = enter(at)
    stay = book(house, guest_id, at)
    stays.fix_room(stay_id=stay.id, reason="Zorn family nearby", actor=DESK, now=at)
    stays.check_in(stay_id=stay.id, actor=DESK, now=at)
    lock_id = house.doors["101"].lock_id
    code = passcodes.make(
        lock_id=lock_id,
        holder=Holder(stay_id=stay.id, name="Xanthippe's sister", note="Calls herself Zorn too"),
        request_id=str(uuid.uuid4()),
        actor=DESK,
        now=at,
        choose=passcodes.timed(start=at.replace(minute=0), until=at.replace(minute=0) + timedelta(hours=5), now=at),
    )
    slots.store(
        lock_id=lock_id,
        kind=StoredKind.CARD,
        content=bytes.fromhex("04a1b2c3"),
        name="Zorn's own card",
        valid_from=None,
        valid_until=None,
        owner=slots.Owner(stay_id=stay.id),
        actor=DESK,
        now=at,
    )
    mail.queue(
        recipient="x.zorn@example.org",
        title="Your code",
        text="…",
        about=Subject(
            kind="passcode",
            id=code.passcode.id,
            label="Xanthippe Zorn, 101",
            stay_id=stay.id,
            guest_id=guest_id,
        ),
        request_id=str(uuid.uuid4()),
        expires_at=at + timedelta(days=1),
        actor=DESK,
        now=at,
    )
    pay(stay.id, 20000, at)
    leaves = at + timedelta(days=2)
    slots.end_for_stay(stay_id=stay.id, actor=DESK, now=leaves)
    stays.check_out(stay_id=stay.id, actor=DESK, now=leaves)
    return Past(guest_id, stay.id, stay.reservation_id, leaves.date())


@pytest.fixture
def past(any_house, now) -> Past:
    at = now - LONG_AGO
    clock.freeze(at)
    found = live_through(any_house, at)
    clock.freeze(now)
    db.remove()
    return found


def traces() -> list[str]:
    """Every place but the trail where something of her is left."""
    db.remove()
    found = []
    for table in Base.metadata.sorted_tables:
        if table.name == "audit_entry":
            continue
        for row in db.session.execute(sa.select(table)):
            for column, value in zip(table.columns, row, strict=True):
                text = str(value).lower()
                if not isinstance(value, bytes) and any(trace in text for trace in TRACES):
                    found.append(f"{table.name}.{column.name}: {text}")
    db.remove()
    return found


def run(now) -> service.Removed | None:
    return service.run(actor=DESK, now=now)


def test_who_left_long_ago_is_forgotten_in_every_table_and_figures_stay(past, any_house, now):
    tables = {place.split(".")[0] for place in traces()}
    assert {"guest", "guest_word", "stay", "stay_step", "reservation", "passcode", "slot"} <= tables
    assert jobs.forget().params == {"guests": 1, "visitors": 0}
    assert traces() == []
    guest = db.session.get_one(Guest, past.guest_id)
    assert (guest.anonymised_at, guest.name, guest.document_number_sealed) == (now, "Former guest", None)
    assert (guest.document_index, guest.document_tail_index, guest.birth_date) == (None, None, None)
    assert db.session.scalars(sa.select(Letter)).all() == []
    # Nights, prices, rooms and the account are as they were.
    stay = stay_queries.get_stay(past.stay_id)
    assert (stay.departure_date, stay.night_price, stay.room.number) == (past.left_on, 10000, "101")
    assert db.session.scalar(sa.select(sa.func.count()).where(RoomNight.stay_id == past.stay_id)) == 2
    steps = db.session.scalars(sa.select(StayStep.before).where(StayStep.stay_id == past.stay_id)).all()
    assert any(step and step["night_price"] == 10000 for step in steps)
    for text in ("Zorn", "Xanthippe", "0142", "C01X00T47", "0T47", "49555"):
        assert guest_queries.search(text) == []
    # One line about it, without what was removed; the chain is whole.
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "retention.anonymised")).one()
    assert (entry.guest_id, entry.subject_label, entry.before) == (past.guest_id, "", None)
    assert entry.after == {"reason": "time_over"}
    assert audit.verify().is_intact
    assert run(now) == service.Removed(0, 0)
    assert audit.verify().entries == entry.id


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland"])
def test_months_are_those_of_the_calendar_and_of_the_house(zone):
    assert rules.months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert rules.months_before(date(2024, 2, 29), 24) == date(2022, 2, 28)
    assert rules.months_before(date(2026, 1, 15), 13) == date(2024, 12, 15)
    day, ends = rules.cutoff(datetime(2026, 6, 12, 10, tzinfo=UTC), ZoneInfo(zone), 24)
    assert day == date(2024, 6, 12)
    assert ends.astimezone(ZoneInfo(zone)).date() == day


def test_the_last_day_counts_to_the_day(past, any_house, now):
    def on(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 10, tzinfo=UTC)

    years = past.left_on.replace(year=past.left_on.year + 2)
    assert run(on(years - timedelta(days=1))).guests == 0
    assert run(on(years)).guests == 1


def _expected_again(past, house, now) -> None:
    book(house, past.guest_id, now + timedelta(days=30), request_id=str(uuid.uuid4()))


def _in_house(past, house, now) -> None:
    stay = book(house, past.guest_id, now)
    stays.check_in(stay_id=stay.id, actor=DESK, now=now)


def _left_lately(past, house, now) -> None:
    at = now - timedelta(days=60)
    clock.freeze(at)
    stay = book(house, past.guest_id, at)
    stays.check_in(stay_id=stay.id, actor=DESK, now=at)
    pay(stay.id, 20000, at)
    stays.check_out(stay_id=stay.id, actor=DESK, now=at + timedelta(days=2))
    clock.freeze(now)


def _booked_for_a_friend(past, house, now) -> None:
    friend = enter(
        now, family_name="Friend", given_name="A", phone="", email="", document_kind="", document_number=None
    )
    stay = book(house, past.guest_id, now + timedelta(days=30))
    stays.name_guest(stay_id=stay.id, guest_id=friend, actor=DESK, now=now)


def _owes(past, house, now) -> None:
    folios.charge(
        stay_id=past.stay_id, code=PostingCode.MINIBAR, amount=500, request_id=str(uuid.uuid4()), actor=DESK, now=now
    )


@pytest.mark.parametrize(
    ("why", "refusal"),
    [
        (_expected_again, rules.StillExpected),
        (_in_house, rules.StillExpected),
        (_booked_for_a_friend, rules.StillExpected),
        (_owes, rules.AccountStillOpen),
        (_left_lately, None),
    ],
)
def test_who_is_still_dealt_with_is_kept_and_may_not_be_erased(past, any_house, now, why, refusal):
    why(past, any_house, now)
    assert run(now).guests == 0
    plan = queries.plan(now=now, months=24, size=10)
    assert (plan.count, plan.unsettled) == (0, int(why is _owes))
    if refusal is not None:
        with pytest.raises(refusal):
            service.erase(guest_id=past.guest_id, actor=DESK, now=now)
        assert traces()
    else:
        service.erase(guest_id=past.guest_id, actor=DESK, now=now)
        assert traces() == []


def test_who_was_entered_and_never_came_is_forgotten_too(any_house, now):
    old, new = enter(now - LONG_AGO), enter(now - timedelta(days=30), family_name="New")
    assert [(row.guest.id, row.left_on) for row in queries.plan(now=now, months=24, size=9).first] == [(old, None)]
    assert run(now).guests == 1
    assert guest_queries.former_among([old, new]) == {old}


def test_names_of_visitors_go_with_their_codes(any_house, now):
    at = now - LONG_AGO
    clock.freeze(at)
    lock_id = any_house.doors["102"].lock_id
    for start in (at, at + timedelta(days=2)):
        begin = start.replace(minute=0)
        passcodes.make(
            lock_id=lock_id,
            holder=Holder(name="Xanthippe Zorn", note="The plumber"),
            request_id=str(uuid.uuid4()),
            actor=DESK,
            now=at,
            choose=passcodes.timed(start=begin, until=begin + timedelta(hours=5), now=at),
        )
    clock.freeze(now)
    assert run(now) == service.Removed(0, 2)
    assert set(db.session.execute(sa.select(Passcode.holder_name, Passcode.note))) == {("–", "")}
    assert traces() == []
    assert run(now) == service.Removed(0, 0)


def test_a_run_is_bounded_and_goes_on_the_next_night(any_house, now, monkeypatch):
    monkeypatch.setattr(service, "BATCH", 2)
    monkeypatch.setattr(service, "MOST", 4)
    for number in range(5):
        enter(now - LONG_AGO, family_name=f"Zorn{number}", phone="", document_number=None, document_kind="")
    assert [run(now).guests for _ in range(3)] == [4, 1, 0]


def test_two_runs_at_once_forget_each_guest_once(past, any_house, now):
    outcomes = race(3, lambda _: run(now))
    assert sum(outcome.guests for outcome in outcomes) == 1
    assert db.session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == "retention.anonymised")) == 1


def test_nothing_new_is_learned_under_an_old_number(past, any_house, now):
    run(now)
    with pytest.raises(FormerGuest):
        service.erase(guest_id=past.guest_id, actor=DESK, now=now)
    with pytest.raises(FormerGuest):
        book(any_house, past.guest_id, now)
    with pytest.raises(FormerGuest):
        version = db.session.get_one(Guest, past.guest_id).version
        fields = GuestFields(family_name="Zorn")
        guests.change_guest(guest_id=past.guest_id, version=version, fields=fields, actor=DESK, now=now)
    new = enter(now)
    stay = book(any_house, new, now)
    with pytest.raises(FormerGuest):
        stays.name_guest(stay_id=stay.id, guest_id=past.guest_id, actor=DESK, now=now)
    with pytest.raises(GuestNotFound):
        service.erase(guest_id=4, actor=DESK, now=now)


def test_the_house_decides_and_nobody_overwrites_what_another_decided(past, any_house, now):
    for months in (0, 121):
        with pytest.raises(rules.BadMonths):
            service.change_rule(version=0, months=months, actor=DESK, now=now)
    rule = service.change_rule(version=0, months=None, actor=DESK, now=now)
    assert jobs.forget().params == {}
    assert traces()
    with pytest.raises(ChangedMeanwhile):
        service.change_rule(version=0, months=12, actor=DESK, now=now)
    service.change_rule(version=rule.version, months=12, actor=DESK, now=now)
    assert queries.months() == 12
    changed = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "retention.changed")).all()
    assert [(row.before, row.after) for row in changed] == [
        ({"months": 24}, {"months": None}),
        ({"months": None}, {"months": 12}),
    ]


def test_the_pages_say_former_guest_and_show_nothing_of_the_trail(app, house, now):
    at = now - LONG_AGO
    clock.freeze(at)
    past = live_through(house, at)
    clock.freeze(now)
    page = PageClient(app).log_in("manager")
    assert "Xanthippe Zorn" in text_of(page.get("/audit/"))
    shown = text_of(page.get("/property/retention/"))
    assert "Xanthippe Zorn" in shown
    assert "Nobody has decided yet, so 24 months hold." in shown
    jobs.forget()
    pages = [f"/guests/{past.guest_id}", f"/stays/{past.stay_id}", "/audit/", "/guests/", "/property/retention/"]
    pages += [f"/audit/?guest_id={past.guest_id}", f"/audit/?stay_id={past.stay_id}", "/passcodes/?show=all"]
    pages += ["/slots/", f"/ledger/?guest={past.guest_id}", "/audit/export.csv"]
    for path in pages:
        text = page.get(path).text
        assert not [trace for trace in TRACES if trace in text.lower()], path
    assert "Former guest" in text_of(page.get(f"/stays/{past.stay_id}"))
    shown = text_of(page.get(f"/guests/{past.guest_id}"))
    assert "data were removed on" in shown
    assert "Removed the data of Former guest" in shown
    assert "Change" not in [button.strip() for button in shown.split("\n")]
    assert "Former guests 1" in text_of(page.get("/property/retention/"))
    with transaction() as session:
        session.execute(sa.update(Account).values(language="zh"))
    assert "以前的客人" in text_of(page.get(f"/stays/{past.stay_id}"))


def test_the_manager_decides_and_erases_on_pages_and_the_desk_may_not(app, house, now):
    guest_id = enter(now)
    stay = book(house, guest_id, now)
    desk = PageClient(app).log_in("desk")
    desk.get("/property/retention/", status=403)
    desk.post(f"/property/retention/guests/{guest_id}", {}, status=403)
    assert "Remove the data" not in text_of(desk.get(f"/guests/{guest_id}"))
    page = PageClient(app).log_in("manager")
    page.post("/property/retention/", {"version": "0", "keep": "months", "months": "500"}, status=422)
    page.post("/property/retention/", {"version": "0", "keep": "months", "months": ""}, status=422)
    page.post("/property/retention/", {"version": "0", "keep": "ever"}, status=303)
    assert "kept for ever" in text_of(page.get("/property/retention/"))
    assert "cannot be undone" in text_of(page.get(f"/property/retention/guests/{guest_id}", htmx=True))
    refused = page.post(f"/property/retention/guests/{guest_id}", {}, htmx=True, status=422)
    assert "has a booking" in text_of(refused)
    stays.cancel(stay_id=stay.id, actor=DESK, now=now)
    page.post(f"/property/retention/guests/{guest_id}", {}, status=303)
    assert traces() == []
    assert db.session.scalars(sa.select(GuestWord)).all() == []
    assert db.session.scalar(sa.select(Slot.id)) is None
