"""The page of the day: who stands in which list, in which order, how many, and what each row does next."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from pms.alarms import service as alarms
from pms.alarms.models import AlarmKind
from pms.core.db import db, transaction
from pms.folios import service as folios
from pms.folios.models import PaymentMethod
from pms.frontdesk import key_tasks, service, today
from pms.frontdesk.today import Line
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus, Room, RoomType
from pms.stays import service as stays
from pms.stays.models import Stay
from tests.client import text_of

ONE_DAY = timedelta(days=1)


def moment(desk, **values) -> today.Moment:
    return today.Moment(desk.now, values.get("day", desk.day(0)), values.get("tonight", desk.day(0)))


def names(desk, line: Line, **values) -> list[str]:
    """Family names in the order of the list."""
    db.remove()
    tasks = key_tasks.everything(now=desk.now)
    at = moment(desk, **values)
    found = today.key_rows(at, tasks) if line is Line.KEYS else today.rows(line, at, tasks)
    return [row.stay.guest.family_name for row in found.rows]


def counts(desk) -> dict[str, int]:
    db.remove()
    found = today.count(moment(desk), key_tasks.everything(now=desk.now), list(Line))
    return {line.value: number for line, number in found.items() if number}


def come(desk, name: str, room: str | None, days=(0, 2), **values) -> Stay:
    booked = desk.now + min(0, days[0]) * ONE_DAY
    return desk.book(room, days, guest_id=desk.guest(name), now=booked, **values)


def check_in(desk, stay: Stay) -> None:
    at = desk.now + min(0, (stay.arrival_date - desk.day(0)).days) * ONE_DAY
    service.check_in(stay_id=stay.id, cards=0, encoder_id=None, **desk.act(now=at))


def dirty(desk, number: str) -> None:
    rooms.set_housekeeping(
        room_id=desk.house.rooms[number].id, status=HousekeepingStatus.DIRTY, actor=desk.clerk, now=desk.now
    )


@pytest.fixture
def full(any_desk):
    """A house with somebody in every list."""
    desk = any_desk
    come(desk, "Late", "101", (-1, 2))
    come(desk, "Due", "201")
    come(desk, "Roomless", None)
    come(desk, "Tomorrow", "203", (1, 2))
    for name, number, days in (("Gone", "102", (-3, -1)), ("Leaving", "103", (-2, 0)), ("Staying", "202", (-1, 3))):
        check_in(desk, come(desk, name, number, days))
    waiting = come(desk, "Waiting", "103")
    stays.check_in_ahead(
        stay_id=waiting.id, room_expected_at=desk.now + timedelta(hours=2), **desk.act(version=waiting.version)
    )
    dirty(desk, "201")
    return desk


def test_everybody_stands_where_they_belong_and_is_counted_there(full):
    found = {line: names(full, line) for line in Line if line is not Line.ALARMS}
    assert found == {
        Line.TODO: ["Late", "Gone", "Waiting", "Roomless", "Due", "Leaving"],
        Line.OVERDUE: ["Gone", "Late"],
        Line.ARRIVING: ["Roomless", "Due"],
        Line.WAITING: ["Waiting"],
        Line.UNREADY: ["Waiting", "Due"],
        Line.LEAVING: ["Leaving"],
        Line.UNPAID: [],
        Line.IN_HOUSE: ["Gone", "Leaving", "Staying"],
        Line.KEYS: ["Staying"],
    } | {Line.TODO: found[Line.TODO], Line.OVERDUE: found[Line.OVERDUE]}
    assert set(found[Line.TODO][:2]) == set(found[Line.OVERDUE]) == {"Late", "Gone"}
    assert found[Line.TODO][2:] == ["Waiting", "Roomless", "Due", "Leaving"]
    assert counts(full) == {line.value: len(rows) for line, rows in found.items() if rows}


def test_until_the_morning_last_nights_guest_is_still_expected_and_not_overdue(full):
    at_night = {"day": full.day(0), "tonight": full.day(-1)}
    assert "Late" in names(full, Line.ARRIVING, **at_night)
    assert names(full, Line.OVERDUE, **at_night) == ["Gone"]


def test_a_room_is_not_ready_while_it_is_dirty_occupied_or_out_of_order(any_desk):
    desk = any_desk
    come(desk, "Due", "101")
    assert names(desk, Line.UNREADY) == []
    dirty(desk, "101")
    (row,) = today.rows(Line.UNREADY, moment(desk), []).rows
    assert (row.is_room_ready, row.can_be_cleaned, row.inside) == (False, True, None)
    check_in(desk, come(desk, "Inside", "102", (-2, 0)))
    come(desk, "Next", "102")
    db.remove()
    row = today.rows(Line.UNREADY, moment(desk), []).rows[-1]
    assert (row.is_room_ready, row.can_be_cleaned, row.inside.guest.family_name) == (False, False, "Inside")
    come(desk, "Broken", "103")
    with transaction() as session:
        session.get_one(Room, desk.house.rooms["103"].id).out_of_order = True
    assert "Broken" in names(desk, Line.UNREADY)


def test_who_leaves_and_owes_stands_under_unpaid_until_they_have_paid(any_desk):
    desk = any_desk
    with transaction() as session:
        session.get_one(RoomType, desk.house.standard.id).night_price = 9_000
    stay = come(desk, "Owing", "101", (-2, 0))
    stay_id = stay.id
    check_in(desk, stay)
    check_in(desk, come(desk, "Staying", "102", (-1, 2)))
    assert names(desk, Line.UNPAID) == ["Owing"]
    (row,) = today.rows(Line.UNPAID, moment(desk), []).rows
    assert row.balance.amount == 18_000
    folios.take_payment(stay_id=stay_id, amount=18_000, method=PaymentMethod.CASH, **desk.act())
    assert names(desk, Line.UNPAID) == []
    assert "unpaid" not in counts(desk)


def test_a_list_goes_on_where_it_ended_whatever_its_order(any_desk):
    desk = any_desk
    for number, room in enumerate(("101", "102", "103", "201", "202", None)):
        come(desk, f"Guest{number}", room, (-1, 2) if number % 2 else (0, 2))
    for stay in db.session.query(Stay).filter(Stay.room_id.is_not(None)).limit(3):
        check_in(desk, stay)
    for line in (Line.TODO, Line.IN_HOUSE, Line.OVERDUE):
        whole = [row.stay.id for row in today.rows(line, moment(desk), []).rows]
        seen, after = [], ""
        while True:
            page = today.rows(line, moment(desk), [], after=after, size=2)
            seen += [row.stay.id for row in page.rows]
            if page.next_key is None:
                break
            after = page.next_key
        assert seen == whole
        assert len(set(seen)) == len(seen) == counts(desk)[line.value]
    # A key that is none begins anew.
    assert len(today.rows(Line.TODO, moment(desk), [], after="nonsense").rows) == counts(desk)["todo"]


@pytest.fixture
def browser(client, desk):
    return client.log_in("desk")


def alarm(desk, kind=AlarmKind.DOOR_LEFT_OPEN) -> int:
    lock_id = desk.house.doors["101"].lock_id
    return alarms.raise_alarm(kind=kind, lock_id=lock_id, at=desk.now, actor=desk.clerk, now=desk.now).id


def act(browser, url: str, **values):
    """Press a button of a row; the page is told to stay and to look anew."""
    answer = browser.post(url, values, htmx=True, headers={"X-In-Place": "1"}, status=204)
    assert "live:look" in answer.headers["HX-Trigger"]
    return answer


def test_a_dirty_room_is_said_to_be_clean_in_its_row(browser, desk):
    come(desk, "Due", "101")
    dirty(desk, "101")
    page = browser.get("/today?show=unready")
    (url,) = re.findall(r'action="(/today/rooms/\d+/clean)"', page.text)
    assert "Room 101 is clean." in act(browser, url).headers["HX-Trigger"]
    assert "Every room that somebody arrives in is ready." in browser.get("/today?show=unready", htmx=True).text
    # Without scripts the button leads back to the list.
    assert browser.post(url, status=303).location == "/today?show=unready"


def test_an_alarm_stands_in_the_top_bar_and_on_its_list_until_somebody_has_looked(browser, client, desk):
    assert "alarm-mark" not in browser.get("/rooms").text
    number = alarm(desk)
    alarm(desk, AlarmKind.DURESS)
    assert re.search(r'id="alarm-mark"[^>]*>.*?</span> 1</a>', browser.get("/rooms").text)
    page = browser.get("/today?show=alarms").text
    assert "Door left open" in page
    assert "Duress" not in page
    act(browser, f"/alarms/{number}/acknowledge", note="Closed it")
    assert "No alarm is open." in browser.get("/today?show=alarms", htmx=True).text
    assert "alarm-mark" not in browser.get("/live", htmx=True).text
    housekeeper = client.__class__(client.app).log_in("housekeeper")
    alarm(desk, AlarmKind.TAMPER)
    assert "alarm-mark" not in housekeeper.get("/rooms").text
    housekeeper.post(f"/alarms/{number}/acknowledge", status=403)


def test_each_row_has_one_next_verb(browser, desk):
    due = come(desk, "Due", "101")
    here, leaving = come(desk, "Here", "102", (-1, 2)), come(desk, "Leaving", "103", (-1, 0))
    check_in(desk, here)
    check_in(desk, leaving)
    for show, verb in [
        ("arriving", f"/stays/{due.id}/check-in"),
        ("leaving", f"/stays/{leaving.id}/check-out"),
        ("in_house", f"/stays/{here.id}"),
        ("keys", f"/stays/{here.id}#keys"),
    ]:
        row = re.search(
            rf'<tr id="[^"]*{re.findall(r"[0-9]+", verb)[0]}.*?</tr>', browser.get(f"/today?show={show}").text, re.S
        )
        assert row
        assert re.findall(r'<a[^>]*href="([^"]+)"[^>]*data-primary', row[0]) == [verb]


def test_what_is_agreed_and_wished_stands_in_the_row(browser, desk):
    stay_id = come(desk, "Wisher", "101").id
    with transaction() as session:
        stay = session.get_one(Stay, stay_id)
        stay.arrival_hour, stay.departure_hour = 10, 16
        stay.wishes, stay.note = ["quiet", "cot"], "Comes by train"
    row = text_of(browser.get("/today?show=arriving", htmx=True))
    for words in ("from 10:00", "until 16:00", "Early", "Late departure", "Quiet, Cot, Comes by train"):
        assert words in row


def test_a_renewed_list_has_as_many_rows_as_it_had(browser, desk, monkeypatch):
    monkeypatch.setattr(today, "PAGE", 2)
    for room in ("101", "102", "103", "201"):
        come(desk, f"Guest{room}", room)
    first = browser.get("/today?show=arriving", htmx=True).text
    assert first.count("data-row ") == 2
    (more,) = set(re.findall(r'hx-get="(/today\?[^"]*after=[^"]+)"', first))
    rest = browser.get(more.replace("&amp;", "&"), htmx=True).text
    assert "<nav" not in rest
    assert rest.count("data-row ") == 2
    assert browser.get("/today?show=arriving&rows=4", htmx=True).text.count("data-row ") == 4
    assert browser.get("/today?show=arriving&rows=99999999999", htmx=True).text.count("data-row ") == 4
