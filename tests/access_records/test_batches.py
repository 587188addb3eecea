"""What gateways bring: the frames of many locks in one transaction, each with the effect that it has alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import rules, service
from pms.access_records import series_queries as queries
from pms.access_records.models import AccessRecord, Doubt, RecordFinding, RecordGap, RecordSeries
from pms.access_records.service import Brought
from pms.audit.models import AuditEntry
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction
from pms.gateways import service as gateways
from pms.gateways.models import Gateway
from pms.gateways.rules import Carrier, CarrierKind
from pms.keycards.models import KeyCard, KeyCardGrant
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Lock
from pms.protocol.command import Command
from pms.protocol.record import RecordEvent, RecordMethod
from pms.simulators.lock import VirtualLock
from tests.access_records.carrying import DESK
from tests.access_records.conftest import CREDENTIAL, Scene, set_up
from tests.access_records.gateway import Door
from tests.races import race

GATEWAY = "0A0B0C0D0E0F"


def _door(scene: Scene) -> Door:
    return Door.of(scene.lock_id, scene.twin, scene.at)


def _neighbour(house, scene: Scene, now) -> Door:
    lock_id = house.doors["102"].lock_id
    return Door.of(lock_id, set_up(lock_id, now), scene.at)


@pytest.fixture
def pair(house, scene, now) -> list[Door]:
    """The locks of 101 and 102, set up."""
    return [_door(scene), _neighbour(house, scene, now)]


@pytest.fixture
def any_pair(any_house, any_scene, now) -> list[Door]:
    """The same on both databases."""
    return [_door(any_scene), _neighbour(any_house, any_scene, now)]


def _take(brought: list[Brought], now) -> list[service.Taken | None]:
    taken = service.take_frames(brought=brought, address="gateway", now=now)
    db.remove()
    return taken


def _mixed(*lists: list[Brought]) -> list[Brought]:
    """One of each in turn, as they come in at a gateway."""
    longest = max(map(len, lists))
    return [one[place] for place in range(longest) for one in lists if place < len(one)]


def _records(serial: str) -> list[AccessRecord]:
    db.remove()
    found = sa.select(AccessRecord).join(Lock, Lock.id == AccessRecord.lock_id).where(Lock.serial_number == serial)
    return list(db.session.scalars(found.order_by(AccessRecord.life, AccessRecord.sequence)))


EVENTS = (
    RecordEvent.LOCKED,
    RecordEvent.PASSAGE_ON,
    RecordEvent.TAMPER_ALARM,
    RecordEvent.VOIDED,
    RecordEvent.PASSAGE_OFF,
    RecordEvent.PASSAGE_ON,
    RecordEvent.LOW_BATTERY,
)


def test_a_batch_does_what_its_frames_do_one_by_one(any_pair, now):
    first, second = any_pair
    for door in any_pair:
        door.log(*EVENTS)
    for one in first.reports():
        assert _take([one], now)[0].is_new
    brought = second.reports()
    taken = _take(brought, now)
    assert [one.is_new for one in taken] == [True] * len(brought)
    assert len({one.acknowledgement for one in taken}) == len(brought)
    same = ("life", "sequence", "at", "event", "method", "result", "received_at", "is_doubtful")
    rows = [[tuple(getattr(row, name) for name in same) for row in _records(door.serial)] for door in any_pair]
    assert rows[0] == rows[1]
    assert len(rows[0]) == len(EVENTS) + 1
    alone, together = (locks.find_lock_by_serial(door.serial) for door in any_pair)
    for name in ("life", "counting_life", "in_passage_mode", "battery_percent", "last_seen_at", "firmware"):
        assert getattr(alone, name) == getattr(together, name)
    series = {row.lock_id: row for row in db.session.scalars(sa.select(RecordSeries))}
    for name in ("known_until", "newest", "life"):
        assert getattr(series[alone.id], name) == getattr(series[together.id], name) != 0
    stored = sa.select(AuditEntry.after).where(AuditEntry.action == "access.records_stored")
    (after,) = db.session.scalars(stored.where(AuditEntry.lock_id == together.id)).all()
    assert after["records"] == f"1-{len(EVENTS) + 1}"
    # What should be found by itself still stands by itself.
    single = sa.select(AuditEntry.action).where(AuditEntry.lock_id == together.id, AuditEntry.actor_kind == "lock")
    assert {"access.alarm", "access.voided", "access.low_battery"} <= set(db.session.scalars(single))


def test_bad_frames_change_nothing_for_the_others(any_pair, now):
    first, second = any_pair
    for door in any_pair:
        door.log(*EVENTS)
    good = _mixed(first.reports(), second.reports())
    forged = bytearray(good[2].frame)
    forged[-6] ^= 1
    bad = [
        replace(good[2], frame=bytes(forged)),
        replace(good[3], serial_number=first.serial),
        replace(good[4], serial_number="0" * 12),
        replace(good[5], kinds=rules.RECORDS),
        replace(good[6], frame=b"\x5a" * 40),
    ]
    brought = [one for pair in zip(good[: len(bad)], bad, strict=True) for one in pair] + good[len(bad) :]
    taken = _take(brought, now)
    refused = [one.frame for one, done in zip(brought, taken, strict=True) if done is None]
    assert sorted(refused) == sorted(one.frame for one in bad)
    assert [len(_records(door.serial)) for door in any_pair] == [len(EVENTS) + 1] * 2


def test_the_same_frame_twice_in_a_batch_is_answered_twice_and_stored_once(pair, now):
    first, _second = pair
    first.log(RecordEvent.LOCKED)
    brought = [again for one in first.reports() for again in (one, one)]
    taken = _take(brought, now)
    assert [one.is_new for one in taken] == [True, False] * 3
    assert all(one.acknowledgement == again.acknowledgement for one, again in zip(taken[::2], taken[1::2], strict=True))
    assert len(_records(first.serial)) == 2
    assert not any(one.is_new for one in _take(brought[-1:], now))


def test_a_lock_that_begins_to_count_anew_within_a_batch_begins_another_life(any_pair, any_scene, now):
    first, second = any_pair
    first.log(RecordEvent.LOCKED, RecordEvent.LOCKED)
    before = first.reports()
    frame = lock_service.start_setup(lock_id=any_scene.lock_id, is_factory_new=True, actor=SETUP, now=now)
    row = locks.get_lock(any_scene.lock_id)
    reset = VirtualLock.fresh(first.twin.state.sn, first.twin.state.mac, bytes.fromhex(row.lock_keys))
    # A lock that was reset goes on counting its reports.
    reset.state.report_counter = first.twin.state.report_counter
    reset.receive(frame, first.at)
    anew = Door.of(any_scene.lock_id, reset, first.at)
    anew.log(RecordEvent.LOCKED)
    second.log(RecordEvent.LOCKED)
    taken = _take([*_mixed(before, second.reports()), *anew.reports()], now)
    assert all(one is not None and one.is_new for one in taken)
    rows = _records(first.serial)
    lives = sorted({row.life for row in rows})
    assert [[row.sequence for row in rows if row.life == life] for life in lives] == [[1, 2, 3], [1, 2]]
    assert [
        row.known_until
        for row in db.session.scalars(
            sa.select(RecordSeries).where(RecordSeries.lock_id == any_scene.lock_id).order_by(RecordSeries.life)
        )
    ] == [3, 2]
    assert len(_records(second.serial)) == 2


def test_a_page_and_single_records_of_one_lock_agree_within_a_batch(any_pair, any_scene, now):
    first, second = any_pair
    first.log(*EVENTS)
    second.log(*EVENTS)
    service.sync_records(lock_id=any_scene.lock_id, actor=DESK, now=now)
    question = lock_commands.next_frame(serial_number=first.serial, now=now)
    page = Brought(first.serial, first.twin.receive(question, first.at))
    singles = first.reports()
    late = singles.pop(2)
    taken = _take([singles[0], *second.reports(), page, *singles[1:], late], now)
    assert taken[-1] is None, "a report that was overtaken by a later one is not answered"
    assert [one.is_new for one in taken[:-1]] == [True] * (len(taken) - 1)
    assert [row.sequence for row in _records(first.serial)] == list(range(1, len(EVENTS) + 2))
    series = db.session.get_one(RecordSeries, (any_scene.lock_id, 2))
    assert (series.known_until, series.chain_sequence) == (len(EVENTS) + 1, len(EVENTS) + 1)
    assert db.session.scalars(sa.select(RecordFinding)).all() == []


def test_a_record_that_differs_within_a_batch_is_found_and_the_first_kept(pair, scene, now):
    first, _second = pair
    first.log(RecordEvent.LOCKED, RecordEvent.LOCKED)
    singles = first.reports()
    state = first.twin.state
    raw = bytearray(state.records[1].raw)
    raw[9] = RecordMethod.INSIDE_HANDLE
    state.records[1] = replace(state.records[1], raw=bytes(raw))
    service.sync_records(lock_id=scene.lock_id, actor=DESK, now=now)
    question = lock_commands.next_frame(serial_number=first.serial, now=now)
    _take([*singles, Brought(first.serial, first.twin.receive(question, first.at))], now)
    assert _records(first.serial)[1].method == RecordMethod.NONE
    found = {(row.kind, row.first, row.last) for row in db.session.scalars(sa.select(RecordFinding))}
    assert (Doubt.DIFFERS, 2, 2) in found
    assert [row.is_doubtful for row in _records(first.serial)] == [False, True, False]


def test_only_the_gateway_that_a_lock_hangs_on_is_noted_to_be_there(house, pair, scene, now):
    first, second = pair
    boss = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    gateway = gateways.bind_gateway(serial_number=GATEWAY, name="Corridor", actor=boss, now=now)
    other = gateways.bind_gateway(serial_number="0A0B0C0D0E10", name="Cellar", actor=boss, now=now)
    serial = other.serial_number
    gateways.hang_lock(gateway_id=gateway.id, lock_id=scene.lock_id, actor=boss, now=now)
    brought = [
        *(replace(one, carrier=Carrier(CarrierKind.GATEWAY, GATEWAY)) for one in first.reports()),
        *(replace(one, carrier=Carrier(CarrierKind.GATEWAY, serial)) for one in second.reports()),
    ]
    assert all(one.is_new for one in _take(brought, now + timedelta(minutes=5)))
    seen = dict(db.session.execute(sa.select(Gateway.serial_number, Gateway.last_seen_at)).all())
    assert seen == {GATEWAY: now + timedelta(minutes=5), serial: None}


def test_gateways_with_the_same_frames_in_other_orders_store_each_record_once(any_app, any_house, any_pair, now):
    """Both doors tell of the same two cards: batches that held them in the order of their doors would wait in a ring."""
    with transaction() as session:
        one = session.scalars(sa.select(KeyCard)).one()
        values = {c.name: getattr(one, c.name) for c in KeyCard.__table__.columns if c.name != "id"}
        session.add(KeyCard(**{**values, "credential_id": CREDENTIAL + 1, "uid": "04ffffff"}))
        session.flush()
        for card in session.scalars(sa.select(KeyCard)).all():
            door_id = any_house.doors["102"].id
            session.add(KeyCardGrant(key_card_id=card.id, unit=2, door_id=door_id, issue=1))
    numbers = (CREDENTIAL, CREDENTIAL + 1)
    for door, cards in zip(any_pair, (numbers, numbers[::-1]), strict=True):
        for number in cards * 3:
            door.twin.state.log(door.at, RecordEvent.OPENED, RecordMethod.OFFLINE_CARD, number)
    first, second = (door.reports() for door in any_pair)
    orders = [first + second, second + first, _mixed(first, second), _mixed(second, first)]

    def bring(number: int) -> int:
        taken = service.take_frames(brought=orders[number], now=now)
        return sum(one is not None and one.is_new for one in taken)

    found = race(4, bring)
    assert sorted(found) == [0, 0, 0, len(first) + len(second)], found
    assert [len(_records(door.serial)) for door in any_pair] == [7, 7]
    assert all(card.proved_by == "door" for card in db.session.scalars(sa.select(KeyCard)))


def test_a_batch_asks_the_database_as_often_for_many_frames_as_for_few(pair, now, count_queries):
    for door in pair:
        door.reports()  # what the setup left
    counts = []
    for many in (2, 30):
        for door in pair:
            door.log(*[RecordEvent.LOCKED] * many)
            door.twin.state.log(door.at, RecordEvent.OPENED, RecordMethod.OFFLINE_CARD, CREDENTIAL)
        brought = _mixed(*(door.reports() for door in pair))
        counts.append(count_queries(lambda brought=brought: _take(brought, now)))
    assert counts[1] <= counts[0]


def test_who_opened_a_door_last_proves_each_card_before_refused_since_then(pair, now, count_queries):
    door = pair[0]
    door.reports()  # what the setup left
    numbers = (CREDENTIAL, CREDENTIAL + 1, CREDENTIAL + 2)
    with transaction() as session:
        first = session.scalars(sa.select(KeyCard)).one()
        grant = session.scalars(sa.select(KeyCardGrant)).one()
        values = {c.name: getattr(first, c.name) for c in KeyCard.__table__.columns if c.name != "id"}
        for more in (1, 2):
            card = KeyCard(**{**values, "credential_id": CREDENTIAL + more, "uid": f"04fffff{more}"})
            session.add(card)
            session.flush()
            issue = KeyCardGrant(key_card_id=card.id, unit=1, door_id=grant.door_id, issue=grant.issue + more)
            session.add(issue)

    def open_with(*cards: int) -> int:
        for card in cards:
            door.twin.state.log(door.at, RecordEvent.OPENED, RecordMethod.OFFLINE_CARD, card)
            door.at += 60
        brought = door.reports()
        return count_queries(lambda: _take(brought, now))

    def refused() -> list[int | None]:
        cards = db.session.scalars(sa.select(KeyCard).order_by(KeyCard.credential_id)).all()
        return [card.refused_since and int(card.refused_since.timestamp()) for card in cards]

    begin = door.at
    alone = open_with(numbers[0])
    assert refused() == [None, None, None]
    assert open_with(*numbers) <= alone
    # The first card has known of its end since the second one came, not since the third.
    assert refused() == [begin + 120, begin + 180, None]


def test_series_go_on_to_the_end_of_what_is_held_or_lost_each_for_itself(any_pair, now):
    lives = []
    for door, sequences, gap in zip(any_pair, [(51, 52, 53, 57, 60), (51, 53)], [(54, 56), (52, 52)], strict=True):
        door.reports()
        door.log(RecordEvent.LOCKED)
        _take(door.reports(), now)
        row = _records(door.serial)[-1]
        values = {c.name: getattr(row, c.name) for c in AccessRecord.__table__.columns if c.name != "id"}
        with transaction() as session:
            session.add_all(AccessRecord(**{**values, "sequence": number}) for number in sequences)
            session.add(RecordGap(lock_id=row.lock_id, life=row.life, first=gap[0], last=gap[1], found_at=now))
        lives.append((row.lock_id, row.life))
    one, other = lives
    for untils, ends in (
        ({one: 50, other: 50}, {one: 53, other: 51}),
        ({one: 53, other: 51}, {one: 56, other: 52}),
        ({one: 54, other: 52}, {one: 56, other: 53}),
        ({one: 56, other: 53}, {one: 57}),
        ({one: 57}, {}),
        ({one: 60, other: 49}, {}),
        ({}, {}),
    ):
        assert queries.ends_of_known(untils) == ends


def test_an_alive_report_tells_of_records_that_are_missing_before_they_come(pair, scene, now):
    first, _second = pair
    first.log(RecordEvent.LOCKED, RecordEvent.LOCKED)
    first.twin.queue_report(Command.ALIVE)
    assert all(one.is_new for one in _take(first.reports(), now))
    assert locks.get_lock(scene.lock_id).newest_sequence == 3
    assert db.session.get_one(RecordSeries, (scene.lock_id, 2)).newest == 3
