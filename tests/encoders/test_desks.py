"""Desks that are not the server's: tokens, the agent's line, and what becomes of a job when the line or the agent breaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.agent import client as client_module
from pms.agent import program
from pms.agent.client import BadAddress, Client
from pms.agent.office import RemoteOffice
from pms.agent.program import SentAway
from pms.audit.models import AuditEntry
from pms.cli import THREADS
from pms.config import ROOT
from pms.core import clock
from pms.core.db import db
from pms.devices import wire
from pms.devices.encoder import CardPresence
from pms.devices.task import Task, TaskKind
from pms.encoders import desk_service, desk_steps, job_course, long_poll, queries, service
from pms.encoders.agent_api import BadCall
from pms.encoders.desk_service import BadToken, DeskExists, NotYours, Superseded, WrongDesk
from pms.encoders.models import EncoderState, JobState
from pms.encoders.rules import BadName
from pms.keycards import service as keycards
from pms.keycards.models import CardState, Proof
from pms.protocol.card_layout import Medium
from pms.simulators.encoder import Act, Moment, WriteCut
from tests.client import text_of
from tests.flows.away import TECHNICIAN, AgentThread, AwayDesk, Line
from tests.flows.desk import blank, cards_of, until
from tests.keycards.desk import DESK, new_request, stay

DONE, UNKNOWN, FAILED, CANCELLED = JobState.DONE, JobState.UNKNOWN, JobState.FAILED, JobState.CANCELLED


@pytest.fixture
def line(monkeypatch) -> Line:
    return Line(monkeypatch)


@pytest.fixture
def away(brisk, app, house, tmp_path, monkeypatch):
    monkeypatch.setattr(long_poll, "_LOOK_EVERY", 0.02)
    monkeypatch.setattr(long_poll, "HOLD_SECONDS", 0.2)
    monkeypatch.setattr(client_module, "TRY_AGAIN_AFTER", (0.05,))
    desk = AwayDesk(app, tmp_path)
    yield desk
    desk.close()


def actions() -> list[str]:
    db.remove()
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


# --- tokens


def test_a_token_is_kept_as_a_hash_only_and_opens_the_line_until_it_is_revoked(house, now):
    agent, token = desk_service.add_agent(name=" North house ", actor=TECHNICIAN, now=now)
    assert agent.name == "North house"
    assert len(token) > 40
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM desk_agent").all()
    assert token not in repr(rows)
    assert desk_service.authenticate(token).id == agent.id
    for wrong in ("", "x", token[:-1], token + "x"):
        with pytest.raises(BadToken):
            desk_service.authenticate(wrong)
    desk_service.revoke_agent(agent_id=agent.id, actor=TECHNICIAN, now=now)
    with pytest.raises(BadToken):
        desk_service.authenticate(token)
    with pytest.raises(queries.NoSuchAgent):
        desk_service.revoke_agent(agent_id=agent.id, actor=TECHNICIAN, now=now)
    with pytest.raises(queries.NoSuchAgent):
        service.add_encoder(name="Left", url="/dev/x", agent_id=agent.id, actor=TECHNICIAN, now=now)


def test_a_desks_name_is_its_own_until_it_is_revoked(any_house, now):
    agent, _ = desk_service.add_agent(name="North house", actor=TECHNICIAN, now=now)
    with pytest.raises(DeskExists):
        desk_service.add_agent(name="North house", actor=TECHNICIAN, now=now)
    with pytest.raises(BadName):
        desk_service.add_agent(name=" ", actor=TECHNICIAN, now=now)
    desk_service.revoke_agent(agent_id=agent.id, actor=TECHNICIAN, now=now)
    desk_service.add_agent(name="North house", actor=TECHNICIAN, now=now)


def test_the_token_goes_to_no_other_computer_in_the_clear():
    for server in ("http://hotel.example", "ftp://127.0.0.1", "hotel.example", "http://127.0.0.1.evil.example"):
        with pytest.raises(BadAddress):
            Client(server, "t", "r")
    for server in ("https://hotel.example", "http://127.0.0.1:8000", "http://localhost:8000/"):
        Client(server, "t", "r")


@pytest.mark.parametrize("path", ["start", "report", "orders", "jobs/x/seen"])
def test_nobody_without_a_token_gets_an_answer(client, house, path):
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        answer = client.http.post(f"/api/agent/{path}", json={"runId": "r"}, headers=headers)
        assert (answer.status_code, answer.json["success"]) == (401, False)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'{"runId": 7}', b'{"runId": "' + b"x" * 40 + b'"}', b"[" * 100_000]
)
@pytest.mark.parametrize("path", ["start", "report", "orders", "jobs/x/seen"])
def test_what_makes_no_sense_is_refused_without_harm(client, house, now, path, body):
    _, token = desk_service.add_agent(name="North house", actor=TECHNICIAN, now=now)
    answer = client.http.post(
        f"/api/agent/{path}",
        data=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept-Language": "en",
        },
    )
    assert answer.status_code in (400, 404, 409), answer.text
    assert answer.status_code != 400 or answer.json["msg"] == BadCall.message


def test_a_job_of_another_desk_or_one_that_is_over_is_not_touched(away, house, now):
    mine = desk_service.add_agent(name="South house", actor=TECHNICIAN, now=now)[0].id
    desk_service.start(agent_id=mine, desk="South house", run_id="a", host="pc", version="1", now=now)
    batch_id = away.ask(stay(house))
    (job,) = away.jobs(batch_id)
    with pytest.raises(NotYours):
        desk_service.check_job(agent_id=mine, run_id="a", job_id=job.id)
    away.cancel(batch_id)
    job_id, agent_id = job.id, away.agent_id
    card = wire.presence_to_json(CardPresence(b"1234", Medium.CLASSIC_1K))
    for step in ("keys", "seen", "hint"):
        with pytest.raises((NotYours, KeyError)):
            desk_steps.take(agent_id=agent_id, job_id=job_id, step=step, body={**card, "hint": None}, now=now)
    with pytest.raises(ValueError, match="no step"):
        desk_steps.take(agent_id=agent_id, job_id=job_id, step="fly", body={}, now=now)


def test_the_page_makes_a_token_once_and_revokes_it(client, house):
    technician = client.log_in("technician")
    assert "Every machine is at the server" in text_of(technician.get("/encoders/desks"))
    shown = technician.post("/encoders/desks/new", {"name": "North house"}, htmx=True)
    assert shown.headers["Cache-Control"] == "no-store"
    assert 'pms agent --server http://localhost --desk "North house"' in text_of(shown).replace("&#34;", '"')
    again = technician.post("/encoders/desks/new", {"name": "North house"}, htmx=True, status=422)
    assert "Another desk has this name already." in text_of(again)
    page = technician.get("/encoders/desks")
    assert "North house Never started" in text_of(page)
    (agent,) = queries.list_agents()
    token = [word for word in text_of(shown).split() if len(word) == 43]
    assert desk_service.authenticate(token[0]).id == agent.id
    assert token[0] not in page.text
    technician.get(f"/encoders/desks/{agent.id}/revoke", htmx=True)
    technician.post(f"/encoders/desks/{agent.id}/revoke", status=303)
    technician.post(f"/encoders/desks/{agent.id}/revoke", status=404)
    assert queries.list_agents() == []


# --- a card at another desk


@pytest.mark.parametrize("medium", [Medium.CLASSIC_1K, Medium.NTAG213])
def test_a_key_is_made_at_another_desk_and_only_that_cards_keys_go_there(away, house, medium):
    away.open()
    stay_id = stay(house)
    batch_id = away.ask(stay_id)
    card = away.machine.put(blank(medium))
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code, job.card_uid) == (DONE, None, card.uid.hex())
    (key,) = cards_of(stay_id)
    assert (key.state, key.proof) == (CardState.ACTIVE, Proof.CONFIRMED)
    assert actions().count("encoders.keys_sent") == (1 if medium.is_classic else 0)
    assert away.read(card)["holds"] is True


def test_two_cards_one_after_the_other_and_the_first_must_be_taken_away(away, house):
    away.open()
    batch_id = away.ask(stay(house), copies=2)
    first = away.machine.put(blank())
    until(lambda: away.jobs(batch_id)[0].state is DONE)
    until(lambda: (away.jobs(batch_id)[1].result or {}).get("hint") == "take_away")
    second = away.machine.put(blank())
    until(lambda: away.jobs(batch_id)[1].state is DONE)
    uids = [job.card_uid for job in away.jobs(batch_id)]
    assert uids == [first.uid.hex(), second.uid.hex()]


def test_another_guests_card_is_asked_about_over_the_line_too(away, house):
    away.open()
    theirs = away.machine.put(blank())
    away.wait_for(away.ask(stay(house)))
    batch_id = away.ask(stay(house, room="201"))
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code, job.result["kind"]) == (FAILED, "foreign_card", "guest")
    assert away.read(theirs)["holds"] is True


def test_a_wait_is_cancelled_within_300_ms(away, house):
    """The best of three: a computer that is busy with other tests may well take longer once."""
    away.open()
    took = []
    for number in (101, 102, 103):
        batch_id = away.ask(stay(house, str(number)))
        until(lambda batch_id=batch_id: away.jobs(batch_id)[0].state is JobState.WAITING)
        time.sleep(0.2)
        begun = time.monotonic()
        away.cancel(batch_id)
        job = away.wait_for(batch_id)
        took.append(time.monotonic() - begun)
        assert (job.state, job.error_code) == (CANCELLED, "cancelled")
    assert min(took) < 0.5


def test_a_machine_is_found_bound_unplugged_and_missed_at_another_desk(away, house):
    away.open()
    away.machine.device.unplug()
    until(lambda: away.machine.state is EncoderState.OFFLINE)
    assert queries.get_encoder(away.machine.id).error_code == "gone"
    away.machine.device.plug_in()
    away.wait_until_ready()
    other = away.add_machine("Left", "0932211c49aeb701")
    away.bind(other)
    away.wait_until_ready()
    service.unbind_encoder(encoder_id=other.id, actor=TECHNICIAN, now=clock.now())
    until(lambda: other.device.path in _free(away, other))


def _free(desk, machine):
    from pms.devices.errors import EncoderGone
    from pms.devices.port import Port

    port = Port(machine.device.path)
    try:
        port.open()
    except EncoderGone:
        return []
    port.close()
    return [machine.device.path]


# --- the line breaks

STEPS = ["keys", "seen", "writing", "checking", "written", "orders", "report"]


@pytest.mark.parametrize("kind", ["unsent", "unheard"])
@pytest.mark.parametrize("step", STEPS)
def test_a_call_that_is_lost_once_changes_nothing(away, house, line, step, kind):
    away.open()
    stay_id = stay(house)
    line.losses = [(step, kind)]
    batch_id = away.ask(stay_id)
    card = away.machine.put(blank(Medium.CLASSIC_1K))
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code) == (DONE, None)
    assert len(cards_of(stay_id)) == 1
    assert actions().count("keycards.made") == 1
    assert actions().count("encoders.keys_sent") == 1
    assert away.read(card)["holds"] is True


@pytest.mark.parametrize("step", ["keys", "seen", "writing"])
def test_a_line_that_stays_away_before_the_first_byte_leaves_the_card_as_it_was(away, house, line, monkeypatch, step):
    monkeypatch.setattr("pms.agent.office.BEFORE_WRITING", 0.2)
    away.open()
    card = away.machine.put(blank(Medium.CLASSIC_1K))
    before = card.to_json()
    line.losses = [(step, "unsent")] * 12
    job = away.wait_for(away.ask(stay(house)))
    assert (job.state, job.error_code) == (FAILED, "server_away")
    assert card.to_json() == before


def test_a_first_byte_that_was_allowed_but_not_heard_of_makes_the_card_unknown_and_the_desk_goes_on(
    away, house, line, monkeypatch
):
    """The server must take it for written, although the agent knows better."""
    monkeypatch.setattr("pms.agent.office.BEFORE_WRITING", 0.2)
    away.open()
    card = away.machine.put(blank(Medium.CLASSIC_1K))
    before = card.to_json()
    line.losses = [("writing", "unheard")] + [("writing", "unsent")] * 12
    job = away.wait_for(away.ask(stay(house)))
    assert (job.state, job.error_code) == (UNKNOWN, "server_away")
    assert card.to_json() == before
    line.losses = []
    assert away.wait_for(away.again(job.batch_id)).state is DONE


@pytest.mark.parametrize(("faults", "ended"), [(2, (DONE, None)), (99, (FAILED, "internal"))])
def test_what_goes_wrong_in_the_server_is_told_again_but_not_for_ever(away, monkeypatch, faults, ended):
    monkeypatch.setattr("pms.agent.office.FAULT_PAUSES", (0.02, 0.02, 0.02))
    whole, left = job_course.finish_read, [RuntimeError()] * faults

    def finish(**values):
        if left:
            raise left.pop()
        whole(**values)

    monkeypatch.setattr(job_course, "finish_read", finish)
    away.open()
    away.machine.put(blank(Medium.CLASSIC_1K))
    batch_id = keycards.read(encoder_id=away.machine.id, request_id=new_request(), actor=DESK, now=clock.now())
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code) == ended


@dataclass
class Answer:
    """What a proxy, or our server, says."""

    status: int
    data: bytes


@pytest.mark.parametrize("answer", [Answer(404, b"<html>"), Answer(200, b"[]"), Answer(401, b"{}"), Answer(503, b"")])
def test_who_answers_in_the_servers_place_sends_nobody_away(monkeypatch, answer):
    client = Client("https://hotel.example", "t", "run")
    said = [answer, Answer(200, b'{"msg": "Done", "data": 7}')]
    monkeypatch.setattr(client_module, "TRY_AGAIN_AFTER", (0.0,))
    monkeypatch.setattr(client._pool, "request", lambda *_args, **_options: said.pop(0))
    assert client.call("orders", patience=1.0) == 7


def test_an_agent_goes_on_when_something_unforeseen_goes_wrong_at_its_desk(away, house, monkeypatch):
    monkeypatch.setattr(program, "_AFTER_FAULT", 0.02)
    whole, left = program.find_ports, [OSError("the folder has just gone")] * 2
    monkeypatch.setattr(program, "find_ports", lambda: whole() if not left else _raise(left.pop()))
    away.open()
    assert not left
    away.machine.put(blank())
    assert away.wait_for(away.ask(stay(house))).state is DONE


def _raise(fault):
    raise fault


def test_agents_beyond_what_the_server_can_hold_ask_again_after_a_moment(away, house, line, monkeypatch):
    nothing_left = threading.BoundedSemaphore(1)
    nothing_left.acquire()
    monkeypatch.setattr(long_poll, "_held", nothing_left)
    away.open()
    before = line.said.count("orders")
    time.sleep(0.6)
    assert line.said.count("orders") - before <= 4
    away.machine.put(blank())
    assert away.wait_for(away.ask(stay(house))).state is DONE


def test_agents_never_hold_all_of_the_servers_threads():
    assert 2 * long_poll.MOST_HELD <= THREADS


def test_a_question_whose_line_broke_does_not_settle_what_a_later_one_brought(away, house, now):
    desk_service.start(agent_id=away.agent_id, desk="North house", run_id="a", host="pc", version="1", now=now)
    away.ask(stay(house))
    job_id = job_course.claim_next(encoder_id=away.machine.id, run_id="a", now=now + timedelta(seconds=1)).id
    job_course.begin_writing(job_id=job_id, presence=CardPresence(b"1234", Medium.CLASSIC_1K), now=now)

    def ask(seconds):
        values = {"agent_id": away.agent_id, "run_id": "a", "under_way": []}
        desk_service.orders(asked_at=now + timedelta(seconds=seconds), now=now + timedelta(seconds=3), **values)
        return queries.get_job(job_id).state

    assert ask(0) is JobState.WRITING
    assert ask(2) is UNKNOWN


def test_a_job_that_comes_back_again_and_again_ends(away, house, now):
    desk_service.start(agent_id=away.agent_id, desk="North house", run_id="a", host="pc", version="1", now=now)
    away.ask(stay(house))
    job_id = job_course.claim_next(encoder_id=away.machine.id, run_id="a", now=now).id

    def ask(seconds):
        at = now + timedelta(seconds=seconds)
        return desk_service.orders(agent_id=away.agent_id, run_id="a", under_way=[], asked_at=at, now=at).tasks

    assert ask(31)[away.machine.id].id == job_id
    assert ask(90) == {}
    assert (queries.get_job(job_id).state, queries.get_job(job_id).error_code) == (FAILED, "internal")


def test_a_task_that_comes_when_the_machine_has_just_gone_is_not_kept():
    said = []
    client = Client("https://hotel.example", "t", "run")
    client.call = lambda path, body, **_options: said.append((path, body["code"]))
    office = RemoteOffice("7", client, lambda: None, threading.Event())
    office.give(Task("j", TaskKind.READ, 30))
    office.disconnected("", "")
    assert said == [("jobs/j/failed", "gone")]
    assert office.job_id is None


def test_the_server_may_be_started_again_in_mid_writing(away, house):
    """The card is finished, and what became of it is told as soon as the server is there again."""
    away.open()
    away.machine.device._machine.seconds_per_write = 0.2
    batch_id = away.ask(stay(house))
    card = away.machine.put(blank(Medium.CLASSIC_1K))
    until(lambda: away.jobs(batch_id)[0].state is JobState.WRITING)
    away.site.stop()
    time.sleep(1.0)
    assert away.jobs(batch_id)[0].state is JobState.WRITING
    away.site.start()
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code) == (DONE, None)
    assert away.read(card)["holds"] is True


def test_a_desk_that_is_away_too_long_is_given_up_and_believed_when_it_comes_back(away, house, line):
    away.open()
    stay_id = stay(house)
    line.losses = [("written", "unsent")] * 40
    batch_id = away.ask(stay_id)
    away.machine.put(blank())
    until(lambda: away.jobs(batch_id)[0].state is JobState.CHECKING)
    later = clock.now() + timedelta(minutes=2)
    desk_service.miss_absent(now=later)
    job = away.jobs(batch_id)[0]
    assert (job.state, job.error_code) == (UNKNOWN, "desk_away")
    assert cards_of(stay_id)[0].proof is Proof.UNKNOWN
    assert away.machine.state is EncoderState.OFFLINE
    # What the agent read back in the meantime is the truth, however late it is told.
    until(lambda: db.remove() or cards_of(stay_id)[0].proof is Proof.CONFIRMED)
    assert away.jobs(batch_id)[0].state is UNKNOWN


def test_what_waits_for_a_desk_that_is_away_fails(away, house):
    batch_id = away.ask(stay(house))
    desk_service.miss_absent(now=clock.now() + timedelta(seconds=5))
    assert away.jobs(batch_id)[0].state is JobState.QUEUED
    desk_service.miss_absent(now=clock.now() + timedelta(minutes=2))
    job = away.jobs(batch_id)[0]
    assert (job.state, job.error_code) == (FAILED, "desk_away")


# --- the agent breaks


def test_an_agent_that_is_stopped_finishes_the_card_first(away, house):
    away.open()
    away.machine.device._machine.seconds_per_write = 0.2
    batch_id = away.ask(stay(house))
    card = away.machine.put(blank())
    until(lambda: away.jobs(batch_id)[0].state is JobState.WRITING)
    away.owner.stop()
    assert away.jobs(batch_id)[0].state is DONE
    away.owner = AgentThread(away.site, away.token, "North house")
    away.open()
    assert away.read(card)["holds"] is True


def test_a_second_start_sends_the_first_away_and_settles_its_jobs(away, house):
    away.open()
    batch_id = away.ask(stay(house))
    until(lambda: away.jobs(batch_id)[0].state is JobState.WAITING)
    first, away.owner = away.owner, AgentThread(away.site, away.token, "North house")
    away.owner.start()
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code) == (FAILED, "restarted")
    until(lambda: isinstance(first.fault, SentAway))
    first.stop()
    away.wait_until_ready()
    away.machine.put(blank())
    assert away.wait_for(away.ask(stay(house, room="201"))).state is DONE


def test_an_agent_whose_token_is_revoked_ends_and_its_machines_are_bound_to_nothing(away, house):
    away.open()
    desk_service.revoke_agent(agent_id=away.agent_id, actor=TECHNICIAN, now=clock.now())
    until(lambda: isinstance(away.owner.fault, SentAway))
    assert not queries.get_encoder(away.machine.id).is_bound
    assert queries.free_ports() == []


def test_a_program_started_with_the_name_of_another_desk_is_told_so(away, now):
    with pytest.raises(WrongDesk) as caught:
        desk_service.start(agent_id=away.agent_id, desk="South house", run_id="a", host="pc", version="1", now=now)
    assert caught.value.params == {"name": "North house"}
    with pytest.raises(SentAway, match="North house"):
        program.Agent(away.site.url, away.token, "South house").run()


def test_an_earlier_start_is_not_heard(away, now):
    desk_service.start(agent_id=away.agent_id, desk="North house", run_id="a", host="pc", version="1", now=now)
    desk_service.start(agent_id=away.agent_id, desk="North house", run_id="b", host="pc", version="1", now=now)
    with pytest.raises(Superseded):
        desk_service.orders(agent_id=away.agent_id, run_id="a", under_way=[], asked_at=now, now=now)


def test_a_killed_agent_leaves_an_unknown_card_that_is_made_again_by_the_next(away, house, tmp_path):
    token_file = tmp_path / "token"
    token_file.write_text(away.token)
    command = [sys.executable, "-m", "pms", "agent", "--server", away.site.url, "--desk", "North house"]

    def start():
        environment = {**os.environ, "PMS_AGENT_TOKEN": ""}
        return subprocess.Popen([*command, "--token-file", str(token_file)], cwd=ROOT, env=environment)

    stay_id = stay(house)
    with start() as process:
        away.wait_until_ready()
        away.machine.device._machine.seconds_per_write = 0.5
        batch_id = away.ask(stay_id)
        card = away.machine.put(blank())
        until(lambda: away.jobs(batch_id)[0].state is JobState.WRITING)
        process.send_signal(signal.SIGKILL)
        process.wait(5)
    away.machine.device._machine.seconds_per_write = 0.0
    with start() as process:
        job = away.wait_for(batch_id)
        assert (job.state, job.error_code) == (UNKNOWN, "interrupted")
        assert away.wait_for(away.again(batch_id)).state is DONE
        assert away.read(card)["holds"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [key.state for key in cards_of(stay_id)].count(CardState.ACTIVE) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--server", "http://hotel.example", "--desk", "x"], "begins with https://"),
        (["--server", "https://hotel.example", "--desk", "x", "--no-token"], "Give the desk's token"),
    ],
)
def test_the_program_says_what_it_lacks(options, said):
    environment = {**os.environ, "PMS_AGENT_TOKEN": "" if "--no-token" in options else "t"}
    words = [word for word in options if word != "--no-token"]
    done = subprocess.run(
        [sys.executable, "-m", "pms", "agent", *words], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 1
    assert said in done.stderr


def test_a_torn_card_at_another_desk_is_unknown_as_here(away, house):
    away.open()
    away.machine.device.faults.cut = WriteCut(2, Moment.TORN, Act.UNPLUG)
    batch_id = away.ask(stay(house))
    away.machine.put(blank())
    job = away.wait_for(batch_id)
    assert (job.state, job.error_code) == (UNKNOWN, "gone")
    away.machine.device.plug_in()
    away.wait_until_ready()
    assert away.wait_for(away.again(batch_id)).state is DONE
