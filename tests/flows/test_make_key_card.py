"""A key card on its whole way: the clerk asks, the owner of the ports takes the job, pyserial talks to a pseudo-terminal,
the machine writes, and the door opens; with every fault at every step."""

from __future__ import annotations

import pytest

from pms.encoders.models import JobState
from pms.keycards.models import CardState, Proof
from pms.keycards.rules import KeyState
from pms.protocol.card_layout import Medium
from tests.flows.desk import blank, book, cards_of
from tests.keycards.desk import door_lock, hold, stay

Q, W, WR, CH = JobState.QUEUED, JobState.WAITING, JobState.WRITING, JobState.CHECKING


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
    desk.wait_for(batch_id, W)
    assert book(stay_id) == [KeyState.IN_MAKING]
    plastic = desk.machine.put(blank(medium))
    done = desk.wait_for(batch_id, JobState.DONE)
    assert seen == [Q, W, WR, CH]
    assert (done.card_uid, done.card_medium, done.error_code) == (plastic.uid.hex(), medium.name, None)
    (card,) = cards_of(stay_id)
    assert (card.state, card.proof, card.uid) == (CardState.ACTIVE, Proof.CONFIRMED, plastic.uid.hex())
    assert book(stay_id) == [KeyState.CONFIRMED]
    assert hold(door_lock(house.rooms["101"].id), plastic) == "opened"
    assert hold(door_lock(house.rooms["102"].id), plastic) == "not_addressed"
    desk.machine.clear()
    told = desk.read(plastic)
    assert (told["holds"], told["damaged"], told["card_id"]) == (True, False, str(card.id))
