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
from pms.keycards.words import STATE_WORDS
from pms.locks import queries as locks
from pms.properties import queries as properties
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
        self.stay_id = stay(self.house, arrival=clock.local_date(clock.now(), properties.get_property().zone))
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

    def press_again(self, clerk: Browser, batch_id: str) -> str:
        """Press the one button of the page; the new batch."""
        again = clerk.get(f"/keys/batches/{batch_id}").press("/retry").path.rsplit("/", 1)[1]
        assert again != batch_id
        return again


@pytest.fixture
def scene(app, tmp_path):
    scene = Scene(app, tmp_path)
    yield scene
    scene.close()


def page(number):
    """The write of the so-many-th page."""
    pages = count(1)
    return lambda _device: ("write_row", lambda: next(pages) == number)


def read_back(device):
    """The first reading once everything is written (and the machine has compared it by itself)."""
    before, readings = device.writes, count(1)
    return "read_unit", lambda: device.writes == before + 2 and next(readings) == 2


def kill_while(scene, batch_id, state, where) -> None:
    """Put the card, and kill the server when it is at that place; the machine ends the command that it has heard."""
    device = scene.machine.device
    held = Hold(scene.plastic, *where(device))
    device.put_card(scene.plastic)
    assert held.reached.wait(20)
    assert scene.job(batch_id).state is state
    scene.server.kill()
    held.let_go()
    until(lambda: scene.at_door() == "opened")
    # Before anybody starts the server again, the book says what it said.
    assert scene.job(batch_id).state is state


def check_unknown(scene, clerk, batch_id, *before) -> None:
    """Start the server: nobody knows what the card holds, and everybody is told so."""
    found, writes = scene.plastic.to_json(), scene.machine.device.writes
    scene.start_again(batch_id, JobState.UNKNOWN)
    assert scene.job(batch_id).error_code == "interrupted"
    words = clerk.get(f"/keys/batches/{batch_id}").words
    assert ERROR_WORDS["interrupted"] in words
    assert "It counts as possibly valid for room 101 until it is made again, read or erased." in words
    assert STATE_WORDS[KeyState.UNKNOWN] in clerk.get(f"/keys/stays/{scene.stay_id}").words
    assert book(scene.stay_id) == [*before, KeyState.UNKNOWN]
    # The card has lain there all the time, and nobody has touched it.
    assert (scene.plastic.to_json(), scene.machine.device.writes) == (found, writes)


def test_killed_while_it_waits_and_again_while_it_writes(scene):
    clerk, batch_id = scene.begin()
    blank_card = scene.plastic.to_json()
    scene.server.kill()

    # The clerk puts the card although the server is gone, and takes it away again later.
    scene.machine.put(scene.plastic)
    scene.start_again(batch_id, JobState.FAILED)
    assert scene.job(batch_id).error_code == "restarted"
    words = clerk.get(f"/keys/batches/{batch_id}").words
    assert "The card was not made" in words
    assert "The program was restarted before anything was written." in words
    assert book(scene.stay_id) == [KeyState.NOT_MADE]
    scene.machine.clear()
    second = scene.press_again(clerk, batch_id)
    scene.wait_for(second, JobState.WAITING)
    assert (scene.plastic.to_json(), scene.machine.device.writes) == (blank_card, 0)

    kill_while(scene, second, JobState.WRITING, page(7))
    assert scene.machine.device.writes == 1
    check_unknown(scene, clerk, second, KeyState.NOT_MADE)
    third = scene.press_again(clerk, second)
    scene.wait_for(third, JobState.DONE)
    assert "The card is ready" in clerk.get(f"/keys/batches/{third}").words
    assert book(scene.stay_id) == [KeyState.NOT_MADE, KeyState.DEAD, KeyState.CONFIRMED]
    assert scene.at_door() == "opened"
    scene.server.stop()


def test_killed_while_it_reads_back_and_then_shut_down_while_it_writes(scene):
    clerk, batch_id = scene.begin()
    kill_while(scene, batch_id, JobState.CHECKING, read_back)
    check_unknown(scene, clerk, batch_id)
    scene.machine.clear()
    again = scene.press_again(clerk, batch_id)
    scene.wait_for(again, JobState.WAITING)
    held = Hold(scene.plastic, *page(7)(scene.machine.device))
    scene.machine.put(scene.plastic)
    assert held.reached.wait(20)

    # Whoever shuts the computer down in an orderly way spoils no card: it is finished first.
    scene.server.ask_to_stop()
    held.let_go()
    scene.server.stop()
    assert scene.job(again).state is JobState.DONE
    assert book(scene.stay_id) == [KeyState.DEAD, KeyState.CONFIRMED]
    assert scene.at_door() == "opened"
