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

    def put_and_hold(self, where) -> Hold:
        """Put the card; its chip stops at that place."""
        held = Hold(self.plastic, *where)
        self.machine.put(self.plastic)
        assert held.reached.wait(20)
        return held

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
    return "write_row", lambda: next(pages) == number


def test_killed_while_it_waits_and_while_it_writes_and_shut_down_while_it_writes(scene):
    """One long day of one clerk: a server takes its time to start."""
    clerk, batch_id = scene.begin()
    blank_card = scene.plastic.to_json()
    scene.server.kill()

    # Killed while it waited. The clerk puts the card although the server is gone.
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
    # The machine has been at work again, and the card that lay there is as it was.
    assert (scene.plastic.to_json(), scene.machine.device.writes) == (blank_card, 0)

    # Killed in the middle of the first unit; the machine ends the command that it has heard.
    held = scene.put_and_hold(page(7))
    assert scene.job(second).state is JobState.WRITING
    scene.server.kill()
    held.let_go()
    until(lambda: scene.at_door() == "opened")
    # Until somebody starts the server again, the book says what it said.
    assert scene.job(second).state is JobState.WRITING
    torn = scene.plastic.to_json()
    scene.start_again(second, JobState.UNKNOWN)
    assert scene.job(second).error_code == "interrupted"
    words = clerk.get(f"/keys/batches/{second}").words
    assert ERROR_WORDS["interrupted"] in words
    assert "It counts as possibly valid for room 101 until it is made again, read or erased." in words
    assert STATE_WORDS[KeyState.UNKNOWN] in clerk.get(f"/keys/stays/{scene.stay_id}").words
    assert book(scene.stay_id) == [KeyState.NOT_MADE, KeyState.UNKNOWN]
    scene.machine.clear()
    third = scene.press_again(clerk, second)
    scene.wait_for(third, JobState.WAITING)
    # The card has lain there all the time, and nobody has touched it.
    assert (scene.plastic.to_json(), scene.machine.device.writes) == (torn, 1)

    # Whoever shuts the computer down in an orderly way spoils no card: it is finished first.
    held = scene.put_and_hold(page(7))
    scene.server.ask_to_stop()
    held.let_go()
    scene.server.stop()
    assert scene.job(third).state is JobState.DONE
    assert book(scene.stay_id) == [KeyState.NOT_MADE, KeyState.DEAD, KeyState.CONFIRMED]
    assert scene.at_door() == "opened"
