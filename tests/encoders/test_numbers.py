"""A machine tells the number of a card, here and at another desk, and hears whether anybody has a use for it."""

from __future__ import annotations

import pytest

from pms.agent import client as client_module
from pms.core import clock
from pms.core.db import db
from pms.devices.task import CardRefused, NotWanted
from pms.encoders import answers, job_course, long_poll, service
from pms.encoders.models import JobKind, JobState
from pms.protocol.card_layout import Medium
from tests.flows.away import AwayDesk, Line
from tests.flows.desk import blank, until
from tests.keycards.desk import DESK, new_request


class Numbers:
    """Notes the numbers, or refuses them."""

    def __init__(self) -> None:
        self.refusals = {"not_that_one": "Use another card, please."}
        self.heard: list[str] = []
        self.refuses = False

    def identified(self, job, presence, now) -> None:
        if self.refuses:
            raise CardRefused("not_that_one")
        self.heard.append(presence.uid.hex())

    def untouched(self, job, code, now) -> None:
        self.heard.append(code)


@pytest.fixture
def numbers(monkeypatch) -> Numbers:
    work = Numbers()
    monkeypatch.setitem(answers._works, JobKind.ONLINE, work)
    return work


@pytest.fixture
def away(brisk, app, house, tmp_path, monkeypatch):
    monkeypatch.setattr(long_poll, "_LOOK_EVERY", 0.02)
    monkeypatch.setattr(long_poll, "HOLD_SECONDS", 1.0)
    monkeypatch.setattr(client_module, "TRY_AGAIN_AFTER", (0.05,))
    desk = AwayDesk(app, tmp_path)
    yield desk
    desk.close()


def ask(desk) -> str:
    db.remove()
    batch_id = new_request()
    service.queue_jobs(
        encoder_id=desk.machine.id,
        kind=JobKind.ONLINE,
        subjects=[None],
        stay_id=None,
        batch_id=batch_id,
        actor=DESK,
        now=clock.now(),
    )
    return batch_id


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG213])
def test_any_card_tells_its_number_and_nothing_else_is_done_to_it(desk, numbers, medium):
    desk.open()
    card = desk.machine.put(blank(medium))
    job = desk.wait_for(ask(desk), JobState.DONE)
    assert numbers.heard == [card.uid.hex()] == [job.card_uid]


def test_a_number_of_no_use_is_said_and_why(desk, numbers):
    numbers.refuses = True
    desk.open()
    desk.machine.put(blank())
    job = desk.wait_for(ask(desk), JobState.FAILED)
    assert (job.error_code, answers.why(job)) == ("not_that_one", "Use another card, please.")
    assert numbers.heard == ["not_that_one"]


def test_nobody_has_a_use_for_a_number_that_was_cancelled(desk, numbers):
    desk.open()
    batch_id = ask(desk)
    (job,) = until(lambda: [job for job in desk.jobs(batch_id) if job.state is JobState.WAITING])
    desk.cancel(batch_id)
    desk.wait_for(batch_id, JobState.CANCELLED)
    presence = type("Presence", (), {"uid": bytes(7), "medium": Medium.NTAG213})
    with pytest.raises(NotWanted):
        job_course.finish_identified(job_id=job.id, presence=presence, now=clock.now())
    assert numbers.heard == ["cancelled"]


@pytest.mark.parametrize("loss", [None, "unsent", "unheard"])
def test_at_another_desk_it_is_told_once_whatever_is_lost_on_the_line(away, numbers, monkeypatch, loss):
    line = Line(monkeypatch)
    away.open()
    if loss:
        line.losses.append(("identified", loss))
    card = away.machine.put(blank())
    away.wait_for(ask(away), JobState.DONE)
    assert numbers.heard == [card.uid.hex()]


def test_at_another_desk_it_hears_that_nobody_has_a_use_for_it(away, numbers):
    numbers.refuses = True
    away.open()
    away.machine.put(blank())
    job = away.wait_for(ask(away), JobState.FAILED)
    assert job.error_code == "not_that_one"
