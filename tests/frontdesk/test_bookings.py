"""Several rooms at once, day use, wishes and prices, closed rooms: the dialogs, and the page of a booking."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from pms.audit.models import AuditEntry
from pms.core.db import db, transaction
from pms.core.errors import DomainError, NotFound
from pms.frontdesk import booking_forms, service
from pms.guests.models import Guest
from pms.guests.rules import GuestFields
from pms.reservations.models import Reservation
from pms.rooms import service as rooms
from pms.rooms.rules import UnknownFeature
from pms.stays import closure_queries
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import RoomClosure, RoomNight, Stay, StayState
from pms.stays.nights import RoomTaken, TypeSoldOut
from tests.client import text_of
from tests.factories import TODAY
from tests.races import race

DAY = timedelta(days=1)


def everything(kind):
    db.remove()
    return list(db.session.scalars(sa.select(kind).order_by(kind.id)))


def wish(desk, room="101", days=(0, 2), **values):
    return service.Wish(
        room_type_id=desk.house.rooms[room or "101"].room_type_id,
        room_id=desk.house.rooms[room].id if room else None,
        arrival_date=desk.day(days[0]),
        departure_date=desk.day(days[1]),
        **values,
    )


def book_form(browser, desk, **values):
    page = browser.get("/book")
    request_id = re.search(r'name="request_id"[^>]*value="([^"]+)"', page.text)[1]
    return {
        "request_id": request_id,
        "new_guest": "1",
        "family_name": "Ebner",
        "given_name": "Ruth",
        "kind": "nights",
        "source": "phone",
        "arrival_date": desk.day(0).isoformat(),
        "departure_date": desk.day(2).isoformat(),
        "adults": "2",
        "children": "0",
        "room_type_id": str(desk.house.standard.id),
        "room_id": "",
        **values,
    }


def line(desk, number, **values):
    fields = {
        "name": "",
        "room_type_id": str(desk.house.standard.id),
        "arrival_date": desk.day(0).isoformat(),
        "departure_date": desk.day(2).isoformat(),
        "adults": "1",
        "children": "0",
        "note": "",
        **values,
    }
    return {f"rooms-{number}-{name}": value for name, value in fields.items()}


@pytest.fixture
def browser(client, desk):
    return client.log_in("desk")


@pytest.mark.parametrize(
    ("text", "family", "given"),
    [("Karl Ebner", "Ebner", "Karl"), ("Ebner, Karl", "Ebner", "Karl"), ("Ebner", "Ebner", ""), ("张伟", "张伟", "")],
)
def test_names_of_a_rooming_list_are_read_as_people_write_them(text, family, given):
    assert booking_forms.named(text) == GuestFields(family_name=family, given_name=given)


def test_a_room_without_a_name_is_nobodys_yet():
    assert booking_forms.named("   ") is None


def test_further_rooms_are_added_like_the_last_and_taken_out_of_the_middle():
    typed = MultiDict({"adults": "2", "room_type_id": "7", "departure_date": "2026-06-14", "family_name": "Ebner"})
    two = booking_forms.with_rooms(typed, add=2)
    assert two["rooms-0-adults"] == two["rooms-1-adults"] == "2"
    two["rooms-0-name"], two["rooms-1-name"] = "Karl", "Lotte"
    three = booking_forms.with_rooms(two, add=1)
    assert (three["rooms-2-name"], three["rooms-2-departure_date"]) == ("", "2026-06-14")
    left = booking_forms.with_rooms(three, remove=0)
    assert (left["rooms-0-name"], left["rooms-1-name"], "rooms-2-name" in left) == ("Lotte", "", False)
    assert left["family_name"] == "Ebner"
    assert "rooms-39-name" in booking_forms.with_rooms(typed, add=500)
    assert "rooms-40-name" not in booking_forms.with_rooms(typed, add=500)


def test_a_group_is_booked_under_one_code_each_room_with_its_own_guest_and_dates(browser, desk):
    form = book_form(
        browser,
        desk,
        group_name="Chamber choir",
        wishes=["quiet", "cot"],
        room_note="Ground floor, please",
        stay_note="One bill",
        **line(desk, 0, name="Karl Ebner", note="Comes late"),
        **line(desk, 1, departure_date=desk.day(3).isoformat(), room_type_id=str(desk.house.suite.id)),
    )
    answer = browser.post("/book", form, status=303)
    code = everything(Reservation)[0].code
    assert answer.location.endswith(f"/bookings/{code}")
    first, second, third = everything(Stay)
    assert (first.wishes, first.note, first.adults) == (["quiet", "cot"], "Ground floor, please", 2)
    assert second.note == "Comes late"
    assert (third.departure_date, third.room_type_id) == (desk.day(3), desk.house.suite.id)
    assert first.guest_id == third.guest_id != second.guest_id
    page = text_of(browser.get(answer.location))
    for words in ("Chamber choir", "Karl Ebner", "to be named", "One bill", "By telephone", "Quiet", "Comes late"):
        assert words in page
    browser.post("/book", form, status=303)
    assert len(everything(Stay)) == 3
    assert len(everything(Guest)) == 2


def test_a_group_of_which_one_room_is_not_there_is_not_booked_at_all(browser, desk):
    lines = {}
    for number in range(4):
        lines |= line(desk, number, name="Karl Ebner" if number == 3 else "")
    answer = browser.post("/book", book_form(browser, desk, group_name="Choir", **lines), htmx=True, status=422)
    assert "No Standard is left" in text_of(answer)
    assert everything(Stay) == everything(Guest) == everything(Reservation) == []
    place = answer.text.index("No Standard is left")
    assert answer.text.rindex('name="rooms-3-room_type_id"', 0, place) > 0, "it is said in the line of the fifth room"


def test_rooms_are_added_to_the_dialog_and_removed(browser, desk):
    page = browser.get("/book?add_rooms=2&guest_q=Ebner&adults=2", htmx=True)
    assert page.text.count('name="rooms-1-name"') == 1
    assert "Book 3 rooms" in text_of(page)
    page = browser.get("/book?" + "&".join(f"{k}={v}" for k, v in line(desk, 0).items()) + "&remove_room=1", htmx=True)
    assert "rooms-0-name" not in page.text


def test_day_use_is_booked_by_the_hour_in_a_certain_room(browser, desk):
    form = book_form(browser, desk, kind="day", departure_date="", arrival_hour="9", departure_hour="14")
    refused = browser.post("/book", form, htmx=True, status=422)
    assert "day use is booked for a certain one" in text_of(refused)
    form["room_id"] = str(desk.house.rooms["101"].id)
    browser.post("/book", form, status=303)
    stay = everything(Stay)[0]
    assert (stay.is_day_use, stay.arrival_hour, stay.departure_hour) == (True, 9, 14)
    assert stay.arrival_date == stay.departure_date == TODAY
    query = f"/offers?kind=day&arrival_date={TODAY.isoformat()}&room_type_id={desk.house.standard.id}"
    free = browser.get(f"{query}&arrival_hour=13&departure_hour=16", htmx=True).text
    assert f'value="{desk.house.rooms["101"].id}"' not in free
    free = browser.get(f"{query}&arrival_hour=14&departure_hour=16", htmx=True).text
    assert f'value="{desk.house.rooms["101"].id}"' in free


def test_a_full_type_is_answered_with_what_is_near(browser, desk):
    for _ in range(4):
        desk.book(None, (0, 1))
    form = book_form(browser, desk, departure_date=desk.day(1).isoformat())
    page = browser.post("/book", form, htmx=True, status=422)
    text = text_of(page)
    assert "Free instead:" in text
    assert "Standard, Jun 13 – Jun 14" in text
    assert "Suite, Jun 12 – Jun 13" in text
    assert f'"arrival_date": "{desk.day(1).isoformat()}"' in page.text.replace("&#34;", '"')


def test_only_who_may_agrees_on_another_price(client, desk):
    with transaction() as session:
        session.get_one(type(desk.house.standard), desk.house.standard.id).night_price = 8900
    for name, price in (("desk", 8900), ("manager", 7450)):
        browser = client.__class__(client.app).log_in(name)
        browser.post("/book", book_form(browser, desk, night_price="74.50"), status=303)
        assert everything(Stay)[-1].night_price == price
        page = browser.get("/book").text
        assert ('name="night_price"' in page) == (name == "manager")


def test_offers_say_the_price_of_the_whole_stay_and_that_it_is_a_long_one(browser, desk):
    with transaction() as session:
        session.get_one(type(desk.house.standard), desk.house.standard.id).night_price = 10000
    query = f"/offers?kind=nights&arrival_date={TODAY.isoformat()}&room_type_id={desk.house.standard.id}"
    text = text_of(browser.get(f"{query}&departure_date={desk.day(40).isoformat()}", htmx=True))
    assert "€4,000" in text
    assert "cleaned once a week" in text
    assert "cleaned once a week" not in text_of(browser.get(query, htmx=True))


def test_a_booking_is_changed_with_its_wishes_and_another_type_brings_its_price(browser, desk, now):
    stay = desk.book("101")
    service.change(
        stay_id=stay.id,
        wish=wish(desk, "201", wishes=["late", "view"], note="Anniversary"),
        **desk.act(),
    )
    changed = everything(Stay)[0]
    assert (changed.wishes, changed.note, changed.room_id) == (["view", "late"], "Anniversary", None)
    step = stay_queries.last_step(stay.id)
    service.undo(stay_id=stay.id, step_id=step.id, actor=desk.clerk, now=now)
    undone = everything(Stay)[0]
    assert (undone.wishes, undone.note) == ([], "")
    assert "wishes" in browser.get(f"/stays/{stay.id}/change").text


def test_a_room_is_added_to_a_booking_once_however_often_it_is_sent(browser, desk):
    stay = desk.book("101")
    code = stay_queries.get_stay(stay.id).reservation.code
    form = {
        "request_id": str(uuid.uuid4()),
        "name": "Lotte Hahn",
        "arrival_date": desk.day(1).isoformat(),
        "departure_date": desk.day(4).isoformat(),
        "adults": "1",
        "children": "0",
        "room_type_id": str(desk.house.standard.id),
        "room_id": str(desk.house.rooms["102"].id),
        "room_note": "Twin beds",
    }
    assert "Nobody yet" in text_of(browser.get(f"/bookings/{code}/add"))
    for _ in range(2):
        browser.post(f"/bookings/{code}/add", form, status=303)
    first, added = stay_queries.of_code(code)
    assert (added.guest.name, added.room.number, added.note) == ("Lotte Hahn", "102", "Twin beds")
    assert first.id == stay.id
    form |= {"request_id": str(uuid.uuid4()), "room_id": str(desk.house.rooms["101"].id)}
    assert "Room 101 is taken" in text_of(browser.post(f"/bookings/{code}/add", form, htmx=True, status=422))
    assert len(everything(Guest)) == 2, "who was entered with the refused room is not left behind"


def test_a_room_kept_in_the_bookers_name_gets_its_guest_once_and_that_can_be_taken_back(browser, desk, now):
    first = service.book(guest=desk.guest(), rooms=[wish(desk), wish(desk, "102")], **desk.act())
    code = stay_queries.get_stay(first.id).reservation.code
    second = stay_queries.of_code(code)[1]
    booker = second.guest.name
    assert "to be named" in text_of(browser.get(f"/bookings/{code}"))
    form = {"request_id": str(uuid.uuid4()), "version": second.version, "name": "Hahn, Lotte", "phone": "+49 30 1234"}
    browser.get(f"/stays/{second.id}/name")
    for _ in range(2):
        browser.post(f"/stays/{second.id}/name", form, status=303)
    named = stay_queries.get_stay(second.id)
    assert (named.guest.name, named.guest.phone) == ("Lotte Hahn", "+49 30 1234")
    assert len([guest for guest in everything(Guest) if guest.family_name == "Hahn"]) == 1
    browser.post(f"/stays/{second.id}/name", {**form, "request_id": str(uuid.uuid4())}, status=422)
    step = stay_queries.last_step(second.id)
    service.undo(stay_id=second.id, step_id=step.id, actor=desk.clerk, now=now)
    assert stay_queries.get_stay(second.id).guest.name == booker


def test_all_rooms_of_a_booking_are_cancelled_but_not_those_in_house(browser, desk):
    first = service.book(guest=desk.guest(), rooms=[wish(desk), wish(desk, "102"), wish(desk, None)], **desk.act())
    code = stay_queries.get_stay(first.id).reservation.code
    stays.check_in(stay_id=first.id, actor=desk.clerk, now=desk.now)
    page = browser.get(f"/bookings/{code}/cancel")
    assert "These 2 rooms" in text_of(page)
    browser.post(f"/bookings/{code}/cancel", {"request_id": str(uuid.uuid4())}, status=303)
    browser.post(f"/bookings/{code}/cancel", {"request_id": str(uuid.uuid4())}, status=303)
    assert [stay.state for stay in everything(Stay)] == [StayState.IN_HOUSE, StayState.CANCELLED, StayState.CANCELLED]
    with pytest.raises(NotFound):
        stay_queries.of_code("NOSUCH")


def test_a_room_is_closed_for_dates_and_opened_again(client, desk):
    browser = client.log_in("manager")
    room = desk.house.rooms["101"]
    desk.book("101", (5, 6))
    form = {
        "request_id": str(uuid.uuid4()),
        "from_date": desk.day(0).isoformat(),
        "until_date": desk.day(6).isoformat(),
        "reason": "New carpet",
    }
    refused = browser.post(f"/rooms/{room.id}/close", form, htmx=True, status=422)
    assert "Room 101 is taken" in text_of(refused)
    form["until_date"] = desk.day(3).isoformat()
    browser.post(f"/rooms/{room.id}/close", form, status=303)
    browser.post(f"/rooms/{room.id}/close", form, status=303)
    (closure,) = everything(RoomClosure)
    for path in (f"/rooms/{room.id}", "/rooms/closed"):
        assert "New carpet" in text_of(browser.get(path))
    assert "Closed" in text_of(browser.get("/rooms?show=closed"))
    assert f"/rooms/{room.id}" not in browser.get("/rooms?show=ready").text
    browser.post(f"/rooms/closed/{closure.id}/reopen", {"list": "1"}, status=303)
    db.remove()
    assert closure_queries.list_open(since=TODAY) == []
    assert "No room is closed" in text_of(browser.get("/rooms/closed"))


def test_features_of_a_room_come_from_the_list(desk, now):
    room = desk.house.rooms["101"]
    values = {"number": "101", "floor_id": room.floor_id, "room_type_id": room.room_type_id, "actor": desk.clerk}
    changed = rooms.change_room(room_id=room.id, version=1, features=["view", "quiet"], **values, now=now)
    assert changed.features == ["quiet", "view"]
    with pytest.raises(UnknownFeature):
        rooms.change_room(room_id=room.id, version=2, features=["a lake"], **values, now=now)
    rooms.change_room(room_id=room.id, version=2, **values, now=now)
    last = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert last.after == {"features": ["quiet", "view"]}


# Two clerks, one room: on each of the two databases, so a hundred rounds of every race in all
ROUNDS = 50


def outcome_of(act):
    try:
        act()
    except DomainError as error:
        return error
    return None


def test_of_two_clerks_who_assign_the_last_room_one_wins_and_the_other_is_told_who_has_it(any_desk):
    desk = any_desk
    # Plain numbers: threads share them, and sessions expire what they hold.
    ids = [desk.book(None, days, guest_id=desk.guest(name)).id for name, days in (("One", (0, 2)), ("Two", (1, 3)))]
    room_id = desk.house.rooms["101"].id
    for _ in range(ROUNDS):
        outcomes = race(
            2,
            lambda number: outcome_of(
                lambda: stays.assign_room(stay_id=ids[number], room_id=room_id, actor=desk.clerk, now=desk.now)
            ),
        )
        assert [type(o) for o in sorted(outcomes, key=lambda o: o is not None)] == [type(None), RoomTaken]
        (refusal,) = (o for o in outcomes if o)
        winner = outcomes.index(None)
        assert refusal.params["guest"] == ("Claire One", "Claire Two")[winner]
        stays.unassign_room(stay_id=ids[winner], actor=desk.clerk, now=desk.now)


def test_of_a_booking_and_an_extension_that_want_the_same_night_one_wins(any_desk):
    desk = any_desk
    here_id = desk.book("101", (0, 1), guest_id=desk.guest("Here")).id
    guest_id = desk.guest("New")
    for _ in range(ROUNDS):
        made = []

        def work(number, made=made):
            if number:
                stays.extend(stay_id=here_id, departure_date=desk.day(2), actor=desk.clerk, now=desk.now)
            else:
                made.append(desk.book("101", (1, 2), guest_id=guest_id).id)

        outcomes = race(2, lambda number: outcome_of(lambda: work(number)))
        assert sorted(type(o).__name__ for o in outcomes) == ["NoneType", "RoomTaken"]
        (refusal,) = (o for o in outcomes if o)
        assert refusal.params["guest"] == ("Claire Here" if outcomes[1] is None else "Claire New")
        if made:
            stays.cancel(stay_id=made[0], actor=desk.clerk, now=desk.now)
        else:
            stays.shorten(stay_id=here_id, departure_date=desk.day(1), actor=desk.clerk, now=desk.now)
    assert {row.night for row in db.session.scalars(sa.select(RoomNight))} <= {desk.day(0), desk.day(1)}


def test_of_two_groups_for_the_last_rooms_one_gets_all_and_the_other_none(any_desk):
    desk = any_desk
    kind = desk.house.suite.id
    wishes = [stays.RoomWish(room_type_id=kind, arrival_date=desk.day(0), departure_date=desk.day(1)) for _ in range(2)]
    ids = [desk.guest("One"), desk.guest("Two")]
    outcomes = race(
        2,
        lambda number: outcome_of(
            lambda: stays.book_many(guest_id=ids[number], wishes=wishes, actor=desk.clerk, now=desk.now)
        ),
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["NoneType", "TypeSoldOut"]
    assert isinstance(next(o for o in outcomes if o), TypeSoldOut)
    assert len({stay.guest_id for stay in everything(Stay)}) == 1
    assert len(everything(Stay)) == 2
