"""The same key card on a PN532 module: each fault at each step, and what job, plastic, book and door then say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pms.core.actor import SETUP
from pms.core.clock import now as present
from pms.encoders import service as encoder_service
from pms.encoders.models import JobState
from pms.encoders.words import ERROR_WORDS
from pms.keycards.models import CardState
from pms.keycards.rules import KeyState
from pms.protocol.card_layout import Medium
from pms.simulators.pn532 import SimulatedPn532
from tests.flows.desk import Desk, Machine, Moments, blank, book, cards_of
from tests.flows.test_make_key_card import Scene, at_door, repeat_and_check, run, swap, take, unplug, why
from tests.keycards.desk import stay

FAILED, UNKNOWN, DONE = JobState.FAILED, JobState.UNKNOWN, JobState.DONE
FOR_EVER = 10**6
WRITTEN_ON_NTAG = 96
"""Bytes: the room's grant and the lobby's."""


class Module(Machine):
    """A PN532 where the machine stood."""

    @staticmethod
    def _make(link, serial_number):
        return SimulatedPn532(link=link)


class ModuleDesk(Desk):
    """A desk with a module."""

    _machine = Module

    def add_machine(self, name, serial_number):
        machine = super().add_machine(name, serial_number)
        encoder_service.change_encoder(
            encoder_id=machine.id,
            name=name,
            url=machine.device.path,
            driver="pn532",
            actor=SETUP,
            now=present(),
        )
        return machine


@pytest.fixture
def module_desk(brisk, app, house, tmp_path):
    desk = ModuleDesk(app.config["SETTINGS"], tmp_path)
    yield desk
    desk.close()


@pytest.fixture(params=[Medium.NTAG213, Medium.CLASSIC_1K], ids=["ntag213", "classic"])
def scene(request, module_desk, house, moments: Moments, impatient):
    return Scene(module_desk, moments, stay(house), blank(request.param), blank(request.param))


def be_silent(scene: Scene) -> None:
    scene.device.faults.drop_answers = FOR_EVER


def be_deaf(scene: Scene) -> None:
    """Nothing is heard: no acknowledgement."""
    scene.device.faults.deaf_frames = FOR_EVER


def garble(scene: Scene) -> None:
    scene.device.faults.garble_answers = FOR_EVER


def tear(count: int) -> Callable[[Scene], None]:
    """The card leaves the field after so many more bytes."""
    return lambda scene: setattr(scene.plastic, "tear_after", count)


def mend(scene: Scene) -> None:
    """What went wrong is over."""
    scene.device.set_fault("none")
    scene.plastic.tear_after = None


@pytest.mark.parametrize("fault", [take, swap, unplug, be_silent, be_deaf, garble])
def test_before_the_first_byte_nothing_is_written(scene, house, fault):
    before = scene.plastic.to_json()
    job = run(scene, "reading", fault)
    assert job.state is FAILED
    assert why(scene.batch_id) == ERROR_WORDS[job.error_code]
    assert scene.plastic.to_json() == before
    assert at_door(house, scene.plastic) == "not_addressed"
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    mend(scene)
    repeat_and_check(scene, house)


@pytest.mark.parametrize("moment", ["writing", "checking"])
@pytest.mark.parametrize("fault", [take, swap, unplug, be_silent, be_deaf, garble])
def test_after_the_first_byte_nobody_knows_and_everybody_says_so(scene, house, moment, fault):
    other = scene.other.to_json()
    job = run(scene, moment, fault)
    assert job.state is UNKNOWN
    assert why(scene.batch_id) == ERROR_WORDS[job.error_code]
    assert scene.other.to_json() == other
    (card,) = cards_of(scene.stay_id)
    assert (card.state, card.uid) == (CardState.UNKNOWN, scene.plastic.uid.hex())
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    # Whatever it holds, no door takes it for anything but this guest's key, or for nothing.
    assert at_door(house, scene.plastic) in ("opened", "not_addressed", "tampered")
    mend(scene)
    repeat_and_check(scene, house)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 47, 48, 50, 96, 100])
def test_a_card_torn_away_at_any_byte_is_made_good_or_found_out(scene, house, count):
    """Only a torn sector trailer may cost a card: then it says so, and another one is taken."""
    job = run(scene, "writing", tear(count))
    if scene.plastic.medium is Medium.NTAG213 and count >= WRITTEN_ON_NTAG:
        # It left when everything was written.
        assert job.state is DONE
        return
    assert job.state is UNKNOWN
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    assert at_door(house, scene.plastic) in ("opened", "not_addressed", "tampered")
    mend(scene)
    in_trailer = scene.plastic.medium.is_classic and count % 64 >= 48
    if in_trailer:
        scene.desk.machine.put(scene.plastic)
        again = scene.desk.wait_for(scene.desk.again(scene.batch_id))
        assert (again.state, again.error_code) in ((DONE, None), (FAILED, "foreign_card"), (FAILED, "wrong_key"))
        return
    repeat_and_check(scene, house)
