"""Who is believed to be where: what the broker says, what frames prove, and what they do not."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.gateways import queries as gateways
from pms.gateways import service as gateway_service
from pms.gateways.rules import ModuleState, Presence
from pms.link import service
from pms.link.rules import Message
from pms.lock_commands import operate
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.locks import reach
from pms.protocol.command import Command
from pms.protocol.frame import peek_header
from pms.protocol.topics import CarrierName, CarrierSort, CarrierState, Way
from tests.access_records.carrying import sequences
from tests.access_records.conftest import build as build_scene
from tests.api import ApiClient
from tests.link.conftest import CLERK, CORRIDOR, Carrier, Corridor
from tests.link.test_outbox import ask, states

ELSEWHERE = CarrierName(CarrierSort.GATEWAY, "00112233AABB")
IMEI, SIM = "490154203237518", "460001234567890"


def at() -> int:
    return int(clock.now().timestamp())


def bind(house, name: CarrierName) -> int:
    manager = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    return gateway_service.bind_gateway(serial_number=name.id, name=name.id, actor=manager, now=clock.now()).id


def beat(*, is_connected: bool = True) -> None:
    gateway_service.note_link(name="test", is_connected=is_connected, now=clock.now())


def way(corridor: Corridor):
    db.remove()
    found = gateways.way_of(corridor.lock_ids["101"], clock.now())
    by_id = reach.of_locks(lock_ids=list(corridor.lock_ids.values()), now=clock.now())
    assert by_id[corridor.lock_ids["101"]].is_online is found.is_online
    return found


def test_a_carrier_is_online_while_the_broker_has_it_and_we_have_the_broker(any_corridor, now):
    assert way(any_corridor).is_online
    for seconds in (14, 15):
        clock.freeze(now + timedelta(seconds=seconds))
        assert way(any_corridor).is_online is (seconds < 15)
    # The process that talked to the broker is gone, and with it the way; since its last beat.
    assert way(any_corridor).offline_since == now
    beat()
    assert way(any_corridor).is_online
    beat(is_connected=False)
    assert way(any_corridor).offline_since == now + timedelta(seconds=15)
    beat()
    clock.freeze(now + timedelta(seconds=20))
    any_corridor.carrier.says(is_online=False)
    assert (way(any_corridor).is_online, way(any_corridor).offline_since) == (False, clock.now())
    # It says again that it is gone: still since then.
    clock.freeze(now + timedelta(seconds=25))
    any_corridor.carrier.says(is_online=False)
    assert way(any_corridor).offline_since == now + timedelta(seconds=20)


def test_whom_the_broker_does_not_hold_after_a_new_connection_is_not_there(any_corridor, any_house, now):
    bind(any_house, ELSEWHERE)
    service.note_state(carrier=ELSEWHERE, state=CarrierState(is_online=True, firmware="2.1"), now=now)
    clock.freeze(now + timedelta(seconds=5))
    service.note_silence(but=[ELSEWHERE], now=clock.now())
    assert way(any_corridor).offline_since == clock.now()
    rows = {row.gateway.serial_number: row.gateway for row in gateways.list_gateways()}
    assert (rows[ELSEWHERE.id].is_connected, rows[ELSEWHERE.id].firmware) == (True, "2.1")


@pytest.mark.parametrize(
    ("lost", "seen", "is_online"),
    [(None, None, False), (None, 9, True), (None, 10, False), (5, 9, False), (9, 5, True), (30, 9, True)],
)
def test_who_asks_by_itself_is_online_for_ten_minutes_unless_the_broker_lost_it_since(now, lost, seen, is_online):
    from pms.gateways.rules import LinkState

    def ago(minutes):
        return None if minutes is None else now - timedelta(minutes=minutes)

    presence = Presence(lost_at=ago(lost), last_seen_at=ago(seen))
    assert presence.is_online(LinkState(is_up=False), now) is is_online


def test_what_waits_for_the_locks_of_a_carrier_that_comes_back_is_due_at_once(any_corridor, now):
    ask(any_corridor, "101", 1)
    (lost,) = service.due(now=now)
    any_corridor.carrier.says(is_online=False)
    clock.freeze(now + timedelta(seconds=90))
    assert service.due(now=clock.now()) == []
    any_corridor.carrier.says(is_online=True)
    (again,) = service.due(now=clock.now())
    assert again.payload == lost.payload


def test_a_lock_that_is_heard_of_is_not_kept_waiting_for_a_long_pause(corridor, now):
    ask(corridor, "101", 1)
    for seconds in (0, 2, 5, 10, 20, 40):
        clock.freeze(now + timedelta(seconds=seconds))
        service.due(now=clock.now())
    clock.freeze(now + timedelta(seconds=42))
    corridor.twin("101").use_inside_handle(at())
    report = corridor.twin("101").pending_report(at())
    corridor.carrier.up(report, corridor.serials["101"])
    assert service.due(now=clock.now()) == []
    clock.freeze(now + timedelta(seconds=43))
    assert len(service.due(now=clock.now())) == 1


def test_a_genuine_report_is_taken_from_any_carrier_of_the_house_but_shows_no_way(house, now, caplog):
    scene = build_scene(house, now)
    serial = locks.get_lock(scene.lock_id).serial_number
    gateway_id = bind(house, CORRIDOR)
    gateway_service.hang_lock(gateway_id=gateway_id, lock_id=scene.lock_id, actor=CLERK, now=now)
    bind(house, ELSEWHERE)
    near = Carrier(ELSEWHERE, {serial: scene.twin})
    near.says(is_online=True)
    beat()
    ask(Corridor(gateway_id, near, {"101": scene.lock_id}, {"101": serial}), "101", 1)
    scene.open()
    while (report := scene.twin.pending_report(at())) is not None:
        (back,) = near.up(report, serial)
        assert back.topic == near.topic(serial, Way.DOWN)
        scene.twin.receive(back.payload, at())
    # It is no way to the lock: nothing is sent through it, and it is not shown as one.
    assert service.due(now=now) == []
    db.remove()
    assert not gateways.way_of(scene.lock_id, now).is_online
    assert sequences(scene) == [1, 2]
    # A stranger, or one that the house let go, is told nothing, and its frame changes nothing.
    scene.open()
    report = scene.twin.pending_report(at())
    stranger = Carrier(CarrierName(CarrierSort.GATEWAY, "FFFFFFFFFFFF"), near.near)
    with caplog.at_level(logging.WARNING, "pms.link"):
        assert stranger.up(report, serial) == []
        stranger.says(is_online=True)
        assert near.up(b"Z" + bytes(30), serial) == []
        assert service.take(messages=[Message(near.topic(serial, Way.DOWN), report)], now=now) == []
    assert sequences(scene) == [1, 2]
    assert report.hex() not in caplog.text
    assert len(caplog.records) == 4
    (back,) = near.up(report, serial)
    assert sequences(scene) == [1, 2, 3]
    # The same again gets the same answer, and changes nothing.
    assert near.up(report, serial) == [back]
    assert sequences(scene) == [1, 2, 3]


def test_a_module_brings_the_question_whether_a_lock_takes_it_and_then_everything(any_corridor, now):
    lock_id, serial = any_corridor.lock_ids["101"], any_corridor.serials["101"]
    any_corridor.carrier.says(is_online=False)
    waits = ask(any_corridor, "101", 1)
    asked = operate.associate_module(lock_id=lock_id, imei=IMEI, actor=CLERK, now=now)
    db.remove()
    module = Carrier(CarrierName(CarrierSort.MODULE, IMEI), any_corridor.carrier.near)
    module.says(is_online=True, firmware="4.0", sim=SIM)
    # Whatever else waits for the lock does not go through a module that it has not taken.
    (question,) = service.due(now=now)
    assert question.topic == module.topic(serial, Way.DOWN)
    assert peek_header(question.payload).command == Command.ASSOCIATE_MODULE
    assert module.bring([question]) == []
    assert service.due(now=now) == []
    report = any_corridor.twin("101").pending_report(at())
    assert report is not None
    (back,) = module.up(report, serial)
    any_corridor.twin("101").receive(back.payload, at())
    db.remove()
    row = gateways.get_module(IMEI)
    assert (gateways.state_of(row), row.lock_id, row.imsi) == (
        ModuleState.ASSOCIATED,
        lock_id,
        any_corridor.twin("101").state.imsi,
    )
    (command,) = service.due(now=now)
    assert command.topic.carrier == module.name
    assert module.bring([command]) == []
    assert [state.value for state in states([asked.id, *waits])] == ["answered", "answered"]
    # Both are there: the lock's own module goes before the gateway.
    any_corridor.carrier.says(is_online=True)
    operate.operate(lock_id=lock_id, deed=Deed.UNLOCK, has_phone=False, actor=CLERK, now=now)
    db.remove()
    (unlock,) = service.due(now=now)
    assert unlock.topic.carrier == module.name


def test_programs_list_many_gateways_in_as_many_questions_as_one(app, corridor, house, count_queries):
    manager = ApiClient(app).log_in("manager")
    manager.get("/gateways")
    one = count_queries(lambda: manager.get("/gateways"))
    for number in range(4):
        bind(house, CarrierName(CarrierSort.GATEWAY, f"00112233AAB{number}"))
    db.remove()
    assert [gateway["isOnline"] for gateway in manager.get("/gateways")].count(True) == 1
    assert count_queries(lambda: manager.get("/gateways")) == one


def test_a_passcode_goes_over_4g_at_once_or_not_at_all(app, corridor, now):
    gateway_service.note_associated(lock_id=corridor.lock_ids["101"], imei=IMEI, imsi=SIM, actor=CLERK, now=now)
    module = Carrier(CarrierName(CarrierSort.MODULE, IMEI), corridor.carrier.near)
    manager = ApiClient(app).log_in("manager")
    body = {"imei": IMEI, "password": "471100", "name": "Claire"}
    module.says(is_online=False)
    manager.post("/modules/password", body, status=503)
    assert manager.get(f"/modules/{IMEI}")["isOnline"] is False
    module.says(is_online=True)
    assert manager.get(f"/modules/{IMEI}")["isOnline"] is True
    assert manager.post("/modules/password", body)["way"] == "module"
    clock.freeze(now + timedelta(seconds=2))
    module.bring(service.due(now=clock.now()))
    assert [user.user.slot for user in corridor.twin("101").state.users.values()] == [1]
