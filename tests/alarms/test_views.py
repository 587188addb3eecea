"""The pages of alarms, and what other pages show of them."""

from __future__ import annotations

import re

import pytest

from pms.alarms.models import AlarmKind
from pms.core.actor import SETUP
from pms.core.db import db
from pms.properties import service as properties
from pms.properties.models import Property
from pms.properties.rules import BadLimit
from tests.alarms.cast import acknowledge, actions, everything, raised
from tests.client import PageClient, text_of


@pytest.fixture
def desk(client):
    return client.log_in("desk")


@pytest.fixture
def manager(app, client):
    return PageClient(app).log_in("manager")


def test_an_alarm_is_acknowledged_with_a_note_and_its_history_stays(desk, house, now):
    assert "No alarm is open" in text_of(desk.get("/alarms/"))
    number = raised(house, now).id
    assert re.search(r'aria-current="page">Open alarms <span class="count bad">1', desk.get("/alarms/").text)
    url = f"/alarms/{number}/acknowledge"
    dialog = text_of(desk.get(url, htmx=True))
    assert "Send somebody at once." in dialog
    refused = desk.post(url, {"note": ""}, htmx=True, status=422)
    assert "An urgent alarm is not acknowledged without a word." in text_of(refused)
    answer = desk.post(url, {"note": "Nobody there"}, htmx=True, headers={"X-In-Place": "1"}, status=204)
    assert "live:look" in answer.headers["HX-Trigger"]
    assert "No alarm is open" in text_of(desk.get("/alarms/", htmx=True))
    history = text_of(desk.get("/alarms/?state=closed"))
    for words in ("Tamper alarm", "Acknowledged Desk Fri, Jun 12, 12:00", "Nobody there"):
        assert words in history
    # On a page that does not renew itself it is loaded anew, and no other page of somebody else's choice.
    for here, back in (("http://localhost/rooms?floor=1", "/rooms?floor=1"), ("http://evil.example/x", "/alarms/")):
        head = {"HX-Current-URL": here}
        again = desk.post(url, {"note": "Nobody there"}, htmx=True, headers=head, status=200)
        assert again.headers["HX-Redirect"] == back
    # Somebody who had the dialog open is told who was faster.
    other = PageClient(desk.app).log_in("desk2").post(url, {"note": "Me too"}, htmx=True, status=422)
    assert "Desk has acknowledged this alarm already" in text_of(other)


def test_duress_is_on_the_managers_list_and_nowhere_else(desk, manager, house, now):
    number = raised(house, now, AlarmKind.DURESS).id
    room, lock = house.rooms["101"].id, house.doors["101"].lock_id
    pages = ("/alarms/", "/alarms/?state=all", "/today?show=alarms", "/rooms", "/live", f"/alarms/of-lock/{lock}")
    for page in (*pages, f"/rooms/{room}"):
        assert "uress" not in desk.get(page).text, page
        if "/alarms/?" not in page and page != "/alarms/":
            assert "uress" not in manager.get(page).text, page
    assert "alarm-mark" not in manager.get("/live").text
    assert "Duress alarm" in text_of(manager.get("/alarms/"))
    desk.get(f"/alarms/{number}/acknowledge", status=404)
    desk.post(f"/alarms/{number}/acknowledge", {"note": "x"}, status=404)
    assert "duress" not in desk.get("/alarms/export.csv").text
    manager.post(f"/alarms/{number}/acknowledge", {"note": "Police called"}, status=303)
    assert everything()[0].note == "Police called"


def test_an_urgent_alarm_tells_every_page_what_to_announce(desk, house, now):
    raised(house, now, AlarmKind.LOW_BATTERY)
    assert "data-urgent" not in desk.get("/live", htmx=True).text
    number = raised(house, now, door="102").id
    mark = desk.get("/live", htmx=True).text
    assert f'data-urgent="{number}"' in mark
    assert 'data-urgent-text="Tamper alarm: 102"' in mark
    assert f'data-urgent-url="/alarms/{number}/acknowledge"' in mark


def test_the_lists_are_filtered_and_go_on(desk, house, now, monkeypatch):
    monkeypatch.setattr("pms.alarms.queries.PAGE", 2)
    for door in ("101", "102", "103"):
        raised(house, now, AlarmKind.LOCK_OUT, door=door)
    acknowledge(house, raised(house, now, AlarmKind.LOW_BATTERY), now)
    first = desk.get("/alarms/", htmx=True).text
    assert first.count("data-row ") == 2
    (more,) = set(re.findall(r'hx-get="(/alarms/\?[^"]*after=[^"]+)"', first))
    assert desk.get(more.replace("&amp;", "&"), htmx=True).text.count("data-row ") == 1
    assert desk.get("/alarms/?rows=3", htmx=True).text.count("data-row ") == 3
    door = house.doors["101"].id
    assert desk.get(f"/alarms/?state=all&door={door}", htmx=True).text.count("data-row ") == 2
    assert "Low battery" in desk.get("/alarms/?state=all&kind=low_battery", htmx=True).text
    assert "Nothing fits these filters" in desk.get("/alarms/?kind=tamper", htmx=True).text
    assert desk.get("/alarms/?kind=nonsense&state=nonsense&door=x&after=1", htmx=True).text.count("data-row ") == 2


def test_a_page_of_many_costs_as_many_questions_as_one(desk, house, now, count_queries):
    raised(house, now)
    few = count_queries(lambda: desk.get("/alarms/"))
    for door in house.doors:
        for kind in AlarmKind:
            raised(house, now, kind, door)
    assert count_queries(lambda: desk.get("/alarms/")) == few


def test_the_history_is_a_file_and_that_it_was_taken_is_in_the_trail(manager, house, now):
    acknowledge(house, raised(house, now), now, note="=1+1")
    raised(house, now, AlarmKind.LOW_BATTERY, details={"percent": 12})
    lines = manager.get("/alarms/export.csv?state=all").text.splitlines()
    assert lines[0].startswith("\ufeffNumber,Alarm,Urgency")
    assert "Low battery,On the next round,101,101,2026-06-12T10:00:00+00:00,1,The battery is at 12 %." in lines[1]
    assert lines[2].endswith("2026-06-12T10:00:00+00:00,Desk,'=1+1")
    assert actions()[-1] == "alarms.exported"


def test_rooms_locks_and_the_board_show_what_is_open_at_their_door(desk, house, now):
    room, lock = house.rooms["101"].id, house.doors["101"].lock_id
    part = f"/alarms/of-lock/{lock}"
    assert f'hx-get="{part}"' in desk.get(f"/rooms/{room}").text
    assert f'hx-get="{part}"' in desk.get(f"/locks/{lock}").text
    assert "<section" not in desk.get(part, htmx=True).text
    raised(house, now, AlarmKind.DOOR_LEFT_OPEN)
    raised(house, now, AlarmKind.LOCK_OUT, door="102")
    assert text_of(desk.get(part)).count("Door left open") == 1
    assert "Keypad" not in desk.get(part, htmx=True).text
    assert 'title="Door left open"' in desk.get("/rooms").text
    assert 'title="Door left open"' not in PageClient(desk.app).log_in("housekeeper").get("/rooms").text


def test_the_house_sets_when_batteries_and_silence_are_alarms(manager, house, now):
    manager.get("/property/alarms")
    form = {"version": "1", "low_battery_percent": "25", "offline_minutes": "10", "silent_lock_hours": "48"}
    assert "Number must be between" in text_of(manager.post("/property/alarms", form | {"offline_minutes": "1"}))
    manager.post("/property/alarms", form, status=303)
    row = db.session.get_one(Property, 1)
    # Forms can be gone round.
    with pytest.raises(BadLimit):
        properties.change_limits(
            version=row.version, low_battery_percent=4, offline_minutes=10, silent_lock_hours=1, actor=SETUP, now=now
        )
    assert (row.low_battery_percent, row.offline_minutes, row.silent_lock_hours) == (25, 10, 48)
