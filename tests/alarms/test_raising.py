"""An alarm is raised once while it lasts; who looked is kept by name."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records.models import Doubt
from pms.alarms import queries, rules, service, words
from pms.alarms.models import Alarm, AlarmKind, Severity
from pms.alarms.queries import Filters
from pms.audit.models import AuditEntry
from pms.core.db import db
from tests.alarms.cast import LOCK, acknowledge, actions, everything, person, raised
from tests.races import race

MINUTE = timedelta(minutes=1)


def test_the_same_again_is_counted_and_not_raised_anew(house, now):
    first = raised(house, now, details={"percent": 18}, kind=AlarmKind.LOW_BATTERY)
    later = now + 5 * MINUTE
    again = raised(house, later, kind=AlarmKind.LOW_BATTERY, details={"percent": 17})
    elsewhere = raised(house, later, kind=AlarmKind.LOW_BATTERY, door="102")
    assert again.id == first.id != elsewhere.id
    (row, other) = everything()
    assert (row.times, row.raised_at, row.last_seen_at, row.details) == (2, now, later, {"percent": 17})
    assert (row.severity, row.thing, row.door_id) == (
        Severity.QUIET,
        f"lock:{row.lock_id}",
        house.doors["101"].id,
    )
    assert other.times == 1
    assert actions() == ["alarms.raised", "alarms.raised"]
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.subject_id == str(first.id))).one()
    assert (entry.lock_id, entry.room_id, entry.subject_label) == (row.lock_id, house.rooms["101"].id, "101")


def test_eight_at_once_raise_one_alarm(any_house, now):
    outcomes = race(8, lambda _number: raised(any_house, now).id)
    assert len(set(outcomes)) == 1
    (row,) = everything()
    assert row.times == 8
    assert queries.count_open() == 1


def test_who_acknowledges_first_is_kept_and_the_other_is_told(any_house, now):
    alarm = raised(any_house, now)
    names = ["desk", "desk2"] * 3
    outcomes = race(6, lambda number: acknowledge(any_house, alarm, now, note=names[number], name=names[number]))
    kept = everything()[0].note
    for name, outcome in zip(names, outcomes, strict=True):
        assert isinstance(outcome, Alarm if name == kept else rules.AlreadyAcknowledged), outcome
    refused = next(one for one in outcomes if isinstance(one, rules.AlreadyAcknowledged))
    assert refused.params == {"name": kept.title(), "at": now}
    assert actions() == ["alarms.raised", "alarms.acknowledged"]


def test_what_is_urgent_needs_a_word_and_a_program_acknowledges_nothing(house, now):
    urgent, quiet = raised(house, now), raised(house, now, AlarmKind.LOW_BATTERY)
    with pytest.raises(rules.NoNote):
        acknowledge(house, urgent, now, note="  ")
    with pytest.raises(rules.LongNote):
        acknowledge(house, urgent, now, note="x" * 501)
    with pytest.raises(rules.NobodyByName):
        service.acknowledge(alarm_id=urgent.id, note="x", may_see_discreet=True, actor=LOCK, now=now)
    with pytest.raises(rules.NoSuchAlarm):
        service.acknowledge(alarm_id=7, note="x", may_see_discreet=True, actor=person(house), now=now)
    acknowledge(house, quiet, now, note="")
    assert acknowledge(house, urgent, now, note=" Nobody\n there ").note == "Nobody there"
    assert acknowledge(house, urgent, now + MINUTE, note="twice").note == "Nobody there"


def test_after_somebody_looked_the_next_is_a_new_alarm_except_where_the_reason_lasts(house, now):
    duress = raised(house, now, AlarmKind.DURESS)
    assert raised(house, now, AlarmKind.DURESS).id == duress.id
    acknowledge(house, duress, now, name="manager", may_see_discreet=True)
    assert raised(house, now + MINUTE, AlarmKind.DURESS).id != duress.id
    weak = raised(house, now, AlarmKind.LOW_BATTERY)
    acknowledge(house, weak, now)
    assert raised(house, now + MINUTE, AlarmKind.LOW_BATTERY).id == weak.id
    service.settle(kind=AlarmKind.LOW_BATTERY, lock_id=weak.lock_id, now=now + 2 * MINUTE, actor=LOCK)
    assert raised(house, now + 3 * MINUTE, AlarmKind.LOW_BATTERY).id != weak.id


def test_settling_ends_it_once_and_nothing_where_there_is_none(house, now):
    lock_id = house.doors["101"].lock_id
    service.settle(kind=AlarmKind.OFFLINE, lock_id=lock_id, now=now, actor=LOCK)
    alarm = raised(house, now, AlarmKind.OFFLINE)
    for minutes in (1, 2):
        service.settle(kind=AlarmKind.OFFLINE, lock_id=lock_id, now=now + minutes * MINUTE, actor=LOCK)
    assert (everything()[0].settled_at, queries.count_open()) == (now + MINUTE, 0)
    assert actions() == ["alarms.raised", "alarms.settled"]
    # Whoever was about to write what they found can do so all the same.
    assert acknowledge(house, alarm, now).acknowledged_at == now


def test_duress_is_on_no_screen_that_shows_itself_and_found_by_those_who_may_see_it(house, now):
    duress = raised(house, now, AlarmKind.DURESS)
    raised(house, now, AlarmKind.LOCK_OUT)
    assert (queries.count_open(), queries.count_open(with_discreet=True)) == (1, 2)
    mark = queries.mark()
    assert (mark.count, mark.newest_urgent) == (1, None)
    assert queries.open_by_room() == {house.rooms["101"].id: [AlarmKind.LOCK_OUT]}
    assert [row.alarm.kind for row in queries.open_of_lock(duress.lock_id)] == [AlarmKind.LOCK_OUT]
    assert len(queries.list_page(Filters()).rows) == 1
    assert len(queries.list_page(Filters(with_discreet=True)).rows) == 2
    with pytest.raises(rules.NoSuchAlarm):
        acknowledge(house, duress, now)
    tamper = raised(house, now, door="102")
    assert queries.mark().newest_urgent.alarm.id == tamper.id


def test_the_list_goes_on_where_it_ended_in_the_order_of_the_times(house, now):
    kinds = list(AlarmKind)
    for number, door in enumerate(house.doors):
        for kind in kinds[number % 3 :: 2]:
            raised(house, now, kind, door, at=now - number % 3 * MINUTE)
    whole = [row.alarm for row in queries.list_page(Filters(with_discreet=True)).rows]
    assert whole == sorted(whole, key=lambda alarm: (alarm.raised_at, alarm.id), reverse=True)
    seen, after = [], ""
    while after is not None:
        page = queries.list_page(Filters(with_discreet=True), after=after, size=4)
        seen += [row.alarm.id for row in page.rows]
        after = page.next_key
    assert seen == [alarm.id for alarm in whole]
    assert len(list(queries.stream(Filters(with_discreet=True)))) == len(seen)
    assert queries.list_page(Filters(), after="nonsense").rows


@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_about_records_is_said_in_a_sentence_of_its_own(house, now, doubt):
    alarm = raised(house, now, AlarmKind.CHAIN_BROKEN, details={"doubt": doubt.value, "first": 3, "last": 9})
    text, values = words.explain(alarm)
    assert text != words.explain(raised(house, now, AlarmKind.CHAIN_BROKEN, "102", details=UNKNOWN))[0]
    assert "3" in text % values


UNKNOWN = {"doubt": "of a later version", "first": 1, "last": 2}
