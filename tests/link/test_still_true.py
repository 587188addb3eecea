"""What waited while a lock was away is asked about again before it goes out: nothing comes into a lock that is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.frontdesk import service as frontdesk
from pms.gateways import service as gateways
from pms.link import service
from pms.lock_commands import operate, queries, settings
from pms.lock_commands import rules as command_rules
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import Command, StoredKind
from pms.protocol.frame import peek_header
from pms.protocol.record import RecordEvent
from pms.slots import queries as slot_queries
from pms.slots import service as slots
from pms.slots.models import SlotState
from pms.slots.rules import Owner
from tests.access_records.conftest import build as build_scene
from tests.link.conftest import CLERK, CORRIDOR, Carrier

DESK = Actor(kind="account", name="Desk")


class Room:
    """Claire Moreau is in room 101, whose lock hangs on a gateway that is on the broker."""

    def __init__(self, house, now) -> None:
        self.scene = build_scene(house, now)
        manager = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
        gateway = gateways.bind_gateway(serial_number=CORRIDOR.id, name="Corridor 1", actor=manager, now=now)
        gateways.hang_lock(gateway_id=gateway.id, lock_id=self.scene.lock_id, actor=manager, now=now)
        self.serial = locks.get_lock(self.scene.lock_id).serial_number
        self.carrier = Carrier(CORRIDOR, {self.serial: self.scene.twin})
        db.remove()

    def store(self, **changes) -> int:
        wish = {
            "lock_id": self.scene.lock_id,
            "kind": StoredKind.PASSCODE,
            "content": encode_bcd("471100"),
            "name": "Claire",
            "valid_from": None,
            "valid_until": None,
            "owner": Owner(stay_id=self.scene.stay_id),
            "actor": DESK,
            "now": clock.now(),
        }
        slot_id = slots.store(**{**wish, **changes}).id
        db.remove()
        return slot_id

    def check_out(self) -> None:
        frontdesk.check_out(stay_id=self.scene.stay_id, actor=DESK, now=clock.now())
        db.remove()

    def comes_back(self) -> list[int]:
        """The gateway is there again; the commands that the lock is given, in order, until nothing is due."""
        self.carrier.says(is_online=True)
        given, messages = [], service.due(now=clock.now())
        while messages:
            given += [peek_header(message.payload).command for message in messages]
            messages = self.carrier.bring(messages) or service.due(now=clock.now())
        db.remove()
        return given

    def slot(self, slot_id: int) -> SlotState:
        db.remove()
        return slot_queries.get(slot_id).state

    def commands(self) -> list[tuple[int, CommandState]]:
        db.remove()
        rows = db.session.query(LockCommand).filter(LockCommand.command != Command.INITIALISE).order_by(LockCommand.id)
        return [(row.command, row.state) for row in rows]


@pytest.fixture
def room(any_house, now) -> Room:
    return Room(any_house, now)


@pytest.fixture
def quick_room(house, now) -> Room:
    """The same where the database does not matter."""
    return Room(house, now)


def test_nothing_of_a_guest_who_left_comes_into_a_lock_that_was_away(room):
    ids = [room.store(), room.store(kind=StoredKind.CARD, content=bytes.fromhex("04A1B2C3D4E5F6"))]
    room.check_out()
    assert room.comes_back() == []
    assert room.scene.twin.state.users == {}
    assert {room.slot(slot_id) for slot_id in ids} == {SlotState.NOT_SENT}


def test_what_was_sent_and_perhaps_stored_is_not_sent_again_but_deleted(room, now):
    slot_id = room.store()
    room.carrier.says(is_online=True)
    (lost,) = service.due(now=clock.now())
    room.carrier.says(is_online=False)
    room.check_out()
    clock.freeze(now + timedelta(hours=1))
    assert room.comes_back() == [Command.DELETE_USER]
    assert room.slot(slot_id) is SlotState.REMOVED
    # The frame lay somewhere, and comes after all: it is older than what the lock has done since.
    assert room.carrier.bring([lost]) == []
    assert room.scene.twin.state.users == {}
    assert room.commands() == [
        (Command.ADD_USER, CommandState.DROPPED),
        (Command.DELETE_USER, CommandState.FAILED),  # there was nothing to delete
    ]


def test_what_was_stored_and_whose_answer_was_lost_is_deleted(room, now):
    slot_id = room.store()
    room.carrier.says(is_online=True)
    (sent,) = service.due(now=clock.now())
    answer = room.scene.twin.receive(sent.payload, room.scene.at)
    assert room.scene.twin.state.users
    room.check_out()
    clock.freeze(now + timedelta(hours=1))
    assert room.comes_back() == [Command.DELETE_USER]
    assert room.scene.twin.state.users == {}
    # The answer that was late on its way is believed, and brings nothing back.
    assert room.carrier.up(answer, room.serial) == []
    assert room.slot(slot_id) is SlotState.REMOVED
    assert room.commands()[0] == (Command.ADD_USER, CommandState.ANSWERED)


def test_what_is_past_its_date_is_not_stored_though_no_job_has_seen_it_yet(room, now):
    slot_id = room.store(valid_until=now + timedelta(hours=2), owner=Owner())
    later = room.store(content=encode_bcd("123456"), owner=Owner())
    clock.freeze(now + timedelta(hours=2))
    assert room.comes_back() == [Command.ADD_USER]
    assert (room.slot(slot_id), room.slot(later)) == (SlotState.NOT_SENT, SlotState.ADDED)
    assert [user.user.slot for user in room.scene.twin.state.users.values()] == [2]


def test_what_belongs_to_somebody_who_left_the_house_is_not_stored(quick_room, house):
    from pms.accounts.models import Account

    account_id = house.accounts["housekeeper"].id
    slot_id = quick_room.store(owner=Owner(account_id=account_id))
    with transaction() as session:
        session.get_one(Account, account_id).is_active = False
    assert quick_room.comes_back() == []
    assert quick_room.slot(slot_id) is SlotState.NOT_SENT


def test_a_hand_at_the_lock_is_given_nothing_that_is_over_either(quick_room):
    from pms.lock_commands import service as lock_commands

    quick_room.store()
    with transaction() as session:
        # As if the desk had forgotten the locks at check-out.
        from pms.stays.models import Stay, StayState

        session.get_one(Stay, quick_room.scene.stay_id).state = StayState.CHECKED_OUT
    assert lock_commands.next_frame(serial_number=quick_room.serial, now=clock.now()) is None
    assert quick_room.commands() == [(Command.ADD_USER, CommandState.DROPPED)]


def test_a_question_for_records_that_came_by_themselves_is_not_asked(quick_room, now):
    from pms.access_records import service as records

    records.sync_records(lock_id=quick_room.scene.lock_id, actor=DESK, now=now)
    quick_room.scene.open()
    while (report := quick_room.scene.twin.pending_report(quick_room.scene.at)) is not None:
        for back in quick_room.carrier.up(report, quick_room.serial):
            quick_room.scene.twin.receive(back.payload, quick_room.scene.at)
    assert quick_room.comes_back() == []
    assert quick_room.commands()[0] == (Command.READ_RECORDS, CommandState.DROPPED)


def test_of_orders_for_the_same_settings_only_the_last_goes_out(quick_room, now):
    for hour in (10, 11):
        settings.write_settings(
            lock_id=quick_room.scene.lock_id, wanted=settings.Wanted(check_out_hour=hour), actor=DESK, now=now
        )
    assert quick_room.comes_back() == [Command.WRITE_SETTINGS]
    assert quick_room.scene.twin.state.checkout_hour == 11


@pytest.mark.parametrize(
    ("later", "earlier", "wanted"),
    [
        ({"check_out_hour": 1}, {"check_out_hour": 2}, True),
        ({"check_out_hour": 1}, {"check_out_hour": 2, "clock": True}, False),
        ({"settings": ["3001", "3D02"]}, {"settings": ["3D07"]}, True),
        ({"settings": ["3001"]}, {"settings": ["3D07"]}, False),
    ],
)
def test_a_later_order_stands_for_an_earlier_one_where_it_says_all_of_it(later, earlier, wanted):
    assert command_rules.says_all_of(later, earlier) is wanted


def test_a_door_that_was_to_open_and_then_to_lock_is_not_opened_any_more(quick_room, now):
    lock_id = quick_room.scene.lock_id
    quick_room.carrier.says(is_online=True)
    operate.operate(lock_id=lock_id, deed=Deed.UNLOCK, actor=CLERK, now=now)
    db.remove()
    (lost,) = service.due(now=now)
    operate.operate(lock_id=lock_id, deed=Deed.LOCK, actor=CLERK, now=now)
    operate.operate(lock_id=lock_id, deed=Deed.SELF_TEST, actor=CLERK, now=now)
    assert quick_room.comes_back() == [Command.OPERATE, Command.OPERATE]
    quick_room.carrier.bring([lost])
    events = [record.value.event for record in quick_room.scene.twin.state.records]
    assert RecordEvent.OPENED not in events
    assert RecordEvent.LOCKED in events


def test_a_module_that_is_to_go_elsewhere_is_not_asked_for(quick_room, now):
    command = operate.associate_module(lock_id=quick_room.scene.lock_id, imei="490154203237518", actor=DESK, now=now)
    gateways.note_module_refused(module_id=command.subject_id, lock_id=command.lock_id, actor=DESK, now=now)
    assert quick_room.comes_back() == []
    assert queries.get(command.id).state is CommandState.DROPPED
