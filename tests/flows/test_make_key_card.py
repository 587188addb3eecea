"""A key card on its whole way: the clerk asks, the owner of the ports takes the job, pyserial talks to a pseudo-terminal,
the machine writes, the door opens; and when something goes wrong on the way, everybody says the same of the card."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest

from pms.core import clock
from pms.core.db import db, transaction
from pms.devices.port import Port
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders import service as encoder_service
from pms.encoders.models import EncoderJob, EncoderState, JobState
from pms.encoders.service import TooLateToCancel
from pms.encoders.words import ERROR_WORDS
from pms.keycards import progress, service
from pms.keycards.models import CardState, EndReason, Proof
from pms.keycards.rules import KeyState
from pms.locks import queries as locks
from pms.locks.models import Area
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import KeyKind, Status
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import Act, Moment, SimulatedEncoder, WriteCut
from pms.stays import service as stays
from tests.client import PageClient, text_of
from tests.flows.desk import Desk, Moments, blank, book, cards_of, until
from tests.keycards.desk import DESK, area_lock, door_lock, hold, new_request, stay
from tests.keycards.test_work import foreign_classic, staff_card, write_pages

QUEUED, WAITING, WRITING, CHECKING = JobState.QUEUED, JobState.WAITING, JobState.WRITING, JobState.CHECKING
DONE, FAILED, CANCELLED = JobState.DONE, JobState.FAILED, JobState.CANCELLED


def at_door(house, card, room="101") -> str:
    return hold(door_lock(house.rooms[room].id), card)


# --- when all goes well


@pytest.mark.parametrize("medium", [Medium.NTAG213, Medium.CLASSIC_1K])
def test_from_the_question_to_the_open_door(any_desk, any_house, moments, medium):
    seen = []
    desk, house = any_desk, any_house
    stay_id = stay(house)
    # Before the owner of the ports is there, the job waits in its table.
    batch_id = desk.ask(stay_id)
    seen.append(desk.jobs(batch_id)[0].state)
    for moment in ("claimed", "writing", "checking"):
        moments.at(moment, lambda: seen.append(desk.jobs(batch_id)[0].state))
    desk.open()
    desk.wait_for(batch_id, WAITING)
    assert book(stay_id) == [KeyState.IN_MAKING]
    plastic = desk.machine.put(blank(medium))
    done = desk.wait_for(batch_id, DONE)
    assert seen == [QUEUED, WAITING, WRITING, CHECKING]
    assert (done.card_uid, done.card_medium, done.error_code) == (plastic.uid.hex(), medium.name, None)
    (card,) = cards_of(stay_id)
    assert (card.state, card.proof, card.uid) == (CardState.ACTIVE, Proof.CONFIRMED, plastic.uid.hex())
    assert book(stay_id) == [KeyState.CONFIRMED]
    assert at_door(house, plastic) == "opened"
    assert at_door(house, plastic, "102") == "not_addressed"
    assert hold(area_lock(house), plastic) == "opened"
    desk.machine.clear()
    told = desk.read(plastic)
    assert (told["holds"], told["damaged"], told["card_id"]) == (True, False, str(card.id))


def test_two_copies_are_made_one_after_the_other(desk, house):
    stay_id = stay(house)
    batch_id = desk.open().ask(stay_id, copies=2)
    desk.wait_for(batch_id, WAITING)
    assert desk.jobs(batch_id)[1].state is QUEUED
    first = desk.machine.put(blank())
    desk.wait_for(batch_id, DONE, position=1)
    # The finished card still lies there: it is not made into the second one, and the page says what to do.
    until(lambda: (desk.jobs(batch_id)[1].result or {}).get("hint") == "take_away")
    second = desk.machine.put(blank())
    desk.wait_for(batch_id, DONE, position=2)
    assert encoders.uids_done_in_batch(batch_id) == {first.uid.hex(), second.uid.hex()}
    assert book(stay_id) == [KeyState.CONFIRMED] * 2
    lock = door_lock(house.rooms["101"].id)
    assert [hold(lock, card) for card in (first, second, first)] == ["opened"] * 3
    ids = {card.credential_id for card in cards_of(stay_id)}
    assert len(ids) == 2


def test_two_machines_work_at_once(any_desk, any_house, moments):
    desk, house = any_desk, any_house
    desk.add_machine("Front desk 2", "0932211c49aeb701")
    desk.open()
    mine, theirs = stay(house, "101"), stay(house, "102", name="Sato")
    batches = [desk.ask(mine, machine=desk.machines[0]), desk.ask(theirs, machine=desk.machines[1])]
    for batch_id in batches:
        desk.wait_for(batch_id, WAITING)
    # The first machine is in the middle of its card until the second one has finished.
    moments.at("writing", lambda: desk.wait_for(batches[1], DONE))
    first = desk.machines[0].put(blank())
    until(lambda: moments.is_over)
    assert desk.jobs(batches[0])[0].state is WRITING
    second = desk.machines[1].put(blank())
    for batch_id in batches:
        desk.wait_for(batch_id, DONE)
    assert [at_door(house, first), at_door(house, second)] == ["opened", "not_addressed"]
    assert [at_door(house, card, "102") for card in (first, second)] == ["not_addressed", "opened"]


@pytest.mark.parametrize("moment", ["claimed", "reading", "writing", "checking"])
def test_a_hiccup_of_the_line_is_nobodys_business(desk, house, moments, impatient, moment):
    faults = desk.machine.device.faults

    def hiccup() -> None:
        faults.drop_answers = faults.garble_answers = faults.double_answers = 1

    stay_id = stay(house)
    moments.at(moment, hiccup)
    plastic = desk.open().make(stay_id, blank())
    assert (faults.drop_answers, faults.garble_answers, faults.double_answers) == (0, 0, 0)
    assert book(stay_id) == [KeyState.CONFIRMED]
    # The two units that the card needed, each written once.
    assert desk.machine.device.writes == 2
    assert at_door(house, plastic) == "opened"


# --- when something goes wrong


@dataclass
class Scene:
    """One card for one stay at one desk, and the one thing that goes wrong."""

    desk: Desk
    moments: Moments
    stay_id: int
    plastic: SimulatedCard
    other: SimulatedCard
    batch_id: str = ""

    @property
    def device(self) -> SimulatedEncoder:
        return self.desk.machine.device


def take(scene: Scene) -> None:
    scene.device.take_card()


def swap(scene: Scene) -> None:
    scene.desk.machine.put(scene.other)


def unplug(scene: Scene) -> None:
    scene.device.unplug()


def be_silent(scene: Scene) -> None:
    """As often as a request is sent."""
    scene.device.faults.drop_answers = 4


def garble(scene: Scene) -> None:
    """Wrong check sums, as often as a request is sent."""
    scene.device.faults.garble_answers = 4


def refuse(status: Status) -> Callable[[Scene], None]:
    return lambda scene: scene.device.faults.refusals.append(status)


def cut(write: int, moment: Moment, act: Act) -> Callable[[Scene], None]:
    return lambda scene: setattr(scene.device.faults, "cut", WriteCut(write, moment, act))


def spoil(scene: Scene) -> None:
    """A page in the middle of the main grant forgets what it holds."""
    scene.plastic.write_row(10, KeyKind.NONE, bytes(6), b"\xee" * 4)


def cancel(scene: Scene) -> None:
    scene.desk.cancel(scene.batch_id)


def nothing(scene: Scene) -> None:
    """Nobody does anything."""


# While the machine waits nothing was written: (when, what, state, error). The card is put unless it is the fault.
BEFORE_THE_FIRST_BYTE = [
    ("waiting", nothing, FAILED, "timeout"),
    ("waiting", cancel, CANCELLED, "cancelled"),
    ("waiting", unplug, FAILED, "gone"),
    ("claimed", be_silent, FAILED, "silent"),
    ("claimed", garble, FAILED, "silent"),
    ("reading", take, FAILED, "no_card"),
    ("reading", swap, FAILED, "card_changed"),
    ("reading", unplug, FAILED, "gone"),
    ("reading", be_silent, FAILED, "silent"),
    ("reading", garble, FAILED, "silent"),
    ("reading", cancel, CANCELLED, "cancelled"),
]


@pytest.fixture
def scene(desk, house, moments, impatient) -> Scene:
    return Scene(desk, moments, stay(house), blank(), blank())


def run(scene: Scene, moment: str, fault: Callable[[Scene], None]) -> EncoderJob:
    """Ask, put the card, let it go wrong; the job as it ended."""
    desk = scene.desk.open()
    if moment != "waiting":
        scene.moments.at(moment, lambda: fault(scene))
    scene.batch_id = desk.ask(scene.stay_id)
    if moment == "waiting":
        desk.wait_for(scene.batch_id, WAITING)
        fault(scene)
    elif moment != "claimed":
        desk.machine.put(scene.plastic)
    job = desk.wait_for(scene.batch_id)
    assert scene.moments.is_over
    return job


def says(clerk, batch_id) -> str:
    """What the page says, read like any page."""
    return text_of(clerk.get(f"/keys/batches/{batch_id}"))


def why(batch_id) -> str:
    """The sentence that the page shows."""
    db.remove()
    return progress.find(batch_id, now=clock.now()).why


def repeat_and_check(scene: Scene, house) -> None:
    """Plug in what was unplugged, put the card back, press the button: exactly one card opens, and the book knows it."""
    before = book(scene.stay_id)
    scene.device.plug_in()
    scene.desk.machine.put(scene.plastic)
    again = scene.desk.again(scene.batch_id)
    scene.desk.wait_for(again, DONE)
    assert book(scene.stay_id)[len(before) :] == [KeyState.CONFIRMED]
    assert set(book(scene.stay_id)[: len(before)]) <= {KeyState.NOT_MADE, KeyState.DEAD}
    assert [at_door(house, card) for card in (scene.plastic, scene.other)] == ["opened", "not_addressed"]
    assert hold(area_lock(house), scene.plastic) == "opened"


@pytest.mark.parametrize(("moment", "fault", "state", "code"), BEFORE_THE_FIRST_BYTE)
def test_before_the_first_byte_nothing_is_written(scene, house, monkeypatch, moment, fault, state, code):
    if code == "timeout":
        monkeypatch.setattr(encoder_rules, "CARD_SECONDS", 0.3)
    blanks = [card.to_json() for card in (scene.plastic, scene.other)]
    job = run(scene, moment, fault)
    assert (job.state, job.error_code) == (state, code)
    assert [card.to_json() for card in (scene.plastic, scene.other)] == blanks
    assert scene.device.writes == 0
    assert at_door(house, scene.plastic) == "not_addressed"
    (card,) = cards_of(scene.stay_id)
    assert (card.state, card.uid) == (CardState.VOID, None)
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    assert why(scene.batch_id) == ERROR_WORDS[code]
    monkeypatch.setattr(encoder_rules, "CARD_SECONDS", 30)
    repeat_and_check(scene, house)


# From the first byte on nobody can be sure: (when, what, error, what the door says to the plastic).
AFTER_THE_FIRST_BYTE = [
    ("writing", take, "no_card", "not_addressed"),
    ("writing", swap, "card_changed", "not_addressed"),
    ("writing", unplug, "gone", "not_addressed"),
    ("writing", refuse(Status.WRITE_FAILED), "write_failed", "not_addressed"),
    ("writing", refuse(Status.READ_BACK_DIFFERS), "verify_failed", "not_addressed"),
    ("writing", cut(1, Moment.TORN, Act.UNPLUG), "gone", "tampered"),
    ("writing", cut(1, Moment.TORN, Act.TAKE), "no_card", "tampered"),
    ("writing", cut(1, Moment.AFTER, Act.UNPLUG), "gone", "opened"),
    ("writing", cut(2, Moment.TORN, Act.UNPLUG), "gone", "opened"),
    ("writing", cut(2, Moment.TORN, Act.TAKE), "no_card", "opened"),
    # The command was heard and done; only the answer is missing.
    ("writing", be_silent, "silent", "opened"),
    ("writing", garble, "silent", "opened"),
    ("checking", take, "no_card", "opened"),
    ("checking", swap, "card_changed", "opened"),
    ("checking", unplug, "gone", "opened"),
    ("checking", be_silent, "silent", "opened"),
    ("checking", garble, "silent", "opened"),
    ("checking", spoil, "verify_failed", "tampered"),
]


@pytest.mark.parametrize(("moment", "fault", "code", "door"), AFTER_THE_FIRST_BYTE)
def test_after_the_first_byte_nobody_knows_and_everybody_says_so(scene, house, moment, fault, code, door):
    other = scene.other.to_json()
    job = run(scene, moment, fault)
    assert (job.state, job.error_code) == (JobState.UNKNOWN, code)
    assert scene.other.to_json() == other
    assert at_door(house, scene.plastic) == door
    (card,) = cards_of(scene.stay_id)
    assert (card.state, card.proof, card.uid) == (CardState.UNKNOWN, Proof.UNKNOWN, scene.plastic.uid.hex())
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    assert why(scene.batch_id) == ERROR_WORDS[code]
    repeat_and_check(scene, house)


def test_torn_in_a_sector_whose_key_is_not_ours_yet_the_door_cannot_read_it(scene, house):
    scene.plastic, scene.other = blank(Medium.CLASSIC_1K), blank(Medium.CLASSIC_1K)
    job = run(scene, "writing", cut(1, Moment.TORN, Act.UNPLUG))
    assert (job.state, job.error_code) == (JobState.UNKNOWN, "gone")
    assert at_door(house, scene.plastic) == "not_addressed"
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    repeat_and_check(scene, house)


def test_with_other_plastic_the_first_card_stays_possibly_valid_until_it_is_read(scene, house):
    run(scene, "checking", take)
    scene.desk.machine.put(scene.other)
    scene.desk.wait_for(scene.desk.again(scene.batch_id), DONE)
    assert book(scene.stay_id) == [KeyState.UNKNOWN, KeyState.CONFIRMED]
    assert [at_door(house, card) for card in (scene.plastic, scene.other)] == ["opened", "opened"]
    told = scene.desk.read(scene.plastic)
    assert told["holds"] is True
    assert book(scene.stay_id) == [KeyState.CONFIRMED, KeyState.CONFIRMED]


# --- while the job is queued


def test_cancelled_while_it_is_queued(desk, house, clerk):
    stay_id, plastic = stay(house), blank()
    before = plastic.to_json()
    batch_id = desk.ask(stay_id, copies=2)
    desk.cancel(batch_id)
    assert [(job.state, job.error_code) for job in desk.jobs(batch_id)] == [(CANCELLED, "cancelled")] * 2
    assert book(stay_id) == [KeyState.NOT_MADE] * 2
    # The owner of the ports comes later and finds nothing to do, though a card lies ready.
    desk.machine.put(plastic)
    desk.open()
    assert "It was cancelled before anything was written." in says(clerk, batch_id)
    desk.machine.clear()
    desk.read(plastic)
    assert (plastic.to_json(), desk.machine.device.writes) == (before, 0)
    again = desk.again(batch_id)
    cards = [blank(), blank()]
    for position, card in enumerate(cards, 1):
        desk.machine.put(card)
        desk.wait_for(again, DONE, position=position)
    assert [at_door(house, card) for card in cards] == ["opened"] * 2
    assert book(stay_id)[2:] == [KeyState.CONFIRMED] * 2


def test_a_machine_that_stays_away_is_not_waited_for_for_ever(desk, house, now):
    desk.open().machine.device.unplug()
    until(lambda: desk.machine.state is EncoderState.OFFLINE)
    stay_id = stay(house)
    batch_id = desk.ask(stay_id)
    clock.freeze(now + timedelta(seconds=encoder_rules.GONE_AFTER_SECONDS - 1))
    assert not clock.now() - desk.jobs(batch_id)[0].created_at >= timedelta(seconds=10)
    clock.freeze(now + timedelta(seconds=encoder_rules.GONE_AFTER_SECONDS + 1))
    job = desk.wait_for(batch_id)
    assert (job.state, job.error_code) == (FAILED, "gone")
    assert book(stay_id) == [KeyState.NOT_MADE]
    desk.machine.device.plug_in()
    plastic = desk.machine.put(blank())
    desk.wait_for(desk.again(batch_id), DONE)
    assert at_door(house, plastic) == "opened"


def test_plugged_in_in_time_a_queued_job_goes_on_by_itself(desk, house):
    desk.machine.device.unplug()
    desk.owner.start()
    batch_id = desk.ask(stay(house))
    until(lambda: encoder_row(desk).error_text)
    assert desk.jobs(batch_id)[0].state is QUEUED
    desk.machine.device.plug_in()
    desk.machine.put(blank())
    desk.wait_for(batch_id, DONE)


def encoder_row(desk):
    db.remove()
    return encoders.get_encoder(desk.machine.id)


# --- cancelled, checked out, switched off, stopped


def test_too_late_to_cancel_the_card_is_finished_and_good(scene, house):
    refusals = []

    def try_to_cancel() -> None:
        with pytest.raises(TooLateToCancel) as caught:
            scene.desk.cancel(scene.batch_id)
        refusals.append(caught.value.code)

    job = run(scene, "writing", lambda _: try_to_cancel())
    assert refusals == ["too_late_to_cancel"]
    assert job.state is DONE
    assert at_door(house, scene.plastic) == "opened"


def check_out(scene: Scene) -> None:
    step = stays.check_out(stay_id=scene.stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(
        stay_id=scene.stay_id, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now()
    )


@pytest.mark.parametrize(
    ("moment", "state", "sentence"),
    [
        ("waiting", CANCELLED, ERROR_WORDS["cancelled"]),
        ("reading", FAILED, "The stay was changed while the machine waited; this card is not wanted any more."),
    ],
)
def test_checked_out_before_the_first_byte_no_card_is_made(scene, house, clerk, moment, state, sentence):
    before = scene.plastic.to_json()
    job = run(scene, moment, check_out)
    assert job.state is state
    assert sentence in says(clerk, scene.batch_id)
    assert scene.plastic.to_json() == before
    assert book(scene.stay_id) == [KeyState.NOT_MADE]


@pytest.mark.parametrize("moment", ["writing", "checking"])
def test_checked_out_while_it_is_written_the_card_is_known_to_open_still(scene, house, moment):
    job = run(scene, moment, check_out)
    assert job.state is DONE
    assert at_door(house, scene.plastic) == "opened"
    assert book(scene.stay_id) == [KeyState.STILL_OPENS]
    (card,) = cards_of(scene.stay_id)
    assert (card.end_reason, card.uid) == (EndReason.CHECKED_OUT, scene.plastic.uid.hex())


def switch_off(scene: Scene) -> None:
    row = encoder_row(scene.desk)
    encoder_service.unbind_encoder(encoder_id=row.id, actor=DESK, now=clock.now())


def test_switched_off_while_it_waits_nothing_is_written(scene, house, clerk):
    job = run(scene, "waiting", switch_off)
    assert (job.state, job.error_code) == (FAILED, "unbound")
    assert ERROR_WORDS["unbound"] in says(clerk, scene.batch_id)
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    # The port is free for another program.
    port = Port(scene.device.path)
    until(lambda: not scene.desk.owner._machines)
    port.open()
    port.close()


def test_switched_off_while_it_is_written_the_card_is_finished_first(scene, house):
    assert run(scene, "writing", switch_off).state is DONE
    assert at_door(house, scene.plastic) == "opened"
    assert book(scene.stay_id) == [KeyState.CONFIRMED]


def stop_program(scene: Scene) -> None:
    scene.desk.shut_down()


def test_the_program_ends_while_a_card_is_waited_for(scene, house, clerk):
    job = run(scene, "waiting", stop_program)
    assert (job.state, job.error_code) == (FAILED, "restarted")
    words = says(clerk, scene.batch_id)
    assert "The card was not made" in words
    assert ERROR_WORDS["restarted"] in words
    assert "possibly valid" not in words
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    scene.desk.restart()
    repeat_and_check(scene, house)


def test_the_program_ends_while_a_card_is_written_and_finishes_it_first(scene, house):
    assert run(scene, "writing", stop_program).state is DONE
    assert at_door(house, scene.plastic) == "opened"
    assert book(scene.stay_id) == [KeyState.CONFIRMED]


def test_a_fault_of_the_program_in_the_middle_is_told_and_the_machine_goes_on(scene, house, clerk, caplog):
    def break_down() -> None:
        raise ZeroDivisionError

    job = run(scene, "checking", lambda _: break_down())
    assert (job.state, job.error_code) == (JobState.UNKNOWN, "internal")
    words = says(clerk, scene.batch_id)
    assert ERROR_WORDS["internal"] in words
    assert "It counts as possibly valid for room 101 until it is made again, read or erased." in words
    repeat_and_check(scene, house)
    assert any("ZeroDivisionError" in (record.exc_text or "") for record in caplog.records)


def test_cancel_and_write_never_both_happen(desk, house):
    """Fifty times at the moment at which either could win: a card is whole or untouched, and the book knows which."""
    random = Random(50)
    stay_id = stay(house)
    desk.open()
    outcomes, delay = Counter(), 0.01
    lock, lobby = door_lock(house.rooms["101"].id), area_lock(house)
    for round_number in range(50):
        plastic = desk.machine.put(blank())
        before = plastic.to_json()
        batch_id = desk.ask(stay_id)
        threading.Event().wait(delay * random.uniform(0.7, 1.3))
        try:
            desk.cancel(batch_id)
        except TooLateToCancel:
            expected = DONE
        else:
            expected = CANCELLED
        job = desk.wait_for(batch_id)
        assert job.state is expected
        outcomes[expected] += 1
        # Nearer to where the outcome turns.
        delay = max(0.001, delay * (1.25 if expected is CANCELLED else 0.8))
        if expected is CANCELLED:
            assert plastic.to_json() == before
        else:
            assert [hold(lock, plastic), hold(lobby, plastic)] == ["opened", "opened"]
        (*_, card) = cards_of(stay_id)
        assert card.state is (CardState.ACTIVE if expected is DONE else CardState.VOID)
        assert round_number < 49 or min(outcomes[DONE], outcomes[CANCELLED]) > 0


# --- whose card is it


def theirs(scene: Scene, house) -> SimulatedCard:
    return scene.desk.open().make(stay(house, "102", name="Sato"), blank())


def rubbish() -> SimulatedCard:
    card = blank()
    write_pages(card, b"\x03\x10somebody else's ticket".ljust(48, b"."))
    return card


@pytest.mark.parametrize(
    ("make", "kind", "sentence", "can_overwrite"),
    [
        (staff_card, "staff", "This is a staff card", True),
        (foreign_classic, "foreign", "it cannot be written here at all", False),
        (rubbish, "foreign", "Overwriting it loses whatever it holds.", True),
    ],
)
def test_a_card_that_holds_something_is_left_as_it_is(scene, house, clerk, make, kind, sentence, can_overwrite):
    scene.plastic = make()
    before = scene.plastic.to_json()
    job = run(scene, "reading", nothing)
    assert (job.state, job.error_code, job.result["kind"]) == (FAILED, "foreign_card", kind)
    assert scene.plastic.to_json() == before
    assert at_door(house, scene.plastic) == "not_addressed"
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    assert sentence in says(clerk, scene.batch_id)
    assert job.result["can_overwrite"] is can_overwrite
    scene.plastic = blank()
    repeat_and_check(scene, house)


def test_another_guests_key_is_left_as_it_is_and_goes_on_opening(scene, house, clerk):
    scene.plastic = their_card = theirs(scene, house)
    job = run(scene, "reading", nothing)
    assert (job.state, job.error_code) == (FAILED, "foreign_card")
    assert [at_door(house, their_card, room) for room in ("101", "102")] == ["not_addressed", "opened"]
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    assert "This is the key of Claire Sato, room 102" in says(clerk, scene.batch_id)
    scene.plastic = blank()
    repeat_and_check(scene, house)
    assert at_door(house, their_card, "102") == "opened"


def test_a_clerk_may_not_overwrite_another_guests_key_and_a_manager_may(scene, house, clerk, app):
    scene.plastic = their_card = theirs(scene, house)
    job = run(scene, "reading", nothing)
    url = f"/keys/jobs/{job.id}/overwrite"
    assert "Overwrite this card" not in says(clerk, scene.batch_id)
    clerk.post(url, {"request_id": new_request()}, status=403)
    manager = PageClient(app).log_in("manager")
    assert "Overwrite this card" in says(manager, scene.batch_id)
    again = manager.post(url, {"request_id": new_request()}, status=303).location.rsplit("/", 1)[1]
    scene.desk.wait_for(again, DONE)
    assert [at_door(house, their_card, room) for room in ("101", "102")] == ["opened", "not_addressed"]


def test_torn_over_another_guests_key_both_keys_are_possibly_valid_until_it_is_done_again(scene, house):
    their_stay = stay(house, "102", name="Sato")
    scene.plastic = scene.desk.open().make(their_stay, blank())
    scene.desk.machine.put(scene.plastic)
    scene.batch_id = scene.desk.ask(scene.stay_id)
    scene.desk.wait_for(scene.batch_id, FAILED)
    scene.device.faults.cut = WriteCut(1, Moment.TORN, Act.UNPLUG)
    scene.batch_id = scene.desk.again(scene.batch_id, overwrite=True)
    assert scene.desk.wait_for(scene.batch_id, JobState.UNKNOWN).error_code == "gone"
    assert [at_door(house, scene.plastic, room) for room in ("101", "102")] == ["tampered", "opened"]
    assert (book(scene.stay_id), book(their_stay)) == ([KeyState.NOT_MADE, KeyState.UNKNOWN], [KeyState.UNKNOWN])
    repeat_and_check(scene, house)
    assert at_door(house, scene.plastic, "102") == "not_addressed"
    assert book(their_stay) == [KeyState.DEAD]


def test_a_card_with_too_little_room_is_left_as_it_is(scene, house, clerk):
    with transaction() as session:
        session.add(Area(number=30, name="Pool"))
    before = scene.plastic.to_json()
    job = run(scene, "reading", nothing)
    assert (job.state, job.error_code, job.result) == (FAILED, "card_too_small", {"doors": 3, "room": 2})
    assert scene.plastic.to_json() == before
    assert at_door(house, scene.plastic) == "not_addressed"
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    assert ERROR_WORDS["card_too_small"] in says(clerk, scene.batch_id)
    scene.plastic = blank(Medium.NTAG215)
    repeat_and_check(scene, house)


# --- asked for twice


def post(browser: PageClient, desk: Desk, stay_id: int, request_id: str, **values) -> str:
    """Send the dialog's form; the batch that the browser is sent to."""
    area_ids = [str(area.id) for area in locks.areas_for_guests()]
    form = {
        "encoder_id": str(desk.machine.id),
        "copies": "1",
        "area_ids": area_ids,
        "request_id": request_id,
        **values,
    }
    answer = browser.post(f"/keys/stays/{stay_id}/new", form, status=303)
    return answer.location.rsplit("/", 1)[1]


def test_a_double_click_makes_one_batch_also_while_it_is_under_way_and_when_it_is_done(desk, house, clerk):
    stay_id, request_id = stay(house), new_request()
    desk.open()
    first = post(clerk, desk, stay_id, request_id)
    desk.wait_for(first, WAITING)
    assert post(clerk, desk, stay_id, request_id) == first
    plastic = desk.machine.put(blank())
    desk.wait_for(first, DONE)
    assert post(clerk, desk, stay_id, request_id, copies="3") == first
    assert len(desk.jobs(first)) == 1
    assert book(stay_id) == [KeyState.CONFIRMED]
    assert desk.machine.device.writes == 2
    assert at_door(house, plastic) == "opened"


def test_a_double_click_on_again_makes_one_batch(desk, house, clerk):
    stay_id, request_id = stay(house), new_request()
    batch_id = desk.ask(stay_id)
    desk.cancel(batch_id)
    (job,) = desk.jobs(batch_id)
    answers = [clerk.post(f"/keys/jobs/{job.id}/retry", {"request_id": request_id}, status=303) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert book(stay_id) == [KeyState.NOT_MADE, KeyState.IN_MAKING]


def test_two_clicks_at_the_same_moment_make_one_batch(any_desk, any_house):
    stay_id, request_id = stay(any_house), new_request()
    start = threading.Barrier(4)
    answers = []

    def click() -> None:
        start.wait()
        try:
            answers.append(any_desk.ask(stay_id, copies=2, request_id=request_id))
        finally:
            db.remove()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [request_id] * 4
    assert [job.batch_position for job in any_desk.jobs(request_id)] == [1, 2]
    assert book(stay_id) == [KeyState.IN_MAKING] * 2
