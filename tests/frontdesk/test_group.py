"""Several rooms of one booking arrive together."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.core.db import db, transaction
from pms.encoders.models import EncoderJob, JobState
from pms.frontdesk import groups, service
from pms.frontdesk.groups import ACCEPTED, NoReadyRoom, RoomNotReady
from pms.frontdesk.service import group as group_service
from pms.keycards import progress, stacks
from pms.keycards import rules as key_rules
from pms.keycards import service as keycards
from pms.keycards.models import KeyCard
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import rules as stay_rules
from pms.stays import service as stays
from pms.stays.models import Stay, StayState, StayStep, StepKind
from tests.races import race

CLEAN = ACCEPTED["clean"][1]


@pytest.fixture
def make_group():
    """Books rooms under one code: numbers of rooms, or None for any standard room."""

    def make(desk, *numbers: str | None, adults: int = 1) -> list[Stay]:
        standard = desk.house.rooms["101"].room_type_id
        wishes = [
            stays.RoomWish(
                room_type_id=standard if number is None else desk.house.rooms[number].room_type_id,
                room_id=None if number is None else desk.house.rooms[number].id,
                arrival_date=desk.day(0),
                departure_date=desk.day(2),
                adults=adults,
                guest_id=desk.guest(f"Player {place}"),
            )
            for place, number in enumerate(numbers)
        ]
        return stays.book_many(
            guest_id=desk.guest("Coach"), wishes=wishes, group_name="FC Linden", actor=desk.clerk, now=desk.now
        )

    return make


def run(desk, members, **values):
    asked = {
        "reservation_id": members[0].reservation_id,
        "stay_ids": [stay.id for stay in members],
        "accepted": CLEAN,
        **desk.act(),
        **values,
    }
    return service.check_in_group(**asked)


def stack(desk, members, **values):
    asked = {
        "reservation_id": members[0].reservation_id,
        "stay_ids": [stay.id for stay in members],
        "cards_each": None,
        "encoder_id": desk.encoder_id,
        **desk.act(),
        **values,
    }
    return service.make_stack(**asked)


def states(members) -> list[StayState]:
    ids = [stay.id for stay in members]
    db.remove()
    return list(db.session.scalars(sa.select(Stay.state).where(Stay.id.in_(ids)).order_by(Stay.id)))


def kinds(outcomes) -> list[type | None]:
    return [type(outcome.refusal) if outcome.refusal else None for outcome in outcomes]


def finish(job: EncoderJob, state: JobState, code: str | None = None) -> None:
    """As if the machine had done the job; what follows a job that failed is cancelled, as the machine's owner does it."""
    with transaction() as session:
        for other in session.scalars(sa.select(EncoderJob).where(EncoderJob.batch_id == job.batch_id)):
            if other.id == job.id:
                other.state, other.error_code = state, code
            elif other.batch_position > job.batch_position and state is not JobState.DONE:
                other.state = JobState.CANCELLED


def jobs_of(batch_id: str) -> list[EncoderJob]:
    db.remove()
    query = sa.select(EncoderJob).where(EncoderJob.batch_id == batch_id).order_by(EncoderJob.batch_position)
    return list(db.session.scalars(query))


def test_who_can_go_goes_and_who_cannot_is_told_why(any_desk, make_group):
    members = make_group(any_desk, "101", "102", None)
    rooms.mark_dirty(room_id=any_desk.house.rooms["102"].id, actor=any_desk.clerk, now=any_desk.now)
    outcomes = run(any_desk, members)
    assert kinds(outcomes) == [None, RoomNotReady, None]
    assert states(members) == [StayState.IN_HOUSE, StayState.CONFIRMED, StayState.IN_HOUSE]
    third = db.session.get_one(Stay, members[2].id)
    assert third.room_id in {any_desk.house.rooms[number].id for number in ("103", "203")}


def test_rooms_are_given_out_in_the_states_that_were_accepted(desk, make_group):
    members = make_group(desk, "101", "102", None)
    rooms.set_housekeeping(
        room_id=desk.house.rooms["101"].id, status=HousekeepingStatus.INSPECTED, actor=desk.clerk, now=desk.now
    )
    assert kinds(run(desk, members, accepted=ACCEPTED["inspected"][1])) == [None, RoomNotReady, NoReadyRoom]
    rooms.mark_dirty(room_id=desk.house.rooms["102"].id, actor=desk.clerk, now=desk.now)
    assert kinds(run(desk, members[1:], accepted=ACCEPTED["any"][1])) == [None, None]


def test_a_room_with_somebody_inside_is_given_to_nobody_whatever_is_accepted(desk, make_group):
    yesterday = desk.now - timedelta(days=1)
    inside = desk.book("101", (-1, 0), now=yesterday)
    service.check_in(stay_id=inside.id, cards=0, encoder_id=None, **desk.act(now=yesterday))
    members = make_group(desk, None, None)
    run(desk, members, accepted=ACCEPTED["any"][1])
    db.remove()
    taken = {db.session.get_one(Stay, stay.id).room_id for stay in members}
    assert desk.house.rooms["101"].id not in taken
    assert len(taken) == 2


def test_a_process_that_was_killed_between_two_rooms_is_taken_up_by_the_same_form(any_desk, make_group, monkeypatch):
    members = make_group(any_desk, "101", "102", None)
    form = any_desk.act()
    check_in, seen = group_service.check_in, []

    def killed_at_the_second(**asked):
        seen.append(asked["stay_id"])
        if len(seen) == 2:
            raise KeyboardInterrupt
        return check_in(**asked)

    monkeypatch.setattr(group_service, "check_in", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run(any_desk, members, **form)
    assert states(members) == [StayState.IN_HOUSE, StayState.CONFIRMED, StayState.CONFIRMED]
    assert kinds(run(any_desk, members, **form)) == [None, None, None]
    assert kinds(run(any_desk, members, **form)) == [None, None, None], "once more changes nothing"
    db.remove()
    steps = db.session.scalars(sa.select(StayStep.stay_id).where(StayStep.kind == StepKind.CHECKED_IN)).all()
    assert sorted(steps) == sorted(stay.id for stay in members)


def test_a_double_click_checks_each_room_in_once_and_makes_one_stack(any_desk, make_group):
    members = make_group(any_desk, "101", "102", adults=2)
    form = any_desk.act()

    def work(_number: int) -> object:
        outcomes = run(any_desk, members, **form)
        return kinds(outcomes), stack(any_desk, members, **form)

    first, second = race(2, work)
    assert first == second
    assert first[0] == [None, None]
    assert len(jobs_of(first[1])) == 4
    assert len(db.session.scalars(sa.select(KeyCard.id)).all()) == 4


def test_another_form_says_that_the_guests_are_here_already(desk, make_group):
    members = make_group(desk, "101", "102")
    run(desk, members)
    assert kinds(run(desk, members)) == [stay_rules.WrongState, stay_rules.WrongState]


def test_the_cards_come_room_by_room_and_only_for_those_who_are_here_without_one(desk, make_group):
    members = make_group(desk, "102", "101", None, adults=2)
    run(desk, members[:2])
    jobs = jobs_of(stack(desk, members))
    assert [(job.stay_id, job.batch_position, job.batch_size) for job in jobs] == [
        (members[1].id, 1, 4),
        (members[1].id, 2, 4),
        (members[0].id, 3, 4),
        (members[0].id, 4, 4),
    ]
    assert stack(desk, members) is None, "what waits for the machine is on its way"
    for job in jobs:
        finish(job, JobState.DONE)
    with transaction() as session:
        session.execute(sa.update(KeyCard).values(state="active"))
    assert stack(desk, members) is None, "they have their cards"


def test_a_stack_needs_a_machine(desk, make_group):
    members = make_group(desk, "101", "102")
    run(desk, members)
    with pytest.raises(service.MachineMissing):
        stack(desk, members, encoder_id=None)


def test_a_room_of_the_stack_is_tried_again_or_left_for_later(any_desk, make_group):
    members = make_group(any_desk, "101", "102", "103")
    run(any_desk, members)
    first = jobs_of(stack(any_desk, members))
    finish(first[0], JobState.DONE)
    finish(first[1], JobState.FAILED, "no_card")
    shown = progress.find(first[0].batch_id, now=any_desk.now)
    assert (shown.is_stack, shown.can_skip, shown.place) == (True, True, (1, 1))
    assert shown.stay.room.number == "102"
    same = any_desk.act(job_id=first[1].id)
    skipped = stacks.skip(**same)
    assert stacks.skip(**same) == skipped, "a double click"
    assert [job.stay_id for job in jobs_of(skipped)] == [members[2].id]
    again = keycards.retry(overwrite=False, **any_desk.act(job_id=first[1].id))
    assert [job.stay_id for job in jobs_of(again)] == [members[1].id, members[2].id]


def test_the_last_room_of_a_stack_is_not_left_for_later(desk, make_group):
    members = make_group(desk, "101", "102")
    run(desk, members)
    jobs = jobs_of(stack(desk, members))
    with pytest.raises(key_rules.NotToRetry):
        stacks.skip(**desk.act(job_id=jobs[0].id))
    finish(jobs[0], JobState.DONE)
    finish(jobs[1], JobState.FAILED, "no_card")
    assert not progress.find(jobs[0].batch_id, now=desk.now).can_skip
    with pytest.raises(key_rules.NotToRetry):
        stacks.skip(**desk.act(job_id=jobs[1].id))


def test_who_has_left_meanwhile_does_not_hold_the_stack_up(desk, make_group):
    members = make_group(desk, "101", "102", "103")
    run(desk, members)
    jobs = jobs_of(stack(desk, members))
    finish(jobs[0], JobState.FAILED, "no_card")
    service.check_out(stay_id=members[1].id, **desk.act())
    again = keycards.retry(overwrite=False, **desk.act(job_id=jobs[0].id))
    assert [job.stay_id for job in jobs_of(again)] == [members[0].id, members[2].id]


def test_the_page_is_found_again_as_it_is(desk, make_group):
    members = make_group(desk, "101", "102", None)
    rooms.mark_dirty(room_id=desk.house.rooms["102"].id, actor=desk.clerk, now=desk.now)
    run(desk, members)
    batch_id = stack(desk, members)
    db.remove()
    found = groups.find(members[0].reservation_id, accepted=CLEAN, now=desk.now)
    assert [member.stay.id for member in found.failed] == [members[1].id]
    assert isinstance(found.failed[0].obstacle, RoomNotReady)
    assert found.members[0] is found.failed[0], "failures first"
    assert (found.batch_id, found.is_under_way, len(found.without_keys)) == (batch_id, True, 0)


def test_the_rooms_of_a_large_group_are_proposed_in_as_few_queries_as_those_of_a_small_one(
    desk, make_group, count_queries
):
    small, large = make_group(desk, "101", None), make_group(desk, "102", "201", "202", None)
    ids = [members[0].reservation_id for members in (small, large)]
    counts = [count_queries(lambda i=i: groups.find(i, accepted=CLEAN, now=desk.now)) for i in ids]
    assert counts[0] == counts[1]
    rooms_of = {member.room_number for i in ids for member in groups.find(i, accepted=CLEAN, now=desk.now).members}
    assert {"101", "102", "201", "202"} < rooms_of
