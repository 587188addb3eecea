"""Staff cards made through rows, a pseudo-terminal and a simulated machine, then held to virtual locks that were set up."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pms.core import clock
from pms.core.db import db
from pms.core.weeks import Window
from pms.encoders.models import JobState
from pms.keycards.rules import KeyState
from pms.locks import queries as locks
from pms.locks import scope_queries
from pms.locks import service as lock_service
from pms.protocol.card_layout import Medium
from pms.staffcards import queries, service
from pms.staffcards.models import StaffCardKind, StaffEnd
from pms.staffcards.rules import Attention, LostAnswer
from tests.keycards.desk import new_request, stay
from tests.staffcards.desk import BOSS, EARLY, ask, card_of, job_of, line_of

BERLIN = ZoneInfo("Europe/Berlin")


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=BERLIN)


def at(moment: datetime) -> datetime:
    clock.freeze(moment)
    return moment


def section(name: str, *door_ids: int) -> tuple[int, int]:
    """A section of doors; its id and its number."""
    made = lock_service.create_section(name=name, door_ids=door_ids, actor=BOSS, now=clock.now())
    return made.id, made.number


# --- scopes, shifts, ends


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG216])
def test_a_card_opens_the_doors_of_its_floor_and_no_other(desk, medium):
    card = desk.staff(["1"], medium=medium)
    assert [desk.door(name).hold(card) for name in ("101", "102", "201", "lobby")] == [
        "opened",
        "opened",
        "not_addressed",
        "not_addressed",
    ]


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG216])
def test_a_card_of_several_scopes_opens_all_of_them(desk, house, medium):
    section_id, _ = section("Pool", house.doors["lobby"].id)
    card = desk.staff(["1", "2", section_id], medium=medium)
    assert [desk.door(name).hold(card) for name in ("101", "201", "lobby")] == ["opened"] * 3


def test_a_card_of_every_door_opens_every_door(desk):
    card = desk.staff(["all"])
    assert [desk.door(name).hold(card) for name in ("101", "203", "lobby")] == ["opened"] * 3


@pytest.mark.parametrize(
    ("moment", "answer"),
    [
        (local(12, 6, 0), "opened"),
        (local(12, 14, 29), "opened"),
        (local(12, 14, 30), "outside_hours"),
        (local(12, 5, 59), "outside_hours"),
        (local(13, 10, 0), "outside_hours"),
        (local(15, 6, 0), "opened"),
    ],
)
def test_a_card_opens_in_its_shift_only(desk, moment, answer):
    at(local(11, 12))
    card = desk.staff(["1"], window=EARLY)
    assert desk.door("101").hold(card, moment) == answer


def test_a_night_shift_goes_on_after_midnight(desk):
    card = desk.staff(["1"], window=Window(0b0010000, 22 * 60, 6 * 60))
    door = desk.door("101")
    answers = [door.hold(card, local(*moment)) for moment in ((12, 22), (13, 5, 59), (13, 6), (13, 22))]
    assert answers == ["opened", "opened", "outside_hours", "outside_hours"]


def test_a_card_is_good_through_its_last_day_and_a_quarter_of_an_hour(desk):
    card = desk.staff(["1"], last_day=local(20, 0).date())
    door = desk.door("101")
    assert door.hold(card, local(21, 0, 15)) == "opened"
    assert door.hold(card, local(21, 0, 16)) == "expired"


def test_an_emergency_card_opens_everything_at_any_hour_and_over_the_deadbolt(desk):
    staff = desk.staff(["all"], who="technician")
    emergency = desk.staff([], kind=StaffCardKind.EMERGENCY, who="Safe", last_day=local(30, 0).date())
    door = desk.door("101")
    door.lock.throw_deadbolt(True)
    assert door.hold(staff) == "privacy"
    assert door.hold(emergency, local(13, 3)) == "opened"
    assert desk.door("lobby").hold(emergency) == "opened"
    door.lock.clock_lost = True
    assert door.hold(emergency) == "opened"


# --- a visitor


def test_a_visitors_card_opens_its_door_once_and_ends_nobodys_keys(desk, house):
    (guests,) = desk.keys_of(stay(house, "101"))
    door = desk.door("101")
    assert door.hold(guests) == "opened"
    card = desk.visitor("101")
    assert [door.hold(card), door.hold(card)] == ["opened", "used"]
    assert door.hold(guests) == "opened"
    assert desk.door("102").hold(card) == "not_addressed"
    line = line_of(card_of(card).id)
    assert (line.card.end_reason, line.state) == (StaffEnd.USED, KeyState.DEAD)


def test_a_guest_who_gets_the_first_card_later_does_not_end_the_visitors(desk, house):
    stay_id = stay(house, "101")
    door = desk.door("101")
    card = desk.visitor("101")
    (guests,) = desk.keys_of(stay_id)
    assert [door.hold(guests), door.hold(card), door.hold(guests)] == ["opened"] * 3


def test_the_next_guest_ends_an_unused_visitors_card(desk, house):
    from tests.keycards.test_cards_at_doors import leave

    first = stay(house, "101")
    card = desk.visitor("101")
    leave(first)
    (guests,) = desk.keys_of(stay(house, "101", name="Sato"))
    door = desk.door("101")
    assert [door.hold(guests), door.hold(card)] == ["opened", "superseded"]


def test_a_visitors_card_dies_after_its_hours(desk):
    card = desk.visitor("lobby", hours=2)
    door = desk.door("lobby")
    assert door.hold(card, clock.now() + timedelta(hours=2, minutes=16)) == "expired"
    assert door.hold(card, clock.now() + timedelta(hours=2, minutes=15)) == "opened"


# --- raising a number


def test_after_a_raise_the_cards_of_before_die_where_a_new_one_was_used(desk, house):
    first, second = desk.staff(["1"]), desk.staff(["1"], who="technician")
    near, far = desk.door("101"), desk.door("102")
    clock.freeze(clock.now() + timedelta(hours=1))
    assert service.raise_scope(scope_id=house.scopes["1"].id, actor=BOSS, now=clock.now()) == 2
    assert line_of(card_of(first).id).attention is Attention.RAISED
    batch_id = service.make_again(
        card_ids=[card_of(first).id],
        encoder_id=desk.encoder_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )
    db.remove()
    desk.make(batch_id, first)
    assert [near.hold(second), near.hold(first), near.hold(second)] == ["opened", "opened", "superseded"]
    assert far.hold(second) == "opened"
    assert locks.get_lock(near.lock_id).scope_issues[str(house.scopes["1"].number)] == int(clock.now().timestamp())
    assert line_of(card_of(first).id).attention is None


def test_a_lock_that_is_replaced_after_a_raise_takes_no_card_of_before(desk, house):
    card = desk.staff(["1"])
    clock.freeze(clock.now() + timedelta(hours=1))
    service.raise_scope(scope_id=house.scopes["1"].id, actor=BOSS, now=clock.now())
    db.remove()
    assert desk.door("101").hold(card) == "superseded"


# --- lost cards


def test_a_deny_card_closes_each_door_that_it_is_held_to(desk):
    near, far, other = desk.door("101"), desk.door("102"), desk.door("201")
    lost, kept = desk.staff(["1"]), desk.staff(["1"], who="technician")
    card_id = card_of(lost).id
    (deny,) = desk.lose(lost, LostAnswer.DENY)
    assert [one.door.name for one in line_of(card_id).left] == ["101", "102"]
    assert [near.hold(lost), near.hold(deny), near.hold(lost)] == ["opened", "voided", "denied"]
    assert [one.door.name for one in line_of(card_id).left] == ["102"]
    assert far.hold(lost) == "opened"
    assert far.hold(deny) == "voided"
    assert line_of(card_id).state is KeyState.DEAD
    assert [near.hold(kept), far.hold(kept)] == ["opened", "opened"]
    assert other.hold(deny) == "voided"


def test_the_holders_new_card_carries_the_denial_to_every_door_that_it_opens(desk):
    near, far = desk.door("101"), desk.door("102")
    lost = desk.staff(["1", "2"])
    card_id = card_of(lost).id
    (new,) = desk.lose(lost, LostAnswer.CARRY)
    assert [one.door.name for one in line_of(card_id).left] == ["101", "102"]
    assert [near.hold(new), near.hold(lost), near.hold(new)] == ["opened", "denied", "opened"]
    (one,) = line_of(card_id).left
    assert one.door.name == "102"
    assert far.hold(lost) == "opened"
    # Also a new card that is refused by itself has brought the denial.
    far.lock.throw_deadbolt(True)
    assert far.hold(new) == "privacy"
    far.lock.throw_deadbolt(False)
    assert far.hold(lost) == "denied"
    assert line_of(card_id).state is KeyState.DEAD
    assert line_of(card_of(new).id).denials[0].id == card_id


def test_a_deny_card_and_a_new_card_are_made_in_one_go(desk):
    door = desk.door("101")
    lost = desk.staff(["1"], window=EARLY)
    deny, new = desk.lose(lost, LostAnswer.BOTH)
    assert [door.hold(deny), door.hold(lost), door.hold(new)] == ["voided", "denied", "opened"]
    assert card_of(new).replaces_id == card_of(lost).id
    assert (card_of(new).start_minute, card_of(new).end_minute) == (EARLY.start, EARLY.end)


def test_raising_instead_ends_the_lost_card_and_makes_all_others_again(desk, house):
    door = desk.door("101")
    lost, kept = desk.staff(["1"]), desk.staff(["1"], who="technician")
    clock.freeze(clock.now() + timedelta(hours=1))
    new, again = desk.lose(lost, LostAnswer.RAISE)
    assert [door.hold(lost), door.hold(again), door.hold(lost), door.hold(kept)] == [
        "opened",
        "opened",
        "superseded",
        "superseded",
    ]
    assert door.hold(new) == "opened"
    assert line_of(card_of(lost).id).state is KeyState.DEAD
    assert card_of(kept).end_reason is StaffEnd.RENEWED
    assert card_of(again).account_id == house.accounts["technician"].id


def test_a_lost_card_that_opens_a_door_after_all_is_an_alarm(desk):
    from pms.audit import queries as audit

    door = desk.door("101")
    lost = desk.staff(["1"])
    card_id = card_of(lost).id
    (deny,) = desk.lose(lost, LostAnswer.DENY)
    door.hold(deny)
    # The lock loses its memory.
    door.lock.state.deny.clear()
    clock.freeze(clock.now() + timedelta(minutes=1))
    assert door.hold(lost) == "opened"
    assert len(line_of(card_id).left) == 1
    (entry,) = audit.list_entries(audit.Filters(action="staffcards.lost_opened")).rows
    assert entry.subject_label == "Housekeeper"
    # Presented again where it is denied, it proves that itself.
    door.hold(deny)
    assert door.hold(lost) == "denied"
    assert line_of(card_id).left == []


def test_a_lock_that_is_set_up_after_the_loss_is_told_at_once(desk):
    door = desk.door("101")
    lost = desk.staff(["1"])
    card_id = card_of(lost).id
    desk.lose(lost, LostAnswer.LATER)
    assert len(line_of(card_id).left) == 1
    door.set_up()
    assert line_of(card_id).left == []
    assert door.hold(lost) == "denied"
    late = desk.door("102")
    assert late.hold(lost) == "denied"
    assert line_of(card_id).state is KeyState.DEAD


def test_a_command_that_denies_counts_as_well(desk):
    door, other = desk.door("101"), desk.door("102")
    lost = desk.staff(["1"])
    row = card_of(lost)
    desk.lose(lost, LostAnswer.LATER)
    service.add_denied(lock_id=door.lock_id, credential_ids=[row.credential_id, 4711], now=clock.now())
    assert [one.door.id for one in line_of(row.id).left] == [locks.door_of_lock(other.lock_id).id]


def test_a_lost_visitors_card_is_denied_at_its_door(desk):
    door, other = desk.door("101"), desk.door("102")
    lost = desk.visitor("101")
    card_id = card_of(lost).id
    (deny,) = desk.lose(lost, LostAnswer.DENY)
    assert [one.door.name for one in line_of(card_id).left] == ["101"]
    assert [door.hold(deny), door.hold(lost)] == ["voided", "denied"]
    assert line_of(card_id).state is KeyState.DEAD
    assert other.hold(lost) == "not_addressed"


def test_a_renewed_card_goes_on_carrying_a_denial_that_is_not_everywhere(desk):
    near, far = desk.door("101"), desk.door("102")
    lost = desk.staff(["1"])
    card_id = card_of(lost).id
    (new,) = desk.lose(lost, LostAnswer.CARRY)
    near.hold(new)
    batch_id = service.renew(
        card_id=card_of(new).id,
        last_day=local(30, 0).date(),
        encoder_id=desk.encoder_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )
    db.remove()
    desk.make(batch_id, new)
    assert [far.hold(new), far.hold(lost)] == ["opened", "denied"]
    assert line_of(card_id).state is KeyState.DEAD


def test_a_door_that_knows_no_scope_is_not_on_the_list_and_refuses(desk, house):
    door = desk.door("101")
    lost = desk.staff(["1"])
    door.lock.state.scopes.clear()
    lock_service.note_told(lock_id=door.lock_id, numbers=[])
    desk.lose(lost, LostAnswer.LATER)
    assert line_of(card_of(lost).id).doors_to_deny == []
    assert door.hold(lost) == "not_addressed"


def test_what_an_opening_proves_of_numbers_is_of_the_first_scope_that_the_lock_knows(desk, house):
    """A card opens by its first grant that fits; of the others a door has learnt nothing."""
    door = desk.door("101")
    section_id, number = section("East", house.doors["101"].id)
    door.set_up()
    card = desk.staff([section_id, "1"])
    clock.freeze(clock.now() + timedelta(hours=1))
    for scope_id in (section_id, house.scopes["1"].id):
        service.raise_scope(scope_id=scope_id, actor=BOSS, now=clock.now())
    batch_id = service.make_again(
        card_ids=[card_of(card).id], encoder_id=desk.encoder_id, request_id=new_request(), actor=BOSS, now=clock.now()
    )
    db.remove()
    desk.make(batch_id, card)
    assert door.hold(card) == "opened"
    known = locks.get_lock(door.lock_id).scope_issues
    raised = int(clock.now().timestamp())
    assert known[str(number)] == raised
    assert known[str(house.scopes["1"].number)] < raised
    assert door.lock.state.scope_issues[house.scopes["1"].number] < raised


def test_records_name_the_holder(desk, client):
    from tests.client import text_of

    card = desk.staff(["1"], who="technician")
    desk.door("101").hold(card)
    client.log_in("manager")
    text = text_of(client.get("/records/"))
    assert "Technician" in text
    assert "Technician" in text_of(client.get("/records/?q=techni"))
    assert "Technician" not in text_of(client.get("/records/?q=nobody"))


def test_a_section_that_a_door_left_goes_on_counting_until_the_lock_was_told(desk, house):
    door_id = house.doors["101"].id
    section_id, _ = section("East", door_id)
    door = desk.door("101")
    card = desk.staff([section_id])
    lock_service.change_section(scope_id=section_id, name="East", door_ids=[], actor=BOSS, now=clock.now())
    assert door.hold(card) == "opened"
    assert [one.door.id for one in scope_queries.list_untold() if not one.is_new] == [door_id]
    desk.lose(card, LostAnswer.LATER)
    assert [one.door.name for one in line_of(card_of(card).id).left] == ["101"]


def test_jobs_of_staff_are_staff_jobs(desk, house):
    batch_id = ask(desk.encoder_id, house)
    desk.make(batch_id)
    assert (job_of(batch_id).kind.value, job_of(batch_id).state) == ("staff", JobState.DONE)
    assert queries.live_of_account(house.accounts["housekeeper"].id, now=clock.now())[0].is_live
