"""One of several cards is lost: what the doors themselves say when only that one is denied."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import service as records
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.keycards import denials, losses, queries, rules, service
from pms.keycards.models import CardState, EndReason, KeyCard, KeyDenial
from pms.keycards.rules import KeyState
from pms.lock_commands import service as commands
from pms.lock_commands.service import settling
from pms.locks import closed_cards
from pms.locks import queries as locks
from pms.protocol.command import AnswerStatus, LockAnswer
from pms.protocol.record import RecordResult
from pms.simulators.lock.state import DENY_LIST_SIZE
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from tests.keycards.desk import DESK, DOOR, area_lock, door_lock, hold, new_request, seen_at_door, stay

PHONE = Actor(kind="account", name="Phone")


@pytest.fixture
def family(house, desk):
    """Three cards of one party in 101, the room's lock and the lobby's."""
    desk.stay_id = stay(house)
    desk.cards = desk.keys_of(desk.stay_id, 3)
    desk.door, desk.lobby = door_lock(house.rooms["101"].id), area_lock(house)
    return desk


def card_of(plastic) -> KeyCard:
    return queries.cards_with_uid(plastic.uid.hex())[0]


def deny(desk, plastic, *, machine=None, request_id=None):
    return losses.deny(
        key_card_id=card_of(plastic).id,
        encoder_id=machine,
        request_id=request_id or new_request(),
        actor=DESK,
        now=clock.now(),
    )


def visit(lock) -> None:
    """Somebody with a phone is at the lock: it gets what waits for it and says what it did."""
    serial = lock.state.sn.hex().upper()
    at = int(clock.now().timestamp())
    while (frame := commands.next_frame(serial_number=serial, now=clock.now())) is not None:
        answer = lock.receive(frame, at)
        assert answer is not None
        assert commands.take_answer(serial_number=serial, frame=answer, actor=PHONE, now=clock.now()) is not None


def state_of(plastic) -> KeyState:
    return queries.lines([card_of(plastic)], now=clock.now())[0].state


def test_a_denied_card_is_refused_where_the_lock_has_heard_and_the_others_go_on(family):
    lost, *others = family.cards
    deny(family, lost)
    assert hold(family.door, lost) == "opened", "no lock has heard of it yet"
    assert state_of(lost) is KeyState.STILL_OPENS
    visit(family.door)
    line = queries.lines([card_of(lost)], now=clock.now())[0]
    assert (line.refusing_doors, line.opening_doors) == (["101"], ["Lobby entrance"])
    assert line.state is KeyState.STILL_OPENS, "the lobby still takes it"
    assert hold(family.door, lost) == "denied"
    assert hold(family.lobby, lost) == "opened"
    visit(family.lobby)
    assert hold(family.lobby, lost) == "denied"
    assert state_of(lost) is KeyState.DEAD
    for plastic in others:
        assert hold(family.door, plastic) == hold(family.lobby, plastic) == "opened"
    assert queries.to_make_again(stay_queries.get_stay(family.stay_id), now=clock.now()) == []


def test_one_new_card_in_its_place_ends_no_other(family):
    lost, *others = family.cards
    batch_id = deny(family, lost, machine=family.encoder_id)
    (new,) = family.make(batch_id)
    visit(family.door)
    assert hold(family.door, new) == "opened"
    assert [hold(family.door, plastic) for plastic in others] == ["opened", "opened"]
    assert hold(family.door, lost) == "denied"


def test_a_double_click_denies_once(family):
    request_id = new_request()
    first = deny(family, family.cards[0], machine=family.encoder_id, request_id=request_id)
    assert deny(family, family.cards[0], machine=family.encoder_id, request_id=request_id) == first
    with pytest.raises(rules.NotLive):
        deny(family, family.cards[0])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(KeyDenial)) == 2


def test_the_denial_outlives_the_check_out_and_ends_with_the_cards_own_time(family):
    lost = family.cards[0]
    deny(family, lost)
    visit(family.door)
    step = stays.check_out(stay_id=family.stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(
        stay_id=family.stay_id, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now()
    )
    assert hold(family.door, lost) == "denied"
    door = locks.door_of_room(stay_queries.get_stay(family.stay_id).room_id or 0)
    assert door is not None
    end = card_of(lost).valid_until
    assert len(denials.denied_cards(door_id=door.id, now=end + rules.GRACE)) == 1
    after = end + rules.GRACE + timedelta(seconds=1)
    assert denials.denied_cards(door_id=door.id, now=after) == []
    assert hold(family.door, lost, at=after) == "expired"
    assert family.door.state.deny == {}, "the lock has let the entry go by itself"


def test_the_doors_own_record_proves_the_denial_and_an_opening_disproves_it(family, house):
    lost = family.cards[0]
    deny(family, lost)
    seen_at_door(house, card_of(lost), RecordResult.DENIED)
    lock_id = house.doors["101"].lock_id
    (row,) = [row for row in denials.of_card(card_of(lost).id) if row.lock_id == lock_id]
    assert (row.at, row.proved_by) == (clock.now(), "door")
    later = clock.now() + timedelta(minutes=1)
    clock.freeze(later)
    seen_at_door(house, card_of(lost), RecordResult.OPENED)
    assert db.session.get(KeyDenial, row.id, populate_existing=True).at is None
    assert db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "keycards.lost_opened")).one()


def test_a_lock_that_is_set_up_anew_is_told_whom_to_refuse(family, house):
    lost = family.cards[0]
    deny(family, lost)
    card, door = card_of(lost), house.doors["101"]
    told = closed_cards.denied_cards(door_id=door.id, now=clock.now())
    assert [entry.credential_id for entry in told] == [card.credential_id]
    assert closed_cards.denied_cards(door_id=house.doors["102"].id, now=clock.now()) == []
    closed_cards.note_denied(lock_id=door.lock_id, credential_ids=[card.credential_id], now=clock.now())
    (row,) = [row for row in denials.of_card(card.id) if row.lock_id == door.lock_id]
    assert row.proved_by == "setup"
    closed_cards.note_denied(lock_id=door.lock_id, credential_ids=[], now=clock.now())
    assert db.session.get(KeyDenial, row.id, populate_existing=True).at is None


def test_no_lock_is_asked_to_let_go_of_another_lost_card(family, house):
    assert closed_cards.DENY_LIST_SIZE == DENY_LIST_SIZE
    spare, door = card_of(family.cards[1]), house.doors["101"]
    with transaction() as session:
        for number in range(DENY_LIST_SIZE):
            card = KeyCard(
                stay_id=family.stay_id,
                reason=spare.reason,
                credential_id=number + 1,
                state=CardState.ACTIVE,
                valid_from=spare.valid_from,
                valid_until=spare.valid_until,
                made_by="Mia",
                made_at=clock.now(),
            )
            session.add(card)
            session.flush()
            session.add(
                KeyDenial(
                    key_card_id=card.id,
                    lock_id=door.lock_id,
                    door_id=door.id,
                    until=card.valid_until,
                    asked_at=clock.now(),
                )
            )
    with pytest.raises(rules.DenyListFull):
        deny(family, family.cards[0])
    assert card_of(family.cards[0]).state is CardState.ACTIVE, "nothing is stored of it"


def found(desk, plastic, *, machine=None):
    return losses.found_again(
        key_card_id=card_of(plastic).id,
        encoder_id=machine,
        request_id=new_request(),
        actor=DESK,
        now=clock.now(),
    )


def test_a_card_that_is_found_before_any_lock_has_heard_counts_again(family):
    plastic = family.cards[0]
    deny(family, plastic)
    assert found(family, plastic) is None
    visit(family.door)
    assert hold(family.door, plastic) == "opened"
    assert state_of(plastic) in (KeyState.CONFIRMED, KeyState.BELIEVED)
    with pytest.raises(rules.NotDenied):
        found(family, plastic)


def test_a_card_that_is_found_later_is_written_anew_and_opens_again(family):
    plastic, *others = family.cards
    deny(family, plastic)
    visit(family.door)
    with pytest.raises(rules.NotDenied):
        found(family, plastic)
    family.make(found(family, plastic, machine=family.encoder_id), plastic)
    assert hold(family.door, plastic) == "opened"
    assert [hold(family.door, other) for other in others] == ["opened", "opened"]


def test_a_card_that_died_of_a_raised_number_is_not_allowed_again(family):
    losses.report_lost(
        key_card_id=card_of(family.cards[0]).id,
        encoder_id=None,
        request_id=new_request(),
        actor=DESK,
        now=clock.now(),
    )
    with pytest.raises(rules.NotDenied):
        found(family, family.cards[0])


def test_a_denial_that_was_handed_out_may_have_arrived_and_is_not_taken_back(family):
    lost = family.cards[0]
    deny(family, lost)
    assert denials.can_take_back(card_of(lost).id)
    command = commands.next_command(serial_number=family.door.state.sn.hex().upper(), now=clock.now())
    assert command is not None
    assert not denials.can_take_back(card_of(lost).id)
    assert state_of(lost) is KeyState.STILL_OPENS


def test_a_lock_without_room_says_so_and_goes_on_opening(family, monkeypatch):
    lost = family.cards[0]
    deny(family, lost)
    monkeypatch.setattr(settling, "decode_answer", lambda *_of: LockAnswer(AnswerStatus.FULL, None))
    visit(family.door)
    (row,) = [row for row in denials.of_card(card_of(lost).id) if row.status is not None]
    assert (row.at, row.status) == (None, AnswerStatus.FULL)
    assert state_of(lost) is KeyState.STILL_OPENS


def test_records_of_the_lock_itself_settle_the_denial(family):
    """The whole way: the lock's own sealed report of the refusal comes in and is believed."""
    lost = family.cards[0]
    deny(family, lost)
    visit(family.door)
    hold(family.door, lost)
    at = int(clock.now().timestamp())
    while (frame := family.door.pending_report(at)) is not None:
        answer = records.take_report(
            serial_number=family.door.state.sn.hex().upper(), frame=frame, actor=DOOR, now=clock.now()
        )
        family.door.receive(answer, at)
    refused = sa.select(AuditEntry).where(AuditEntry.action == "keycards.refused")
    assert [entry.after for entry in db.session.scalars(refused)] == [{"result": "denied"}]


@pytest.mark.parametrize(
    ("others", "all_online", "has_room", "way", "reason", "can_deny"),
    [
        (2, True, True, "deny", "all_online", True),
        (2, False, True, "replace", "not_online", True),
        (0, True, True, "replace", "no_others", True),
        (2, True, False, "replace", "list_full", False),
    ],
)
def test_the_way_that_is_proposed_follows_from_the_situation(others, all_online, has_room, way, reason, can_deny):
    choice = rules.choose_lost_way(others=others, all_online=all_online, has_room=has_room)
    assert (choice.way, choice.reason, choice.can_deny) == (way, reason, can_deny)
