from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.db import db
from pms.guests.models import Guest
from pms.ledger import queries
from tests.client import text_of
from tests.ledger.world import MINUTE, book


@pytest.fixture
def manager(client):
    return client.log_in("manager")


@pytest.fixture
def used(world, house, now):
    """Moreau's card of 101, which opened the door."""
    world.stay = book(house, now)
    world.used = world.card(world.stay, now, ended=now + 2 * MINUTE)
    world.record(now + MINUTE, card=world.used)
    return world


def _looks() -> list[tuple[str, str]]:
    rows = db.session.execute(
        sa.select(AuditEntry.action, AuditEntry.subject_label)
        .where(AuditEntry.action.startswith("ledger."))
        .order_by(AuditEntry.id)
    )
    return [(row[0], row[1]) for row in rows]


def test_key_and_door_stand_on_one_line_of_time(manager, used):
    text = text_of(manager.get("/ledger/"))
    ended, opened, made = text.index("Key card ended"), text.index("Opened"), text.index("Key card made")
    assert ended < opened < made
    assert "Key card ended Lost by Mia Claire Moreau" in text
    assert "the door takes it until Sun, Jun 14, 12:15" in text
    assert "A door saw it last Fri, Jun 12, 12:01." in text
    assert "Ended, still opens" in text


def test_a_look_at_a_guest_is_written_down_once_a_view(manager, used):
    manager.get("/ledger/")
    assert _looks() == []
    manager.get(f"/ledger/?guest={used.stay.guest_id}")
    assert _looks() == [("ledger.viewed", "Claire Moreau")]
    manager.get(f"/ledger/?guest={used.stay.guest_id}&after=1-1-1", htmx=True)
    assert len(_looks()) == 1
    manager.get(f"/ledger/?stay={used.stay.id}")
    manager.get(f"/ledger/?room={used.house.rooms['101'].id}")
    assert [label for _action, label in _looks()[1:]] == ["Claire Moreau, stay from 2026-06-12", "Room 101"]


@pytest.mark.parametrize("who", ["desk", "technician"])
def test_whoever_may_not_look_into_where_people_went_does_not_see_the_ledger(client, used, who):
    client.log_in(who).get("/ledger/", status=403)


@pytest.mark.parametrize("what", ["guest", "stay", "room", "person"])
def test_the_ledger_of_nobody_is_not_found(manager, used, what):
    manager.get(f"/ledger/?{what}=7", status=404)


def test_what_makes_no_sense_filters_nothing(manager, used):
    page = manager.get("/ledger/?since=x&until=1800-01-01&kind=y&check=z&room=a&open=2&after=b")
    assert text_of(page).count("Key card made") == 1


def test_the_list_goes_on_where_it_stopped(manager, used, now, monkeypatch):
    for number in range(4):
        used.card(used.stay, now - number * MINUTE)
    monkeypatch.setattr(queries.list_page, "__kwdefaults__", {**queries.list_page.__kwdefaults__, "size": 4})
    page = manager.get("/ledger/?kind=cards")
    more = unescape(re.search(r'hx-get="(/ledger/[^"]+after=[^"]+)"', page.text)[1])
    assert text_of(page).count("Key card made") == 3
    assert text_of(manager.get(more, htmx=True)).count("Key card made") == 2


def test_paper_names_the_house_the_filter_the_time_and_the_lines(manager, used):
    text = text_of(manager.get(f"/ledger/paper?stay={used.stay.id}&kind=cards&open=1"))
    assert "Key ledger Claire Moreau, stay from 2026-06-12 · Key cards · Only what still opens" in text
    assert "Printed Fri, Jun 12, 12:00 by" in text
    assert "1 line" in text
    assert _looks()[-1][0] == "ledger.printed"


def test_the_file_has_every_line_and_no_formula(manager, used, now):
    guest = db.session.get(Guest, used.stay.guest_id)
    assert guest is not None
    used.card(used.stay, now, made_by="=HYPERLINK(1)")
    rows = list(csv.reader(io.StringIO(manager.get("/ledger/export.csv").text.lstrip("\ufeff"))))
    assert rows[0][:3] == ["Time (UTC)", "Door", "What"]
    assert len(rows) == 1 + 4
    assert "'=HYPERLINK(1)" in {row[5] for row in rows}
    assert rows[1][0] == "2026-06-12T10:02:00+00:00"
    assert _looks() == [("ledger.exported", "the whole house")]


def test_checks_show_what_they_found_and_how_many(manager, used, world, now):
    world.staff(now, holder="Vera")
    text = text_of(manager.get("/ledger/?check=no_key"))
    assert "In house without a key 1" in text
    assert "Claire Moreau" in text
    text = text_of(manager.get("/ledger/?check=staff"))
    assert "Vera Confirmed never" in text or "Vera Believed never" in text
    assert "Nothing found" in text_of(manager.get("/ledger/?check=after"))
    assert "Plumber" not in text_of(manager.get("/ledger/?check=no_stay"))
    world.code(now)
    assert "Plumber" in text_of(manager.get("/ledger/?check=no_stay"))


def test_room_guest_stay_and_staff_lead_to_their_ledger(manager, used, world, now):
    for page in (f"/rooms/{used.house.rooms['101'].id}", f"/guests/{used.stay.guest_id}", f"/stays/{used.stay.id}"):
        assert "/ledger/?" in manager.get(page).text
    staff = world.staff(now)
    assert f"/ledger/?card={staff.uid.upper()}" in manager.get(f"/staff-cards/{staff.id}").text
