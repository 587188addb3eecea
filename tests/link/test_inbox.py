"""What comes over the line is stored before it is acknowledged, and nothing that comes can stop what comes after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from pms.link import inbox, service
from pms.link.inbox import Inbox, Silence
from pms.protocol.topics import CarrierName, CarrierSort
from tests.link.brokers import until

GATEWAY = "A0B1C2D3E4F5"
UP = f"latchkey/gateways/{GATEWAY}/0A0B0C0D0E0F/up"
STATE = f"latchkey/gateways/{GATEWAY}/state"


class Heard:
    """A message; `story` notes what becomes of it."""

    def __init__(self, story: list[str], payload: bytes, topic: str = UP) -> None:
        self.topic, self.payload, self._story = topic, payload, story

    def acknowledge(self) -> None:
        self._story.append(f"acknowledged {self.payload.decode()}")


@pytest.fixture
def story(app, monkeypatch) -> list[str]:
    """What the service was given, in order; a frame "bad" always fails, and the first try of "late" finds no database."""
    story: list[str] = []
    monkeypatch.setattr(inbox, "_WAIT_SECONDS", 0.0)

    def take(*, messages, now):
        payloads = [message.payload for message in messages]
        if b"late" in payloads and not any("waited" in line for line in story):
            story.append("waited")
            raise OperationalError("SELECT 1", {}, Exception("the database is away"))
        if b"bad" in payloads:
            raise RuntimeError("a secret of the frame")
        story.extend(f"stored {payload.decode()}" for payload in payloads)
        return []

    monkeypatch.setattr(service, "take", take)
    monkeypatch.setattr(service, "note_state", lambda *, carrier, state, now: story.append(f"online {state.is_online}"))
    monkeypatch.setattr(service, "note_silence", lambda *, but, now: story.append(f"silent but {len(but)}"))
    return story


@pytest.fixture
def box(app) -> Iterator[Inbox]:
    box = Inbox(prefix="latchkey", send=lambda answers: None, stored=lambda: None)
    yield box
    if box._thread.is_alive():
        box.stop()


def _take(box: Inbox, story: list[str], *items: Heard | Silence, until_said: str) -> list[str]:
    """All of it waits already when the inbox begins, so that it is one batch."""
    for item in items:
        box.put(item)
    box.start()
    until(lambda: until_said in story)
    box.stop()
    return story


def test_one_bad_message_stops_nobody_and_is_given_up(box, story, caplog):
    said = _take(
        box, story, Heard(story, b"one"), Heard(story, b"bad"), Heard(story, b"two"), until_said="acknowledged two"
    )
    assert said == ["stored one", "acknowledged one", "acknowledged bad", "stored two", "acknowledged two"]
    assert f"a message was given up, at {UP}" in caplog.text
    assert "a secret of the frame" not in caplog.text


def test_nothing_is_acknowledged_while_the_database_is_away(box, story):
    said = _take(box, story, Heard(story, b"late"), Heard(story, b"one"), until_said="acknowledged one")
    assert said == ["waited", "stored late", "stored one", "acknowledged late", "acknowledged one"]


def test_the_last_word_of_a_carrier_counts_and_silence_is_looked_at_in_its_turn(box, story):
    name = CarrierName(CarrierSort.GATEWAY, GATEWAY)
    silence = Silence(set())
    box.put(Heard(story, b'{"online":true}', STATE))
    box.put(Heard(story, b'{"online":false}', STATE))
    box.put(silence)
    # Heard of after it was put there, and before it is looked at.
    silence.heard_of.add(name)
    said = _take(box, story, Heard(story, b"", STATE), until_said="acknowledged ")
    assert [line for line in said if not line.startswith("ack")] == ["online False", "silent but 1", "online False"]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("else/where", b"x"), (f"{UP}/more", b"x"), (STATE, b"no JSON"), (f"latchkey/gateways/{GATEWAY}/lock/up", b"x")],
)
def test_what_cannot_be_read_does_not_come_again(box, story, topic, payload):
    said = _take(box, story, Heard(story, payload, topic), Heard(story, b"one"), until_said="acknowledged one")
    assert said == [f"acknowledged {payload.decode()}", "stored one", "acknowledged one"]


def test_a_stopped_inbox_leaves_the_rest_to_come_again(box, story, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def take(*, messages, now):
        began.set()
        go_on.wait(10)
        return []

    monkeypatch.setattr(service, "take", take)
    box.put(Heard(story, b"first"))
    box.start()
    assert began.wait(10)
    for number in range(3):
        box.put(Heard(story, b"%d" % number))
    stopping = threading.Thread(target=box.stop)
    stopping.start()
    until(box._stop.is_set)
    go_on.set()
    stopping.join(10)
    assert story == ["acknowledged first"]
