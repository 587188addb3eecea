"""Asking for staff cards, losing them, shifts, and what the lists say; on both databases where constraints matter."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.accounts.models import Account
from pms.audit import queries as audit
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.core.weeks import Window
from pms.encoders import queries as encoders
from pms.encoders.queries import NoSuchMachine
from pms.keycards.models import CardState, Proof
from pms.keycards.rules import KeyState, NoLock, NotLive
from pms.locks import service as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.record import RecordResult
from pms.staffcards import listing, queries, rules, service
from pms.staffcards.models import Shift, StaffCard, StaffCardGrant, StaffCardKind, StaffDenial, StaffEnd
from pms.staffcards.rules import Attention, LostAnswer
from tests.keycards.desk import new_request
from tests.races import race
from tests.staffcards.desk import BOSS, EARLY, ask, job_of, last_day, line_of

DOOR = Actor(kind="lock", name="door")


def made(machine_id, house, scopes=("1",), **options) -> int:
    """A card as it is once it was written; its id. No machine is needed for what is asked here."""
    batch_id = ask(machine_id, house, scopes, **options)
    return write(batch_id)


def write(batch_id, position=0) -> int:
    card_id = job_of(batch_id, position).subject_id
    with transaction() as session:
        card = session.get_one(StaffCard, card_id)
        card.state, card.proof, card.proved_at, card.proved_by = (
            CardState.ACTIVE,
            Proof.CONFIRMED,
            clock.now(),
            "read_back",
        )
        card.uid = f"{card_id:020d}"[-14:]
    db.remove()
    return card_id


def lose(card_id, answer, machine_id=0, request_id=None):
    return service.report_lost(
        card_id=card_id,
        answer=answer,
        encoder_id=machine_id,
        request_id=request_id or new_request(),
        actor=BOSS,
        now=clock.now(),
    )


def visitor(house, machine_id, door="101", hours=4, name="Plumber"):
    return service.make_visitor(
        door_id=house.doors[door].id,
        visitor=name,
        hours=hours,
        encoder_id=machine_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )


def renew(card_id, machine_id, days=60):
    return service.renew(
        card_id=card_id,
        last_day=last_day(days),
        encoder_id=machine_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )


def seen(card_id, lock_id, result, at=None):
    number = queries.get_card(card_id).credential_id
    with transaction() as session:
        found = queries.cards_by_credential([number])[number]
        lock = session.get_one(Lock, lock_id)
        service.seen_at_door(card=found, lock=lock, result=result, at=at or clock.now(), actor=DOOR, now=clock.now())
    db.remove()
    return found


def count(model) -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(model)).one()


def leave(account_id) -> None:
    with transaction() as session:
        session.get_one(Account, account_id).is_active = False
    db.remove()


# --- asking


def test_asking_twice_with_the_same_form_makes_one_card(any_house, machine_id):
    request_id = new_request()
    for _ in range(2):
        assert ask(machine_id, any_house, request_id=request_id) == request_id
    assert (count(StaffCard), count(StaffCardGrant)) == (1, 1)
    entries = audit.list_entries(audit.Filters(action="staffcards.requested")).rows
    assert [(entry.actor_name, entry.subject_label) for entry in entries] == [("Helen", "Housekeeper")]


def test_asking_twice_at_the_same_instant_makes_one_card(any_house, machine_id):
    request_id = new_request()
    race(3, lambda _number: ask(machine_id, any_house, request_id=request_id))
    assert len(encoders.batch(request_id)) == 1
    assert count(StaffCard) == 1


def test_a_card_reserves_its_own_copy_of_everything(any_house, machine_id):
    batch_id = ask(machine_id, any_house, ["2", "1"], window=EARLY, shift_name="Early")
    card = queries.get_card(job_of(batch_id).subject_id)
    assert (card.state, card.holder_name) == (CardState.RESERVED, "Housekeeper")
    assert [grant.scope_id for grant in card.grants] == [any_house.scopes[name].id for name in ("2", "1")]
    assert [grant.place for grant in card.grants] == [1, 2]
    assert (card.shift_name, card.weekdays, card.start_minute, card.end_minute) == ("Early", 31, 360, 870)
    assert line_of(card.id).state is KeyState.IN_MAKING


def test_credential_ids_are_random_and_different(any_house, machine_id):
    ids = {queries.get_card(made(machine_id, any_house)).credential_id for _ in range(5)}
    assert len(ids) == 5
    assert all(0 < number <= 0xFFFF_FFFF for number in ids)


def test_what_is_wrong_is_refused_and_nothing_is_made(any_house, machine_id):
    refused = [
        (rules.NoHolder, {"who": " "}),
        (rules.NothingToOpen, {"scopes": []}),
        (rules.NothingToOpen, {"scopes": [4711]}),
        (rules.EndsTooLate, {"last_day": last_day(93)}),
        (rules.EndsTooLate, {"last_day": last_day(32), "kind": StaffCardKind.EMERGENCY}),
        (rules.EndsTooEarly, {"last_day": last_day(-1)}),
    ]
    for refusal, options in refused:
        with pytest.raises(refusal):
            ask(machine_id, any_house, **options)
    with pytest.raises(NoSuchMachine):
        ask(1, any_house)
    assert count(StaffCard) == 0


def test_somebody_who_left_or_never_was_gets_no_card(any_house, machine_id):
    leave(any_house.accounts["housekeeper"].id)
    with pytest.raises(rules.HolderLeft):
        ask(machine_id, any_house)
    with pytest.raises(rules.NoHolder):
        service.make(
            kind=StaffCardKind.STAFF,
            account_id=4711,
            holder_name="",
            scope_ids=[any_house.scopes["1"].id],
            window=Window(),
            last_day=last_day(),
            encoder_id=machine_id,
            request_id=new_request(),
            actor=BOSS,
            now=clock.now(),
        )


def test_an_emergency_card_opens_every_door_whatever_was_chosen(any_house, machine_id):
    card = queries.get_card(made(machine_id, any_house, ["1"], kind=StaffCardKind.EMERGENCY, who="Safe"))
    assert [grant.scope_id for grant in card.grants] == [any_house.scopes["all"].id]
    assert card.overrides_privacy


def test_a_visitor_gets_one_door_for_some_hours(any_house, machine_id):
    card = queries.get_card(job_of(visitor(any_house, machine_id)).subject_id)
    (grant,) = card.grants
    assert (grant.door_id, grant.scope_id, grant.issue) == (any_house.doors["101"].id, None, 0)
    assert card.valid_until - card.valid_from == timedelta(hours=4)
    with pytest.raises(rules.BadHours):
        visitor(any_house, machine_id, hours=25)
    with pytest.raises(rules.NoHolder):
        visitor(any_house, machine_id, name=" ")
    with transaction() as session:
        session.get_one(Lock, any_house.doors["102"].lock_id).setup = LockSetup.IMPORTED
    with pytest.raises(NoLock):
        visitor(any_house, machine_id, door="102")


def test_the_database_refuses_what_makes_no_sense(any_house, machine_id):
    card_id = made(machine_id, any_house)
    for values in (
        {"weekdays": 0},
        {"start_minute": 1440},
        {"end_minute": 0},
        {"holder_name": ""},
        {"valid_until": clock.now() - timedelta(days=1)},
        {"state": CardState.ENDED},
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(sa.update(StaffCard).where(StaffCard.id == card_id).values(**values))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(StaffCardGrant).values(door_id=any_house.doors["101"].id))
    other = made(machine_id, any_house)
    with pytest.raises(IntegrityError), transaction() as session:
        taken = queries.get_card(card_id).credential_id
        session.execute(sa.update(StaffCard).where(StaffCard.id == other).values(credential_id=taken))


# --- renewing and making again


def test_only_a_card_in_use_is_renewed(any_house, machine_id):
    card_id = made(machine_id, any_house)
    batch_id = renew(card_id, machine_id)
    new = queries.get_card(job_of(batch_id).subject_id)
    assert (new.replaces_id, new.valid_until > queries.get_card(card_id).valid_until) == (card_id, True)
    lose(card_id, LostAnswer.LATER)
    with pytest.raises(NotLive):
        renew(card_id, machine_id)
    with pytest.raises(NotFound):
        renew(4711, machine_id)
    with pytest.raises(NotLive):
        renew(write(visitor(any_house, machine_id)), machine_id)
    with pytest.raises(rules.EndsTooLate):
        renew(write(batch_id), machine_id, days=100)


def test_somebody_who_left_is_renewed_nothing(any_house, machine_id):
    card_id = made(machine_id, any_house)
    leave(any_house.accounts["housekeeper"].id)
    with pytest.raises(rules.HolderLeft):
        renew(card_id, machine_id)


def test_a_raise_flags_the_cards_of_the_scope_and_no_others(any_house, machine_id):
    first, second, other = (
        made(machine_id, any_house, scopes, who=who)
        for scopes, who in ((["1"], "housekeeper"), (["1", "2"], "technician"), (["2"], "desk"))
    )
    clock.freeze(clock.now() + timedelta(hours=1))
    assert service.raise_scope(scope_id=any_house.scopes["1"].id, actor=BOSS, now=clock.now()) == 2
    flags = {card_id: line_of(card_id).attention for card_id in (first, second, other)}
    assert flags == {first: Attention.RAISED, second: Attention.RAISED, other: None}
    batch_id = service.make_again(
        card_ids=[first, second, other],
        encoder_id=machine_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )
    assert len(encoders.batch(batch_id)) == 2
    with pytest.raises(rules.NothingToMakeAgain):
        service.make_again(
            card_ids=[other], encoder_id=machine_id, request_id=new_request(), actor=BOSS, now=clock.now()
        )
    with pytest.raises(NotFound):
        service.raise_scope(scope_id=4711, actor=BOSS, now=clock.now())


def test_two_raises_at_once_are_two_raises(any_house):
    before = any_house.scopes["1"].issue
    scope_id = any_house.scopes["1"].id
    race(2, lambda _number: service.raise_scope(scope_id=scope_id, actor=BOSS, now=clock.now()))
    from pms.locks.scope_queries import get_scope

    assert get_scope(scope_id).scope.issue > before


# --- lost


def test_a_lost_card_ends_in_the_book_at_once(any_house, machine_id):
    card_id = made(machine_id, any_house)
    assert lose(card_id, LostAnswer.LATER) is None
    card = queries.get_card(card_id)
    assert (card.state, card.end_reason, card.ended_at) == (CardState.ENDED, StaffEnd.LOST, clock.now())
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "staffcards.lost")).one()
    assert (entry.subject_label, entry.after["how"]) == ("Housekeeper", "later")
    with pytest.raises(NotLive):
        lose(card_id, LostAnswer.DENY, machine_id)


def test_two_who_report_the_same_card_report_it_once(any_house, machine_id):
    card_id = made(machine_id, any_house)
    outcomes = race(2, lambda _number: lose(card_id, LostAnswer.BOTH, machine_id))
    assert sum(isinstance(outcome, NotLive) for outcome in outcomes) == 1
    assert count(StaffCard) == 3
    assert db.session.scalars(sa.select(sa.func.count()).where(AuditEntry.action == "staffcards.lost")).one() == 1


def test_posting_the_loss_twice_makes_its_cards_once(any_house, machine_id):
    card_id, request_id = made(machine_id, any_house), new_request()
    for _ in range(2):
        assert lose(card_id, LostAnswer.BOTH, machine_id, request_id) == request_id
    assert count(StaffCard) == 3


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        (LostAnswer.CARRY, ["staff"]),
        (LostAnswer.BOTH, ["deny", "staff"]),
        (LostAnswer.DENY, ["deny"]),
        (LostAnswer.RAISE, ["staff"]),
    ],
)
def test_each_answer_to_a_loss_makes_its_cards(any_house, machine_id, answer, kinds):
    card_id = made(machine_id, any_house)
    batch_id = lose(card_id, answer, machine_id)
    cards = [queries.get_card(job.subject_id) for job in encoders.batch(batch_id)]
    assert [card.kind.value for card in cards] == kinds
    carried = [grant.denies_id for card in cards for grant in card.grants if grant.denies_id]
    assert carried == ([] if answer is LostAnswer.RAISE else [card_id])


def test_a_full_card_cannot_carry_a_denial_and_nothing_is_lost_by_asking(any_house, machine_id):
    sections = [
        locks.create_section(name=name, door_ids=[], actor=BOSS, now=clock.now()).id for name in ("East", "West")
    ]
    card_id = made(machine_id, any_house, ["1", "2", *sections])
    with pytest.raises(rules.NoRoomForDenial):
        lose(card_id, LostAnswer.CARRY, machine_id)
    assert line_of(card_id).is_live


def test_a_card_without_a_machine_is_not_half_lost(any_house, machine_id):
    card_id = made(machine_id, any_house)
    with pytest.raises(NoSuchMachine):
        lose(card_id, LostAnswer.DENY)
    assert line_of(card_id).is_live


def test_the_card_of_somebody_who_left_is_to_be_denied_and_gets_no_new_one(any_house, machine_id):
    card_id = made(machine_id, any_house)
    leave(any_house.accounts["housekeeper"].id)
    assert line_of(card_id).attention is Attention.TO_DENY
    with pytest.raises(rules.HolderLeft):
        lose(card_id, LostAnswer.BOTH, machine_id)
    lose(card_id, LostAnswer.DENY, machine_id)
    assert line_of(card_id).attention is None


def test_a_deny_card_is_made_for_a_lost_card_only(any_house, machine_id):
    card_id = made(machine_id, any_house)

    def deny():
        return service.make_deny_card(
            card_id=card_id, encoder_id=machine_id, request_id=new_request(), actor=BOSS, now=clock.now()
        )

    with pytest.raises(rules.NotLost):
        deny()
    lose(card_id, LostAnswer.LATER)
    card = queries.get_card(job_of(deny()).subject_id)
    assert (card.kind, card.holder_name, card.valid_until) == (
        StaffCardKind.DENY,
        "",
        queries.get_card(card_id).valid_until,
    )
    with pytest.raises(NotLive):
        lose(write(deny()), LostAnswer.DENY, machine_id)
    clock.freeze(clock.now() + timedelta(days=40))
    with pytest.raises(rules.NotLost):
        deny()


def test_a_card_that_ended_within_the_grace_is_not_replaced_but_denied(any_house, machine_id):
    card_id = made(machine_id, any_house, last_day=last_day(0))
    clock.freeze(queries.get_card(card_id).valid_until + timedelta(minutes=5))
    with pytest.raises(rules.EndsTooEarly):
        lose(card_id, LostAnswer.BOTH, machine_id)
    batch_id = lose(card_id, LostAnswer.DENY, machine_id)
    assert queries.get_card(job_of(batch_id).subject_id).valid_until == clock.now() + timedelta(minutes=15)


# --- what doors tell


def test_a_door_tells_once_that_it_denies(any_house, machine_id):
    lock_id = any_house.doors["101"].lock_id
    locks.note_told(lock_id=lock_id, numbers=[any_house.scopes["all"].number, any_house.scopes["1"].number])
    card_id = made(machine_id, any_house)
    batch_id = lose(card_id, LostAnswer.DENY, machine_id)
    deny_id = write(batch_id)
    race(3, lambda _number: seen(deny_id, lock_id, RecordResult.VOIDED))
    assert count(StaffDenial) == 1
    (one,) = line_of(card_id).doors_to_deny
    assert (one.refused_since, one.carried_by) == (clock.now(), deny_id)


def test_a_door_that_was_not_told_the_scope_has_not_taken_the_denial(any_house, machine_id):
    lock_id = any_house.doors["101"].lock_id
    card_id = made(machine_id, any_house)
    deny_id = write(lose(card_id, LostAnswer.DENY, machine_id))
    seen(deny_id, lock_id, RecordResult.VOIDED)
    assert count(StaffDenial) == 0


@pytest.mark.parametrize(
    ("result", "noted"),
    [
        (RecordResult.OPENED, False),
        (RecordResult.EXPIRED, True),
        (RecordResult.OUTSIDE_HOURS, True),
        (RecordResult.PRIVACY, False),
    ],
)
def test_refusals_of_a_staff_card_stand_in_the_trail(any_house, machine_id, result, noted):
    card_id = made(machine_id, any_house)
    seen(card_id, any_house.doors["101"].lock_id, result)
    entries = audit.list_entries(audit.Filters(action="staffcards.refused")).rows
    assert bool(entries) is noted


def test_an_opening_confirms_a_card_and_uses_up_a_visitors(any_house, machine_id):
    lock_id = any_house.doors["101"].lock_id
    card_id = made(machine_id, any_house)
    with transaction() as session:
        card = session.get_one(StaffCard, card_id)
        card.state, card.proof = CardState.UNKNOWN, Proof.UNKNOWN
    seen(card_id, lock_id, RecordResult.OPENED)
    assert (line_of(card_id).state, line_of(card_id).card.proved_by) == (KeyState.CONFIRMED, "door")
    visitor_id = write(visitor(any_house, machine_id))
    seen(visitor_id, lock_id, RecordResult.OPENED)
    assert (line_of(visitor_id).card.end_reason, line_of(visitor_id).state) == (StaffEnd.USED, KeyState.DEAD)


def test_locks_are_told_the_cards_that_are_lost_and_no_others(any_house, machine_id):
    lost, kept = made(machine_id, any_house), made(machine_id, any_house)
    lose(lost, LostAnswer.LATER)
    told = [card.credential_id for card in service.denied_cards(door_id=1, now=clock.now())]
    assert told == [queries.get_card(lost).credential_id]
    assert queries.get_card(kept).credential_id not in told
    clock.freeze(clock.now() + timedelta(days=60))
    assert service.denied_cards(door_id=1, now=clock.now()) == []


def test_another_application_in_the_same_process_tells_locks_each_card_once(any_house, machine_id, any_app):
    from pms.app import create_app
    from pms.locks import closed_cards

    lose(made(machine_id, any_house), LostAnswer.LATER)
    create_app(any_app.config["SETTINGS"])
    with any_app.app_context():
        assert len(closed_cards.denied_cards(door_id=1, now=clock.now())) == 1


# --- shifts


def test_shifts_are_made_changed_and_deleted_and_cards_keep_their_hours(any_house, machine_id):
    shift_id = service.create_shift(name=" Early ", window=EARLY, actor=BOSS, now=clock.now()).id
    card_id = made(machine_id, any_house, window=EARLY, shift_name="Early")
    service.change_shift(shift_id=shift_id, name="Morning", window=Window(), actor=BOSS, now=clock.now())
    (row,) = queries.list_shifts()
    assert (row.name, row.weekdays, row.end_minute) == ("Morning", 127, 1440)
    assert (queries.get_card(card_id).shift_name, queries.get_card(card_id).end_minute) == ("Early", 870)
    with pytest.raises(rules.ShiftNameTaken):
        service.create_shift(name="Morning", window=EARLY, actor=BOSS, now=clock.now())
    with pytest.raises(rules.BadShiftName):
        service.change_shift(shift_id=shift_id, name="", window=EARLY, actor=BOSS, now=clock.now())
    service.delete_shift(shift_id=shift_id, actor=BOSS, now=clock.now())
    assert count(Shift) == 0
    with pytest.raises(NotFound):
        queries.get_shift(shift_id)
    trail = {entry.action for entry in audit.list_entries(audit.Filters(action="staffcards.")).rows}
    assert {"staffcards.shift_created", "staffcards.shift_changed", "staffcards.shift_deleted"} <= trail


# --- lists


def test_each_filter_shows_what_it_says(any_house, machine_id):
    live = made(machine_id, any_house, last_day=last_day(60))
    soon = made(machine_id, any_house, who="technician", last_day=last_day(10))
    left = made(machine_id, any_house, who="desk", last_day=last_day(60))
    raised = made(machine_id, any_house, ["2"], who="desk2", last_day=last_day(60))
    lost = made(machine_id, any_house, who="manager", last_day=last_day(60))
    locks.note_told(lock_id=any_house.doors["101"].lock_id, numbers=[any_house.scopes["1"].number])
    lose(lost, LostAnswer.LATER)
    leave(any_house.accounts["desk"].id)
    clock.freeze(clock.now() + timedelta(hours=1))
    service.raise_scope(scope_id=any_house.scopes["2"].id, actor=BOSS, now=clock.now())
    db.remove()
    shown = {
        show: {line.card.id for line in listing.page(show, text="", before_id=None, now=clock.now()).rows}
        for show in ("live", "soon", "again", "deny", "all")
    }
    assert shown == {
        "live": {live, soon, left, raised},
        "soon": {soon},
        "again": {raised},
        "deny": {left, lost},
        "all": {live, soon, left, raised, lost},
    }
    assert listing.counts(clock.now()) == {show: len(ids) for show, ids in shown.items()}
    for show in ("live", "all"):
        found = listing.page(show, text="techni", before_id=None, now=clock.now()).rows
        assert [line.card.id for line in found] == [soon]


def test_who_holds_what_is_known_by_person_and_by_scope(any_house, machine_id):
    mine = made(machine_id, any_house, ["1", "2"])
    theirs = made(machine_id, any_house, ["2"], who="technician")
    of_scope = [line.card.id for line in queries.of_scope(any_house.scopes["2"].id, now=clock.now())]
    assert of_scope == [mine, theirs]
    account_id = any_house.accounts["housekeeper"].id
    assert [line.card.id for line in queries.of_account(account_id, now=clock.now())] == [mine]


def test_the_history_is_read_a_page_at_a_time(any_house, machine_id):
    ids = [made(machine_id, any_house) for _ in range(3)]
    first = queries.history(size=2)
    assert [card.id for card in first] == ids[:0:-1]
    assert [card.id for card in queries.history(before_id=first[-1].id, size=2)] == ids[:1]


def test_the_list_asks_as_often_for_many_cards_as_for_few(house, app, count_queries):
    from tests.keycards.desk import machine_row

    machine_id = machine_row()
    locks.note_told(lock_id=house.doors["101"].lock_id, numbers=[house.scopes["1"].number])
    lose(made(machine_id, house), LostAnswer.LATER)
    made(machine_id, house)
    few = count_queries(lambda: listing.counts(clock.now()))
    for number in range(6):
        lose(made(machine_id, house, who=f"Somebody {number}"), LostAnswer.LATER)
        made(machine_id, house, who=f"Somebody {number}")
    assert count_queries(lambda: listing.counts(clock.now())) == few
