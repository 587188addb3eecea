"""Keys follow the stay, at the doors themselves; what has not arrived there is to do, and stays so until it has."""

from __future__ import annotations

from datetime import timedelta

from pms.core import clock
from pms.frontdesk import consequence_words, consequences, key_tasks, prices, service
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.key_rules import KeySort, Stance
from pms.frontdesk.task_rules import TaskKind
from pms.keycards import losses
from pms.keycards.rules import MakeAgain
from pms.passcodes import service as passcodes
from pms.protocol.command import StoredKind
from pms.stays import nights, rules
from pms.stays import queries as stays
from pms.stays.days import ComesEarlier
from tests.frontdesk.held import CARD_UID, DIGITS, hold_everything


def in_house(desk) -> int:
    stay = desk.book(room="101")
    service.check_in(stay_id=stay.id, cards=0, encoder_id=None, **desk.act())
    return stay.id


def kinds(stay_id: int) -> list[TaskKind]:
    return [one.kind for one in key_tasks.of_stay(stays.get_stay(stay_id), now=clock.now())]


def test_after_an_extension_stored_digits_go_on_once_the_lock_was_told_and_told_digits_die(any_desk, now):
    desk = any_desk
    held = hold_everything(desk, in_house(desk))
    assert kinds(held.stay_id) == []
    service.extend(stay_id=held.stay_id, departure_date=desk.day(4), **desk.act())
    between, old_end = now + timedelta(days=3), now + timedelta(days=1)
    assert held.type(DIGITS, old_end) == "opened"
    assert held.type(DIGITS, between) != "opened"
    stances = {key.sort: key.stance for key in held.listed()}
    assert stances[KeySort.STORED_PASSCODE] is stances[KeySort.FINGERPRINT] is Stance.CHANGING
    assert kinds(held.stay_id) == [TaskKind.WRITE_AGAIN, TaskKind.TELL_CODE, TaskKind.VISIT_LOCK]
    held.carry()
    assert held.type(DIGITS, between) == "opened"
    assert held.type(held.told, old_end) == "opened"
    assert held.type(held.told, between) != "opened"
    assert kinds(held.stay_id) == [TaskKind.WRITE_AGAIN, TaskKind.TELL_CODE]


def test_another_departure_said_at_check_in_reaches_what_the_lock_stores(desk, now):
    held = hold_everything(desk, desk.book(room="101").id)
    sheet = service.Sheet(departure_date=desk.day(4))
    service.check_in(stay_id=held.stay_id, sheet=sheet, cards=0, encoder_id=None, **desk.act())
    held.carry()
    assert held.type(DIGITS, now + timedelta(days=3)) == "opened"


def test_of_a_card_that_its_doors_must_refuse_those_are_named_that_may_not_have_heard(desk, app):
    held = hold_everything(desk, in_house(desk))
    card = next(key for key in held.listed() if key.sort is KeySort.CARD)
    losses.deny(key_card_id=card.id, encoder_id=None, **desk.act())
    denied = next(key for key in held.listed() if key.sort is KeySort.CARD)
    assert (denied.stance, denied.is_denied) == (Stance.LEFT, True)
    assert "101" in denied.doors
    with app.test_request_context():
        assert "must refuse it" in consequence_words.why(denied)


def test_after_a_move_the_old_door_lets_go_and_the_new_one_opens(desk, now):
    held = hold_everything(desk, in_house(desk))
    service.move_room(stay_id=held.stay_id, room_id=desk.house.rooms["102"].id, **desk.act())
    assert held.type(DIGITS, now) == "opened"
    assert held.type(DIGITS, now, "102") != "opened"
    held.carry()
    assert held.type(DIGITS, now) != "opened"
    assert held.type(DIGITS, now, "102") == "opened"
    at = int(now.timestamp())
    assert held.twins["102"].show_credential(StoredKind.CARD, CARD_UID, at).is_opened
    # The code that was told cannot be taken back: it is shown as alive, with its end.
    told = next(key for key in held.listed() if key.sort is KeySort.PASSCODE)
    assert held.type(held.told, now) == "opened"
    assert (told.stance, told.opens_until) == (Stance.LEFT, now + timedelta(days=2, minutes=15))


def test_who_left_early_opens_nothing_that_the_lock_stores_once_it_was_told(desk, now):
    held = hold_everything(desk, in_house(desk))
    service.check_out(stay_id=held.stay_id, **desk.act())
    assert held.type(DIGITS, now) == "opened"
    assert kinds(held.stay_id) == [TaskKind.VISIT_LOCK]
    assert len(key_tasks.everything(now=now)) == 1
    held.carry()
    assert held.type(DIGITS, now) != "opened"
    assert key_tasks.everything(now=now) == []


def test_a_code_made_after_a_move_is_of_no_use_after_its_undo(desk, now):

    held = hold_everything(desk, in_house(desk))
    clock.freeze(now + timedelta(minutes=5))
    step = service.move_room(stay_id=held.stay_id, room_id=desk.house.rooms["102"].id, **desk.act(now=clock.now()))
    made = passcodes.issue_for_stay(stay_id=held.stay_id, request_id="9", actor=desk.clerk, now=clock.now()).passcode.id
    service.undo(stay_id=held.stay_id, step_id=step.id, actor=desk.clerk, now=clock.now())
    codes = {key.id: key.stance for key in held.listed() if key.sort is KeySort.PASSCODE}
    assert codes.pop(made) is Stance.LEFT
    assert list(codes.values()) == [Stance.OPENS]


def test_tasks_of_many_stays_need_a_fixed_number_of_queries(desk, now, count_queries):
    first = hold_everything(desk, in_house(desk))
    service.extend(stay_id=first.stay_id, departure_date=desk.day(4), **desk.act())
    few = count_queries(lambda: key_tasks.everything(now=now))
    for room in ("103", "201", "203"):
        stay = desk.book(room=room)
        service.check_in(stay_id=stay.id, cards=0, encoder_id=None, **desk.act())
    assert count_queries(lambda: key_tasks.everything(now=now)) == few
    listed = [(one.stay.room.number, one.task.kind) for one in key_tasks.everything(now=now)]
    # At once comes before what has time.
    assert [kind for _room, kind in listed[:3]] == [TaskKind.MAKE_CARDS] * 3
    assert len(listed) == len(set(listed)) == 6


def test_who_is_in_the_way_and_what_it_costs_is_told_and_nothing_else(desk, now):
    stay_id = in_house(desk)
    desk.book(room="101", days=(2, 4), guest_id=desk.guest("Berger", "Tom"))

    def preview(**values) -> consequences.Consequences:
        return consequences.preview(stay_id=stay_id, change=Change(**values), now=now)

    taken = preview(kind=ChangeKind.EXTEND, departure_date=desk.day(3))
    assert isinstance(taken.refusal, nights.RoomTaken)
    assert taken.refusal is not None
    late = preview(kind=ChangeKind.HOURS, departure_hour=14)
    assert (late.around.after.guest, late.around.after.hour, late.around.after.gap) == ("Tom Berger", 15, 1)
    assert late.around.tight(late.cleaning_hours) == [late.around.after]
    assert late.lock_times.cards == late.lock_times.code == late.lock_times.stored == now + timedelta(days=2, hours=2)
    assert isinstance(preview(kind=ChangeKind.HOURS, departure_hour=16).refusal, ComesEarlier)
    assert isinstance(preview(kind=ChangeKind.HOURS, departure_hour=23).refusal, rules.TooLateInTheDay)


def test_another_type_asks_whether_the_price_is_kept():
    agreed = prices.Price(nights=3, night_price=9000, type_id=1, type_price=9000)
    suite = prices.Price(nights=3, night_price=9000, late_fee=2500, type_id=2, type_price=15000)
    found = prices.change(agreed, suite)
    assert (found.before.total, found.after.total, found.recalculated.total) == (27000, 29500, 47500)
    assert prices.change(agreed, agreed) is None
    assert prices.change(agreed, prices.with_night_price(suite, 15000)).recalculated is None


def test_a_card_made_ahead_is_made_again_when_the_arrival_is_put_off_and_comes_after_who_is_there_first(desk, now):
    held = hold_everything(desk, desk.book(room="101", days=(1, 3)).id)
    service.rearrange(
        stay_id=held.stay_id,
        room_id=desk.house.rooms["101"].id,
        arrival_date=desk.day(2),
        departure_date=desk.day(3),
        **desk.act(),
    )
    card = next(key for key in held.listed() if key.sort is KeySort.CARD)
    assert card.again is MakeAgain.TOO_SOON
