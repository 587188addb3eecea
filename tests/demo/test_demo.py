"""The demo hotel: what it is made of, and where it is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.app import create_app
from pms.audit import queries as audit
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db
from pms.demo import build, calendar, hotel
from pms.demo.machines import LINE_FAULTS, MachineKind, line_fault, set_line_fault, start
from pms.demo.world import World
from pms.devices.errors import DeviceError
from pms.devices.port import Port
from pms.gateways import queries as gateways
from pms.gateways.rules import ModuleState
from pms.keycards.models import CardState, KeyCard, Proof
from pms.link.runner import Runner
from pms.lock_commands import operate
from pms.lock_commands import queries as commands
from pms.lock_commands.models import CommandState
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.locks import scope_queries
from pms.locks.models import Lock, LockSetup
from pms.passcodes import queries as passcodes
from pms.passcodes.models import PasscodeKind
from pms.rooms.models import Room
from pms.slots import queries as slots
from pms.slots.models import SlotState
from pms.staffcards import queries as staffcards
from pms.staffcards.models import StaffCardKind
from pms.staffcards.rules import Attention
from pms.stays.models import Stay, StayState
from tests.client import PageClient, text_of
from tests.flows.desk import until
from tests.installation import settings_for

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("hour", range(24))
def test_whatever_the_hour_some_guests_are_still_to_come_and_some_to_leave(hour):
    now = datetime(2026, 3, 29, hour, 30, tzinfo=BERLIN)
    today = now.date()
    plans = calendar.plan(Random(20), rooms=60, closed=40, today=today, now=now, zone=BERLIN)
    assert [plan for plan in plans if plan.arrival == today and plan.arrives_at > now]
    assert [plan for plan in plans if plan.departure == today and plan.leaves_at > now]
    assert not [plan for plan in plans if plan.room == 40]
    by_room: dict[int, list[calendar.PlannedStay]] = {}
    for plan in plans:
        by_room.setdefault(plan.room, []).append(plan)
    for stays in by_room.values():
        for before, after in pairwise(stays):
            assert before.departure <= after.arrival
            # Nobody is let into a room before the guest before has left it.
            assert before.leaves_at < after.arrives_at or after.arrives_at > now


@pytest.fixture
def home(tmp_path):
    yield tmp_path / "home"
    db.dispose()
    clock.move_to_offset(timedelta(0))


@pytest.mark.timeout(300)
def test_a_small_hotel_is_made_whole_by_the_real_ways(home, monkeypatch):
    home.mkdir()
    said = []
    real_build = build.build
    monkeypatch.setattr(build, "build", lambda world, **options: real_build(world, floors=1, **options))
    with hotel.open_demo(home, port=1, fresh=False, say=said.append, hour=15) as app, app.app_context():
        assert clock.now().astimezone(BERLIN).hour == 15
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Room)) == 12
        assert set(db.session.scalars(sa.select(Lock.setup))) == {LockSetup.READY}
        serials = set(db.session.scalars(sa.select(Lock.serial_number)))
        assert {"292E593B0E66", "26B370EAADFC"} <= serials
        states = set(db.session.scalars(sa.select(Stay.state)))
        assert {StayState.CONFIRMED, StayState.IN_HOUSE, StayState.CHECKED_OUT} <= states
        cards = db.session.scalars(sa.select(KeyCard)).all()
        # All were read back; one was reported lost since.
        made, lost = (CardState.ACTIVE, Proof.CONFIRMED), (CardState.ENDED, Proof.BELIEVED)
        assert Counter((card.state, card.proof) for card in cards).keys() <= {made, lost}
        assert [(card.state, card.proof) for card in cards].count(lost) <= 1
        assert "door" in {card.proved_by for card in cards}
        assert audit.verify().fault is None
        assert scope_queries.list_untold() == []
        staff = staffcards.live_and_lost(clock.now())
        assert {Attention.ENDS_SOON, None} == {line.attention for line in staff}
        assert {line.card.kind for line in staff} == set(StaffCardKind) - {StaffCardKind.ONE_SHOT}
        (lost,) = [line for line in staff if line.is_lost]
        assert (len(lost.left), len(lost.doors_to_deny)) == (6, 12)
        (corridor,) = gateways.list_gateways()
        assert [hanging.door.name for hanging in corridor.locks] == ["101", "102"]
        at = clock.now()
        assert gateways.presence_of(corridor.gateway).is_online(gateways.link_state(at), at)
        assert gateways.state_of(gateways.find_module("861230045678904")) is ModuleState.ASSOCIATED
        kept = {row.door.name: {slot.state for slot in slots.of_lock(row.lock.id)} for row in locks.list_locks()}
        assert (kept["101"], kept["104"]) == ({SlotState.ADDED}, {SlotState.WAITING})
        codes = {
            line.passcode.kind for line in passcodes.list_page(passcodes.Filters(is_stored=False), now=clock.now()).rows
        }
        assert codes == {PasscodeKind.PERMANENT, PasscodeKind.CYCLIC, PasscodeKind.HOURS, PasscodeKind.NIGHTS}
    # It goes on where it stood, the clock with it.
    with hotel.open_demo(home, port=1, fresh=False, say=said.append) as app, app.app_context():
        assert clock.now().astimezone(BERLIN).hour == 15
        assert len(db.session.scalars(sa.select(KeyCard)).all()) == len(cards)
        _check_that_doors_are_online(app)
    assert len(said) == 1
    # A hotel whose making was broken off has no world; it is made anew and not gone on with.
    (home / "world.json").unlink()
    with hotel.open_demo(home, port=1, fresh=False, say=said.append) as app, app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Room)) == 12
    assert len(said) == 2


def _check_that_doors_are_online(app) -> None:
    """The gateway of the corridor and the entrance's module are live: desk and doors hear of each other by themselves."""
    world: World = app.extensions["world"]
    serials = {row.door.name: row.lock.serial_number for row in locks.list_locks() if row.door is not None}
    lock_ids = {row.lock.serial_number: row.lock.id for row in locks.list_locks()}
    assert world.carriers.of(serials["104"]) is None
    # What the desk asked of the gym's lock waits for a phone; what it asks of these does not.
    runner = Runner(app.config["SETTINGS"], is_owner=lambda: True)
    runner.start()
    try:
        for name in ("101", "Lobby entrance"):
            serial = serials[name]
            carrier = world.carriers.of(serial)
            until(lambda carrier=carrier: carrier.is_connected, 30)
            command = operate.operate(lock_id=lock_ids[serial], deed=Deed.UNLOCK, actor=SETUP, now=clock.now())
            until(lambda command=command: _fresh(commands.get, command.id).state is CommandState.ANSWERED, 30)
            before = world.locks[serial].state.newest_sequence
            world.type_code(serial, "1234")
            until(lambda serial=serial, before=before: _newest(lock_ids[serial]) > before, 30)
        page = PageClient(app).log_in("admin", hotel.PASSWORD)
        form = {"lock": serials["101"], "power": "off"}
        assert "Its power is cut." in text_of(page.post("/demo/doors/power", form, status=200))
        until(lambda: not _fresh(gateways.list_gateways)[0].gateway.is_connected, 30)
        world.type_code(serials["101"], "1234")
        assert "Without power" in text_of(page.get(f"/demo/doors?lock={serials['101']}"))
        assert world.locks[serials["101"]].pending_report(world.now()) is not None
        page.post("/demo/doors/power", {**form, "power": "on"}, status=200)
        until(lambda: world.locks[serials["101"]].pending_report(world.now()) is None, 30)
        page.post("/demo/doors/power", {"lock": serials["104"], "power": "on"}, status=404)
    finally:
        runner.stop()


def _fresh(read, *values):
    db.remove()
    return read(*values)


def _newest(lock_id: int) -> int:
    return _fresh(
        db.session.scalar, sa.select(sa.func.max(AccessRecord.sequence)).where(AccessRecord.lock_id == lock_id)
    )


def test_production_has_no_door_to_try(tmp_path):
    settings = settings_for(tmp_path, f"sqlite:///{tmp_path / 'x.db'}")
    world = World(tmp_path / "world.json")
    try:
        for environment, is_there in (("test", True), ("demo", True), ("production", False)):
            app = create_app(replace(settings, environment=environment), world=world)
            assert any(rule.rule.startswith("/demo") for rule in app.url_map.iter_rules()) is is_there
        app = create_app(settings)
        assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/demo")]
    finally:
        db.dispose()


def test_the_clock_of_the_world_is_the_programs(tmp_path, now):
    world = World(tmp_path / "world.json")
    world.is_being_made = True
    try:
        world.move_clock(timedelta(days=3, hours=1))
        assert clock.now() == now + timedelta(days=3, hours=1)
        assert datetime.fromtimestamp(world.now(), UTC) == clock.now()
        world.reset_clock()
        assert clock.now() == now
    finally:
        clock.move_to_offset(timedelta(0))


@pytest.mark.parametrize("kind", MachineKind)
@pytest.mark.parametrize("word", LINE_FAULTS)
def test_a_visitor_lets_the_line_of_any_machine_fail_and_puts_it_right(tmp_path, kind, word):
    with start(kind, "932211c49aeb6f8a", tmp_path / "port") as device:
        assert line_fault(device) == ""
        set_line_fault(device, word)
        assert line_fault(device) == word
        port = Port(str(tmp_path / "port"), kind.value)
        if word != "late-ack":
            with pytest.raises(DeviceError):
                port.open()
        set_line_fault(device, "none")
        assert line_fault(device) == ""
        port.open()
        port.close()
