from __future__ import annotations

import re

import pytest

from pms.core.actor import SETUP
from pms.core.db import db
from pms.guests import queries, service
from pms.guests.forms import countries
from pms.guests.models import Guest
from pms.guests.rules import GuestFields
from tests.client import text_of

FORM = {
    "family_name": "Moreau",
    "given_name": "Claire",
    "phone": "+33 142 685300",
    "email": "claire@guest.example",
    "nationality": "FR",
    "birth_date": "1984-04-02",
    "document_kind": "passport",
    "document_number": "C01X0006H",
}


@pytest.fixture
def desk(client):
    """Somebody of the front desk."""
    return client.log_in("desk")


@pytest.fixture
def guest(house, now) -> Guest:
    fields = GuestFields(
        family_name="Moreau", given_name="Claire", phone="+33 142 685300", document_kind="passport",
        document_number="C01X0006H",
    )  # fmt: skip
    return service.create_guest(fields=fields, actor=SETUP, now=now)


def _fresh(guest_id: int) -> Guest:
    db.session.rollback()
    return queries.get_guest(guest_id)


def test_a_guest_is_entered_and_shown(desk):
    desk.get("/guests/new")
    answer = desk.post("/guests/new", FORM)
    page = text_of(desk.get(answer.location))
    for word in ("Claire Moreau", "+33 142 685300", "France", "Passport", "1984"):
        assert word in page
    assert "C01X0006H" not in page


def test_what_was_typed_stays_when_the_desk_is_refused(desk):
    answer = desk.post("/guests/new", {**FORM, "phone": "call me", "birth_date": "2044-01-01"}, htmx=True, status=422)
    assert "This is not a telephone number" in answer.text
    assert 'value="Moreau"' in answer.text
    assert 'value="call me"' in answer.text
    assert desk.post("/guests/new", {**FORM, "nationality": "XX"}, status=422)
    assert desk.post("/guests/new", {}, status=422)
    assert queries.list_guests().rows == []


def test_a_second_same_guest_is_pointed_out_and_the_known_one_offered(desk, guest):
    answer = desk.post("/guests/new", FORM, htmx=True, status=422)
    assert "This guest may be known already." in answer.text
    assert f'href="/guests/{guest.id}"' in answer.text
    assert len(queries.list_guests().rows) == 1


def test_somebody_else_with_the_same_particulars_is_entered_after_the_question(desk, guest):
    answer = desk.post("/guests/new", FORM, htmx=True, status=422)
    others = re.search(r'name="others"[^>]*value="(\d+)"', answer.text).group(1)
    done = desk.post("/guests/new", {**FORM, "others": others}, htmx=True)
    assert done.headers["HX-Redirect"].startswith("/guests/")
    db.session.rollback()
    assert len(queries.list_guests().rows) == 2


def test_the_number_is_shown_on_demand_only(desk, guest):
    page = desk.get(f"/guests/{guest.id}")
    assert "C01X0006H" not in page.text
    shown = desk.post(f"/guests/{guest.id}/document", htmx=True)
    assert "C01X0006H" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    # Without scripts the whole page comes back.
    assert "C01X0006H" in text_of(desk.post(f"/guests/{guest.id}/document"))


def test_the_stored_number_is_not_in_the_form_and_stays_when_left_empty(desk, guest):
    page = desk.get(f"/guests/{guest.id}/edit")
    assert "C01X0006H" not in page.text
    form = {**FORM, "document_number": "", "version": guest.version, "note": "garden side"}
    assert desk.post(f"/guests/{guest.id}/edit", form).status_code == 303
    stored = _fresh(guest.id)
    assert (stored.note, stored.document_number) == ("garden side", "C01X0006H")
    desk.post(f"/guests/{guest.id}/edit", {**form, "version": stored.version, "remove_document": "y"})
    assert _fresh(guest.id).document_number is None


def test_two_clerks_editing_see_each_other_and_lose_nothing(desk, guest, now):
    version = guest.version
    fields = GuestFields(family_name="Moreau", given_name="Claire", phone="+33 1 999", document_kind="passport")
    service.change_guest(guest_id=guest.id, version=version, fields=fields, actor=SETUP, now=now)
    typed = {**FORM, "document_number": "", "given_name": "Clairette", "version": version}
    answer = desk.post(f"/guests/{guest.id}/edit", typed, htmx=True, status=422)
    assert "Somebody else changed this" in answer.text
    assert 'value="Clairette"' in answer.text
    assert "+33 1 999" in answer.text
    new_version = re.search(r'name="version"[^>]*value="(\d+)"', answer.text).group(1)
    assert desk.post(f"/guests/{guest.id}/edit", {**typed, "version": new_version}).status_code == 303
    assert _fresh(guest.id).given_name == "Clairette"


def test_the_search_answers_with_rows_while_one_types(desk, guest):
    rows = desk.get("/guests/?q=mor", htmx=True)
    assert "<html" not in rows.text
    assert "Claire Moreau" in rows.text
    assert "Nobody is found" in desk.get("/guests/?q=zzz", htmx=True).text
    assert "Claire Moreau" in text_of(desk.get("/guests/?q=006h"))


def test_an_empty_house_says_what_to_do_first(desk):
    assert "No guests yet" in desk.get("/guests/").text


def test_the_list_goes_on_and_asks_the_same_number_of_questions(desk, now, count_queries):
    def enter(count: int) -> None:
        for number in range(count):
            service.create_guest(fields=GuestFields(family_name=f"Guest {number}"), actor=SETUP, now=now)

    enter(3)
    few = count_queries(lambda: desk.get("/guests/"))
    enter(50)
    assert count_queries(lambda: desk.get("/guests/")) == few
    page = desk.get("/guests/")
    more = re.search(r'hx-get="(/guests/\?before=\d+)" hx-trigger="intersect once"', page.text).group(1)
    assert desk.get(more, htmx=True).text.count("<tr data-row") == 3


def test_managers_see_what_was_done_with_a_guest_and_the_desk_does_not(client, guest):
    client.log_in("desk")
    assert "What was done" not in client.get(f"/guests/{guest.id}").text
    client.post("/logout")
    client.log_in("manager")
    assert "Entered the guest Claire Moreau" in text_of(client.get(f"/guests/{guest.id}"))


def test_a_guest_that_does_not_exist_is_404(desk):
    desk.get("/guests/5", status=404)
    desk.get("/guests/5/edit", status=404)
    desk.post("/guests/5/document", status=404)
    desk.get("/guests/?before=abc")


def test_countries_are_named_in_the_readers_language():
    english, chinese = dict(countries("en")), dict(countries("zh"))
    assert english["FR"] == "France"
    assert chinese["FR"] == "法国"
    assert 240 < len(english) < 260
    assert not {"EU", "UN", "ZZ"} & set(english)
