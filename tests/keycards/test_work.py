"""What lies on the machine, what is written there, and what the book says of it afterwards; over a pseudo-terminal."""

from __future__ import annotations

import pytest

from pms.core import clock
from pms.core.db import db
from pms.devices.errors import EncoderGone
from pms.encoders import queries as encoders
from pms.encoders import service as encoder_service
from pms.encoders.models import JobState
from pms.keycards import losses, queries, service
from pms.keycards.models import CardState, EndReason, Proof
from pms.keycards.rules import KeyState
from pms.properties import queries as properties
from pms.protocol.card import Audience, CardBody, CardKind, GrantHeader, sign_staff_grant
from pms.protocol.card_layout import Medium, split_staff_grant
from pms.protocol.encoder_line import KeyKind
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import Act, Moment, WriteCut
from pms.stays import service as stays
from tests.keycards.desk import DESK, Desk, door_lock, hold, new_request, seen_at_door, stay


def read(desk: Desk, card) -> dict:
    """Read a card on the machine; what the page is told."""
    batch_id = service.read(encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now())
    desk.work(card)
    return job_of(batch_id).result


def erase(desk: Desk, card):
    batch_id = service.erase(encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now())
    desk.work(card)
    return job_of(batch_id)


def job_of(batch_id, position=0):
    db.remove()
    return encoders.batch(batch_id)[position]


def newest(stay_id):
    db.remove()
    return queries.cards_of_stay(stay_id)[0]


def again(job, *, overwrite=False):
    return service.retry(job_id=job.id, request_id=new_request(), overwrite=overwrite, actor=DESK, now=clock.now())


def line_of(card_id):
    (line,) = queries.lines([queries.get_card(card_id)], now=clock.now())
    return line


def staff_card():
    key = properties.get_site_key()
    card = SimulatedCard.blank(Medium.NTAG215)
    body = CardBody(CardKind.STAFF, 1, int(clock.now().timestamp()), int(clock.now().timestamp()) + 86400, 77)
    grant = sign_staff_grant(key.sk_staff, GrantHeader(key.key_version, Audience.SCOPE, 5), body, card.uid)
    write_pages(card, b"".join(split_staff_grant(grant)))
    return card


def write_pages(card, content):
    for index in range(0, len(content), 4):
        card.write_row(4 + index // 4, KeyKind.NONE, bytes(6), content[index : index + 4])


def foreign_classic():
    """A card whose sectors somebody else has locked."""
    card = SimulatedCard.blank(Medium.CLASSIC_1K)
    trailer = b"theirA" + bytes.fromhex("78778869") + b"theirB"
    for unit in (1, 2):
        card.write_row(4 * unit + 3, KeyKind.A, b"\xff" * 6, trailer)
    return card


# --- making


def test_a_card_is_confirmed_because_it_was_read_back(house, desk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    card = newest(stay_id)
    assert (card.state, card.proof, card.proved_by) == (CardState.ACTIVE, Proof.CONFIRMED, "read_back")
    assert (card.uid, card.medium) == (plastic.uid.hex(), "CLASSIC_1K")


def test_a_card_with_more_doors_than_room_is_refused_before_the_first_byte(house, desk):
    from pms.core.db import transaction
    from pms.locks.models import Area

    with transaction() as session:
        session.add(Area(number=30, name="Pool"))
    batch_id = desk.ask(stay(house))
    card = SimulatedCard.blank(Medium.NTAG213)
    before = card.to_json()
    desk.work(card)
    job = job_of(batch_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "card_too_small")
    assert card.to_json() == before


def test_a_finished_card_left_on_the_machine_is_not_made_into_the_next_one(house, desk):
    """The clerk leaves card 1 lying, then swaps it: the machine waits for the swap."""
    import threading

    stay_id = stay(house)
    batch_id = desk.ask(stay_id, copies=2)
    first, second = SimulatedCard.blank(Medium.CLASSIC_1K), SimulatedCard.blank(Medium.CLASSIC_1K)
    desk.work(first)
    desk.device.put_card(first)

    def swap():
        for _ in range(100):
            job = job_of(batch_id, 1)
            if job.result and job.result["hint"] == "take_away":
                break
            threading.Event().wait(0.05)
        desk.device.take_card()
        desk.device.put_card(second)
        db.remove()

    swapper = threading.Thread(target=swap)
    swapper.start()
    desk.work(None)
    swapper.join()
    assert [job.card_uid for job in encoders.batch(batch_id)] == [first.uid.hex(), second.uid.hex()]


def test_a_good_card_of_the_party_is_not_spent_on_a_copy(house, desk):
    """One more card was asked for and the first one lies on the machine: it is not overwritten with itself."""
    import threading

    stay_id = stay(house)
    (first,) = desk.keys_of(stay_id)
    batch_id = desk.ask(stay_id)
    desk.device.put_card(first)

    def give_up():
        for _ in range(100):
            job = job_of(batch_id)
            if job.result and job.result["hint"] == "take_away":
                break
            threading.Event().wait(0.05)
        encoder_service.cancel_batch(batch_id=batch_id, actor=DESK, now=clock.now())
        db.remove()

    helper = threading.Thread(target=give_up)
    helper.start()
    desk.work(None)
    helper.join()
    assert job_of(batch_id).state is JobState.CANCELLED
    assert hold(door_lock(house.rooms["101"].id), first) == "opened"


# --- whose card is it


def test_another_guests_live_card_is_not_overwritten_without_a_question(house, desk):
    other = stay(house, "102", name="Sato")
    (theirs,) = desk.keys_of(other)
    batch_id = desk.ask(stay(house, "101"))
    desk.work(theirs)
    job = job_of(batch_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "foreign_card")
    assert job.result["guest"] == "Claire Sato"
    assert job.result["room"] == "102"
    assert hold(door_lock(house.rooms["102"].id), theirs) == "opened"


def test_with_the_question_answered_it_is_overwritten_and_the_other_key_is_dead_for_certain(house, desk):
    other, mine = stay(house, "102", name="Sato"), stay(house, "101")
    (theirs,) = desk.keys_of(other)
    batch_id = desk.ask(mine)
    desk.work(theirs)
    desk.make(again(job_of(batch_id), overwrite=True), theirs)
    assert hold(door_lock(house.rooms["101"].id), theirs) == "opened"
    assert hold(door_lock(house.rooms["102"].id), theirs) == "not_addressed"
    dead = newest(other)
    assert (dead.state, dead.end_reason, dead.proof) == (CardState.ENDED, EndReason.OVERWRITTEN, Proof.CONFIRMED)
    assert line_of(dead.id).state is KeyState.DEAD


def test_the_answer_counts_for_that_card_only(house, desk):
    (theirs,) = desk.keys_of(stay(house, "102", name="Sato"))
    (others,) = desk.keys_of(stay(house, "103", name="Weber"))
    batch_id = desk.ask(stay(house, "101"))
    desk.work(theirs)
    retried = again(job_of(batch_id), overwrite=True)
    desk.work(others)
    assert job_of(retried).error_code == "foreign_card"


@pytest.mark.parametrize("make", [staff_card, foreign_classic])
def test_staff_cards_and_cards_of_others_are_not_overwritten_without_a_question(house, desk, make):
    card = make()
    before = card.to_json()
    batch_id = desk.ask(stay(house))
    desk.work(card)
    job = job_of(batch_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "foreign_card")
    assert job.result["kind"] == ("staff" if make is staff_card else "foreign")
    assert job.result["can_overwrite"] is (make is staff_card)
    assert card.to_json() == before


def test_rubbish_on_a_card_that_anybody_may_write_asks_and_can_be_overwritten(house, desk):
    card = SimulatedCard.blank(Medium.NTAG215)
    write_pages(card, b"\x03\x10somebody else's ticket".ljust(48, b"."))
    batch_id = desk.ask(stay(house))
    desk.work(card)
    assert job_of(batch_id).result["can_overwrite"] is True
    desk.make(again(job_of(batch_id), overwrite=True), card)
    assert hold(door_lock(house.rooms["101"].id), card) == "opened"


def test_a_card_of_a_guest_who_left_is_taken_without_a_question(house, desk):
    gone = stay(house, "102", name="Sato")
    (old,) = desk.keys_of(gone)
    step = stays.check_out(stay_id=gone, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=gone, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    desk.make(desk.ask(stay(house, "101")), old)
    assert hold(door_lock(house.rooms["101"].id), old) == "opened"
    assert line_of(newest(gone).id).state is KeyState.DEAD


# --- torn writes


@pytest.mark.parametrize("write", [1, 2, 3])
@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("moment", list(Moment))
def test_pulled_in_the_middle_the_key_is_unknown_and_doing_it_again_ends_well(house, desk, write, act, moment):
    stay_id = stay(house)
    desk.device.faults.cut = WriteCut(write, moment, act)
    batch_id = desk.ask(stay_id)
    plastic = SimulatedCard.blank(Medium.CLASSIC_1K)
    try:
        desk.work(plastic)
    except EncoderGone:
        desk.device.plug_in()
        desk.port.open()
    job = job_of(batch_id)
    first = newest(stay_id)
    if job.state is JobState.FAILED:
        assert first.state is CardState.VOID
    else:
        assert job.state is JobState.UNKNOWN
        assert (first.state, first.proof, first.uid) == (CardState.UNKNOWN, Proof.UNKNOWN, plastic.uid.hex())
        assert queries.summary_for_stays([stay_id], now=clock.now())[stay_id].unknown == 1
    desk.make(again(job), plastic)
    assert hold(door_lock(house.rooms["101"].id), plastic) == "opened"
    summary = queries.summary_for_stays([stay_id], now=clock.now())[stay_id]
    assert (summary.live, summary.unknown) == (1, 0)


def test_reading_an_interrupted_card_tells_what_is_true(house, desk):
    stay_id = stay(house)
    desk.device.faults.cut = WriteCut(2, Moment.BEFORE, Act.UNPLUG)
    desk.ask(stay_id)
    plastic = SimulatedCard.blank(Medium.CLASSIC_1K)
    with pytest.raises(EncoderGone):
        desk.work(plastic)
    desk.device.plug_in()
    desk.port.open()
    card_id = newest(stay_id).id
    opens = hold(door_lock(house.rooms["101"].id), plastic) == "opened"
    told = read(desk, plastic)
    db.remove()
    card = queries.get_card(card_id)
    assert told["holds"] is opens
    assert card.state is (CardState.ACTIVE if opens else CardState.ENDED)
    assert card.proof is Proof.CONFIRMED


def test_a_torn_write_leaves_the_earlier_grant_whole(house, desk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    row = newest(stay_id)
    batch_id = losses.report_lost(
        key_card_id=row.id, encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now()
    )
    lock = door_lock(house.rooms["101"].id)
    desk.device.faults.cut = WriteCut(1, Moment.TORN, Act.UNPLUG)
    with pytest.raises(EncoderGone):
        desk.work(plastic)
    desk.device.plug_in()
    desk.port.open()
    assert hold(lock, plastic) == "opened"
    assert job_of(batch_id).state is JobState.UNKNOWN


# --- reading and erasing


def test_a_card_that_was_read_says_whose_it_is_and_until_when(house, desk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    told = read(desk, plastic)
    assert told["card_id"] == str(newest(stay_id).id)
    assert told["holds"] is True
    assert [grant["name"] for grant in told["grants"]] == ["101", "Lobby"]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: SimulatedCard.blank(Medium.CLASSIC_1K), "blank"),
        (lambda: SimulatedCard.blank(Medium.NTAG213), "blank"),
        (staff_card, "staff"),
        (foreign_classic, "foreign"),
    ],
)
def test_other_cards_are_told_apart(house, desk, make, kind):
    assert read(desk, make())["kind"] == kind


def test_a_grant_copied_to_another_card_is_no_key(house, desk):
    (plastic,) = desk.make(desk.ask(stay(house)), medium=Medium.NTAG215)
    clone = SimulatedCard.blank(Medium.NTAG215)
    write_pages(clone, b"".join(unit or b"" for unit in plastic.read_units())[: 48 * 3])
    told = read(desk, clone)
    assert (told["kind"], told["damaged"], told["card_id"]) == ("foreign", True, None)
    assert hold(door_lock(house.rooms["101"].id), clone) == "tampered"


def test_reading_confirms_a_believed_key(house, desk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    step = stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    service.reinstate(step_id=step.id, actor=DESK, now=clock.now())
    stays.undo_last(stay_id=stay_id, step_id=step.id, actor=DESK, now=clock.now())
    assert newest(stay_id).proof is Proof.BELIEVED
    read(desk, plastic)
    assert newest(stay_id).proof is Proof.CONFIRMED


def test_an_erased_card_is_dead_and_that_is_proved(house, desk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    step = stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    assert erase(desk, plastic).state is JobState.DONE
    assert hold(door_lock(house.rooms["101"].id), plastic) == "not_addressed"
    card = newest(stay_id)
    assert (card.proof, card.proved_by) == (Proof.CONFIRMED, "erased")
    assert line_of(card.id).state is KeyState.DEAD


def test_a_key_in_use_is_not_erased_without_a_question(house, desk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    job = erase(desk, plastic)
    assert job.error_code == "foreign_card"
    retried = again(job, overwrite=True)
    desk.work(plastic)
    assert job_of(retried).state is JobState.DONE
    assert newest(stay_id).end_reason is EndReason.ERASED


# --- the stay ends meanwhile


def test_a_check_out_cancels_cards_that_are_not_begun(house, desk):
    stay_id = stay(house)
    batch_id = desk.ask(stay_id, copies=2)
    step = stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    assert [job.state for job in encoders.batch(batch_id)] == [JobState.CANCELLED] * 2
    assert {card.state for card in queries.cards_of_stay(stay_id)} == {CardState.VOID}


# --- the door speaks


def seen(house, plastic, result, room="101"):
    db.remove()
    return seen_at_door(house, queries.cards_with_uid(plastic.uid.hex())[0], result, room)


def test_an_opening_confirms_the_card_and_proves_older_ones_dead(house, desk):
    gone = stay(house)
    desk.keys_of(gone)
    step = stays.check_out(stay_id=gone, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=gone, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    assert line_of(newest(gone).id).state is KeyState.STILL_OPENS
    (new,) = desk.keys_of(stay(house, name="Sato"))
    card = seen(house, new, result=0)
    assert (card.proof, card.proved_by) == (Proof.CONFIRMED, "door")
    db.remove()
    assert line_of(newest(gone).id).state is KeyState.DEAD


def test_an_unknown_card_that_opened_is_unknown_no_more(house, desk):
    stay_id = stay(house)
    desk.device.faults.cut = WriteCut(3, Moment.TORN, Act.UNPLUG)
    desk.ask(stay_id)
    plastic = SimulatedCard.blank(Medium.CLASSIC_1K)
    with pytest.raises(EncoderGone):
        desk.work(plastic)
    card = seen(house, plastic, result=0)
    assert (card.state, card.proof) == (CardState.ACTIVE, Proof.CONFIRMED)


def test_a_refusal_at_the_door_is_proof_too(house, desk):
    (plastic,) = desk.keys_of(stay(house))
    assert seen(house, plastic, result=7).refused_since == clock.now()
