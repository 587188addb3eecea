from __future__ import annotations

import io

import pytest

from pms.core.db import db
from pms.rooms import queries
from tests.client import text_of

CSV = b"number,floor,building,type\n104,1,Main,STD\n301,3,Main,Suite\n"


def _upload(client, document, act, status):
    files = {"file": (io.BytesIO(document), "rooms.csv"), "act": act}
    return client.post("/rooms/import", files, content_type="multipart/form-data", status=status)


SOLD = {"night_price": "120.50", "overbooking_limit": "1"}


def test_the_house_is_set_up_from_its_pages(client, house):
    client.log_in("manager")
    for url in ("/rooms/buildings/new", "/rooms/types/new"):
        client.get(url, htmx=True, status=200)
    client.post("/rooms/buildings/new", {"name": "Annex"}, status=303)
    building = next(b for b in queries.list_buildings() if b.name == "Annex")
    client.get("/rooms/floors/new", htmx=True, status=200)
    client.post("/rooms/floors/new", {"building_id": str(building.id), "name": "Garden"}, status=303)
    floor = next(f for f in queries.list_floors() if f.name == "Garden")
    client.post("/rooms/types/new", {"code": "apt", "name": "Apartment", "beds": "4", **SOLD}, status=303)
    kind = next(t for t in queries.list_room_types() if t.code == "APT")
    client.get("/rooms/new", htmx=True, status=200)
    values = {"number": "G1", "floor_id": str(floor.id), "room_type_id": str(kind.id)}
    client.post("/rooms/new", values, status=303)
    text = text_of(client.get("/rooms/setup", status=200))
    for word in ("Annex", "Garden", "APT", "Apartment", "G1", "€120.50"):
        assert word in text
    again = client.post("/rooms/new", values, htmx=True, status=422)
    assert "There is already a room G1." in again.text
    assert 'value="G1"' in again.text


def test_what_exists_is_changed_in_the_same_dialogs(client, house):
    client.log_in("manager")
    building, floor = queries.list_buildings()[0], queries.list_floors()[0]
    for url in (
        f"/rooms/buildings/{building.id}",
        f"/rooms/floors/{floor.id}",
        f"/rooms/types/{house.suite.id}",
        f"/rooms/{house.rooms['101'].id}/edit",
    ):
        client.get(url, htmx=True, status=200)
        client.get(url, status=200)
    client.post(f"/rooms/buildings/{building.id}", {"name": "Old house", "position": "1"}, status=303)
    client.post(f"/rooms/floors/{floor.id}", {"name": "Ground", "position": "0"}, status=303)
    client.post(
        f"/rooms/types/{house.suite.id}",
        {"code": "SUI", "name": "Suite", "beds": "3", "position": "2", **SOLD},
        status=303,
    )
    room = queries.get_room(house.rooms["101"].id)
    values = {"version": str(room.version), "floor_id": str(floor.id), "room_type_id": str(room.room_type_id)}
    client.post(f"/rooms/{room.id}/edit", {**values, "number": "101A"}, status=303)
    stale = client.post(f"/rooms/{room.id}/edit", {**values, "number": "101B"}, htmx=True, status=422)
    assert "Somebody else changed this" in stale.text
    db.session.rollback()
    assert queries.find_room_by_number("101A").floor.name == "Ground"


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("/rooms/buildings/new", {"name": ""}),
        ("/rooms/buildings/new", {"name": "Main"}),
        ("/rooms/floors/new", {"name": "1", "building_id": "x"}),
        ("/rooms/types/new", {"code": "STD", "name": "Standard", "beds": "2", **SOLD}),
        ("/rooms/types/new", {"code": "X", "name": "X", "beds": "99"}),
        ("/rooms/new", {"number": "1", "floor_id": "1", "room_type_id": "1"}),
        ("/rooms/new", {}),
    ],
)
def test_bad_input_comes_back_beside_its_field(client, house, url, form):
    client.log_in("manager")
    assert 'class="error"' in client.post(url, form, htmx=True, status=422).text


def test_a_csv_file_is_checked_imported_and_known(client, house):
    client.log_in("manager")
    assert "number,floor,building,type" in client.get("/rooms/import", status=200).text
    checked = text_of(_upload(client, CSV, "check", 200))
    assert "2 rooms are new, 0 exist already" in checked
    assert "Main · 3" in checked
    assert len(queries.list_rooms()) == 6
    _upload(client, CSV, "import", 303)
    assert "2 rooms are new" in text_of(client.get("/rooms/setup", status=200))
    client.post("/rooms/import", {"text": CSV.decode(), "act": "import"}, status=303)
    assert "0 rooms are new, 2 existed already" in text_of(client.get("/rooms/setup", status=200))


def test_every_bad_line_is_listed_and_the_text_stays(client, house):
    client.log_in("manager")
    answer = _upload(client, CSV + b"302,3,Main,Palace\n303,3\n", "import", 422)
    text = text_of(answer)
    assert "2 lines need a correction. Nothing was imported." in text
    assert "Line 4 There is no room type “Palace”" in text
    assert "Line 5 This line has 2 columns" in text
    assert "302,3,Main,Palace" in answer.text
    assert len(queries.list_rooms()) == 6
    assert "The file is empty." in text_of(client.post("/rooms/import", {"act": "import"}, status=422))
    assert "not in UTF-8" in text_of(_upload(client, b"number,floor,type\n\xff,1,STD\n", "import", 422))
