"""Batteries and silence: raised and settled by looking, and a second look changes nothing."""

from __future__ import annotations

from datetime import timedelta

from pms.alarms import jobs, queries, service
from pms.alarms.models import AlarmKind
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.gateways.models import CellularModule, Gateway, GatewayLock, LinkProcess
from pms.locks.models import Lock
from pms.properties.models import Property
from tests.alarms.cast import actions, everything
from tests.races import race

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
JOB = Actor(kind="job", name="alarms")


def look(now) -> tuple[int, int]:
    found = service.watch(actor=JOB, now=now)
    # Again, and nothing more.
    assert service.watch(actor=JOB, now=now) == (0, 0)
    return found


def change(house, door, **values) -> int:
    with transaction() as session:
        lock = session.get_one(Lock, house.doors[door].lock_id)
        for name, value in values.items():
            setattr(lock, name, value)
        return lock.id


def gateway(house, now, *doors, seen_at) -> int:
    with transaction() as session:
        row = Gateway(
            serial_number="5A0C4E1B2D90",
            name="Corridor",
            bound_at=now - 99 * HOUR,
            bound_by_id=house.accounts["admin"].id,
            last_seen_at=seen_at,
            created_at=now,
        )
        session.add(row)
        session.flush()
        for door in doors:
            session.add(GatewayLock(lock_id=house.doors[door].lock_id, gateway_id=row.id, since=now - 90 * HOUR))
        return row.id


def see(gateway_id, at) -> None:
    with transaction() as session:
        session.get_one(Gateway, gateway_id).last_seen_at = at


def test_a_low_battery_is_an_alarm_until_there_is_a_new_one(any_house, now):
    house = any_house
    change(house, "101", battery_percent=20, battery_at=now)
    # Known from an import only; above the threshold; hangs nowhere any more.
    change(house, "102", battery_percent=5, battery_at=None)
    change(house, "103", battery_percent=21, battery_at=now)
    change(house, "201", battery_percent=5, battery_at=now, replaced_at=now)
    assert look(now) == (1, 0)
    (alarm,) = everything()
    assert (alarm.kind, alarm.details, alarm.door_id) == (
        AlarmKind.LOW_BATTERY,
        {"percent": 20},
        house.doors["101"].id,
    )
    # A little warmer in the sun.
    change(house, "101", battery_percent=24)
    assert look(now + HOUR) == (0, 0)
    change(house, "101", battery_percent=100)
    assert look(now + 2 * HOUR) == (0, 1)
    assert everything()[0].settled_at == now + 2 * HOUR


def test_the_house_says_what_is_low(house, now):
    change(house, "101", battery_percent=30, battery_at=now)
    assert look(now) == (0, 0)
    with transaction() as session:
        session.get_one(Property, 1).low_battery_percent = 35
    assert look(now) == (1, 0)


def test_a_gateway_that_is_gone_is_one_alarm_and_not_one_for_each_lock_behind_it(any_house, now):
    house = any_house
    for door in ("101", "102"):
        change(house, door, last_seen_at=now)
    gateway_id = gateway(house, now, "101", "102", seen_at=now)
    assert look(now + 29 * MINUTE) == (0, 0)
    later = now + 30 * HOUR
    assert look(later) == (1, 0)
    (alarm,) = everything()
    assert (alarm.kind, alarm.gateway_id, alarm.lock_id) == (AlarmKind.OFFLINE, gateway_id, None)
    assert alarm.details == {"since": now.isoformat()}
    assert queries.with_place(alarm.id).place == "Corridor"
    # It is back; the locks could not be heard, and get their time.
    see(gateway_id, later + MINUTE)
    assert look(later + MINUTE) == (0, 1)
    see(gateway_id, later + 25 * HOUR)
    change(house, "102", last_seen_at=later + 5 * HOUR)
    assert look(later + 25 * HOUR) == (1, 0)
    assert everything()[-1].lock_id == house.doors["101"].lock_id
    change(house, "101", last_seen_at=later + 25 * HOUR)
    assert look(later + 25 * HOUR) == (0, 1)
    assert actions() == ["alarms.raised", "alarms.settled"] * 2


def test_a_gateway_that_never_came_or_was_unbound_is_missed_by_nobody(house, now):
    gateway_id = gateway(house, now, "101", seen_at=None)
    assert look(now + 99 * HOUR) == (0, 0)
    see(gateway_id, now)
    assert look(now + 99 * HOUR) == (1, 0)
    with transaction() as session:
        row = session.get_one(Gateway, gateway_id)
        row.bound_at = row.bound_by_id = None
    assert look(now + 99 * HOUR) == (0, 1)


def test_a_module_that_is_gone_is_an_alarm_of_its_lock(house, now):
    lock_id = change(house, "lobby", last_seen_at=now)
    with transaction() as session:
        session.add(
            CellularModule(imei="86", lock_id=lock_id, associated_at=now, last_seen_at=now, created_at=now, imsi="")
        )
    assert look(now + 31 * MINUTE) == (1, 0)
    (alarm,) = everything()
    assert (alarm.kind, alarm.lock_id) == (AlarmKind.OFFLINE, lock_id)
    assert look(now + 31 * MINUTE) == (0, 0)


def test_the_servers_own_line_is_one_alarm_of_the_house_and_no_gateway_is_missed_for_it(any_house, now):
    house = any_house
    change(house, "101", last_seen_at=now)
    gateway_id = gateway(house, now, "101", seen_at=now)
    with transaction() as session:
        row = session.get_one(Gateway, gateway_id)
        row.is_connected, row.connected_at = True, now
        session.add(LinkProcess(name="serve", is_connected=True, since=now, beat_at=now))
    assert look(now) == (0, 0)
    # The process has died: it says nothing any more.
    later = now + 31 * MINUTE
    assert look(later) == (1, 0)
    (alarm,) = everything()
    assert (alarm.kind, alarm.thing, alarm.details) == (
        AlarmKind.OFFLINE,
        "house",
        {"line_since": now.isoformat()},
    )
    back = now + 30 * HOUR
    with transaction() as session:
        session.get_one(LinkProcess, "serve").beat_at = back
    assert look(back) == (0, 1)
    # The broker's word, and its will.
    with transaction() as session:
        row = session.get_one(Gateway, gateway_id)
        row.is_connected, row.lost_at = False, back
        session.get_one(LinkProcess, "serve").beat_at = back + 31 * MINUTE
    assert look(back + 31 * MINUTE) == (1, 0)
    assert everything()[-1].details == {"since": back.isoformat()}


def test_two_schedulers_at_once_raise_it_once(any_house, now):
    change(any_house, "101", battery_percent=3, battery_at=now)
    race(4, lambda _number: service.watch(actor=JOB, now=now))
    assert len(everything()) == 1
    assert actions() == ["alarms.raised"]


def test_the_job_looks_at_all_locks_in_as_many_questions_as_at_one(house, now, count_queries):
    clock.freeze(now)
    jobs.watch()
    few = count_queries(jobs.watch)
    gateway(house, now, *(door for door in house.doors), seen_at=now)
    for door in house.doors:
        change(house, door, battery_percent=90, battery_at=now, last_seen_at=now)
    assert count_queries(jobs.watch) == few
