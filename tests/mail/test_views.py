"""The mail server is entered on a page that never shows its password; a test letter says what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.db import db
from pms.mail import outbox, queries
from pms.mail.models import Letter, LetterState
from pms.mail.rules import BadMailHost, BadMailPort, NoMailPassword, NoMailServer, PasswordInTheClear, check_server
from tests.client import PageClient, text_of

SECRET = "mail-secret-42"
FORM = {
    "version": "0",
    "host": "mail.example.org",
    "security": "starttls",
    "port": "587",
    "username": "house",
    "password": SECRET,
    "sender": "desk@example.org",
}


@pytest.fixture
def manager(client: PageClient) -> PageClient:
    return client.log_in("manager")


def password() -> str | None:
    db.session.expire_all()
    return queries.find_server().password


def test_the_password_is_stored_and_never_shown_or_written_down(manager):
    manager.post("/property/mail/", FORM, status=303)
    page = manager.get("/property/mail/").text
    assert SECRET not in page
    assert "mail.example.org" in page
    assert "A password is stored." in page
    assert password() == SECRET
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "mail.server_set")).one()
    assert entry.after["password"] == "***"
    assert SECRET not in manager.get("/audit/").text


def test_an_empty_password_keeps_the_one_that_is_there_unless_it_would_go_elsewhere(manager):
    manager.post("/property/mail/", FORM, status=303)
    manager.post("/property/mail/", {**FORM, "version": "1", "password": "", "port": "2525"}, status=303)
    assert password() == SECRET
    moved = {**FORM, "version": "2", "password": "", "host": "mail.elsewhere.example"}
    assert "Enter the password" in text_of(manager.post("/property/mail/", moved, status=422))
    manager.post("/property/mail/", {**FORM, "version": "2", "username": "", "password": ""}, status=303)
    assert password() is None
    old = manager.post("/property/mail/", {**FORM, "version": "1"}, status=422)
    assert "Somebody else changed this" in text_of(old)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"host": "http://mail.example.org"}, BadMailHost),
        ({"host": "mail..example.org"}, BadMailHost),
        ({"port": "70000"}, BadMailPort),
        ({"security": "none"}, PasswordInTheClear),
        ({"password": ""}, NoMailPassword),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(manager, wrong, refusal):
    values = {**FORM, **wrong}
    manager.post("/property/mail/", values, status=422)
    assert queries.find_server() is None
    with pytest.raises(refusal):
        check_server(
            host=values["host"],
            port=int(values["port"]),
            is_encrypted=values["security"] != "none",
            username=values["username"],
            password=values["password"],
            sender=values["sender"],
        )


def test_a_server_on_this_computer_needs_no_encryption(manager):
    manager.post("/property/mail/", {**FORM, "host": "127.0.0.1", "security": "none"}, status=303)


def test_a_test_letter_goes_once_and_the_list_says_what_became_of_it(manager, now):
    wish = {"request_id": str(uuid4()), "recipient": "claire@example.org"}
    assert NoMailServer.message in text_of(manager.post("/property/mail/test", wish, status=422))
    manager.post("/property/mail/", FORM, status=303)
    for _ in range(2):
        manager.post("/property/mail/test", wish, status=303)
    assert db.session.scalars(sa.select(sa.func.count()).select_from(Letter)).one() == 1
    assert "Waiting" in text_of(manager.get("/property/mail/"))
    parcel = outbox.take(now=now)
    outbox.put_back(parcel=parcel, code="log_in", text="535 no, claire@example.org", now=now)
    part = manager.get("/property/mail/letters", htmx=True)
    assert "c…@example.org" in part.text
    assert "claire@example.org" not in part.text
    assert "refuses the log-in" in text_of(part)
    assert "Next try" in text_of(part)
    parcel = outbox.take(now=now + timedelta(minutes=1))
    outbox.end(parcel=parcel, state=LetterState.SENT, now=now)
    page = manager.get("/property/mail/letters")
    assert "Sent" in text_of(page)
    assert "every 3s" not in page.text
    assert manager.post("/property/mail/test", {**wish, "recipient": "claire"}, status=422)


def test_removing_the_server_forgets_its_password(manager):
    manager.post("/property/mail/", FORM, status=303)
    assert "no letters any more" in text_of(manager.get("/property/mail/remove"))
    manager.post("/property/mail/remove", status=303)
    manager.post("/property/mail/remove", status=303)
    assert queries.find_server() is None


def test_the_list_goes_on_and_costs_the_same_for_many_letters(manager, count_queries, monkeypatch):
    manager.post("/property/mail/", FORM, status=303)

    def send(count: int) -> None:
        for _ in range(count):
            wish = {"request_id": str(uuid4()), "recipient": "claire@example.org"}
            manager.post("/property/mail/test", wish, status=303)

    send(1)
    few = count_queries(lambda: manager.get("/property/mail/"))
    send(2)
    assert count_queries(lambda: manager.get("/property/mail/")) == few
    monkeypatch.setattr(queries, "PAGE", 2)
    page = queries.list_letters()
    assert f"before={page.next_key}" in manager.get("/property/mail/letters").text
    rest = manager.get(f"/property/mail/letters?before={page.next_key}", htmx=True)
    assert rest.text.count("<tr") == 1
