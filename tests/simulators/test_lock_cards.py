"""Cards at the virtual lock, at the edges that the examples and random histories reach seldom."""

from __future__ import annotations

import pytest

from pms.protocol.card import Audience, CardKind
from pms.protocol.card_layout import EMPTY_UNIT
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult
from pms.simulators.lock.state import DENY_LIST_SIZE

from . import lock_world as world
from .lock_world import DAY, NOW, UID, body, bound_lock, card, guest_unit, staff_units

MIDNIGHT = NOW // DAY * DAY - 8 * 3600
"""00:00 local of the Wednesday that `NOW` is on (+08:00)."""


def test_the_first_grant_that_opens_wins_and_later_ones_change_nothing() -> None:
    lock = bound_lock()
    units = card(guest_unit(body(credential_id=1)), guest_unit(body(credential_id=2, issue=NOW + 5)))
    answer = lock.present(UID, units, NOW)
    assert (answer.result, answer.credential_id) == (RecordResult.OPENED, 1)
    assert lock.state.door_issue == NOW


def test_the_answer_is_that_of_the_last_grant_addressed() -> None:
    lock = bound_lock()
    units = card(
        guest_unit(body(not_before=1, not_after=2)), guest_unit(body(not_before=NOW + DAY, not_after=NOW + 2 * DAY))
    )
    assert lock.present(UID, units, NOW).result is RecordResult.NOT_YET


def test_a_deny_card_goes_on_to_the_next_grant() -> None:
    lock = bound_lock()
    deny = staff_units(body(CardKind.DENY, issue=77, credential_id=9))
    staff = staff_units(body(CardKind.STAFF, credential_id=10))
    answer = lock.present(UID, card(*deny, *staff), NOW)
    assert (answer.result, answer.credential_id) == (RecordResult.OPENED, 10)
    assert lock.state.deny == {77: NOW + DAY}


def test_a_deny_card_can_deny_the_next_grant_on_itself() -> None:
    lock = bound_lock()
    deny = staff_units(body(CardKind.DENY, issue=10, credential_id=9))
    staff = staff_units(body(CardKind.STAFF, credential_id=10))
    assert lock.present(UID, card(*deny, *staff), NOW).result is RecordResult.DENIED


def test_a_deny_cards_credential_may_lie_far_above_the_time() -> None:
    lock = bound_lock()
    deny = staff_units(body(CardKind.DENY, issue=0xFFFF_FFFF))
    assert lock.present(UID, card(*deny), NOW).result is RecordResult.VOIDED
    void = staff_units(body(CardKind.VOID_GUESTS, issue=NOW + DAY + 1))
    assert lock.present(UID, card(*void), NOW).result is RecordResult.NOT_YET


def test_a_foreign_staff_grant_hides_its_second_unit() -> None:
    lock = bound_lock()
    first, second = staff_units(body(CardKind.STAFF), scope=99)
    inside = guest_unit(body())
    assert lock.present(UID, card(first, inside), NOW).result is RecordResult.NOT_ADDRESSED
    assert lock.present(UID, card(first, second, inside), NOW).is_opened


def test_a_card_of_too_many_units_is_read_to_the_eighth() -> None:
    lock = bound_lock()
    units = [EMPTY_UNIT] * 8 + [guest_unit(body())]
    assert lock.present(UID, units, NOW).result is RecordResult.NOT_ADDRESSED


def test_a_card_without_units_is_not_addressed() -> None:
    assert bound_lock().present(UID, [], NOW).result is RecordResult.NOT_ADDRESSED


@pytest.mark.parametrize(("kind", "audience"), [(CardKind.STAFF, Audience.DOOR), (CardKind.EMERGENCY, Audience.AREA)])
def test_a_kind_that_its_audience_does_not_allow_is_tampered(kind: CardKind, audience: Audience) -> None:
    from pms.protocol import kdf
    from pms.protocol.card import _GUEST_LABEL, GrantHeader, _siv

    # Nobody can make such a card by our own functions, so it is sealed by hand.
    target = world.DOOR if audience is Audience.DOOR else world.AREA
    derive = kdf.door_key if audience is Audience.DOOR else kdf.area_key
    head = GrantHeader(world.VERSION, audience, target).encode()
    sealed = _siv(derive(world.K_PROP, world.VERSION, target)).encrypt(
        body(kind, is_concurrent=True).encode(), [_GUEST_LABEL, head, UID]
    )
    assert bound_lock().present(UID, card(head + sealed), NOW).result is RecordResult.TAMPERED


def test_an_area_card_opens_beside_all_others() -> None:
    lock = bound_lock(door_issue=NOW + 100)
    unit = guest_unit(body(issue=1, is_concurrent=True), audience=Audience.AREA)
    assert lock.present(UID, card(unit), NOW).is_opened
    assert lock.state.door_issue == NOW + 100


def test_a_concurrent_card_neither_compares_nor_raises_the_issue() -> None:
    lock = bound_lock(door_issue=NOW + 100)
    assert lock.present(UID, card(guest_unit(body(issue=1, is_concurrent=True))), NOW).is_opened
    assert lock.present(UID, card(guest_unit(body(issue=NOW + 500, is_concurrent=True))), NOW).is_opened
    assert lock.state.door_issue == NOW + 100


@pytest.mark.parametrize(
    ("minute", "start", "end", "weekdays", "is_open"),
    [
        (600, 600, 601, 0b0000100, True),
        (601, 600, 601, 0b0000100, False),
        (599, 600, 601, 0b0000100, False),
        (600, 600, 601, 0b1111011, False),
        (0, 480, 480, 0b0000010, True),
        (479, 480, 480, 0b0000010, True),
        (480, 480, 480, 0b0000010, False),
        (480, 480, 480, 0b0000100, True),
        (60, 1320, 120, 0b0000010, True),
        (120, 1320, 120, 0b0000010, False),
        (1380, 1320, 120, 0b0000010, False),
        (1380, 1320, 120, 0b0000100, True),
        (1439, 0, 1440, 0b0000100, True),
    ],
)
def test_hours_are_local_and_a_window_across_midnight_belongs_to_its_first_day(
    minute: int, start: int, end: int, weekdays: int, is_open: bool
) -> None:
    lock = bound_lock()
    content = body(
        not_before=MIDNIGHT - DAY, not_after=MIDNIGHT + 2 * DAY, start_minute=start, end_minute=end, weekdays=weekdays
    )
    answer = lock.present(UID, card(guest_unit(content)), MIDNIGHT + 60 * minute)
    assert answer.result is (RecordResult.OPENED if is_open else RecordResult.OUTSIDE_HOURS)


def test_an_emergency_card_knows_no_hours_but_ends() -> None:
    lock = bound_lock()
    content = body(CardKind.EMERGENCY, weekdays=0b0000001, start_minute=0, end_minute=1)
    assert lock.present(UID, card(*staff_units(content)), NOW).is_opened
    assert lock.present(UID, card(*staff_units(content)), NOW + DAY + 901).result is RecordResult.EXPIRED


def test_a_denied_emergency_card_is_denied_without_a_clock_too() -> None:
    lock = bound_lock(deny={1001: 5}, clock_lost=True)
    units = card(*staff_units(body(CardKind.EMERGENCY)))
    assert lock.present(UID, units, NOW).result is RecordResult.DENIED


def test_keys_of_the_version_before_hold_until_their_instant() -> None:
    lock = bound_lock()
    lock.state.keys[0].until = NOW + 10
    units = card(guest_unit(body()))
    assert lock.present(UID, units, NOW + 9).is_opened
    assert lock.present(UID, units, NOW + 10).result is RecordResult.TAMPERED


def test_five_tampered_cards_in_a_row_sound_the_alarm_and_a_good_one_ends_the_row() -> None:
    lock = bound_lock()
    bad = bytearray(guest_unit(body()))
    bad[-1] ^= 1
    for _ in range(4):
        lock.present(UID, card(bytes(bad)), NOW)
    lock.present(UID, card(guest_unit(body())), NOW)
    for number in range(5):
        assert not lock.state.is_alarm_sounding, number
        lock.present(UID, card(bytes(bad)), NOW)
    assert lock.state.is_alarm_sounding
    alarm = lock.state.records[-1].value
    assert (alarm.event, alarm.is_alarm, alarm.credential_id) == (RecordEvent.TAMPER_ALARM, True, 0)
    assert lock.present(UID, card(guest_unit(body())), NOW).is_opened


def test_a_full_deny_list_makes_room() -> None:
    lock = bound_lock()
    state = lock.state
    for number in range(DENY_LIST_SIZE):
        state.put_on_deny_list(number, NOW + 10_000 + number, NOW)
    state.put_on_deny_list(0, NOW + 5, NOW)
    assert state.deny[0] == NOW + 10_000
    state.put_on_deny_list(9_000, NOW + 1, NOW)
    assert len(state.deny) == DENY_LIST_SIZE
    assert 9_000 in state.deny
    assert 0 not in state.deny
    state.put_on_deny_list(9_001, NOW + 90_000, NOW + 902)
    assert 9_000 not in state.deny
    assert 1 in state.deny


def test_a_stored_card_opens_by_its_uid_and_its_record_says_so() -> None:
    lock = bound_lock()
    world.store_card(lock)
    answer = lock.present(world.STORED_UID, card(), NOW)
    assert (answer.result, answer.credential_id) == (RecordResult.OPENED, 70_001)
    assert lock.state.records[-1].value.method is RecordMethod.CARD


def test_a_stored_card_that_is_refused_may_still_open_by_a_grant() -> None:
    lock = bound_lock(deny={70_001: NOW + DAY})
    world.store_card(lock)
    assert lock.present(world.STORED_UID, card(), NOW).result is RecordResult.DENIED
    units = card(guest_unit(body(), uid=world.STORED_UID))
    assert lock.present(world.STORED_UID, units, NOW).is_opened
