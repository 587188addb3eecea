"""The search field: one text, everything that it finds, for those who may see it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from pms.core.db import db, insert_into, transaction
from pms.core.ids import new_id
from pms.core.text import search_words
from pms.frontdesk import service as frontdesk
from pms.guests.models import Guest, GuestWord
from pms.keycards.models import CardReason, CardState, KeyCard
from pms.reservations.models import Reservation
from pms.search import queries, rules
from pms.search.rules import Kind
from pms.stays.models import Stay
from tests.client import text_of
from tests.factories import TODAY
from tests.frontdesk.conftest import _desk

EVERYTHING = [Kind.ROOM, Kind.GUEST, Kind.BOOKING, Kind.CARD]


@pytest.fixture
def desk(house, now):
    return _desk(house, now)


@pytest.fixture
def any_desk(any_house, now):
    return _desk(any_house, now)


def find(text: str, now, *, kinds=EVERYTHING, **values) -> dict[Kind, queries.Section]:
    found = queries.find(rules.read(text), kinds, today=TODAY, now=now, **values)
    return {section.kind: section for section in found}


def name_of(hit: queries.Hit) -> str:
    assert hit.guest
    return hit.guest.family_name


def card_of(stay, uid: str, now, **values) -> None:
    with transaction() as session:
        session.add(
            KeyCard(
                stay_id=stay.id,
                reason=CardReason.NEW,
                credential_id=new_id() % 2**31,
                uid=uid,
                state=values.pop("state", CardState.ACTIVE),
                valid_from=now,
                valid_until=now + timedelta(days=1),
                made_by="Desk",
                made_at=now,
            )
        )


def group(reservation_id: int, name: str) -> str:
    with transaction() as session:
        reservation = session.get_one(Reservation, reservation_id)
        reservation.group_name = name
        return reservation.code


def test_the_room_that_is_called_so_comes_first_with_who_is_in_it(any_desk, now):
    stay = any_desk.book("102", guest_id=any_desk.guest("Okafor", "Ada"))
    frontdesk.check_in(stay_id=stay.id, cards=0, encoder_id=None, **any_desk.act())
    any_desk.book("102", (3, 4), guest_id=any_desk.guest("Later"))
    rooms = find("102", now)[Kind.ROOM]
    assert [(hit.room.number, hit.stay.guest.family_name) for hit in rooms.hits] == [("102", "Okafor")]
    assert [hit.room.number for hit in find("10", now)[Kind.ROOM].hits] == ["101", "102", "103"]
    assert find("%", now) == find("_0", now) == {}


def test_guests_in_house_come_before_the_expected_and_the_rest(any_desk, now):
    for name in ("Webber", "Weber", "Webster"):
        any_desk.guest(name)
    expected, here = any_desk.guest("Webel"), any_desk.guest("Webern")
    any_desk.book("101", guest_id=expected)
    stay = any_desk.book("102", guest_id=here)
    frontdesk.check_in(stay_id=stay.id, cards=0, encoder_id=None, **any_desk.act())
    # Younger guests are found first, but for those who are in house.
    for number in range(queries.SHOWN):
        any_desk.guest(f"Web{number}")
    found = find("web", now)[Kind.GUEST]
    assert name_of(found.hits[0]) == "Webern"
    assert found.hits[0].stay is not None
    assert (len(found.hits), found.total, found.is_cut) == (queries.SHOWN, 10, True)
    whole = find("web", now, size=queries.MOST)[Kind.GUEST]
    assert [name_of(hit) for hit in whole.hits[:2]] == ["Webern", "Webel"]
    assert not whole.is_cut


def test_more_guests_than_a_page_holds_are_said_to_be_more(desk, now, monkeypatch):
    monkeypatch.setattr(queries, "MOST", 3)
    for number in range(5):
        desk.guest(f"Web{number}")
    found = find("web", now, size=3)[Kind.GUEST]
    assert (len(found.hits), found.total, found.has_more) == (3, 3, True)


def test_bookings_are_found_by_their_code_and_by_any_part_of_a_groups_name(any_desk, now):
    stay = any_desk.book("101", guest_id=any_desk.guest("Okafor"))
    code = group(stay.reservation_id, "Wedding Müller & Ortega")
    for text in (code, code[:3].lower(), "ortega", "wedding"):
        (hit,) = find(text, now)[Kind.BOOKING].hits
        assert (hit.reservation.code, hit.stay.id, hit.stays_booked) == (code, stay.id, 1)
    assert Kind.BOOKING not in find("we%ing", now)


def test_cards_are_found_by_the_beginning_of_their_number(any_desk, now):
    stay = any_desk.book("101")
    card_of(stay, "04a1b2c3d4e5f6", now)
    card_of(stay, "04a1ffff", now)
    card_of(stay, "04a1eeee", now, state=CardState.VOID)
    card_of(stay, "04b1b2c3d4e5f6", now)
    found = [hit.card.card.uid for hit in find("04:A1", now)[Kind.CARD].hits]
    assert found == ["04a1ffff", "04a1b2c3d4e5f6"]
    assert Kind.CARD not in find("04c", now)


def _many(count: int) -> None:
    """Guests and reservations as a house has after some years, so that reading all of them would be dear."""
    made = [{"id": new_id(), "family_name": f"Name{number}"} for number in range(count)]
    with transaction() as session:
        now = session.scalars(sa.select(Guest.created_at)).first()
        session.execute(sa.insert(Guest), [{**row, "created_at": now} for row in made])
        words = [{"word": word, "guest_id": row["id"]} for row in made for word in search_words(row["family_name"])]
        session.execute(insert_into(GuestWord).on_conflict_do_nothing(), words)
        bookings = [
            {"id": row["id"], "code": f"{place:06X}", "booker_id": row["id"], "source": "desk", "note": ""}
            for place, row in enumerate(made)
        ]
        session.execute(sa.insert(Reservation), [{**row, "group_name": "", "created_at": now} for row in bookings])


# Others are few: a house has no more rooms than fit between its walls.
_GROWING = {"guest", "guest_word", "reservation", "stay", "key_card", "staff_card"}


@pytest.mark.parametrize("text", ["name", "name12 na", "+49 171 55", "A2", "wedding", "04a1b2", "X1234567"])
def test_no_question_reads_a_table_that_grows_from_end_to_end(any_desk, now, text):
    stay = any_desk.book("101")
    group(stay.reservation_id, "Wedding Ortega")
    _many(300)
    asked: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    db.remove()
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        find(text, now)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert 1 <= len(asked) <= 16
    for statement, parameters in asked:
        plan = _plan(statement, parameters)
        read = {a or b for line in plan for a, b in re.findall(r"SCAN (\w+)(?! USING)|Seq Scan on (\w+)", line)}
        assert not read & _GROWING, f"{statement}\n" + "\n".join(plan)


def _plan(statement: str, parameters: object) -> list[str]:
    connection = db.session.connection()
    if db.engine.dialect.name == "sqlite":
        return [str(row[-1]) for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
    # Whether an index can serve it at all: of small tables PostgreSQL rightly reads everything.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return [str(row[0]) for row in connection.exec_driver_sql("EXPLAIN " + statement, parameters)]


def test_the_number_of_questions_does_not_depend_on_what_is_found(desk, now, count_queries):
    desk.guest("Weber")
    one = count_queries(lambda: find("web", now))
    for number in range(8):
        desk.book(None, (0, 1), guest_id=desk.guest(f"Weber{number}")) if number < 3 else desk.guest(f"Weber{number}")
    assert count_queries(lambda: find("web", now)) == one


def test_the_field_gets_lines_with_what_comes_next(client, desk, now):
    due = desk.book("101", guest_id=desk.guest("Weber", "Anna"))
    here = desk.book("102", guest_id=desk.guest("Webern", "Anton"))
    frontdesk.check_in(stay_id=here.id, cards=0, encoder_id=None, **desk.act())
    browser = client.log_in("desk")
    part = browser.post("/search/", {"q": "web"}, htmx=True, status=200)
    assert "<html" not in part.text
    verbs = re.findall(r'class="found-hit hit" href="([^"]+)"', part.text)
    assert verbs == [f"/stays/{here.id}", f"/stays/{due.id}/check-in"]
    assert "Check in Anna Weber" in part.text
    assert "In house" in text_of(part)
    # Without scripts the field is a form, and its answer a page.
    page = browser.post("/search/", {"q": "web"}, status=200)
    assert "<h1" in page.text
    assert f"/stays/{here.id}" in page.text


def test_the_page_of_one_kind_has_all_of_it(client, desk, monkeypatch):
    for number in range(7):
        desk.guest(f"Web{number}")
    browser = client.log_in("desk")
    part = browser.post("/search/", {"q": "web"}, htmx=True)
    assert "All 7" in text_of(part)
    assert 'href="/search/?q=web&amp;kind=guests"' in part.text
    page = browser.get("/search/?q=web&kind=guests")
    assert page.text.count("found-hit") == 7
    assert "Nothing is found by" in browser.get("/search/?q=web&kind=nonsense").text
    monkeypatch.setattr(queries, "MOST", 6)
    assert "The first 6" in text_of(browser.post("/search/", {"q": "web"}, htmx=True))
    assert "Only the first 6 are shown" in text_of(browser.get("/search/?q=web&kind=guests"))


def test_a_text_that_finds_nothing_is_shown_as_it_was_typed(client, desk):
    browser = client.log_in("desk")
    assert "“zz&lt;b&gt;”" in browser.post("/search/", {"q": "zz<b>"}, htmx=True).text
    assert text_of(browser.post("/search/", {"q": "  "}, htmx=True)) == ""


@pytest.mark.parametrize("name", ["housekeeper", "technician"])
def test_who_may_not_see_guests_finds_rooms_and_no_names(client, desk, now, name):
    stay = desk.book("101", guest_id=desk.guest("Weber101"))
    frontdesk.check_in(stay_id=stay.id, cards=0, encoder_id=None, **desk.act())
    code = group(stay.reservation_id, "Wedding")
    card_of(stay, "04a1b2c3", now)
    browser = client.log_in(name)
    part = browser.post("/search/", {"q": "101"}, htmx=True)
    assert f'href="/rooms/{desk.house.rooms["101"].id}"' in part.text
    assert "Occupied" in part.text
    assert "Weber" not in part.text
    for text in ("weber", "wedding", code, "04a1b2"):
        assert "Nothing is found" in browser.post("/search/", {"q": text}, htmx=True).text
        assert "Nothing is found" in browser.get(f"/search/?q={text}&kind=guests", htmx=True).text


def test_a_group_leads_to_all_of_its_stays(client, desk, now):
    first = desk.book("101", guest_id=desk.guest("Weber"))
    code = group(first.reservation_id, "Choir of Ghent")
    with transaction() as session:
        second = session.get_one(Stay, desk.book("102", guest_id=first.guest_id).id)
        second.reservation_id = first.reservation_id
    part = client.log_in("desk").post("/search/", {"q": "ghent"}, htmx=True)
    assert "2 rooms" in text_of(part)
    assert f"/stays/?q={code}&amp;show=all" in part.text
