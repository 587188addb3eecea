"""What lies on the machine when a staff card is made, what is written, and what the books say of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from pms.accounts.models import Account
from pms.core import clock
from pms.core.db import db, transaction
from pms.devices.errors import EncoderGone
from pms.encoders import service as encoder_service
from pms.encoders.models import JobState
from pms.keycards import queries as keys
from pms.keycards import service as keycards
from pms.keycards.models import CardState, EndReason, Proof
from pms.keycards.rules import KeyState
from pms.properties import queries as properties
from pms.protocol.card import Audience, CardKind, open_staff_grant, read_header
from pms.protocol.card_layout import EMPTY_UNIT, Medium
from pms.protocol.errors import ProtocolError
from pms.protocol.kdf import sector_key
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import Act, Moment, WriteCut
from pms.staffcards import queries, service
from pms.staffcards.models import StaffCardKind, StaffEnd
from pms.staffcards.rules import LostAnswer
from tests.keycards.desk import DESK, new_request, stay
from tests.keycards.test_work import erase, read, write_pages
from tests.staffcards.desk import BOSS, EARLY, ask, card_of, job_of, last_day, line_of


def again(job, *, overwrite=False):
    db.remove()
    batch_id = keycards.retry(job_id=job.id, request_id=new_request(), overwrite=overwrite, actor=BOSS, now=clock.now())
    db.remove()
    return batch_id


def grants_on(plastic) -> list:
    """The grants of staff on a card that a lock would take for genuine, in unit order."""
    from pms.locks import lock_keys

    site_key = properties.get_site_key()
    key_a = lock_keys.card_keys(site_key).a
    units = [unit or EMPTY_UNIT for unit in plastic.read_units(lambda uid, unit: sector_key(key_a, uid, unit))]
    found = []
    for number in range(len(units) - 1):
        header = read_header(units[number])
        if header is None or header.audience is not Audience.SCOPE:
            continue
        try:
            found.append(open_staff_grant(site_key.pk_staff, units[number] + units[number + 1], plastic.uid))
        except ProtocolError:
            continue
    return found


def swap_on_take_away(desk, batch_id, position=0, *, then=None):
    """In another thread: when the machine asks to take the card away, do so, and lay another one down or give up."""
    import threading

    def act():
        for _ in range(200):
            job = job_of(batch_id, position)
            if job.result and job.result.get("hint") == "take_away":
                break
            threading.Event().wait(0.02)
        if then is None:
            encoder_service.cancel_batch(batch_id=batch_id, actor=DESK, now=clock.now())
        else:
            desk.device.take_card()
            desk.device.put_card(then)
        db.remove()

    helper = threading.Thread(target=act)
    helper.start()
    return helper


# --- making


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG213, Medium.NTAG216])
def test_a_card_holds_what_the_book_says_and_is_confirmed(desk, house, medium):
    plastic = desk.staff(["1"], medium=medium, window=EARLY, shift_name="Early")
    card = card_of(plastic)
    ((header, body),) = grants_on(plastic)
    assert (header.target_id, header.version) == (house.scopes["1"].number, 1)
    assert (body.kind, body.issue) == (CardKind.STAFF, card.grants[0].issue)
    assert (body.weekdays, body.start_minute, body.end_minute) == (EARLY.weekdays, EARLY.start, EARLY.end)
    assert (body.not_before, body.not_after) == (int(card.valid_from.timestamp()), int(card.valid_until.timestamp()))
    assert (body.credential_id, body.is_concurrent, body.overrides_privacy) == (card.credential_id, False, False)
    assert (card.state, card.proof, card.proved_by) == (CardState.ACTIVE, Proof.CONFIRMED, "read_back")
    assert (card.uid, card.medium, card.shift_name) == (plastic.uid.hex(), medium.name, "Early")


def test_denials_stand_before_what_a_card_opens(desk, house):
    lost = desk.staff(["1", "2"])
    (new,) = desk.lose(lost, LostAnswer.CARRY)
    grants = grants_on(new)
    assert [body.kind for _header, body in grants] == [CardKind.DENY, CardKind.STAFF, CardKind.STAFF]
    header, denial = grants[0]
    assert (header.target_id, denial.issue) == (house.scopes["all"].number, card_of(lost).credential_id)
    assert denial.not_after == int(card_of(lost).valid_until.timestamp())
    assert (denial.weekdays, denial.start_minute, denial.end_minute) == (127, 0, 1440)


def test_an_emergency_card_overrides_privacy(desk):
    plastic = desk.staff([], kind=StaffCardKind.EMERGENCY, who="Safe")
    ((_header, body),) = grants_on(plastic)
    assert (body.kind, body.overrides_privacy) == (CardKind.EMERGENCY, True)


def test_a_small_card_has_room_for_one_grant(desk, house):
    batch_id = ask(desk.encoder_id, house, ["1", "2"])
    plastic = SimulatedCard.blank(Medium.NTAG213)
    before = plastic.to_json()
    desk.work(plastic)
    job = job_of(batch_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "card_too_small")
    assert (job.result["doors"], job.result["room"]) == (2, 1)
    assert plastic.to_json() == before
    assert queries.get_card(job.subject_id).state is CardState.VOID
    larger = SimulatedCard.blank(Medium.NTAG216)
    desk.make(again(job), larger)
    assert len(grants_on(larger)) == 2


def test_the_numbers_are_those_of_the_moment_of_writing(desk, house):
    batch_id = ask(desk.encoder_id, house)
    clock.freeze(clock.now() + timedelta(hours=1))
    service.raise_scope(scope_id=house.scopes["1"].id, actor=BOSS, now=clock.now())
    db.remove()
    (plastic,) = desk.make(batch_id)
    ((_header, body),) = grants_on(plastic)
    assert body.issue == int(clock.now().timestamp())
    assert line_of(card_of(plastic).id).attention is None


def test_a_holder_who_leaves_while_the_machine_waits_gets_no_card(desk, house):
    batch_id = ask(desk.encoder_id, house)
    with transaction() as session:
        session.get_one(Account, house.accounts["housekeeper"].id).is_active = False
    db.remove()
    desk.work(SimulatedCard.blank(Medium.CLASSIC_1K))
    assert job_of(batch_id).error_code == "holder_left"


def test_a_card_whose_time_is_over_is_not_written(desk, house):
    batch_id = ask(desk.encoder_id, house, last_day=last_day(0))
    clock.freeze(clock.now() + timedelta(days=1))
    desk.work(SimulatedCard.blank(Medium.CLASSIC_1K))
    assert job_of(batch_id).error_code == "not_wanted"


def test_a_cancelled_card_was_never_made(desk, house):
    batch_id = ask(desk.encoder_id, house)
    encoder_service.cancel_batch(batch_id=batch_id, actor=BOSS, now=clock.now())
    assert line_of(job_of(batch_id).subject_id).state is KeyState.NOT_MADE


# --- whose card is it


def test_somebody_elses_card_is_not_overwritten_without_a_question(desk, house):
    theirs = desk.staff(["1"], who="technician")
    batch_id = ask(desk.encoder_id, house)
    desk.work(theirs)
    job = job_of(batch_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "foreign_card")
    assert job.result["other"]["holder"] == "Technician"
    assert job.result["can_overwrite"] is True
    old_id = card_of(theirs).id
    desk.make(again(job, overwrite=True), theirs)
    dead = line_of(old_id)
    assert (dead.card.end_reason, dead.state) == (StaffEnd.OVERWRITTEN, KeyState.DEAD)
    assert card_of(theirs).account_id == house.accounts["housekeeper"].id


def test_ones_own_card_is_renewed_without_a_question(desk, house):
    plastic = desk.staff(["1"])
    old_id = card_of(plastic).id
    batch_id = service.renew(
        card_id=old_id,
        last_day=last_day(60),
        encoder_id=desk.encoder_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )
    db.remove()
    desk.make(batch_id, plastic)
    assert job_of(batch_id).state is JobState.DONE
    dead = line_of(old_id)
    assert (dead.card.end_reason, dead.state) == (StaffEnd.RENEWED, KeyState.DEAD)


def test_renewed_on_other_plastic_the_card_before_opens_to_its_own_end(desk, house):
    old = desk.staff(["1"])
    old_id = card_of(old).id
    batch_id = service.renew(
        card_id=old_id,
        last_day=last_day(60),
        encoder_id=desk.encoder_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )
    db.remove()
    (new,) = desk.make(batch_id)
    assert (line_of(old_id).card.end_reason, line_of(old_id).state) == (StaffEnd.RENEWED, KeyState.STILL_OPENS)
    assert card_of(new).replaces_id == old_id


def test_a_good_card_is_not_spent_on_itself(desk, house):
    plastic = desk.staff(["1"])
    batch_id = ask(desk.encoder_id, house)
    desk.device.put_card(plastic)
    helper = swap_on_take_away(desk, batch_id)
    desk.work(None)
    helper.join()
    assert job_of(batch_id).state is JobState.CANCELLED
    assert line_of(card_of(plastic).id).is_live


def test_a_guests_key_asks_and_ends_when_it_is_overwritten(desk, house):
    stay_id = stay(house, "101")
    (plastic,) = desk.keys_of(stay_id)
    batch_id = ask(desk.encoder_id, house)
    desk.work(plastic)
    job = job_of(batch_id)
    assert job.result["guest"] == "Claire Moreau"
    desk.make(again(job, overwrite=True), plastic)
    db.remove()
    assert keys.cards_of_stay(stay_id)[0].end_reason is EndReason.OVERWRITTEN
    assert len(grants_on(plastic)) == 1


def test_a_guests_key_written_over_a_staff_card_ends_it(desk, house):
    plastic = desk.staff(["1"])
    batch_id = desk.ask(stay(house, "101"))
    desk.work(plastic)
    job = job_of(batch_id)
    assert (job.result["kind"], job.result["other"]["holder"]) == ("staff", "Housekeeper")
    old_id = card_of(plastic).id
    desk.make(again(job, overwrite=True), plastic)
    assert (line_of(old_id).card.end_reason, line_of(old_id).state) == (StaffEnd.OVERWRITTEN, KeyState.DEAD)
    assert grants_on(plastic) == []


def test_a_lost_card_that_is_found_may_be_used_for_anybody_and_is_dead(desk, house):
    lost = desk.staff(["1"])
    lost_id = card_of(lost).id
    desk.lose(lost, LostAnswer.LATER)
    desk.make(desk.ask(stay(house, "101")), lost)
    line = line_of(lost_id)
    assert (line.card.end_reason, line.state, line.doors_to_deny) == (StaffEnd.LOST, KeyState.DEAD, [])
    assert queries.lost_cards(clock.now()) == []


# --- reading and erasing


def test_a_card_that_was_found_names_its_holder(desk, house):
    plastic = desk.staff(["1"], who="technician")
    told = read(desk, plastic)
    assert (told["kind"], told["other"]["holder"], told["other"]["is_lost"]) == ("staff", "Technician", False)
    desk.lose(plastic, LostAnswer.LATER)
    told = read(desk, plastic)
    assert (told["kind"], told["other"]["is_lost"]) == ("dead", True)


def test_a_visitors_card_and_a_deny_card_are_named_too(desk):
    visitor = desk.visitor("101", name="Plumber")
    assert read(desk, visitor)["other"]["holder"] == "Plumber"
    lost = desk.staff(["1"])
    (deny,) = desk.lose(lost, LostAnswer.DENY)
    told = read(desk, deny)["other"]
    assert (told["holder"], told["what"]) == ("Housekeeper", "Deny card")


def test_a_copied_staff_card_is_damaged_and_opens_nothing(desk):
    plastic = desk.staff(["1"], medium=Medium.NTAG215)
    clone = SimulatedCard.blank(Medium.NTAG215)
    write_pages(clone, b"".join(unit or b"" for unit in plastic.read_units())[: 48 * 2])
    told = read(desk, clone)
    assert (told["kind"], told["damaged"], told["other"]) == ("staff", True, None)
    assert desk.door("101").hold(clone) == "tampered"


def test_an_erased_card_is_dead_and_that_is_proved(desk):
    plastic = desk.staff(["1"])
    card_id = card_of(plastic).id
    job = erase(desk, plastic)
    assert job.error_code == "foreign_card"
    desk.make(again(job, overwrite=True), plastic)
    line = line_of(card_id)
    assert (line.card.end_reason, line.card.proved_by, line.state) == (StaffEnd.ERASED, "erased", KeyState.DEAD)
    assert desk.door("101").hold(plastic) == "not_addressed"


def test_reading_a_blank_proves_that_the_card_is_gone(desk):
    plastic = desk.staff(["1"], medium=Medium.NTAG215)
    card_id = card_of(plastic).id
    write_pages(plastic, bytes(48 * 8))
    assert read(desk, plastic)["kind"] == "blank"
    assert line_of(card_id).state is KeyState.DEAD


# --- torn writes


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG216])
@pytest.mark.parametrize(
    ("write", "moment"),
    # After a unit is before the next one: the plastic is the same and so is what the server hears, namely nothing.
    [*product(range(1, 9), (Moment.BEFORE, Moment.TORN)), (8, Moment.AFTER)],
)
def test_torn_at_any_unit_a_card_holds_no_grant_that_was_not_meant_and_doing_it_again_ends_well(
    desk, house, medium, write, moment
):
    """The plastic held four grants of somebody else; whatever is torn, each grant on it is one of theirs or of ours."""
    from pms.locks import service as locks

    sections = [
        locks.create_section(name=name, door_ids=[], actor=BOSS, now=clock.now()).id for name in ("East", "West")
    ]
    plastic = desk.staff(["1", "2", *sections], who="technician", medium=medium)
    theirs = grants_on(plastic)
    batch_id = again_over(desk, house, plastic, ["2", "1"])
    desk.device.faults.cut = WriteCut(write, moment, Act.UNPLUG)
    try:
        desk.work(plastic)
    except EncoderGone:
        desk.device.plug_in()
        desk.port.open()
    job = job_of(batch_id)
    desk.device.faults.cut = None
    mine = queries.get_card(job.subject_id).credential_id
    for header, body in grants_on(plastic):
        is_ours = body.credential_id == mine and header.target_id in {house.scopes[name].number for name in ("1", "2")}
        assert is_ours or (header, body) in theirs
    assert job.state in (JobState.UNKNOWN, JobState.FAILED, JobState.DONE)
    if job.state is not JobState.DONE:
        if job.state is JobState.UNKNOWN:
            assert line_of(job.subject_id).state is KeyState.UNKNOWN
        desk.make(again(job, overwrite=True), plastic)
    assert {body.credential_id for _header, body in grants_on(plastic)} == {card_of(plastic).credential_id}
    assert len(grants_on(plastic)) == 2


def again_over(desk, house, plastic, scopes) -> str:
    """A batch that may overwrite this plastic."""
    batch_id = ask(desk.encoder_id, house, scopes)
    desk.work(plastic)
    return again(job_of(batch_id), overwrite=True)


@pytest.mark.parametrize("write", [1, 2])
def test_a_torn_new_card_is_unknown_until_it_is_read(desk, house, write):
    batch_id = ask(desk.encoder_id, house)
    plastic = SimulatedCard.blank(Medium.CLASSIC_1K)
    desk.device.faults.cut = WriteCut(write, Moment.TORN, Act.UNPLUG)
    with pytest.raises(EncoderGone):
        desk.work(plastic)
    desk.device.plug_in()
    desk.port.open()
    card_id = job_of(batch_id).subject_id
    assert (line_of(card_id).state, line_of(card_id).card.proof) == (KeyState.UNKNOWN, Proof.UNKNOWN)
    opens = desk.door("101").hold(plastic) == "opened"
    read(desk, plastic)
    # Torn content is no proof of anything; an empty card is.
    assert line_of(card_id).state in ((KeyState.CONFIRMED,) if opens else (KeyState.UNKNOWN, KeyState.DEAD))


def test_retrying_a_batch_makes_the_cards_that_are_left(desk, house):
    lost = desk.staff(["1"])
    db.remove()
    batch_id = service.report_lost(
        card_id=card_of(lost).id,
        answer=LostAnswer.BOTH,
        encoder_id=desk.encoder_id,
        request_id=new_request(),
        actor=BOSS,
        now=clock.now(),
    )
    encoder_service.cancel_batch(batch_id=batch_id, actor=BOSS, now=clock.now())
    retried = again(job_of(batch_id))
    deny, new = desk.make(retried)
    assert [body.kind for _header, body in grants_on(deny)] == [CardKind.DENY]
    assert [body.kind for _header, body in grants_on(new)] == [CardKind.STAFF]
    assert card_of(new).replaces_id == card_of(lost).id


def test_a_wish_for_the_same_card_is_the_same_card(desk):
    from pms.staffcards import drafts

    card = card_of(desk.staff(["1", "2"], window=EARLY, shift_name="Early"))
    wish = drafts.wish_of(card)
    assert wish == replace(wish, window=EARLY, shift_name="Early", valid_until=card.valid_until)
    assert wish.scope_ids == tuple(grant.scope_id for grant in card.grants)
