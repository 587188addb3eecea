"""A lock's pages: its state with the battery's history, settings, commands; a new one is bound step by step."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms.access_records import service as records
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction
from pms.lock_commands import queries as commands
from pms.lock_commands import service as lock_commands
from pms.lock_commands.models import CommandState
from pms.locks import battery, bind_rules, queries, service
from pms.locks.models import Door, Lock, LockBattery, LockSetup
from pms.protocol.command import Command
from pms.simulators.lock import VirtualLock
from tests import factories
from tests.access_records.conftest import build, set_up
from tests.client import PageClient, text_of
from tests.races import race

CARRIER = Actor(kind="lock", name="phone")
SN, MAC, KEYS = "0A0B0C0D0E0F", "01:01:11:40:00:DF", "AD193DF8A5A233B2"
LABEL = {"serial_number": "0a0b 0c0d 0e0f", "mac": "01-01-11-40-00-df", "lock_keys": "AD19 3DF8 A5A2 33B2"}


def twin_of_label() -> VirtualLock:
    return VirtualLock.fresh(bytes.fromhex(SN), bytes.fromhex(MAC.replace(":", "")), bytes.fromhex(KEYS))


def free_103(house) -> str:
    with transaction() as session:
        session.get_one(Door, house.doors["103"].id).lock_id = None
    return str(house.rooms["103"].id)


def lock_of(serial_number=SN) -> Lock:
    db.remove()
    found = queries.find_lock_by_serial(serial_number)
    assert found is not None
    return found


def at(now) -> int:
    return int(now.timestamp())


def test_a_new_lock_is_bound_step_by_step(client, house, now):
    room_id = free_103(house)
    client.log_in("technician")
    client.get("/locks/bind", status=200)
    answer = client.post("/locks/bind", {**LABEL, "features": ["card", "palm"], "protocol_version": "8"}, status=303)
    lock = lock_of()
    assert (lock.setup, lock.mac, lock.features, lock.name) == (LockSetup.NEW, MAC, ["card", "palm"], SN)
    url = f"/locks/{lock.id}/bind"
    assert answer.headers["Location"].endswith(url)
    assert "Choose the door now" in text_of(client.get(url, status=200))
    client.post(url, {"room_id": ""}, status=422)
    client.post(url, {"room_id": room_id}, status=303)
    # Posted twice, as a double click does: the same frame waits.
    frame = lock_of().setup_frame
    client.post(url, {"room_id": room_id})
    assert lock_of().setup_frame == frame
    page = client.get(url, status=200).text
    assert f'data-copy="{frame.hex().upper()}"' in page
    waiting = f"{url}/waiting?step=2"
    assert client.get(waiting, status=204).data == b""
    client.post(f"{url}/answer", {"answer": "00 11"}, status=422)
    twin = twin_of_label()
    client.post(f"{url}/answer", {"answer": twin.receive(frame, at(now)).hex(" ")}, status=303)
    assert client.get(waiting, status=200).headers["HX-Redirect"].endswith(url)
    assert "its first report is missing" in text_of(client.get(url, status=200))
    twin.state.battery = 96
    assert records.take_report(serial_number=SN, frame=twin.pending_report(at(now)), actor=CARRIER, now=now)
    assert "battery 96 %, firmware 1.0.0" in text_of(client.get(url, status=200))
    assert twin.state.door_id == house.doors["103"].number


def test_a_label_that_cannot_be_right_is_refused_beside_its_field(client, house):
    client.log_in("technician")
    for name, value, words in (
        ("serial_number", "0A0B", "The serial number has 12 characters"),
        ("mac", "01:01:11:40:00:ZZ", "The address has six pairs"),
        ("lock_keys", "AD19", "The key has 16 characters"),
        ("mac", queries.get_lock(house.doors["101"].lock_id).mac, "belongs to the lock"),
    ):
        assert words in text_of(client.post("/locks/bind", {**LABEL, name: value}, status=422))
    assert queries.find_lock_by_serial(SN) is None
    PageClient(client.app).log_in("desk").get("/locks/bind", status=403)


def test_the_state_shows_the_battery_over_the_days_and_what_is_wrong(client, house, now):
    lock_id = house.doors["101"].lock_id
    client.log_in("technician")
    assert "has not told how full its battery is" in text_of(client.get(f"/locks/{lock_id}", status=200))
    with transaction() as session:
        lock = session.get_one(Lock, lock_id)
        lock.battery_percent, lock.battery_at, lock.clock_drift, lock.voltage_class = 15, now, 600, 4
        for days, percent in ((90, 80), (30, 40), (0, 15)):
            session.add(LockBattery(lock_id=lock_id, day=now.date() - timedelta(days=days), percent=percent))
    page = client.get(f"/locks/{lock_id}", status=200)
    assert "it is at 15 % now." in page.text
    text = text_of(page)
    assert "The clock of the lock is off by 10 minutes" in text
    assert "Jun 12, 2026 15 %" in text
    with transaction() as session:
        lock = session.get_one(Lock, lock_id)
        lock.is_clock_lost, lock.clock_drift, lock.in_passage_mode = True, None, True
    assert "The lock lost its clock" in text_of(client.get(f"/locks/{lock_id}", status=200))


def test_the_battery_line_stays_level_between_two_changes():
    day = date(2026, 6, 12)
    assert battery.chart([], today=day) is None
    one = battery.chart([(day, 50)], today=day)
    assert one.last == (632.0, battery._down(50))
    drawn = battery.chart([(day - timedelta(days=400), 90), (day - timedelta(days=90), 60)], today=day)
    assert drawn.first == day - timedelta(days=180)
    assert drawn.line == f"M40.0 {battery._down(90)}H336.0V{battery._down(60)}H632.0"


def test_settings_are_read_and_changed_from_their_page(client, house, now):
    lock_id = house.doors["101"].lock_id
    twin = set_up(lock_id, now)
    client.log_in("desk")
    url = f"/locks/{lock_id}/settings"
    assert "the lock itself has not told them yet" in text_of(client.get(url, status=200))
    wanted = {"request_id": str(uuid4()), "raw_30": "02", "raw_37": "00 0a", "time_zone": "y"}
    for _ in range(2):
        client.post(url, wanted, status=303)
    client.post(f"{url}/read", {"request_id": str(uuid4())}, status=303)
    kept = client.post(url, {"request_id": str(uuid4()), "raw_30": "0201"}, status=422)
    assert "is no setting" in text_of(kept)
    assert 'value="0201"' in kept.text
    client.post(url, {"request_id": str(uuid4())}, status=422)
    client.post(url, {"request_id": str(uuid4()), "check_out_hour": "24"}, status=422)
    assert "On its way" not in text_of(client.get(f"/commands/lock/{lock_id}", status=200))
    serial_number = queries.get_lock(lock_id).serial_number
    db.remove()
    for _ in range(2):
        frame = lock_commands.next_frame(serial_number=serial_number, now=now)
        lock_commands.take_answer(
            serial_number=serial_number, frame=twin.receive(frame, at(now)), actor=CARRIER, now=now
        )
    assert lock_commands.next_frame(serial_number=serial_number, now=now) is None
    text = text_of(client.get(f"/commands/lock/{lock_id}", status=200))
    assert "Read the settings Done" in text
    assert "Change the settings 3002 37000A Done" in text
    page = client.get(url, status=200).text
    assert "3002" in page
    assert "37000A" in page
    client.post(f"{url}/read", {"request_id": "x"}, status=303)
    client.post(url, {"request_id": str(uuid4()), "clock": "y"}, status=303)
    clock.freeze(now + timedelta(minutes=20))
    assert "Change the settings Expired" in text_of(client.get(f"/commands/lock/{lock_id}", status=200))
    client.get("/commands/lock/7", status=404)


def test_who_may_not_operate_locks_sees_their_settings_only(client, house, now):
    lock_id = house.doors["101"].lock_id
    with transaction() as session:
        session.get_one(Lock, lock_id).setup = LockSetup.MOVED
    client.log_in("desk")
    page = client.get(f"/locks/{lock_id}/settings", status=200).text
    assert "The lock takes no commands" in page
    assert "raw_30" not in page
    client.post(f"/locks/{lock_id}/settings", {"request_id": str(uuid4()), "clock": "y"}, status=422)


def test_a_lock_forgets_everything_after_it_was_said_what_ends(client, house, now):
    scene = build(house, now)
    client.log_in("technician")
    url = f"/locks/{scene.lock_id}/forget"
    assert "No passcode is alive there" in text_of(client.get(url, htmx=True, status=200))
    ordered = {"request_id": str(uuid4())}
    for _ in range(2):
        client.post(url, ordered, status=303)
    serial_number = queries.get_lock(scene.lock_id).serial_number
    db.remove()
    frame = lock_commands.next_frame(serial_number=serial_number, now=now)
    answer = scene.twin.receive(frame, at(now))
    assert lock_commands.take_answer(serial_number=serial_number, frame=answer, actor=CARRIER, now=now)
    text = text_of(client.get(f"/locks/{scene.lock_id}", status=200))
    assert "This lock wiped its keys" in text
    assert "Has forgotten its keys" in text
    client.post(url, {"request_id": str(uuid4())}, htmx=True, status=422)
    assert not scene.twin.state.is_bound


def test_a_broken_lock_is_replaced_and_the_door_keeps_number_and_history(client, house, now):
    scene = build(house, now)
    scene.open()
    old = scene.lock_id
    serial_number = queries.get_lock(old).serial_number
    service_time = now + timedelta(minutes=1)
    while (frame := scene.twin.pending_report(scene.at)) is not None:
        db.remove()
        scene.twin.receive(
            records.take_report(serial_number=serial_number, frame=frame, actor=CARRIER, now=service_time), scene.at
        )
    number = house.doors["101"].number
    client.log_in("technician")
    client.get(f"/locks/{old}/replace", status=200)
    answer = client.post(f"/locks/bind?replace={old}", LABEL, status=303)
    new = lock_of()
    assert answer.headers["Location"].endswith(f"/locks/{old}/replace?new={new.id}")
    assert f'selected value="{new.id}"' in client.get(f"/locks/{old}/replace?new={new.id}", status=200).text
    for _ in range(2):
        client.post(f"/locks/{old}/replace", {"new_lock_id": str(new.id)}, status=None)
    new = lock_of()
    assert (queries.door_of_lock(new.id).number, queries.door_of_lock(old)) == (number, None)
    twin = twin_of_label()
    service.finish_setup(lock_id=new.id, answer=twin.receive(new.setup_frame, at(now)), actor=SETUP, now=now)
    # The guest's card opens the new lock: it learnt the same door.
    assert twin.present(bytes.fromhex("04a1b2c3"), scene.units, scene.at).is_opened
    assert "101" in text_of(client.get(f"/records/?door={house.doors['101'].id}", status=200))
    assert "This lock was replaced" in text_of(client.get(f"/locks/{old}", status=200))
    assert "In its place hangs" in text_of(client.get(f"/locks/{old}/replace", status=200))
    assert queries.get_lock(old).name in text_of(client.get("/locks/?show=replaced", status=200))
    assert queries.get_lock(old).name not in text_of(client.get("/locks/", status=200))
    assert db.session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == "locks.replaced")) == 1
    client.post(f"/locks/{old}/replace", {"new_lock_id": "7"}, status=422)


def test_two_who_replace_one_lock_at_once_hang_one_of_theirs(any_house, now):
    old = any_house.doors["101"].lock_id
    with transaction() as session:
        spare = [factories.lock(server_keys=None, setup=LockSetup.NEW) for _ in range(2)]
        session.add_all(spare)
    ids = [lock.id for lock in spare]
    db.remove()
    outcomes = race(2, lambda n: service.replace_lock(old_lock_id=old, new_lock_id=ids[n], actor=SETUP, now=now).id)
    lost = [outcome for outcome in outcomes if isinstance(outcome, bind_rules.AlreadyReplaced)]
    assert (len(lost), len(set(ids) & {o for o in outcomes if isinstance(o, int)})) == (1, 1), outcomes
    with pytest.raises(bind_rules.HangsNowhere):
        loose = next(number for number in ids if number not in outcomes)
        service.replace_lock(old_lock_id=loose, new_lock_id=old, actor=SETUP, now=now)


def test_what_waited_for_a_replaced_lock_is_given_up(house, now):
    old = house.doors["101"].lock_id
    set_up(old, now)
    with transaction() as session:
        new = factories.lock(server_keys=None, setup=LockSetup.NEW)
        session.add(new)
    service.start_setup(lock_id=old, actor=SETUP, now=now)
    service.replace_lock(old_lock_id=old, new_lock_id=new.id, actor=SETUP, now=now)
    db.remove()
    states = [row.command.state for row in commands.list_page(lock_id=old).rows]
    assert states == [CommandState.DROPPED, CommandState.ANSWERED]
    assert commands.find_open(new.id, Command.INITIALISE) is not None
    assert queries.get_lock(old).setup_frame is None
