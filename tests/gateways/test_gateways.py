"""Gateways and modules: bound once, on one lock, online while they carry, and what the lock says counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction
from pms.gateways import queries, rules, service
from pms.gateways.models import CellularModule, GatewayLock
from pms.gateways.rules import ModuleState
from pms.lock_commands import operate
from pms.lock_commands import rules as command_rules
from pms.lock_commands.models import CommandState, LockCommand
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import Lock
from pms.protocol.command import Command
from pms.protocol.topics import CarrierName, CarrierSort, CarrierState
from tests.access_records.carrying import DESK, Phone
from tests.access_records.conftest import scene, set_up  # noqa: F401
from tests.api import ApiClient
from tests.client import PageClient, text_of
from tests.races import race

IMEI, OTHER = "490154203237518", "353879234252633"
SERIAL = "A0B1C2D3E4F5"


def _bind(house, serial: str = SERIAL, name: str = "Corridor 1"):
    actor = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    gateway = service.bind_gateway(serial_number=serial, name=name, actor=actor, now=clock.now())
    return gateway.id


@pytest.fixture
def manager(app, house) -> ApiClient:
    return ApiClient(app).log_in("manager")


def test_a_gateway_is_bound_hung_with_locks_and_unbound_on_its_page(app, house):
    page = PageClient(app).log_in("manager")
    assert "No gateways yet" in text_of(page.get("/gateways/"))
    page.get("/gateways/new", htmx=True)
    assert page.post("/gateways/new", {"serial_number": "xyz", "name": "One"}, htmx=True, status=422)
    page.post("/gateways/new", {"serial_number": "a0:b1:c2:d3:e4:f5", "name": "Corridor 1"}, status=303)
    twice = page.post("/gateways/new", {"serial_number": SERIAL, "name": "Again"}, htmx=True, status=422)
    assert "bound already, as “Corridor 1”" in text_of(twice)
    row = queries.list_gateways()[0]
    lock_id = house.doors["101"].lock_id
    page.get(f"/gateways/{row.gateway.id}/hang?lock_id={lock_id}", htmx=True)
    page.post(f"/gateways/{row.gateway.id}/hang", {"lock_id": ""}, htmx=True, status=422)
    page.post(f"/gateways/{row.gateway.id}/hang", {"lock_id": str(lock_id)}, status=303)
    shown = text_of(page.get("/gateways/"))
    assert "101" in shown
    assert "Offline" in shown
    assert "Corridor 1" in text_of(page.get(f"/gateways/of-lock/{lock_id}", htmx=True))
    assert "1 lock hangs on it." in text_of(page.get(f"/gateways/{row.gateway.id}/unbind", htmx=True))
    page.post(f"/gateways/locks/{lock_id}/unbind", status=303)
    page.post(f"/gateways/locks/{lock_id}/unbind", status=409)
    page.post(f"/gateways/{row.gateway.id}/unbind", status=303)
    assert "Bind it again" in text_of(page.get("/gateways/"))
    page.post("/gateways/new", {"serial_number": SERIAL, "name": "Lobby"}, status=303)
    actions = list(
        db.session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.action.like("gateways.%")).order_by(AuditEntry.id)
        )
    )
    assert actions == [
        "gateways.bound",
        "gateways.lock_hung",
        "gateways.lock_taken_off",
        "gateways.unbound",
        "gateways.bound",
    ]


def test_programs_list_and_unbind(app, house, manager):
    gateway_id, lock_id = _bind(house), house.doors["101"].lock_id
    service.hang_lock(gateway_id=gateway_id, lock_id=lock_id, actor=DESK, now=clock.now())
    service.hang_lock(gateway_id=gateway_id, lock_id=lock_id, actor=DESK, now=clock.now())
    carrier = CarrierName(CarrierSort.GATEWAY, SERIAL)
    service.note_state(carrier=carrier, state=CarrierState(is_online=True, firmware="2.1"), now=clock.now())
    (listed,) = manager.get("/gateways")
    assert (listed["gatewaySn"], listed["firmware"], listed["locks"][0]["door"]) == (SERIAL, "2.1", "101")
    # The broker has it, but nobody here is connected to the broker.
    assert listed["isOnline"] is False
    manager.post("/gateways/unbindLock", {"lockId": str(lock_id), "gatewayId": "7"}, status=409)
    manager.post("/gateways/unbindLock", {"lockId": "7"}, status=404)
    manager.post("/gateways/unbindLock", {}, status=400)
    assert manager.post("/gateways/unbindLock", {"lockId": str(lock_id)})["locks"] == []
    manager.post("/gateways/unbindUser", {"gatewayId": "7"}, status=404)
    for _ in range(2):
        assert manager.post("/gateways/unbindUser", {"gatewayId": str(gateway_id)})["userId"] is None
    with pytest.raises(rules.GatewayNotBound):
        service.hang_lock(gateway_id=gateway_id, lock_id=lock_id, actor=DESK, now=clock.now())
    ApiClient(app).log_in("desk").get("/gateways", status=403)


@pytest.mark.parametrize(("serial", "name"), [("A0B1", "One"), ("G" * 12, "One"), (SERIAL, ""), (SERIAL, "x" * 61)])
def test_what_can_be_no_gateway_is_refused(house, serial, name):
    with pytest.raises(rules.BadGateway):
        _bind(house, serial, name)


def test_a_lock_hangs_on_one_gateway_whoever_is_first(any_house):
    one, two = _bind(any_house), _bind(any_house, "00112233AABB", "Corridor 2")
    lock_id = any_house.doors["101"].lock_id
    now = clock.now()

    def hang(number: int):
        return service.hang_lock(gateway_id=(one, two)[number], lock_id=lock_id, actor=DESK, now=now)

    outcomes = race(2, hang)
    assert sum(isinstance(outcome, rules.LockHangsElsewhere) for outcome in outcomes) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(GatewayLock)) == 1


def test_a_gateway_is_bound_once_whoever_is_first(any_house):
    outcomes = race(2, lambda number: _bind(any_house, SERIAL, f"Corridor {number}"))
    assert sum(isinstance(outcome, rules.GatewayTaken) for outcome in outcomes) == 1


def test_commands_go_through_a_gateway_that_carries_and_a_setup_never_does(app, house, scene, manager, now):  # noqa: F811
    gateway_id = _bind(house)
    service.hang_lock(gateway_id=gateway_id, lock_id=scene.lock_id, actor=DESK, now=now)
    gateway = Phone(app, scene, {"kind": "gateway", "id": "a0:b1:c2:d3:e4:f5"})
    body = {"lockId": str(scene.lock_id), "operation": "unlock"}
    assert manager.post("/commands/operate", body)["way"] == "phone"
    gateway.fetch("/commands/answer")
    gateway.report_all()
    db.remove()
    assert queries.way_of(scene.lock_id, now).is_online
    given = manager.post("/commands/operate", body)
    assert (given["way"], given["expiresTime"]) == ("gateway", "2026-06-12 12:00:20")
    scene.open()
    command = gateway.bring("/reports/record", scene.report())["command"]
    assert command == given["frame"]
    gateway.bring("/commands/answer", scene.twin.receive(bytes.fromhex(command), scene.at))
    shown = PageClient(app).log_in("manager").get(f"/commands/lock/{scene.lock_id}/do/lock", htmx=True)
    assert "Corridor 1 brings it to the lock." in text_of(shown)
    clock.freeze(now + timedelta(minutes=11))
    assert not queries.way_of(scene.lock_id, clock.now()).is_online
    gateway.report_all()
    lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=clock.now())
    db.remove()
    scene.open()
    assert gateway.bring("/reports/record", scene.report())["command"] is None


def test_only_the_locks_own_gateway_is_believed_to_be_there(app, house, scene, now):  # noqa: F811
    _bind(house)
    frame = scene.report()
    Phone(app, scene, {"kind": "gateway", "id": SERIAL}).bring("/reports/record", frame)
    assert queries.list_gateways()[0].gateway.last_seen_at is None
    service.hang_lock(gateway_id=queries.list_gateways()[0].gateway.id, lock_id=scene.lock_id, actor=DESK, now=now)
    db.remove()
    Phone(app, scene, {"kind": "gateway", "id": SERIAL}).bring("/reports/record", frame)  # a report that is known
    Phone(app, scene, {"kind": "gateway", "id": "FF" * 6}).report_all()
    db.remove()
    assert queries.list_gateways()[0].gateway.last_seen_at is None


@pytest.mark.parametrize(
    ("ask", "result"),
    [("/commands/associateModule", "/reports/moduleAssociation"), ("/modules/associate", "/modules/associationResult")],
)
def test_a_module_belongs_to_the_lock_that_says_so(app, house, scene, manager, ask, result):  # noqa: F811
    phone = Phone(app, scene)
    phone.report_all()
    given = manager.post(ask, {"lockId": str(scene.lock_id), "imei": IMEI})
    assert (given["command"], manager.get(f"/modules/{IMEI}")["state"]) == ("0600", "asked")
    answer = scene.twin.receive(bytes.fromhex(given["frame"]), scene.at)
    assert phone.bring(result, answer)["isNew"] is True
    assert manager.get(f"/modules/{IMEI}")["state"] == "asked"
    module = Phone(app, scene, {"kind": "module", "id": IMEI})
    frame = scene.report()
    assert module.bring(result, frame)["isNew"] is True
    assert module.bring(result, frame)["isNew"] is False
    state = manager.get(f"/modules/{IMEI}")
    assert (state["state"], state["isOnline"], state["imsi"]) == ("associated", True, scene.twin.state.imsi)
    assert state["lockId"] == str(scene.lock_id)
    other = house.doors["102"].lock_id
    set_up(other, clock.now())
    db.remove()
    manager.post(ask, {"lockId": str(other), "imei": IMEI}, status=409)
    manager.post(ask, {"lockId": str(other), "imei": "12"}, status=400)
    manager.post(ask, {"lockId": "7", "imei": IMEI}, status=404)
    manager.get(f"/modules/{OTHER}", status=404)
    assert IMEI in text_of(PageClient(app).log_in("manager").get(f"/gateways/of-lock/{scene.lock_id}"))


def test_a_module_that_moved_and_one_that_was_replaced_follow_the_locks_word(app, house, scene, now):  # noqa: F811
    lock_id, other = scene.lock_id, house.doors["102"].lock_id
    for lock, imei in ((lock_id, IMEI), (other, IMEI), (other, OTHER)):
        service.note_associated(lock_id=lock, imei=imei, imsi="1", actor=DESK, now=now)
    db.remove()
    assert queries.module_of(lock_id) is None
    assert queries.module_of(other).imei == OTHER
    assert queries.state_of(queries.get_module(IMEI)) is ModuleState.LOOSE


def test_a_lock_that_refuses_a_module_is_without_it(app, scene, now, monkeypatch):  # noqa: F811
    from pms.protocol.command import AnswerStatus, LockAnswer
    from pms.simulators.lock import commands

    monkeypatch.setitem(commands._ACTIONS, commands.AssociateModule, lambda *_: LockAnswer(AnswerStatus.REFUSED))
    phone = Phone(app, scene)
    operate.associate_module(lock_id=scene.lock_id, imei=IMEI, actor=DESK, now=now)
    phone.fetch("/commands/answer")
    assert queries.state_of(queries.get_module(IMEI)) is ModuleState.LOOSE
    page = PageClient(app).log_in("manager")
    page.get(f"/commands/lock/{scene.lock_id}/module", htmx=True)
    wish = {"imei": "12", "request_id": "0b9f9a52-3d4e-4c56-9f5e-2f1f8a9c7d10"}
    assert "15 digits" in page.post(f"/commands/lock/{scene.lock_id}/module", wish, htmx=True, status=422).text
    with pytest.raises(command_rules.BadImei):
        operate.associate_module(lock_id=scene.lock_id, imei="1" * 14, actor=DESK, now=now)
    page.post(f"/commands/lock/{scene.lock_id}/module", {**wish, "imei": OTHER}, htmx=True, status=200)
    command = db.session.scalars(sa.select(LockCommand).order_by(LockCommand.id.desc())).first()
    assert (command.command, command.state) == (Command.ASSOCIATE_MODULE, CommandState.SENT)


def test_a_module_is_asked_for_by_one_lock_whoever_is_first(any_house, now):
    pair = [any_house.doors[name].lock_id for name in ("101", "102")]
    for lock_id in pair:
        set_up(lock_id, now)
    db.remove()

    def ask(number: int):
        return operate.associate_module(lock_id=pair[number], imei=IMEI, actor=DESK, now=now)

    outcomes = race(2, ask)
    assert sum(isinstance(outcome, rules.ModuleTaken) for outcome in outcomes) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CellularModule)) == 1
    assert (
        db.session.scalar(
            sa.select(sa.func.count()).select_from(LockCommand).where(LockCommand.subject_kind != "setup")
        )
        == 1
    )


def test_refusals_name_what_is_not_there(house, now):
    with pytest.raises(rules.NoSuchGateway):
        queries.get_gateway(7)
    with pytest.raises(rules.NoSuchModule):
        queries.get_module(IMEI)
    with pytest.raises(rules.LockHangsNowhere):
        service.unbind_lock(lock_id=house.doors["101"].lock_id, actor=DESK, now=now)
    with pytest.raises(locks.NoSuchLock):
        service.unbind_lock(lock_id=7, actor=DESK, now=now)
    assert next(iter(queries.locks_on_none()))


def test_a_password_goes_over_4g_at_once_or_not_at_all(app, house, scene, manager, now):  # noqa: F811
    with transaction() as session:
        session.get_one(Lock, scene.lock_id).features = ["passcode"]
    wish = {"imei": IMEI, "password": "271828", "name": "Plumber", "validUntil": "2026-06-13 12:00:00"}
    manager.post("/modules/password", wish, status=404)
    operate.associate_module(lock_id=scene.lock_id, imei=IMEI, actor=DESK, now=now)
    manager.post("/modules/password", wish, status=409)
    phone = Phone(app, scene)
    phone.report_all()
    phone.fetch("/commands/answer")
    phone.report_all()
    with transaction() as session:
        session.execute(sa.update(CellularModule).values(last_seen_at=None))
    manager.post("/modules/password", wish, status=503)
    with pytest.raises(rules.ModuleOffline):
        queries.reachable_module(IMEI, now)
    assert rules.ModuleLoose.status == 409
    with transaction() as session:
        session.execute(sa.update(CellularModule).values(last_seen_at=now))
    manager.post("/modules/password", {**wish, "password": "12"}, status=400)
    manager.post("/modules/password", {**wish, "validUntil": "2026-06-11 12:00:00"}, status=422)
    given = manager.post("/modules/password", wish)
    assert (given["command"], given["way"]) == ("0100", "module")
    (listed,) = manager.get(f"/passwords/findAllByUserId/{house.accounts['manager'].id}")
    assert (listed["passwordName"], listed["online"], listed["state"]) == ("Plumber", True, "waiting")
    module = Phone(app, scene, {"kind": "module", "id": IMEI})
    module.bring("/reports/lockUsers", scene.twin.receive(bytes.fromhex(given["frame"]), scene.at))
    assert scene.twin.type_code("271828", scene.at + 5).is_opened
    page = PageClient(app).log_in("manager")
    url = f"/records/modules/{IMEI}/password"
    page.get("/records/modules/0/password", status=404)
    page.get(url, htmx=True)
    form = {"digits": "31415", "name": "Painter", "days": "2", "request_id": "0b9f9a52-3d4e-4c56-9f5e-2f1f8a9c7d10"}
    page.post(url, {**form, "digits": "x"}, htmx=True, status=422)
    page.post(url, form, status=303)
    module.fetch("/commands/answer")
    assert scene.twin.type_code("31415", scene.at + 6).is_opened
    for list_of_codes in ("/passcodes/?kind=stored", f"/slots/locks/{scene.lock_id}"):
        assert all(name in text_of(page.get(list_of_codes)) for name in ("Plumber", "Painter"))
    module.report_all()
    assert "Passcode over 4G" in text_of(page.get(f"/gateways/of-lock/{scene.lock_id}"))
