from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.accounts.models import Account, Language
from pms.audit import reading, service, words
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction
from pms.guests import service as guests
from pms.guests.rules import GuestFields
from tests.client import text_of


def _record(now, action="rooms.cleaned", *, actor=SETUP, label="101", before=None, after=None, **subject) -> None:
    with transaction():
        service.record(
            actor=actor,
            action=action,
            subject=service.Subject(kind="room", id=1, label=label, **subject),
            now=now,
            before=before,
            after=after,
        )


@pytest.fixture
def manager(client):
    return client.log_in("manager")


def test_entries_are_sentences_with_who_when_and_from_where(manager, now):
    _record(
        now,
        "guests.created",
        actor=Actor(kind="account", name="Nadia", account_id=3, address="10.0.0.77"),
        label="Claire Moreau",
    )
    page = text_of(manager.get("/audit/"))
    assert "Entered the guest Claire Moreau" in page
    assert "Nadia 10.0.0.77" in page
    assert "12:00:00" in page


def test_an_entry_of_the_small_hours_bears_the_date_of_the_house(client, now):
    at = now.replace(hour=22, minute=30)
    clock.freeze(at)
    manager = client.log_in("manager")
    _record(at, "guests.created", label="Claire Moreau")
    page = text_of(manager.get("/audit/"))
    assert "Sat, Jun 13 00:30:00 Entered the guest Claire Moreau" in page


def test_changed_fields_are_named_and_shown_before_and_after(manager, now):
    _record(
        now,
        "guests.changed",
        before={"birth_date": "1980-02-29", "document_kind": "passport", "note": ""},
        after={"birth_date": "1980-02-28", "document_kind": "identity_card", "note": "<b>bold</b>"},
    )
    page = manager.get("/audit/").text
    assert "<dt>Date of birth</dt>" in page
    assert "<del>Passport</del>" in page
    assert "<ins>Identity card</ins>" in page
    assert "<del>–</del>" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_a_code_that_no_feature_explains_is_spelled_out(manager, now):
    _record(now, "rooms.painted_green", label="101", after={"paint_colour": "green", "is_dry": False, "left": None})
    _record(now, "sauna.heated", label="")
    page = text_of(manager.get("/audit/"))
    assert "Rooms: painted green: 101" in page
    assert "Paint colour green" in page
    assert "Is dry no" in page
    assert "Sauna: heated" in page


def test_instants_and_days_are_written_as_the_house_reads_them(app, now):
    with app.test_request_context():
        assert reading._value("x.y", "at", "2026-06-12T10:00:00+00:00") == "Fri, Jun 12, 10:00"
        assert reading._value("x.y", "day", "2026-06-12") == "Fri, Jun 12"
        assert reading._value("x.y", "day", "2026-99-12") == "2026-99-12"
        assert reading._value("x.y", "rooms", ["101", "102"]) == "101, 102"
        assert reading._value("x.y", "span", {"from": 1}) == "from: 1"
        assert reading._value("x.y", "flag", True) == "yes"


def test_machines_and_visitors_have_names(app, house, now):
    for kind, name, expected in (
        ("setup", "setup", "Setup"),
        ("port", "Front desk 1", "Card machine: Front desk 1"),
        ("visitor", "", "Somebody not logged in"),
        ("robot", "R2", "robot: R2"),
    ):
        _record(now, actor=Actor(kind=kind, name=name))
        with app.test_request_context():
            entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
            assert reading.read_all([entry])[0].who == expected


def test_every_act_with_words_reads_as_a_sentence(app):
    with app.test_request_context():
        for feature in words.FEATURES:
            for code in words.actions_of(f"{feature}."):
                sentence = reading.sentence(code, "SUBJECT")
                assert "%" not in sentence, code
                assert reading.sentence(code, "") != "", code


def test_filters_narrow_the_list(manager, house, now):
    guest = guests.create_guest(fields=GuestFields(family_name="Moreau"), actor=SETUP, now=now)
    room = house.rooms["101"]
    _record(now - timedelta(days=1), room_id=room.id, label="101 yesterday")
    _record(now, "locks.assigned", label="Z-1")
    listed = {
        f"?room={room.id}": ["101 yesterday"],
        "?guest=more": ["Moreau"],
        "?guest=nobody": [],
        f"?guest_id={guest.id}": ["Moreau"],
        "?person=machines&kind=locks.": ["Z-1"],
        "?kind=locks.assigned": ["Z-1"],
        "?until=2026-06-12T11:59": ["101 yesterday"],
        "?since=2026-06-12T12:00&kind=locks.": ["Z-1"],
        "?since=nonsense&room=abc&stay_id=-4": None,
    }
    for query, expected in listed.items():
        page = manager.get(f"/audit/{query}").text
        found = [name for name in ("101 yesterday", "Moreau", "Z-1") if re.search(f'trail-sentence">[^<]*{name}', page)]
        assert expected is None or found == expected, query
    assert "No entry fits these filters." in manager.get("/audit/?guest=nobody").text


def test_the_list_goes_on_as_one_scrolls_with_the_same_filters(manager, now):
    for _ in range(3):
        with transaction():
            for number in range(20):
                subject = service.Subject(kind="room", id=number, label="101", stay_id=9)
                service.record(actor=SETUP, action="stays.changed", subject=subject, now=now)
    page = manager.get("/audit/?stay_id=9")
    more = re.search(r'hx-get="([^"]+)" hx-trigger="intersect once"', page.text).group(1).replace("&amp;", "&")
    assert "stay_id=9" in more
    rest = manager.get(more, htmx=True)
    assert "<html" not in rest.text
    assert rest.text.count('<li class="trail-line"') == 10
    assert "intersect" not in rest.text


def test_the_list_asks_the_same_number_of_questions_whatever_its_length(manager, now, count_queries):
    _record(now)
    few = count_queries(lambda: manager.get("/audit/"))
    for _ in range(30):
        _record(now)
    assert count_queries(lambda: manager.get("/audit/")) == few


def test_entries_lead_to_what_they_are_about(manager, now):
    guest = guests.create_guest(fields=GuestFields(family_name="Moreau"), actor=SETUP, now=now)
    assert f'href="/guests/{guest.id}"' in manager.get("/audit/").text


def test_the_chain_is_checked_on_demand(manager, now):
    part = manager.post("/audit/verify", htmx=True)
    assert "The audit trail is complete" in part.text
    assert "<html" not in part.text
    assert "The audit trail is complete" in manager.post("/audit/verify").text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing", "Entry 3 is missing"),
        ("altered", "Entry 3 was altered"),
        ("head", "Entries after number 3 were removed"),
    ],
)
def test_a_fault_of_the_chain_is_said_in_words(manager, monkeypatch, fault, words):
    from pms.audit import queries

    monkeypatch.setattr(queries, "verify", lambda: queries.ChainCheck(2, fault, 3))
    assert words in text_of(manager.post("/audit/verify", htmx=True))


def test_the_last_nightly_check_is_on_the_page(manager, now):
    _record(now, "audit.verified", label="")
    assert "Last checked Fri, Jun 12, 12:00: complete." in text_of(manager.get("/audit/"))
    _record(now, "audit.fault_found", label="")
    assert "was tampered with" in text_of(manager.get("/audit/"))


def test_the_export_is_a_file_that_a_spreadsheet_reads_and_cannot_be_tricked_by(manager, now):
    _record(now, "guests.created", label="=HYPERLINK(1)")
    _record(now, "rooms.painted", label="x", before={"note": "+1"}, after={"note": "naïve — 干净"})
    _record(now, "sauna.heated", actor=Actor(kind="account", name="@SUM(A1)", account_id=1))
    answer = manager.get("/audit/export.csv?person=")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["Number", "Time (UTC)", "Who"]
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(1, len(rows))]
    assert "'@SUM(A1)" in [row[2] for row in rows]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert rows[-1][5] == "audit.exported"


def test_the_page_is_in_the_readers_language(manager, now):
    with transaction() as session:
        account = session.scalars(sa.select(Account).where(Account.username == "manager")).one()
        account.language = Language.CHINESE
    _record(now, "guests.created", label="王秀英")
    page = text_of(manager.get("/audit/"))
    assert "王秀英" in page
    assert "Entered the guest" not in page
