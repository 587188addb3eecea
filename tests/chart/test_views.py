from __future__ import annotations

import gzip
import re
import uuid
from datetime import timedelta

import pytest

from pms.chart import sheet
from pms.core import clock
from pms.core.db import db, transaction
from pms.frontdesk import service
from pms.rooms.models import Room, RoomType
from pms.stays import closures
from pms.stays import service as stays
from pms.stays.models import Stay
from tests.chart.conftest import CLERK
from tests.client import text_of
from tests.factories import TODAY


@pytest.fixture
def desk(client):
    return client.log_in("desk")


def row(answer, room_id: int) -> str:
    """A room's row, up to the next one."""
    found = re.search(rf'id="r{room_id}".*?(?=<div class="cr)', answer.text + '<div class="cr', re.S)
    assert found
    return found.group()


def labels(html: str) -> list[str]:
    return re.findall(r'aria-label="([^"]+)"', html)


def form(stay, *, room_id=None, shift=0, longer=0, **values) -> dict[str, object]:
    return {
        "request_id": str(uuid.uuid4()),
        "version": stay.version,
        "room_id": stay.room_id if room_id is None else room_id,
        "arrival_date": (stay.arrival_date + timedelta(days=shift)).isoformat(),
        "departure_date": (stay.departure_date + timedelta(days=shift + longer)).isoformat(),
        **values,
    }


def fresh(stay) -> Stay:
    db.remove()
    return db.session.get_one(Stay, stay.id)


def test_a_bar_says_who_where_from_when_to_when_and_what_there_is_to_do(desk, house, book):
    book(house, "Moreau", "101", 0, 2)
    page = desk.get("/chart/", status=200)
    assert labels(row(page, house.rooms["101"].id)) == ["Claire Moreau, 101, Jun 12 to Jun 14, arrives today"]
    # Two weeks from yesterday on, four steps a day: from three in the afternoon of the second day on.
    assert 'class="b ar s6 n8"' in page.text


def test_what_people_type_is_not_markup(desk, house, book):
    book(house, '<b>"&', "101")
    page = desk.get("/chart/", status=200)
    assert "<b>&quot;" not in page.text
    assert "&lt;b&gt;&quot;&amp;" in page.text


def test_a_housekeeper_sees_that_a_room_is_taken_and_not_by_whom(client, house, book):
    stay = book(house, "Moreau", "101")
    page = client.log_in("housekeeper").get("/chart/", status=200)
    assert "Moreau" not in page.text
    assert str(stay.id) not in page.text
    assert labels(row(page, house.rooms["101"].id)) == ["Occupied, 101, Jun 12 to Jun 14, arrives today"]
    client.get(f"/chart/stays/{stay.id}", status=403)
    client.get(f"/chart/stays/{stay.id}/move", status=403)


def test_stays_without_a_room_stand_in_the_lane_with_their_type(desk, house, book):
    book(house, "Moreau", None, 1, 2, wishes=("quiet",))
    page = desk.get("/chart/", status=200)
    lane = page.text.split('id="chart-lane"')[1].split('id="chart-rooms"')[0]
    assert "Claire Moreau, no room yet, Jun 13 to Jun 15, expected" in lane
    assert f'data-w="quiet" data-t="{house.standard.id}"' in lane


def test_the_types_say_how_many_rooms_are_left_and_how_many_are_overbooked(desk, house, book):
    with transaction() as session:
        session.get_one(RoomType, house.suite.id).overbooking_limit = 1
    for room in ("201", "202", None):
        book(house, "Moreau", room, 0, 1, of="201")
    book(house, "Weber", "101", 0, 1)
    text = desk.get("/chart/?zoom=day", status=200).text
    suite = text.split(f'id="t{house.suite.id}"')[1].split("</div></div>")[0]
    assert 'aria-label="1 overbooked"' in suite
    assert ">−1<" in suite
    standard = text.split(f'id="t{house.standard.id}"')[1].split("</div></div>")[0]
    assert ">3<" in standard


def test_the_foot_of_a_day_counts_who_comes_and_goes_and_how_full_the_house_is(desk, house, book):
    book(house, "Moreau", "101", 0, 1)
    book(house, "Weber", "102", 0, 3)
    text = desk.get("/chart/?zoom=three&today=1", status=200).text
    counts = [
        re.findall(r'gridcell">([^<]+)<', text.split(f'id="total-{n}"')[1].split("</div></div>")[0]) for n in (0, 1, 2)
    ]
    assert counts == [["0", "2", "0"], ["0", "0", "1"], ["0%", "33%", "17%"]]


def test_closed_rooms_fixed_and_moved_guests_have_marks_of_their_own(client, house, book, now):
    closures.close_room(
        room_id=house.rooms["103"].id,
        from_date=TODAY,
        until_date=TODAY + timedelta(days=2),
        reason="New <carpet>",
        actor=CLERK,
        now=now,
    )
    fixed, moved = book(house, "Moreau", "101"), book(house, "Weber", "102", 0, 3)
    stays.fix_room(stay_id=fixed.id, reason="Wheelchair", actor=CLERK, now=now)
    stays.check_in(stay_id=moved.id, actor=CLERK, now=now)
    tomorrow = now + timedelta(days=1)
    service.move_room(stay_id=moved.id, room_id=house.rooms["203"].id, actor=CLERK, now=tomorrow)
    clock.freeze(tomorrow)
    page = client.log_in("desk").get("/chart/", status=200)
    rooms = house.rooms
    assert labels(row(page, rooms["103"].id)) == ["103 closed, Jun 12 to Jun 14: New &lt;carpet&gt;"]
    assert "must stay in this room" in labels(row(page, rooms["101"].id))[0]
    assert labels(row(page, rooms["102"].id)) == ["Claire Weber, 102, Jun 12 to Jun 13, moved to another room since"]
    assert labels(row(page, rooms["203"].id)) == ["Claire Weber, 203, Jun 12 to Jun 15, in house, keys to do"]


def test_the_page_costs_the_same_number_of_queries_however_much_is_on_it(desk, house, book, count_queries):
    few = count_queries(lambda: desk.get("/chart/?zoom=month", status=200))
    for number, room in enumerate(("101", "102", "103", "201", "202", "203")):
        for week in range(3):
            book(house, f"Guest{number}", room, week * 5, 3)
    assert count_queries(lambda: desk.get("/chart/?zoom=month", status=200)) == few


def test_the_rooms_come_in_parts(desk, house, book, monkeypatch):
    monkeypatch.setattr(sheet, "PART", 2)
    book(house, "Moreau", "103", 0, 2)
    page = desk.get("/chart/?by=floor&zoom=week", status=200)
    assert re.findall(r'class="cr cm.*?<a [^>]+>(\w+)</a>', page.text) == ["101", "102"]
    assert "Moreau" not in page.text
    found, numbers = page, []
    while url := re.search(r'hx-get="(/chart/rows[^"]+)"', found.text):
        found = desk.get(url.group(1).replace("&amp;", "&"), htmx=True, status=200)
        numbers += re.findall(r'class="cr cm.*?<a [^>]+>(\w+)</a>', found.text)
    assert numbers == ["103", "201", "202", "203"]
    plain = desk.get(f"/chart/?by=floor&zoom=week&after={house.rooms['102'].id}", status=200)
    assert "Moreau" in plain.text


def test_the_chart_comes_back_as_it_was_left_but_not_on_another_day(client, house, now):
    before_midnight = now + timedelta(hours=11, minutes=50)
    clock.freeze(before_midnight)
    desk = client.log_in("desk")
    desk.get("/chart/?from=2026-07-01&zoom=month&by=floor", status=200)
    again = desk.get("/chart/", status=200)
    assert 'data-first="2026-07-01"' in again.text
    assert 'data-zoom="month"' in again.text
    assert 'data-by="floor"' in again.text
    clock.freeze(before_midnight + timedelta(minutes=20))
    assert 'data-first="2026-06-12"' in desk.get("/chart/", status=200).text


@pytest.mark.parametrize(
    "query", ["from=nonsense&zoom=x&by=y", "from=0001-01-01", "from=9999-12-31&zoom=month", "after=x"]
)
def test_an_address_typed_by_hand_breaks_nothing(desk, house, query):
    desk.get(f"/chart/?{query}", status=200)
    desk.get(f"/chart/rows?{query}", status=200)


def test_the_page_is_sent_compressed_to_who_takes_it(desk, house):
    plain = desk.get("/chart/", status=200)
    packed = desk.http.get("/chart/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 3
    assert 'role="grid"' in gzip.decompress(packed.data).decode()
    assert "Content-Encoding" not in plain.headers


def test_the_dialog_says_what_follows_and_the_move_does_it(desk, house, book):
    stay = book(house, "Moreau", "101", 1, 2)
    asked = desk.get(
        f"/chart/stays/{stay.id}/move", query_string=form(stay, room_id=house.rooms["102"].id, shift=1), status=200
    )
    assert "Move to room 102" in text_of(asked)
    assert fresh(stay).room_id == house.rooms["101"].id
    done = desk.post(
        f"/chart/stays/{stay.id}/move", form(stay, room_id=house.rooms["102"].id, shift=1), htmx=True, status=200
    )
    assert "chart:moved" in done.headers["HX-Trigger"]
    assert "101 → 102, Jun 13 → Jun 14, Jun 15 → Jun 16" in text_of(done)
    assert (fresh(stay).room_id, fresh(stay).arrival_date) == (house.rooms["102"].id, TODAY + timedelta(days=2))


def test_a_double_click_moves_once(desk, house, book):
    stay = book(house, "Moreau", "101", 1, 2)
    wanted = form(stay, shift=1)
    for _ in range(2):
        desk.post(f"/chart/stays/{stay.id}/move", wanted, status=303)
    assert fresh(stay).version == stay.version + 1


def test_an_edge_changes_the_departure_of_a_guest_in_house(desk, house, book, now):
    stay = book(house, "Moreau", "101", 0, 2)
    stays.check_in(stay_id=stay.id, actor=CLERK, now=now)
    desk.post(f"/chart/stays/{stay.id}/move", form(fresh(stay), longer=2), htmx=True, status=200)
    assert fresh(stay).departure_date == TODAY + timedelta(days=4)


def test_a_room_of_another_type_asks_one_question_about_the_price(desk, house, book):
    with transaction() as session:
        session.get_one(RoomType, house.standard.id).night_price = 9000
        session.get_one(RoomType, house.suite.id).night_price = 21000
    kept, anew = book(house, "Moreau", "101", 1, 2), book(house, "Weber", "102", 1, 2)
    asked = desk.get(f"/chart/stays/{kept.id}/move", query_string=form(kept, room_id=house.rooms["201"].id), status=200)
    assert "Keep the price €90.00" in text_of(asked)
    assert "Recalculate €210.00" in text_of(asked)
    same = desk.get(f"/chart/stays/{kept.id}/move", query_string=form(kept, room_id=house.rooms["103"].id), status=200)
    assert "Keep the price" not in text_of(same)
    for stay, room, price in ((kept, "201", "keep"), (anew, "202", "recalculate")):
        desk.post(f"/chart/stays/{stay.id}/move", form(stay, room_id=house.rooms[room].id, price=price), status=303)
    assert (fresh(kept).night_price, fresh(anew).night_price) == (9000, 21000)


def test_who_is_in_the_way_is_named_before_and_after_the_button(desk, house, book):
    stay = book(house, "Moreau", "101", 1, 2)
    book(house, "Weber", "102", 2, 2)
    wanted = form(stay, room_id=house.rooms["102"].id)
    asked = desk.get(f"/chart/stays/{stay.id}/move", query_string=wanted, status=200)
    assert "Room 102 is taken on Sun, Jun 14: Claire Weber" in text_of(asked)
    assert 'type="submit"' not in asked.text.split("dialog-foot")[1]
    refused = desk.post(f"/chart/stays/{stay.id}/move", wanted, htmx=True, status=422)
    assert "Room 102 is taken on Sun, Jun 14: Claire Weber" in text_of(refused)
    assert fresh(stay).version == stay.version


def test_a_move_from_an_old_view_is_refused_with_who_did_what_when(desk, house, book, now):
    stay = book(house, "Moreau", "101", 1, 2)
    old = form(stay, shift=1)
    service.rearrange(
        stay_id=stay.id,
        room_id=house.rooms["103"].id,
        arrival_date=stay.arrival_date,
        departure_date=stay.departure_date,
        actor=CLERK,
        now=now,
    )
    sentence = "Desk changed this stay at 12:00: 101 → 103."
    assert sentence in text_of(desk.post(f"/chart/stays/{stay.id}/move", old, htmx=True, status=422))
    assert sentence in text_of(desk.get(f"/chart/stays/{stay.id}/move", query_string=old, status=200))
    assert fresh(stay).arrival_date == TODAY + timedelta(days=1)


def test_a_fixed_stay_keeps_its_room_on_the_server_too(desk, house, book, now):
    stay = book(house, "Moreau", "101", 1, 2)
    stays.fix_room(stay_id=stay.id, reason="Wheelchair", actor=CLERK, now=now)
    refused = desk.post(
        f"/chart/stays/{stay.id}/move", form(fresh(stay), room_id=house.rooms["102"].id), htmx=True, status=422
    )
    assert "Wheelchair" in text_of(refused)


def test_one_key_takes_a_move_back_for_some_minutes(desk, house, book, now):
    stay = book(house, "Moreau", "101", 1, 2)
    desk.post(f"/chart/stays/{stay.id}/move", form(stay, room_id=house.rooms["102"].id), htmx=True, status=200)
    page = desk.get("/chart/", status=200)
    found = re.search(r'name="stay_id" value="(\d+)".*?name="step_id" value="(\d+)"', page.text, re.S)
    assert found
    clock.freeze(now + timedelta(minutes=11))
    assert 'action="/chart/undo"' not in desk.get("/chart/", status=200).text
    clock.freeze(now)
    desk.post("/chart/undo", {"stay_id": found.group(1), "step_id": found.group(2)}, htmx=True, status=200)
    assert fresh(stay).room_id == house.rooms["101"].id
    assert 'action="/chart/undo"' not in desk.get("/chart/", status=200).text
    old = desk.post(f"/chart/stays/{stay.id}/move", form(stay, shift=1), htmx=True, status=422)
    assert "was undone at 12:00" in text_of(old)


def test_a_form_without_dates_is_refused_and_nothing_moves(desk, house, book):
    stay = book(house, "Moreau", "101", 1, 2)
    desk.post(f"/chart/stays/{stay.id}/move", {**form(stay), "arrival_date": "x"}, htmx=True, status=422)
    desk.get(f"/chart/stays/{stay.id}/move?version=x", status=200)
    assert fresh(stay).version == stay.version


def test_a_bars_card_shows_hours_keys_and_the_verbs_that_fit(desk, house, book, now):
    stay = book(house, "Moreau", "101", 0, 2, departure_hour=14, night_price=9000)
    card = text_of(desk.get(f"/chart/stays/{stay.id}", status=200))
    assert "Fri, Jun 12, 15:00" in card
    assert "Sun, Jun 14, 14:00" in card
    assert "A night €90.00 Balance €180.00" in card
    assert "Check in" in card
    assert "Check out" not in card
    stays.check_in(stay_id=stay.id, actor=CLERK, now=now)
    assert "Check out" in text_of(desk.get(f"/chart/stays/{stay.id}", status=200))


def test_nothing_is_answered_while_nothing_happens_and_then_only_the_rows_that_changed(desk, house, book):
    stay = book(house, "Moreau", "101", 1, 2)
    book(house, "Weber", "103", 1, 2)
    mark = re.search(r'data-mark="(\d+)"', desk.get("/chart/", status=200).text)
    assert mark
    desk.get(f"/chart/changes?since={mark.group(1)}", status=204)
    desk.post(f"/chart/stays/{stay.id}/move", form(stay, room_id=house.rooms["102"].id), htmx=True, status=200)
    told = desk.get(f"/chart/changes?since={mark.group(1)}", status=200).get_json()
    rooms = house.rooms
    assert told["stays"] == [str(stay.id)]
    assert "Moreau" in told["rows"][f"r{rooms['102'].id}"]
    assert f"r{rooms['103'].id}" not in told["rows"]
    assert "chart-lane" in told["rows"]
    desk.get(f"/chart/changes?since={told['mark']}", status=204)


def test_a_page_that_was_away_for_long_is_loaded_anew(desk, house, monkeypatch, book):
    monkeypatch.setattr("pms.chart.queries.MOST_CHANGES", 2)
    for number in range(3):
        book(house, "Moreau", "101", number * 2, 1)
    assert desk.get("/chart/changes?since=0", status=200).get_json()["again"] is True


def test_a_room_that_becomes_clean_shows_on_the_other_desks(desk, house, book):
    mark = re.search(r'data-mark="(\d+)"', desk.get("/chart/", status=200).text)
    assert mark
    room = house.rooms["101"]
    desk.post(f"/rooms/{room.id}/housekeeping", {"status": "dirty"})
    with transaction() as session:
        assert session.get_one(Room, room.id).housekeeping == "dirty"
    told = desk.get(f"/chart/changes?since={mark.group(1)}", status=200).get_json()
    assert "Dirty" in told["rows"][f"r{room.id}"]
