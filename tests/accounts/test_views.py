from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.accounts import queries
from pms.accounts.models import Account, StaffSession, Theme
from pms.accounts.words import device_of
from pms.core import clock
from pms.core.db import db, transaction
from tests.client import PageClient, text_of
from tests.factories import PASSWORD


def _sessions() -> list[StaffSession]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(StaffSession).order_by(StaffSession.id)))


def test_staff_log_in_and_out_again(client):
    client.log_in("desk")
    assert "Your settings" in client.get("/accounts/me").text
    assert client.post("/logout").status_code == 303
    assert client.get("/accounts/me", status=303).location == "/login?next=/accounts/me"
    assert _sessions()[0].ended_at is not None


def test_after_the_log_in_comes_the_page_that_was_asked_for(client):
    client.get("/login?next=/accounts/me")
    answer = client.post("/login", {"username": "desk", "password": PASSWORD, "next": "/accounts/me"})
    assert answer.location == "/accounts/me"


def test_a_log_in_leads_to_no_other_site(client):
    client.get("/login?next=//elsewhere.example")
    answer = client.post("/login", {"username": "desk", "password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer.location.startswith("/")
    assert not answer.location.startswith("//")


def test_unknown_name_and_wrong_password_get_the_same_answer(client):
    client.get("/login")
    known = client.post("/login", {"username": "desk", "password": "wrong wrong"}, status=422)
    unknown = client.post("/login", {"username": "zzzz", "password": "wrong wrong"}, status=422)
    assert "Name or password is wrong." in known.text
    assert text_of(known) == text_of(unknown)


def test_an_empty_log_in_says_what_is_missing(client):
    client.get("/login")
    assert "This field is required." in client.post("/login", {}, status=422).text


def test_too_many_tries_say_how_long_to_wait(client):
    client.get("/login")
    for _ in range(5):
        client.post("/login", {"username": "desk", "password": "wrong wrong"}, status=422)
    answer = client.post("/login", {"username": "desk", "password": PASSWORD}, status=429)
    assert answer.headers["Retry-After"] == "30"
    assert "Please wait 30 seconds" in answer.text


def test_a_forged_log_in_form_is_refused(app, house):
    answer = app.test_client().post("/login", data={"username": "desk", "password": PASSWORD})
    assert answer.status_code == 400


def test_a_session_ends_when_nobody_was_there_for_an_hour(client, now):
    client.log_in("desk")
    clock.freeze(now + timedelta(minutes=59))
    client.get("/accounts/me")
    clock.freeze(now + timedelta(minutes=118))
    client.get("/accounts/me")
    clock.freeze(now + timedelta(minutes=178))
    client.get("/accounts/me", status=303)


def test_a_screen_that_renews_itself_does_not_keep_a_deserted_desk_logged_in(client, now):
    client.log_in("desk")
    for minutes in (20, 40, 59):
        clock.freeze(now + timedelta(minutes=minutes))
        client.get("/accounts/me", headers={"X-Watching": "1"})
    clock.freeze(now + timedelta(minutes=60))
    client.get("/accounts/me", status=303)


def test_being_seen_is_written_down_at_most_once_a_minute(client, now):
    client.log_in("desk")
    clock.freeze(now + timedelta(seconds=59))
    client.get("/accounts/me")
    assert _sessions()[0].last_seen_at == now
    clock.freeze(now + timedelta(seconds=61))
    client.get("/accounts/me")
    assert _sessions()[0].last_seen_at == now + timedelta(seconds=61)


def test_the_demos_journeys_through_time_log_nobody_out(client):
    client.log_in("desk")
    clock.move_to_offset(timedelta(days=3))
    try:
        client.get("/accounts/me")
    finally:
        clock.move_to_offset(timedelta(0))


def test_a_log_in_drops_what_the_visitors_cookie_held(client):
    with client.http.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    client.log_in("desk")
    with client.http.session_transaction() as cookie:
        assert "planted" not in cookie


def test_a_stolen_cookie_is_worthless_after_the_log_out(client, app):
    client.log_in("desk")
    stolen = client.http.get_cookie("latchkey").value
    client.post("/logout")
    thief = PageClient(app)
    thief.http.set_cookie("latchkey", stolen)
    thief.get("/accounts/me", status=303)


def test_somebody_switched_off_is_out_at_once(client, app, house):
    client.log_in("desk")
    admin = PageClient(app, "10.0.0.9").log_in("admin")
    account = queries.find_account_by_username("desk")
    admin.post(
        f"/accounts/{account.id}/edit", {"version": account.version, "display_name": "Desk", "role": "front_desk"}
    )
    client.get("/accounts/me", status=303)


def test_one_ends_ones_log_in_elsewhere_and_nobody_elses(client, app, house):
    client.log_in("desk")
    other = PageClient(app, "10.0.0.9").log_in("desk")
    stranger = PageClient(app, "10.0.0.8").log_in("manager")
    first = _sessions()[0]
    assert stranger.post(f"/accounts/me/sessions/{first.id}/end").status_code == 404
    page = other.get("/accounts/me")
    assert "127.0.0.1" in page.text
    assert "This one" in page.text
    assert other.post(f"/accounts/me/sessions/{first.id}/end").status_code == 303
    client.get("/accounts/me", status=303)
    other.get("/accounts/me")


def test_language_and_theme_are_switched_and_the_page_stays(client):
    client.log_in("desk")
    answer = client.post("/accounts/preferences", {"language": "zh", "theme": "dark", "next": "/accounts/me?"})
    assert answer.location == "/accounts/me"
    page = client.get("/accounts/me").text
    assert '<html lang="zh-Hans" data-theme="dark">' in page
    db.session.rollback()
    account = queries.find_account_by_username("desk")
    assert (account.language.value, account.theme) == ("zh", Theme.DARK)


def test_switching_without_a_named_page_goes_back_to_where_one_came_from(client):
    client.log_in("desk")
    for referrer, target in (
        ("http://localhost/accounts/me?x=1", "/accounts/me?x=1"),
        ("http://elsewhere.example/x", "/accounts/me"),
    ):
        answer = client.post("/accounts/preferences", {"theme": "light"}, headers={"Referer": referrer})
        assert answer.location == target


def test_nonsense_as_a_language_changes_nothing(client):
    client.log_in("desk")
    client.post("/accounts/preferences", {"language": "klingon"})
    client.get("/accounts/me")
    client.post("/login/language", {"language": "klingon"})
    assert client.http.get_cookie("language") is None


def test_the_log_in_page_speaks_chinese_when_asked_to(client):
    client.get("/login")
    assert (
        client.post("/login/language", {"language": "zh", "next": "/accounts/me"}).location
        == "/login?next=/accounts/me"
    )
    assert "登录" in client.get("/login").text


def test_ones_own_password_is_changed_in_a_dialog(client):
    client.log_in("desk")
    client.get("/accounts/me/password")
    wrong = client.post("/accounts/me/password", {"present": "wrong wrong", "password": "another long one"}, htmx=True)
    assert wrong.status_code == 422
    assert "This is not your present password." in wrong.text
    short = client.post("/accounts/me/password", {"present": PASSWORD, "password": "short"}, status=422)
    assert "at least 10 characters" in short.text
    done = client.post("/accounts/me/password", {"present": PASSWORD, "password": "another long one"}, htmx=True)
    assert done.headers["HX-Redirect"] == "/accounts/me"
    client.get("/accounts/me")


def test_the_staff_list_shows_people_and_what_each_role_may(client):
    client.log_in("manager")
    page = text_of(client.get("/accounts"))
    assert "Housekeeper" in page
    assert "See identity document numbers" in page


def test_the_staff_list_asks_the_same_number_of_questions_whatever_its_length(client, count_queries):
    client.log_in("manager")
    few = count_queries(lambda: client.get("/accounts"))
    for number in range(30):
        client.post(
            "/accounts/new",
            {"username": f"n{number}", "display_name": "N", "role": "housekeeping", "password": PASSWORD},
        )
    assert count_queries(lambda: client.get("/accounts")) == few


def test_somebody_is_added_and_logs_in(client, app):
    client.log_in("manager")
    client.get("/accounts/new")
    form = {"username": "nadia", "display_name": "Nadia Roth", "role": "housekeeping", "password": PASSWORD}
    assert client.post("/accounts/new", form).location == "/accounts"
    twice = client.post("/accounts/new", form, status=422)
    assert "Somebody else has this log-in name." in twice.text
    assert 'value="Nadia Roth"' in twice.text
    PageClient(app, "10.0.0.9").log_in("nadia")


def test_a_password_with_spaces_at_its_ends_is_taken_as_it_is(client, app):
    client.log_in("manager")
    word = "  spaces around  "
    client.post("/accounts/new", {"username": "nadia", "display_name": "N", "role": "housekeeping", "password": word})
    PageClient(app, "10.0.0.9").log_in("nadia", word)


def test_a_manager_is_offered_no_administrators(client, house):
    client.log_in("manager")
    assert 'value="administrator"' not in client.get("/accounts/new").text
    admin = house.accounts["admin"].id
    client.get(f"/accounts/{admin}/edit", status=403)
    client.get(f"/accounts/{admin}/password", status=403)
    form = {"username": "root", "display_name": "Root", "role": "administrator", "password": PASSWORD}
    assert client.post("/accounts/new", form, status=422)


def test_the_own_account_shows_no_role_to_change(client, house):
    client.log_in("admin")
    admin = house.accounts["admin"]
    page = client.get(f"/accounts/{admin.id}/edit")
    assert 'name="role"' not in page.text
    assert (
        client.post(f"/accounts/{admin.id}/edit", {"version": admin.version, "display_name": "Ada"}).status_code == 303
    )
    db.session.rollback()
    assert queries.get_account(admin.id).display_name == "Ada"


def test_an_account_changed_meanwhile_is_said_and_nothing_typed_is_lost(client, house):
    client.log_in("admin")
    desk = house.accounts["desk"]
    form = {"version": desk.version, "display_name": "Typed", "role": "front_desk", "is_active": "y"}
    with transaction() as session:
        session.get_one(Account, desk.id).display_name = "Other"
    answer = client.post(f"/accounts/{desk.id}/edit", form, status=422)
    assert "Somebody else changed this" in answer.text
    assert 'value="Typed"' in answer.text


def test_a_forgotten_password_is_set_anew(client, app, house):
    client.log_in("manager")
    desk = house.accounts["desk"].id
    client.get(f"/accounts/{desk}/password")
    assert client.post(f"/accounts/{desk}/password", {"password": "short"}, status=422)
    assert client.post(f"/accounts/{desk}/password", {"password": "another long one"}).status_code == 303
    PageClient(app, "10.0.0.9").log_in("desk", "another long one")


def test_an_account_that_does_not_exist_is_404(client):
    client.log_in("manager")
    client.get("/accounts/5/edit", status=404)


@pytest.mark.parametrize("environment", ["production", "demo"])
def test_the_demos_log_ins_open_no_real_house(app, client, environment):
    with transaction() as session:
        session.get_one(Account, queries.find_account_by_username("desk").id).is_demo = True
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], environment=environment)
    client.get("/login")
    answer = client.post("/login", {"username": "desk", "password": PASSWORD})
    assert answer.status_code == (422 if environment == "production" else 303)
    assert ("belongs to the demo hotel" in answer.text) == (environment == "production")


def test_a_demo_session_ends_where_the_house_becomes_real(app, client):
    client.log_in("desk")
    with transaction() as session:
        session.get_one(Account, queries.find_account_by_username("desk").id).is_demo = True
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], environment="production")
    client.get("/accounts/me", status=303)


def test_devices_are_named_in_two_words():
    firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0"
    phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"
    assert [device_of(agent) for agent in (firefox, edge, phone, "curl")] == [
        "Firefox, Windows", "Edge, Windows", "Chrome, Android", "",
    ]  # fmt: skip
