"""The server is killed in the middle of a card and started again: everybody is told what is true, and nothing happens twice."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from pms.core import clock
from pms.core.db import db
from pms.encoders import queries as encoders
from pms.encoders.models import JobState
from pms.encoders.words import ERROR_WORDS
from pms.keycards.rules import KeyState
from pms.locks import queries as locks
from tests import factories
from tests.flows.desk import Machine, blank, book, until
from tests.flows.server import Browser, Hold, Server
from tests.keycards.desk import door_lock, hold, new_request, stay


class Scene:
    """An installation with a guest in room 101, a machine, and a clerk at the running server."""

    def __init__(self, app, tmp_path) -> None:
        self.server = Server(app.config["SETTINGS"], tmp_path / "server.log")
        # The server reads its own clock.
        clock.freeze(datetime.now(UTC))
        self.house = factories.small_house()
        self.stay_id = stay(self.house, arrival=clock.local_date(clock.now(), locks_zone()))
        self.machine = Machine(tmp_path, "Front desk 1", "932211c49aeb6f8a")
        self.plastic = blank()
        clock.freeze(None)
        db.remove()

    def close(self) -> None:
        self.server.close()
        self.machine.device.close()

    def job(self, batch_id):
        db.remove()
        (job,) = encoders.batch(batch_id)
        return job

    def wait_for(self, batch_id, state) -> None:
        until(lambda: self.job(batch_id).state is state, 30)

    def begin(self) -> tuple[Browser, str]:
        """The clerk asks for a card, and the machine waits for it; the browser and the batch."""
        self.server.start()
        clerk = Browser(self.server)
        form = {
            "encoder_id": self.machine.id,
            "copies": 1,
            "area_ids": [area.id for area in locks.areas_for_guests()],
            "request_id": new_request(),
        }
        batch_id = clerk.post(f"/keys/stays/{self.stay_id}/new", form).path.rsplit("/", 1)[1]
        self.wait_for(batch_id, JobState.WAITING)
        return clerk, batch_id

    def start_again(self, batch_id, state) -> None:
        """The server comes back, and says what became of the job."""
        self.server.start()
        self.wait_for(batch_id, state)

    def at_door(self) -> str:
        return hold(door_lock(self.house.rooms["101"].id), self.plastic)

    def repeat(self, clerk: Browser, batch_id: str, *before: KeyState) -> None:
        """Press the button: exactly one card is valid, and it is this one."""
        again = clerk.get(f"/keys/batches/{batch_id}").press("/retry").path.rsplit("/", 1)[1]
        assert again != batch_id
        self.machine.put(self.plastic)
        self.wait_for(again, JobState.DONE)
        assert "The card is ready" in clerk.get(f"/keys/batches/{again}").words
        assert self.at_door() == "opened"
        assert book(self.stay_id) == [*before, KeyState.CONFIRMED]
        self.server.stop()


def locks_zone():
    from pms.properties import queries as properties

    return properties.get_property().zone


@pytest.fixture
def scene(app, tmp_path):
    scene = Scene(app, tmp_path)
    yield scene
    scene.close()


def at_row(number):
    """The write of the card's so-many-th page."""
    pages = count(1)
    return lambda device: ("write_row", lambda: next(pages) == number)


def at_read_back(device):
    """The first reading after everything is written (and the machine has compared it itself)."""
    readings = count(1)
    return "read_unit", lambda: device.writes == 2 and next(readings) == 2


@pytest.mark.parametrize(
    ("where", "state", "door"),
    [
        # The machine has the command already and ends it, whatever becomes of the server.
        (at_row(7), JobState.WRITING, "opened"),
        (at_read_back, JobState.CHECKING, "opened"),
    ],
    ids=["writing", "checking"],
)
def test_killed_while_a_card_is_written_nobody_knows_and_doing_it_again_ends_well(scene, where, state, door):
    clerk, batch_id = scene.begin()
    device = scene.machine.device
    held = Hold(scene.plastic, *where(device))
    device.put_card(scene.plastic)
    assert held.reached.wait(20)
    assert scene.job(batch_id).state is state
    scene.server.kill()
    held.let_go()
    until(lambda: scene.at_door() == door)
    found, writes = scene.plastic.to_json(), device.writes
    # Before anybody starts it again, the book says what it said.
    assert scene.job(batch_id).state is state

    scene.start_again(batch_id, JobState.UNKNOWN)
    assert scene.job(batch_id).error_code == "interrupted"
    text = clerk.get(f"/keys/batches/{batch_id}").words
    assert ERROR_WORDS["interrupted"] in text
    assert "It counts as possibly valid for room 101 until it is made again, read or erased." in text
    assert "Unknown" in clerk.get(f"/keys/stays/{scene.stay_id}").words
    assert book(scene.stay_id) == [KeyState.UNKNOWN]
    # The card has lain there all the time, and nobody has touched it.
    assert (scene.plastic.to_json(), device.writes) == (found, writes)
    scene.repeat(clerk, batch_id, KeyState.DEAD)


def test_killed_while_a_card_is_waited_for_nothing_was_written(scene):
    clerk, batch_id = scene.begin()
    before = scene.plastic.to_json()
    scene.server.kill()
    # The clerk puts the card although the server is gone.
    scene.machine.put(scene.plastic)
    scene.start_again(batch_id, JobState.FAILED)
    assert scene.job(batch_id).error_code == "restarted"
    text = clerk.get(f"/keys/batches/{batch_id}").words
    assert "The card was not made" in text
    assert "The program was restarted before anything was written." in text
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    scene.repeat(clerk, batch_id, KeyState.NOT_MADE)
    # The two units of the one card that was asked for again.
    assert scene.machine.device.writes == 2
    assert scene.plastic.to_json() != before


def test_shut_down_while_a_card_is_written_it_is_finished_first(scene):
    _, batch_id = scene.begin()
    held = Hold(scene.plastic, *at_row(7)(scene.machine.device))
    scene.machine.device.put_card(scene.plastic)
    assert held.reached.wait(20)
    scene.server.ask_to_stop()
    held.let_go()
    scene.server.stop()
    assert scene.job(batch_id).state is JobState.DONE
    assert book(scene.stay_id) == [KeyState.CONFIRMED]
    assert scene.at_door() == "opened"
