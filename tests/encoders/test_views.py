"""The machines' pages, with what people enter and what they should not."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace

import pytest
from flask import g

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.core.errors import Forbidden
from pms.devices import discovery
from pms.devices.encoder import EncoderIdentity
from pms.encoders import job_course, machine_states, queries, service
from pms.encoders.models import EncoderState, JobKind, JobState
from pms.encoders.words import STATE_WORDS
from pms.protocol.encoder_line import Capability
from tests.client import text_of
from tests.keycards.desk import machine_row, new_request

TECHNICIAN = Actor(kind="account", name="Tom", account_id=4)
READY, OFFLINE = STATE_WORDS[EncoderState.READY], STATE_WORDS[EncoderState.OFFLINE]
SOMEWHERE = {"agent_id": "", "driver": ""}
GOOD = {"name": "Front desk 1", "url": "/dev/ttyUSB0"}


@pytest.fixture
def technician(client):
    return client.log_in("technician")


def note(machine_id, state, error="") -> None:
    port = Actor(kind="port", name="")
    if state is EncoderState.READY:
        plate = EncoderIdentity("932211c49aeb6f8a", "ZC-20", "line 1", Capability.CLASSIC | Capability.NTAG)
        machine_states.note_ready(encoder_id=machine_id, driver="machine", identity=plate, actor=port, now=clock.now())
    else:
        machine_states.note_offline(encoder_id=machine_id, code="gone", text=error, actor=port, now=clock.now())


def machine(machine_id):
    db.remove()
    return queries.get_encoder(machine_id)


def value_of(answer, name) -> str:
    """What stands in an input."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', answer.text)
    assert tag, name
    found = re.search(r'value="([^"]*)"', tag[0])
    return html.unescape(found[1]) if found else ""


# --- jobs


def queue(machine_id, kind=JobKind.ERASE) -> str:
    batch_id = new_request()
    (job,) = service.queue_jobs(
        encoder_id=machine_id,
        kind=kind,
        subjects=[None],
        stay_id=None,
        batch_id=batch_id,
        actor=TECHNICIAN,
        now=clock.now(),
    )
    return job.id


def test_the_jobs_say_what_every_machine_does_and_why_one_failed(clerk):
    left, right = (machine_row(f"/dev/desk{number}", name) for number, name in enumerate(("Left", "Right")))
    failed, other = queue(left), queue(right, JobKind.SIGNAL)
    job_course.fail(job_id=failed, code="port_in_use", now=clock.now())
    page = clerk.get("/encoders/jobs")
    rows = [text_of(SimpleNamespace(text=row)) for row in page.text.split("<tr data-row")[1:]]
    (first,) = [row for row in rows if "Left" in row]
    assert "Not done" in first
    assert "Another program on the computer uses the machine's port." in first
    assert "Again …" in first
    assert "Waiting for the machine" in next(row for row in rows if "Right" in row)
    assert "Right" not in text_of(clerk.get(f"/encoders/jobs?machine={left}", htmx=True))
    only = text_of(clerk.get("/encoders/jobs?show=failed", htmx=True))
    assert "Left" in only
    assert "Right" not in only
    # It asks by itself, and hears nothing until something is different.
    (seen,) = set(re.findall(r"seen=(\w+)", page.text))
    clerk.get(f"/encoders/jobs?seen={seen}", htmx=True, status=204)
    job_course.fail(job_id=other, code="gone", now=clock.now())
    assert "seen=" in clerk.get(f"/encoders/jobs?seen={seen}", htmx=True).text


def test_the_history_of_jobs_is_read_a_page_at_a_time(clerk, monkeypatch):
    monkeypatch.setattr(queries, "_PAGE", 2)
    machine_id = machine_row("/dev/desk", "Desk")
    for _ in range(3):
        queue(machine_id)
    first = clerk.get("/encoders/jobs")
    assert first.text.count("<tr data-row") == 2
    (more,) = set(re.findall(r'"(/encoders/jobs\?[^"]*before=[^"]*)"', first.text))
    rest = clerk.get(html.unescape(more), htmx=True)
    assert rest.text.count("<tr data-row") == 1
    assert "before=" not in rest.text


# --- the list


def test_without_a_machine_the_list_says_what_to_do(technician):
    text = text_of(technician.get("/encoders/"))
    assert "No card machine yet" in text
    assert "Plug the card-issuing machine into the server" in text


def test_the_list_says_how_each_machine_is(technician):
    ready, lost, off = (machine_row(f"/dev/desk{number}", f"Desk {number}") for number in range(3))
    note(ready, EncoderState.READY)
    note(lost, EncoderState.READY)
    note(lost, EncoderState.OFFLINE, "could not open port: No such file <or directory>")
    service.unbind_encoder(encoder_id=off, actor=TECHNICIAN, now=clock.now())
    page = technician.get("/encoders/")
    cards = [text_of(SimpleNamespace(text=part)) for part in page.text.split("<li class=")[-3:]]
    assert f"Desk 0 {READY} since" in cards[0]
    assert "ZC-20 · line 1 Serial number 932211c49aeb6f8a" in cards[0]
    assert "Test" in cards[0]
    assert f"Desk 1 {OFFLINE} since" in cards[1]
    assert "Check its cable and its power. (could not open port: No such file &lt;or directory&gt;)" in cards[1]
    assert "Test" not in cards[1]
    assert "Desk 2 Not bound" in cards[2]
    assert "The port said" not in cards[2]
    part = technician.get("/encoders/", htmx=True)
    assert "<html" not in part.text
    assert "Desk 1" in part.text


def test_only_those_who_set_up_the_house_see_the_machines(clerk):
    machine_row()
    for url in ("/encoders/", "/encoders/new", "/encoders/1"):
        clerk.get(url, status=403)
    clerk.post("/encoders/new", GOOD, status=403)
    assert len(queries.list_encoders()) == 1


def test_the_right_is_asked_for_before_anything_else(app, client):
    with app.test_request_context("/encoders/"):
        g._login_user = SimpleNamespace(is_authenticated=True, role="housekeeping")
        with pytest.raises(Forbidden) as caught:
            app.view_functions["encoders.index"]()
        assert caught.value.status == 403
        g._login_user = SimpleNamespace(is_authenticated=False)
        assert app.view_functions["encoders.index"]().status_code == 303


# --- adding


def test_a_machine_is_bound_to_a_port_that_was_found(technician, now):
    ports = [discovery.FoundPort("/dev/ttyUSB0", "USB <serial>"), discovery.FoundPort("/dev/ttyUSB1", "")]
    machine_states.note_ports(agent_id=None, ports=ports, now=now)
    (port, _) = queries.free_ports()
    assert "/dev/ttyUSB0 USB &lt;serial&gt; Nobody has asked yet" in text_of(technician.get("/encoders/"))
    technician.post(f"/encoders/ports/{port.id}/ask", htmx=True)
    assert "Asking" in text_of(technician.get("/encoders/"))
    assert machine_states.take_questions(agent_id=None) == ["/dev/ttyUSB0"]
    assert machine_states.take_questions(agent_id=None) == []
    plate = EncoderIdentity("", "PN532", "1.6", Capability.CLASSIC | Capability.NTAG)
    machine_states.note_answer(
        agent_id=None, url="/dev/ttyUSB0", driver="machine", identity=plate, error_code=None, now=now
    )
    assert "Card-issuing machine PN532" in text_of(technician.get("/encoders/"))
    dialog = technician.get(f"/encoders/new?port={port.id}", htmx=True)
    assert value_of(dialog, "url") == "/dev/ttyUSB0"
    assert '<option selected value="machine">' in dialog.text
    form = {"name": " Front <b>desk</b> 1 ", "url": " /dev/ttyUSB0 ", "agent_id": "", "driver": "machine"}
    answer = technician.post("/encoders/new", form, status=303)
    page = technician.get(answer.location)
    assert "Front &lt;b&gt;desk&lt;/b&gt; 1" in page.text
    (row,) = queries.list_encoders()
    assert (row.name, row.url, row.driver, row.is_bound) == ("Front <b>desk</b> 1", "/dev/ttyUSB0", "machine", True)
    assert [free.url for free in queries.free_ports()] == ["/dev/ttyUSB1"]
    answer = technician.post(f"/encoders/ports/{port.id}/ask", htmx=True, status=409)
    assert queries.find_port(port.id).asked_at is None


def test_a_port_that_vanished_is_forgotten(technician, now):
    machine_states.note_ports(agent_id=None, ports=[discovery.FoundPort("/dev/ttyUSB0", "")], now=now)
    (port,) = queries.free_ports()
    machine_states.note_ports(agent_id=None, ports=[], now=now)
    assert queries.free_ports() == []
    technician.post(f"/encoders/ports/{port.id}/ask", status=404)
    assert value_of(technician.get(f"/encoders/new?port={port.id}", htmx=True), "url") == ""


@pytest.mark.parametrize("is_htmx", [True, False])
def test_what_is_entered_wrongly_is_kept_and_said(technician, is_htmx):
    machine_row("/dev/ttyUSB9", "Night desk")
    sentences = {
        ("", "/dev/ttyUSB0"): "Give the machine a name.",
        ("   ", "/dev/ttyUSB0"): "Give the machine a name of 1 to 40 characters.",
        ("x" * 41, "/dev/ttyUSB0"): "Field cannot be longer than 40 characters.",
        ("Front desk 1", ""): "Choose or write a port.",
        ("Front desk 1", "ttyUSB0"): "This is no address of a port.",
        ("Front desk 1", "spy:///dev/ttyUSB0?file=/etc/x"): "This is no address of a port.",
        ("Front desk 1", "/dev/ttyUSB9"): "Another machine has this name or this port already.",
        ("Night desk", "/dev/ttyUSB0"): "Another machine has this name or this port already.",
    }
    for (name, url), sentence in sentences.items():
        answer = technician.post(
            "/encoders/new", {"name": name, "url": url, "agent_id": "", "driver": ""}, htmx=is_htmx, status=422
        )
        assert sentence in text_of(answer), (name, url)
        assert (value_of(answer, "name"), value_of(answer, "url")) == (name.strip(), url)
    assert len(queries.list_encoders()) == 1


# --- changing


def test_a_machine_is_renamed_moved_unbound_bound_again_and_deleted(technician):
    machine_id = machine_row()
    url = f"/encoders/{machine_id}"
    dialog = technician.get(url, htmx=True)
    assert (value_of(dialog, "name"), value_of(dialog, "url")) == ("Front desk 1", "/dev/none")
    form = {"name": "Night desk", "url": "COM3", "agent_id": "", "driver": ""}
    technician.post(url, form, status=303)
    assert (machine(machine_id).name, machine(machine_id).url) == ("Night desk", "COM3")
    assert "nobody can make cards on it" in text_of(technician.get(f"{url}/unbind", htmx=True))
    technician.post(f"{url}/unbind", status=303)
    assert not machine(machine_id).is_bound
    assert "Night desk Not bound" in text_of(technician.get("/encoders/"))
    assert value_of(technician.get(url, htmx=True), "url") == ""
    technician.post(url, form, status=303)
    assert machine(machine_id).is_bound
    assert "stays on record" in text_of(technician.get(f"{url}/delete", htmx=True))
    technician.post(f"{url}/delete", status=303)
    assert "No card machine yet" in text_of(technician.get("/encoders/"))
    for path in (url, f"{url}/unbind", f"{url}/delete"):
        technician.post(path, form, status=404)
    # Its name and its port are free again.
    machine_row("COM3", "Night desk")


def test_a_change_that_cannot_be_is_kept_and_said(technician):
    machine_row("/dev/ttyUSB9", "Night desk")
    machine_id = machine_row()
    for form in ({"name": "Night desk", "url": "/dev/none"}, {"name": "Front desk 1", "url": "/dev/ttyUSB9"}):
        answer = technician.post(f"/encoders/{machine_id}", {**form, **SOMEWHERE}, htmx=True, status=422)
        assert "Another machine has this name or this port already." in text_of(answer)
        assert value_of(answer, "name") == form["name"]
    technician.post(f"/encoders/{machine_id}", {"name": "", "url": "", **SOMEWHERE}, htmx=True, status=422)
    assert machine(machine_id).name == "Front desk 1"


@pytest.mark.parametrize("number", ["1"])
def test_a_machine_that_does_not_exist(technician, number):
    technician.get(f"/encoders/{number}", status=404)
    technician.post(f"/encoders/{number}", {**GOOD, **SOMEWHERE}, status=404)
    technician.post(f"/encoders/{number}", {}, status=404)
    technician.post(f"/encoders/{number}/signal", status=404)


# --- blinking


def test_a_machine_is_asked_to_blink(technician):
    machine_id = machine_row()
    technician.post(f"/encoders/{machine_id}/signal", status=303)
    (job_id,) = queries.queued(machine_id)
    assert queries.get_job(job_id).kind is JobKind.SIGNAL
    assert "Front desk 1 is asked to show itself." in text_of(technician.get("/encoders/"))


def test_a_machine_that_is_bound_to_nothing_does_not_blink(technician):
    machine_id = machine_row()
    technician.post(f"/encoders/{machine_id}/unbind", status=303)
    answer = technician.post(f"/encoders/{machine_id}/signal", status=409)
    assert "Front desk 1 is bound to no port. Choose another machine." in text_of(answer)
    assert queries.queued(machine_id) == []


# --- the machine of the desk


def test_a_desk_chooses_its_machine_and_goes_back_to_where_it_was(clerk):
    machine_row("/dev/desk0", "Left")
    right = machine_row("/dev/desk1", "Right")
    assert "No machine chosen" in text_of(clerk.get("/encoders/desk/state"))
    dialog = clerk.get("/encoders/desk", htmx=True, headers={"HX-Current-URL": "http://localhost/rooms/?floor=2"})
    assert value_of(dialog, "next") == "/rooms/?floor=2"
    assert "checked" not in dialog.text
    answer = clerk.post("/encoders/desk", {"encoder_id": str(right), "next": "/rooms/?floor=2"}, status=303)
    assert answer.location == "/rooms/?floor=2"
    assert f"Right {OFFLINE}" in text_of(clerk.get("/encoders/desk/state"))
    assert re.search(rf'value="{right}"\s+checked', clerk.get("/encoders/desk", htmx=True).text)


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "", "today"])
def test_nobody_is_sent_to_another_site(clerk, path):
    answer = clerk.post("/encoders/desk", {"encoder_id": str(machine_row()), "next": path}, status=303)
    assert answer.location == "/today"


def test_a_desk_cannot_choose_what_is_not_there_or_not_in_use(clerk):
    off = machine_row("/dev/desk0", "Left")
    service.unbind_encoder(encoder_id=off, actor=TECHNICIAN, now=clock.now())
    assert "No card machine yet" in text_of(clerk.get("/encoders/desk", htmx=True))
    for wrong in ("", "1", "x"):
        clerk.post("/encoders/desk", {"encoder_id": wrong}, status=404)
    clerk.post("/encoders/desk", status=404)
    answer = clerk.post("/encoders/desk", {"encoder_id": str(off)}, status=409)
    assert "Left is bound to no port. Choose another machine." in text_of(answer)
    assert "No machine chosen" in text_of(clerk.get("/encoders/desk/state"))


def test_the_light_of_the_desk_is_sent_only_when_it_changes(clerk):
    machine_id = machine_row()
    first = clerk.get("/encoders/desk/state", htmx=True)
    seen = re.search(r"seen=([^\"&]+)", first.text)[1]
    url = f"/encoders/desk/state?seen={seen}"
    clerk.get(url, htmx=True, status=204)
    note(machine_id, EncoderState.READY)
    assert f"Front desk 1 {READY}" in text_of(clerk.get(url, htmx=True))


def test_cards_go_to_the_machine_of_the_desk(clerk, house):
    from tests.keycards.desk import new_request, stay

    machine_row("/dev/desk0", "Left")
    right = machine_row("/dev/desk1", "Right")
    clerk.post("/encoders/desk", {"encoder_id": str(right)}, status=303)
    stay_id = stay(house)
    dialog = clerk.get(f"/keys/stays/{stay_id}/new", htmx=True)
    chosen = re.search(r"<option selected value=\"(\d+)\"", dialog.text)
    assert chosen
    form = {"encoder_id": chosen[1], "copies": "1", "request_id": new_request()}
    clerk.post(f"/keys/stays/{stay_id}/new", form, status=303)
    db.remove()
    (job_id,) = queries.queued(right)
    assert queries.get_job(job_id).state is JobState.QUEUED
