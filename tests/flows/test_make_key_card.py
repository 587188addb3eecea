"""A key card on its whole way: the clerk asks, the owner of the ports takes the job, pyserial talks to a pseudo-terminal,
the machine writes, the door opens; and when something goes wrong on the way, everybody says the same of the card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pms.encoders import rules as encoder_rules
from pms.encoders.models import EncoderJob, JobState
from pms.encoders.queries import uids_done_in_batch
from pms.encoders.words import ERROR_WORDS
from pms.keycards.models import CardState, Proof
from pms.keycards.rules import KeyState
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import KeyKind, Status
from pms.simulators.cards import SimulatedCard
from pms.simulators.encoder import Act, Moment, SimulatedEncoder, WriteCut
from tests.client import text_of
from tests.flows.desk import Desk, Moments, blank, book, cards_of, until
from tests.keycards.desk import area_lock, door_lock, hold, stay

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
    assert uids_done_in_batch(batch_id) == {first.uid.hex(), second.uid.hex()}
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
    ("claimed", be_silent, FAILED, "gone"),
    ("claimed", garble, FAILED, "gone"),
    ("reading", take, FAILED, "no_card"),
    ("reading", swap, FAILED, "card_changed"),
    ("reading", unplug, FAILED, "gone"),
    ("reading", be_silent, FAILED, "gone"),
    ("reading", garble, FAILED, "gone"),
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


def repeat_and_check(scene: Scene, house, clerk) -> None:
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
    assert "The card is ready" in says(clerk, again)


@pytest.mark.parametrize(("moment", "fault", "state", "code"), BEFORE_THE_FIRST_BYTE)
def test_before_the_first_byte_nothing_is_written(scene, house, clerk, monkeypatch, moment, fault, state, code):
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
    text = says(clerk, scene.batch_id)
    assert ERROR_WORDS[code] in text
    assert "possibly valid" not in text
    monkeypatch.setattr(encoder_rules, "CARD_SECONDS", 30)
    repeat_and_check(scene, house, clerk)


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
    ("writing", be_silent, "gone", "opened"),
    ("writing", garble, "gone", "opened"),
    ("checking", take, "no_card", "opened"),
    ("checking", swap, "card_changed", "opened"),
    ("checking", unplug, "gone", "opened"),
    ("checking", be_silent, "gone", "opened"),
    ("checking", garble, "gone", "opened"),
    ("checking", spoil, "verify_failed", "tampered"),
]


@pytest.mark.parametrize(("moment", "fault", "code", "door"), AFTER_THE_FIRST_BYTE)
def test_after_the_first_byte_nobody_knows_and_everybody_says_so(scene, house, clerk, moment, fault, code, door):
    other = scene.other.to_json()
    job = run(scene, moment, fault)
    assert (job.state, job.error_code) == (JobState.UNKNOWN, code)
    assert scene.other.to_json() == other
    assert at_door(house, scene.plastic) == door
    (card,) = cards_of(scene.stay_id)
    assert (card.state, card.proof, card.uid) == (CardState.UNKNOWN, Proof.UNKNOWN, scene.plastic.uid.hex())
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    text = says(clerk, scene.batch_id)
    assert ERROR_WORDS[code] in text
    assert "It counts as possibly valid for room 101 until it is made again, read or erased." in text
    repeat_and_check(scene, house, clerk)


def test_torn_in_a_sector_whose_key_is_not_ours_yet_the_door_cannot_read_it(scene, house, clerk):
    scene.plastic, scene.other = blank(Medium.CLASSIC_1K), blank(Medium.CLASSIC_1K)
    job = run(scene, "writing", cut(1, Moment.TORN, Act.UNPLUG))
    assert (job.state, job.error_code) == (JobState.UNKNOWN, "gone")
    assert at_door(house, scene.plastic) == "not_addressed"
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    repeat_and_check(scene, house, clerk)


def test_with_other_plastic_the_first_card_stays_possibly_valid_until_it_is_read(scene, house):
    run(scene, "checking", take)
    scene.desk.machine.put(scene.other)
    scene.desk.wait_for(scene.desk.again(scene.batch_id), DONE)
    assert book(scene.stay_id) == [KeyState.UNKNOWN, KeyState.CONFIRMED]
    assert [at_door(house, card) for card in (scene.plastic, scene.other)] == ["opened", "opened"]
    told = scene.desk.read(scene.plastic)
    assert told["holds"] is True
    assert book(scene.stay_id) == [KeyState.CONFIRMED, KeyState.CONFIRMED]
